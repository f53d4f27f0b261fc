"""Fetching listings from real servers, saved files, profiles, and what the real samples hold."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from collectors import html_listing
from collectors.addresses import Reach
from collectors.evidence import Capture, Fetched, Parsed, ParseError, RegulationRecord
from collectors.fetch_error import FetchError
from collectors.html_listing import load_profile, parse_profile, profile_ids
from collectors.http import HttpSession
from collectors.institution import Source
from collectors.regulation_rows import Notes
from collectors.regulations import fetch, next_address, parse
from collectors.saved_listing import parse_file
from tests.test_http import Site, running

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
LOCAL = Reach(allow_private=True)
SAMPLES = Path(__file__).resolve().parents[2] / "shared" / "samples"
EXAMPLES = Path(__file__).parent / "examples" / "regulations"


def source_of(format: str, url: str | None = None, **more: Any) -> Source:
    profile = more.pop("profile", "ildis" if format == "html" else None)
    data = {"id": "jdih", "collector": "regulations", "cadence": "listings", "agency": "hukum"}
    return Source.model_validate(data | {"format": format, "profile": profile, "url": url} | more)


def capture(payload: bytes, url: str = "https://jdih.contoh.test/x", status: int = 200) -> Capture:
    return Capture("urn:x", url, NOON, status, (), "", payload)


def records(parsed: Parsed) -> list[RegulationRecord]:
    return [record for record in parsed.records if isinstance(record, RegulationRecord)]


# Fetching ------------------------------------------------------------------------------------------------


@pytest.fixture
def site() -> Iterator[Site]:
    yield from running(Site())


def listing(*titles: str, next_link: str | None = None, token: str = "") -> bytes:
    items = "".join(f'<div data-key="{t}"><a class="titles" href="/v/{t}">{t}</a></div>' for t in titles)
    link = (
        f'<ul class="pagination"><li class="next"><a href="{next_link}">»</a></li></ul>' if next_link else ""
    )
    return f"<html><body>{token}<div class='list-view'>{items}</div>{link}</body></html>".encode()


def serve(site: Site, pages: dict[str, bytes | str]) -> None:
    def page(content: bytes | str) -> Any:
        if isinstance(content, str):
            return lambda handler: handler.answer(302, Location=content)
        return lambda handler: handler.answer(200, content)

    site.pages.update({path: page(content) for path, content in pages.items()})


def gathered(source: Source) -> tuple[list[Fetched], FetchError | None]:
    """Every document that came, and the failure it ended in."""
    documents: list[Fetched] = []
    with HttpSession(clock=lambda: NOON, reach=LOCAL, timeout_seconds=5) as session:
        try:
            for document in fetch(source, session):
                documents.append(document)
        except FetchError as error:
            return documents, error
    return documents, None


def paths(site: Site) -> list[str]:
    return [path for path, _ in site.asked if path != "/robots.txt"]


def test_pages_are_followed_to_the_last(site: Site) -> None:
    serve(site, {"/": listing("a", "b", next_link="?p=2"), "/?p=2": listing("c")})
    documents, error = gathered(source_of("html", site.url()))
    assert error is None
    assert [d.url for d in documents] == [site.url("/"), site.url("/?p=2")]
    captures = [capture(d.body, d.url) for d in documents]
    assert [r.title for r in records(parse(captures, source_of("html", site.url())))] == ["a", "b", "c"]


def test_a_repeated_last_page_is_the_end(site: Site) -> None:
    # As ILDIS: a page past the end shows the last one again, with a new token in it.
    serve(
        site,
        {
            "/": listing("a", next_link="?p=2"),
            "/?p=2": listing("b", next_link="?p=3", token="satu"),
            "/?p=3": listing("b", next_link="?p=4", token="dua"),
        },
    )
    documents, error = gathered(source_of("html", site.url()))
    assert error is None and paths(site) == ["/", "/?p=2", "/?p=3"]
    parsed = parse([capture(d.body, d.url) for d in documents], source_of("html", site.url()))
    assert (len(parsed.records), parsed.duplicates, parsed.seen) == (2, 1, 3)


def test_a_page_without_rows_is_the_end(site: Site) -> None:
    empty = b"<html><div class='list-view'><div class='empty'>No results found.</div></div></html>"
    serve(site, {"/": listing("a", next_link="?p=2"), "/?p=2": empty})
    documents, error = gathered(source_of("html", site.url()))
    assert error is None and len(documents) == 2
    assert len(parse([capture(d.body) for d in documents], source_of("html", site.url())).records) == 1


@pytest.mark.parametrize("third", [listing("c", next_link="/"), listing("a", next_link="?p=4")])
def test_pages_in_a_circle_are_an_error_not_an_end(site: Site, third: bytes) -> None:
    serve(
        site,
        {"/": listing("a", next_link="?p=2"), "/?p=2": listing("b", next_link="?p=3"), "/?p=3": third},
    )
    documents, error = gathered(source_of("html", site.url()))
    assert error is not None and error.kind == "loop" and "page 3" in error.message
    assert len(documents) == 3


def test_too_many_pages_are_an_error_not_a_short_listing(site: Site) -> None:
    serve(site, {f"/?p={n}": listing(f"t{n}", next_link=f"?p={n + 1}") for n in range(1, 9)})
    documents, error = gathered(source_of("html", site.url("/?p=1"), max_pages=3))
    assert error is not None and error.kind == "too_many_pages" and "max_pages" in error.message
    assert len(documents) == 3


def test_an_error_page_is_kept_and_then_reported(site: Site) -> None:
    serve(site, {"/": listing("a", next_link="/hilang")})
    documents, error = gathered(source_of("html", site.url()))
    assert error is not None and error.kind == "http_404"
    assert "page 2" in error.message and site.url("/hilang") in str(error)
    assert [d.status for d in documents] == [200, 404]


def test_redirects_are_kept_and_skipped_when_parsing(site: Site) -> None:
    serve(site, {"/lama": "/baru", "/baru": listing("a")})
    documents, error = gathered(source_of("html", site.url("/lama")))
    assert error is None and [d.status for d in documents] == [302, 200]
    captures = [capture(d.body, d.url, d.status or 0) for d in documents]
    assert len(parse(captures, source_of("html", site.url())).records) == 1


def test_a_feed_in_pages_is_followed_by_its_next_link(site: Site) -> None:
    first = {"data": [{"judul": "a"}], "links": {"next": "http://localhost:1/f?page=2"}}
    second = {"data": [{"judul": "b"}], "links": {"next": None}}
    serve(site, {"/f": json.dumps(first).encode(), "/f?page=2": json.dumps(second).encode()})
    documents, error = gathered(source_of("jdihn", site.url("/f")))
    assert error is None
    assert [d.url for d in documents] == [site.url("/f"), site.url("/f?page=2")]


def test_a_feed_whose_pages_repeat_ends(site: Site) -> None:
    serve(
        site,
        {
            f"/f?page={n}": json.dumps({"data": [{"judul": "a"}], "next": f"?page={n + 1}"}).encode()
            for n in range(1, 9)
        },
    )
    documents, error = gathered(source_of("jdihn", site.url("/f?page=1")))
    assert error is None and len(documents) == 2


@pytest.mark.parametrize("body", [b"0 results", b'[{"judul": "a"', b"<html><title>Request Rejected</title>"])
def test_an_answer_that_is_no_listing_is_still_kept(site: Site, body: bytes) -> None:
    serve(site, {"/f": body})
    documents, error = gathered(source_of("jdihn", site.url("/f")))
    assert error is None and [d.body for d in documents] == [body]
    with pytest.raises(ParseError):
        parse([capture(body)], source_of("jdihn", site.url("/f")))


def test_robots_txt_is_obeyed(site: Site) -> None:
    serve(site, {"/robots.txt": b"User-agent: *\nDisallow: /dokumen", "/dokumen": listing("a")})
    documents, error = gathered(source_of("html", site.url("/dokumen")))
    assert documents == [] and paths(site) == []
    assert error is not None and error.kind == "robots" and "robots.txt" in error.message


def test_an_unknown_profile_is_said_before_anything_is_fetched(site: Site) -> None:
    _, error = gathered(source_of("html", site.url(), profile="drupal"))
    assert error is not None and error.kind == "profile"
    assert "ildis" in error.message and paths(site) == []


@pytest.mark.parametrize(
    ("link", "address"),
    [
        ("?page=2", "https://jdih.contoh.test/a/b?page=2"),
        ("/c#d", "https://jdih.contoh.test/c"),
        ("https://www.jdih.contoh.test/c", "https://www.jdih.contoh.test/c"),
        ("http://127.0.0.1:8000/a/b?page=2", "https://jdih.contoh.test/a/b?page=2"),
        ("http://localhost/a/b?page=2", "https://jdih.contoh.test/a/b?page=2"),
    ],
)
def test_a_next_link_stays_on_its_host(link: str, address: str) -> None:
    assert next_address("https://jdih.contoh.test/a/b?page=1", link) == address


@pytest.mark.parametrize(
    "link", ["https://lain.test/", "//10.0.0.1/", "file:///etc/passwd", "http://[", "javascript:x"]
)
def test_a_next_link_elsewhere_is_refused(link: str) -> None:
    with pytest.raises(FetchError) as caught:
        next_address("https://jdih.contoh.test/a/b", link)
    assert caught.value.kind == "not_allowed"


def test_a_drop_folder_is_read_file_by_file(tmp_path: Path) -> None:
    (tmp_path / "b.json").write_text('[{"judul": "b"}]')
    (tmp_path / "a.json").write_text('[{"judul": "a"}]')
    (tmp_path / "catatan.docx").write_text("bukan")
    documents, error = gathered(source_of("jdihn", path=tmp_path))
    assert error is None
    assert [(d.url, d.status, d.fetched_at) for d in documents] == [
        ("file:a.json", None, NOON),
        ("file:b.json", None, NOON),
    ]


# Parsing -------------------------------------------------------------------------------------------------


def test_a_captured_error_page_is_not_parsed() -> None:
    with pytest.raises(ParseError, match="answered 503"):
        parse([capture(b'[{"judul": "a"}]', status=503)], source_of("jdihn", "https://jdih.contoh.test/x"))


def test_no_captures_are_an_empty_listing() -> None:
    with pytest.raises(ParseError, match="empty listing"):
        parse([], source_of("jdihn", "https://jdih.contoh.test/x"))


def test_links_to_the_listing_s_own_address_are_kept() -> None:
    payload = b'[{"judul": "a", "urlDownload": "http://127.0.0.1:9/a.pdf"}]'
    here = parse([capture(payload, "http://127.0.0.1:8/x")], source_of("jdihn", "http://127.0.0.1:8/x"))
    there = parse([capture(payload)], source_of("jdihn", "https://jdih.contoh.test/x"))
    assert records(here)[0].file_url == "http://127.0.0.1:9/a.pdf"
    assert records(there)[0].file_url is None


def test_a_large_feed_is_read_quickly() -> None:
    rows = [
        {
            "idData": str(n),
            "jenis": "PERATURAN WALIKOTA",
            "noPeraturan": str(n),
            "judul": f"Peraturan Walikota Contoh Nomor {n} Tahun 2021 Tentang Penyelenggaraan Urusan Nomor {n}",
            "tahun_pengundangan": "2021",
            "tanggal_penetapan": "2021-03-08",
            "status": "Berlaku",
            "urlDownload": f"https://jdih.contoh.test/berkas/{n}.pdf",
        }
        for n in range(4000)
    ]
    payload = json.dumps(rows).encode()
    started = time.process_time()
    assert len(parse([capture(payload)], source_of("jdihn", "https://jdih.contoh.test/x")).records) == 4000
    assert time.process_time() - started < 1.5


# Saved files and profiles --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "profile", "count"),
    [
        ("bare-array.json", None, 5),
        ("warnings-and-bom.json", None, 1),
        ("ildis-derived.html", None, 2),
        ("ildis-stock-1.html", "ildis", 2),
        ("yii-grid-columns.html", None, 2),
    ],
)
def test_a_saved_file_is_read_by_its_content(name: str, profile: str | None, count: int) -> None:
    parsed = parse_file(EXAMPLES / name, profile=profile)
    assert len(parsed.records) == count


def test_a_page_no_profile_reads_names_those_tried() -> None:
    with pytest.raises(ParseError) as caught:
        parse_file(EXAMPLES / "ildis-other-page.html", profile=None)
    assert all(f"{profile}: " in caught.value.reason for profile in profile_ids())
    with pytest.raises(ParseError, match="no row was found by profile 'yii-grid'"):
        parse_file(EXAMPLES / "ildis-stock-1.html", profile="yii-grid")


def test_every_profile_loads_and_says_what_it_is_for() -> None:
    assert {"ildis", "yii-grid"} <= set(profile_ids())
    for profile_id in profile_ids():
        assert len(load_profile(profile_id).about) > 40


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("id: x\nabout: a\nrow: div\ntitle: a\nempty: p\nrows: div\n", "rows: Extra inputs"),
        ("id: x\nabout: a\nrow: 'div['\ntitle: a\nempty: p\n", "row: .*not a CSS selector"),
        (
            "id: x\nabout: a\nrow: div\ntitle: {select: a, pattern: '('}\nempty: p\n",
            "not a regular expression",
        ),
        ("id: x\nabout: a\nrow: div\ntitle: {select: a, pattern: '(a)(b)'}\nempty: p\n", "2 groups"),
        ("id: x\nabout: a\nrow: div\ntitle: {select: a, column: b}\nempty: p\n", "exactly one of"),
        ("id: x\nabout: a\nrow: div\ntitle: a\nempty: p\nyear: {within: title}\n", "needs a pattern"),
        ("id: y\nabout: a\nrow: div\ntitle: a\nempty: p\n", "name of the file"),
        ("id: [\n", "not valid YAML"),
    ],
)
def test_a_faulty_profile_says_what_is_wrong(text: str, said: str) -> None:
    with pytest.raises(ParseError, match=said) as caught:
        parse_profile(text, "x.yml")
    assert str(caught.value).startswith("x.yml: ")


def test_a_profile_may_take_a_cell_from_the_title() -> None:
    text = (
        "id: x\nabout: a\nrow: li\ntitle: b\nempty: p.kosong\n"
        "enacted_on: {within: title, pattern: 'tanggal (\\d+ \\w+ \\d{4})'}\n"
    )
    profile = parse_profile(text, "x.yml")
    page = html_listing.read_page(b"<li><b>Edaran tanggal 5 Mei 2021</b></li>", (), profile, "x", Notes())
    (cells,) = html_listing.rows(page, profile, "x", 1)
    assert cells.enacted_on == "5 Mei 2021"


# Real samples --------------------------------------------------------------------------------------------


@pytest.fixture
def samples() -> Path:
    if not SAMPLES.is_dir():
        pytest.skip("the shared samples are not here")
    return SAMPLES


def parsed_pages(files: list[Path], base: str, profile: str) -> Parsed:
    captures = [capture(path.read_bytes(), base) for path in files]
    return parse(captures, source_of("html", base, profile=profile))


@pytest.mark.samples
def test_sample_kendari_feed_as_sent(samples: Path) -> None:
    parsed = parse_file(samples / "jdihn-kota-kendari.json", profile=None)
    assert (parsed.seen, len(parsed.records), len(parsed.rejects), parsed.duplicates) == (474, 474, 0, 0)
    assert Counter(r.type_code for r in records(parsed)) == {
        "perkada": 350,  # 349 and one filed as a joint regulation
        "perda": 106,
        "kepkada": 5,
        "lainnya": 13,  # 6 articles, 4 rulings, 2 opinions, 1 book
    }
    assert Counter(r.status for r in records(parsed)) == {"berlaku": 472, "dicabut": 2}
    assert sum(r.promulgated_on is None for r in records(parsed)) == 18


@pytest.mark.samples
def test_sample_kendari_feed_of_the_running_site(samples: Path) -> None:
    parsed = parse_file(samples / "field/kendari-ildis/integrasi.json", profile=None)
    assert (parsed.seen, len(parsed.records), len(parsed.rejects), parsed.duplicates) == (540, 537, 2, 1)
    assert [r.where.rsplit(" ", 1)[1] for r in parsed.rejects] == ["30", "195"]
    by_key = {r.regulation_key: r for r in records(parsed)}
    assert by_key["perda/2017/2"].status_raw == "Tidak Berlaku"
    assert by_key["perda/2004/16"].promulgated_on == date(2004, 6, 10)
    # Entered without number in the title; the column has it.
    assert "E-LAIKA" in by_key["kepkada/2024/4"].title
    # Amends decree 1511; its own number is 45.
    assert "NOMOR 1511" in by_key["kepkada/2024/45"].title
    # Year 202 in the source.
    assert any("0202-01-11" in note for note in parsed.notes)


@pytest.mark.samples
def test_sample_kendari_list_pages_rebuilt(samples: Path) -> None:
    files = [samples / f"jdih-html-ildis-kendari-{n}.html" for n in range(1, 6)]
    parsed = parsed_pages(files, "https://jdih.kendarikota.go.id/dokumen/peraturan", "ildis")
    assert (len(parsed.records), parsed.seen) == (50, 50)
    first, last = records(parsed)[0], records(parsed)[-1]
    assert (first.regulation_key, first.type_name) == ("perda/2004/16", "PERATURAN DAERAH KOTA")
    assert first.detail_url == "https://jdih.kendarikota.go.id/dokumen/view?id=469"
    assert first.file_url == "https://jdih.kendarikota.go.id/common/dokumen/2004pd7416016.pdf"
    assert (last.regulation_key, last.position) == ("perkada/2021/20", 50)
    assert parsed.notes == ("sumber menyebut 461 dokumen, 50 baris terbaca",)


@pytest.mark.samples
def test_sample_kendari_list_pages_of_the_running_site(samples: Path) -> None:
    folder = samples / "field/kendari-ildis"
    base = "https://jdih.kendarikota.go.id/dokumen/peraturan"
    pages = [folder / f"peraturan-{name}.html" for name in ("p1", "p2", "p66", "p999")]
    parsed = parsed_pages(pages, base, "ildis")
    # Page 999 shows page 66 again.
    assert (len(parsed.records), parsed.duplicates) == (22, 6)
    first = records(parsed)[0]
    assert (first.regulation_key, first.type_name) == ("kepkada/2025/5", "KEPUTUSAN WALIKOTA")
    assert first.detail_url == "https://jdih.kendarikota.go.id/dokumen/view/509"
    assert records(parsed)[-1].regulation_key == "perda/2004/16"
    with pytest.raises(ParseError, match="empty listing"):
        parsed_pages([folder / "cari-kosong.html"], base, "ildis")
    with pytest.raises(ParseError, match="no row was found"):
        parsed_pages([folder / "detail-4.html"], base, "ildis")


@pytest.mark.samples
def test_sample_kendari_pages_name_the_next(samples: Path) -> None:
    folder = samples / "field/kendari-ildis"
    bodies = {n: (folder / f"peraturan-p{n}.html").read_bytes() for n in (1, 2, 66)}
    for site in running(Site()):
        for number, body in bodies.items():
            # Page 2 is followed by the last one, to save 63 pages.
            following = body.replace(b"/page/3?", b"/page/66?")
            path = "/dokumen/peraturan" if number == 1 else f"/dokumen/peraturan/page/{number}?per-page=8"
            serve(site, {path: following})
        documents, error = gathered(source_of("html", site.url("/dokumen/peraturan")))
    assert error is None
    assert (
        len(parse([capture(d.body) for d in documents], source_of("html", "https://a.test/")).records) == 22
    )


@pytest.mark.samples
def test_sample_bekasi(samples: Path) -> None:
    files = [samples / f"jdih-html-table-bekasi-{n}.html" for n in range(1, 4)]
    parsed = parsed_pages(files, "https://jdih.bekasikota.go.id/produk-hukum", "yii-grid")
    assert (len(parsed.records), parsed.seen, parsed.notes) == (75, 75, ())
    titles = [r.title for r in records(parsed)]
    assert (titles[4], titles[50], titles[74][:40]) == (
        "KEOLAHRAGAAN",
        "PENYELENGGARAAN REKLAME",
        "PERUBAHAN ATAS PERATURAN WALI KOTA BEKAS",
    )
    # Every number in these titles is that of an amended product.
    assert all(r.number is None for r in records(parsed))
    assert records(parsed)[0].file_url == "https://jdih.bekasikota.go.id/produk-hukum/unduh?id=1"


@pytest.mark.samples
def test_sample_kabupaten_bandung_api(samples: Path) -> None:
    path = samples / "jdih-api-kab-bandung.json"
    parsed = parse_file(path, profile=None)
    raw = json.loads(path.read_text(encoding="utf-8").rstrip().rstrip(";"))
    columns = (
        "nama",
        "no",
        "tahun",
        "tanggal_ditetapkan",
        "tanggal_diundangkan",
        "jenis_nama",
        "status_nama",
    )
    distinct = {tuple(" ".join(row[c].split()) for c in columns) for row in raw}
    assert (parsed.seen, len(parsed.rejects)) == (len(raw), 0) == (1452, 0)
    assert len(parsed.records) == len(distinct) == 1435
    assert Counter(r.status_raw for r in records(parsed))["Dicabut"] == 1
    first = records(parsed)[0]
    assert (first.regulation_key, first.enacted_on) == ("perda/1956/15", date(1956, 6, 29))
    # Year "0000", but enacted on 2018-12-28.
    assert any(r.regulation_key == "perkada/2018/112" and "PERIKANAN" in r.title for r in records(parsed))
