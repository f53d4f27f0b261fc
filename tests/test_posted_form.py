"""Listings behind a form: token and cookie from its page, then a POST per page, archived and resumed like others."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from warcio.archiveiterator import ArchiveIterator

from collectors import html_listing
from collectors.archive import Archive
from collectors.evidence import ParseError, RegulationRecord
from collectors.html_listing import parse_profile
from collectors.institution import parse_institution
from collectors.regulations import parse
from collectors.saved_listing import parse_file
from flows.collect import CollectResult, collect
from tests.test_http import Handler, Site, running
from tests.test_reach import FILE

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
PAGED = r"""
id: berhalaman
about: made up
answer: datatables
form:
  action: daftar/data
  token: {select: 'meta[name="csrf-token"]', attribute: content}
  headers: {X-CSRF-TOKEN: "{token}"}
  fields: {draw: "{page}", start: "{start}", length: "2"}
row: "tr"
title: {select: '[data-key="dokumen_judul"]'}
empty: "td.kosong"
"""
PLAIN = r"""
id: polos
about: made up
form:
  action: daftar/data
  token: {select: 'input[name="_token"]', attribute: value}
  fields: {_token: "{token}", halaman: "{page}"}
  size: 2
row: "li"
title: {select: "b"}
empty: "p.kosong"
"""


class Guarded:
    """A site like Laravel's: rows only for a POST with the token and the cookie of a page it just sent."""

    def __init__(self, site: Site, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.site, self.archive, self.config = site, Archive(folder / "arsip"), folder / "uji.yml"
        self.titles = [f"PERATURAN WALI KOTA NOMOR {n} TAHUN 2020 TENTANG URUSAN {n}" for n in range(1, 6)]
        self.posts: list[dict[str, list[str]]] = []
        self.token = 0
        self.breaks_at: str | None = None
        self.has_token = True
        self.sends_on = 0
        site.pages["/home/daftar"] = self._page
        site.pages["/home/daftar/data"] = lambda handler: handler.answer(405)

        def do_post(handler: Handler) -> None:
            self._post(handler)

        monkeypatch.setattr(Handler, "do_POST", do_post, raising=False)
        self._monkeypatch = monkeypatch

    def use(self, text: str, path: str = "/home/daftar") -> None:
        """Collect by that profile from here on."""
        folder = self.config.parent / "profil"
        folder.mkdir()
        name = text.split()[1]
        (folder / f"{name}.yml").write_text(text)
        self._monkeypatch.setattr(html_listing, "PROFILES", folder)
        self.source(name, path)

    def source(self, profile: str, path: str) -> None:
        text = FILE.split("services:", maxsplit=1)[0].replace("URL", self.site.url(path))
        text = text.replace("format: jdihn", f"format: html, profile: {profile}")
        self.config.write_text(f"{text}allow_private_addresses: true\n")

    def _page(self, handler: Handler) -> None:
        self.token += 1
        inside = (
            f'<meta name="csrf-token" content="t{self.token}"><input name="_token" value="t{self.token}">'
        )
        body = f"<html><title>Daftar</title>{inside if self.has_token else ''}<table></table></html>"
        handler.answer(200, body.encode(), Set_Cookie=f"sesi=s{self.token}; Path=/", ETag='"tetap"')

    def _post(self, handler: Handler) -> None:
        body = handler.rfile.read(int(handler.headers["Content-Length"])).decode()
        asked = parse_qs(body)
        self.posts.append(asked)
        sent = handler.headers.get("X-CSRF-TOKEN") or asked.get("_token", [""])[0]
        if sent != f"t{self.token}" or handler.headers.get("Cookie") != f"sesi=s{self.token}":
            handler.answer(419)
            return
        if self.sends_on:
            handler.answer(self.sends_on, Location="/home/lain")
            return
        at = asked.get("halaman", asked.get("draw", ["1"]))[0]
        if at == self.breaks_at:
            handler.answer(404)
            return
        size = 2 if asked else len(self.titles)
        first = (int(at) - 1) * size
        shown = self.titles[first : first + size]
        if "halaman" in asked:
            rows = "".join(f"<li><b>{title}</b></li>" for title in shown)
            handler.answer(200, f"<ul>{rows}</ul>".encode() if rows else b"<p class=kosong>")
            return
        assert not asked or asked["start"] == [str(first)]
        data = {"data": [{"dokumen_judul": t} for t in shown], "recordsFiltered": len(self.titles)}
        handler.answer(200, json.dumps(data | {"acak": len(self.posts)}).encode())

    def collect(self, hours: float = 0) -> CollectResult:
        (result,) = collect(self.config, self.archive, clock=lambda: NOON + timedelta(hours=hours))
        return result

    def read(self) -> list[str]:
        """Titles that the last run holds, as loading reads them."""
        (source,) = parse_institution(self.config.read_text(), "uji.yml").sources
        _, captures = self.archive.read(self.archive.ledger("kota-uji", "jdih")[-1])
        records = parse(captures, source).records
        return [record.title for record in records if isinstance(record, RegulationRecord)]


@pytest.fixture
def site() -> Iterator[Site]:
    yield from running(Site())


@pytest.fixture
def guarded(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Guarded:
    return Guarded(site, tmp_path, monkeypatch)


@pytest.mark.parametrize("profile", [PAGED, PLAIN])
def test_all_pages_are_asked_for_with_token_and_cookie(guarded: Guarded, profile: str) -> None:
    guarded.use(profile)
    result = guarded.collect()
    assert (result.outcome, result.documents) == ("ok", 4), result.message
    assert guarded.read() == guarded.titles
    assert len(guarded.posts) == 3


def test_a_site_that_gives_all_rows_at_once_is_asked_once(guarded: Guarded) -> None:
    guarded.site.pages["/home/produk-hukum/daerah"] = guarded.site.pages["/home/daftar"]
    guarded.source("jdih-kota-bandung", "/home/produk-hukum/daerah")
    assert guarded.collect().outcome == "ok"
    assert guarded.read() == guarded.titles
    assert guarded.posts == [{}]


def test_the_archive_holds_what_was_posted(guarded: Guarded) -> None:
    guarded.use(PLAIN)
    guarded.collect()
    (warc,) = guarded.archive.root.glob("*/jdih/*.warc.gz")
    with warc.open("rb") as file:
        sent = [
            (r.http_headers.protocol, r.http_headers.statusline, r.content_stream().read())
            for r in ArchiveIterator(file)
            if r.rec_type == "request"
        ]
    assert [(method, line.split()[0]) for method, line, _ in sent] == [
        ("GET", "/home/daftar"),
        *[("POST", "/home/daftar/data")] * 3,
    ]
    assert [body for *_, body in sent] == [b"", *(b"_token=t1&halaman=%d" % n for n in (1, 2, 3))]
    assert "sesi=" not in str(sent)


def test_a_listing_that_broke_off_goes_on_with_a_new_token(guarded: Guarded) -> None:
    guarded.use(PAGED)
    guarded.breaks_at = "3"
    broken = guarded.collect()
    assert (broken.outcome, broken.error) == ("failed", "http_404")
    assert "on page 3" in broken.message
    guarded.breaks_at = None
    guarded.posts.clear()
    assert guarded.collect(1).outcome == "ok"
    assert [post["draw"] for post in guarded.posts] == [["1"], ["3"]]
    assert guarded.read() == guarded.titles


def test_the_page_of_the_token_is_never_one_that_is_only_confirmed(guarded: Guarded) -> None:
    guarded.use(PAGED)
    for hours in (0, 24):
        assert guarded.collect(hours).outcome == "ok"
    assert all("If-None-Match" not in headers for _, headers in guarded.site.asked)
    assert guarded.read() == guarded.titles


def test_a_page_without_its_token_is_a_failed_run(guarded: Guarded) -> None:
    guarded.use(PAGED)
    guarded.has_token = False
    result = guarded.collect()
    assert (result.outcome, result.error, guarded.posts) == ("failed", "no_token", [])


@pytest.mark.parametrize(("status", "asked_again"), [(302, False), (307, True)])
def test_a_redirect_is_followed_as_browsers_do(guarded: Guarded, status: int, asked_again: bool) -> None:
    guarded.use(PAGED)
    guarded.sends_on = status
    guarded.site.pages["/home/lain"] = lambda handler: handler.answer(404)
    assert guarded.collect().outcome == "failed"
    paths = [path for path, _ in guarded.site.asked]
    assert ("/home/lain" in paths) is not asked_again
    assert (len(guarded.posts) > 1) is asked_again


def test_robots_forbid_the_address_of_the_form_too(guarded: Guarded) -> None:
    guarded.use(PAGED)
    guarded.site.pages["/robots.txt"] = lambda handler: handler.answer(
        200, b"User-agent: *\nDisallow: /home/daftar/data\n"
    )
    assert (guarded.collect().error, guarded.posts) == ("robots", [])


def test_an_answer_to_a_form_that_was_saved_is_read(tmp_path: Path) -> None:
    saved = tmp_path / "jawaban.json"
    title = "PERATURAN WALI KOTA BANDUNG NOMOR 1470 TAHUN 2018 TENTANG PUSAT DATA"
    saved.write_text(json.dumps({"data": [{"dokumen_judul": title}], "draw": 0}))
    (record,) = parse_file(saved, profile="jdih-kota-bandung").records
    assert isinstance(record, RegulationRecord)
    assert (record.number, record.year) == ("1470", 2018)
    assert parse_file(saved, profile=None).records


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"{start}"', '"{awal}"', "only {token}, {page} and {start}"),
        ('"{start}"', '"{start"', "cannot be filled in"),
        ('X-CSRF-TOKEN: "{token}"', "X-Lain: a", "token says where it is found"),
        ("  token: {select: 'meta[name=\"csrf-token\"]', attribute: content}\n", "", "token says where"),
    ],
)
def test_a_profile_whose_form_cannot_work_is_refused(old: str, new: str, said: str) -> None:
    assert old in PAGED
    with pytest.raises(ParseError) as caught:
        parse_profile(PAGED.replace(old, new), "berhalaman.yml")
    assert said in str(caught.value)
