"""The page: what it says, that it needs nothing else, and that hostile text stays text."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path

import pytest

from dashboard import charts, formats
from dashboard.page import TEMPLATES, render
from dashboard.wording import SERVICE_STATES, STATE_ICONS, error_words, source_words
from tests import page_fixture
from tests.page_fixture import INSTITUTION, NOW
from transforms.indonesian_dates import day, moment
from transforms.instrument import load_instrument
from transforms.views import STATE_NAMES, AgencyLevelView, EvidenceView, PageView, TrendPoint
from warehouse import read
from warehouse.connection import reading
from warehouse.publish import publish

pytestmark = pytest.mark.e2e

HOSTILE = "\"'><script>alert(1)</script><img src=http://jahat.example/a.png onerror=alert(2)>{{ 7*7 }}"


def view_of(folder: Path, hostile: str | None) -> PageView:
    page_fixture.fill(folder / "warehouse.duckdb", load_instrument("spbe-2020"), hostile=hostile)
    path = publish(folder / "warehouse.duckdb", folder / "pantau.duckdb", now=NOW).path
    with reading(path) as connection:
        return read.page_view(connection, INSTITUTION)


@pytest.fixture(scope="module")
def view(tmp_path_factory: pytest.TempPathFactory) -> PageView:
    """What the page of the made-up institution shows."""
    return view_of(tmp_path_factory.mktemp("page"), None)


@pytest.fixture(scope="module")
def hostile_view(tmp_path_factory: pytest.TempPathFactory) -> PageView:
    """The same with hostile text wherever outsiders can write."""
    found = view_of(tmp_path_factory.mktemp("hostile"), HOSTILE)
    return replace(found, index=replace(found.index, name=HOSTILE, ruleset_hash=HOSTILE))


class Page(HTMLParser):
    """Elements with their attributes, and the text outside of script and style."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, Mapping[str, str]]] = []
        self.own: dict[str, list[str]] = {"script": [], "style": []}
        self.words: list[str] = []
        self._inside: str | None = None
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag in self.own:
            self._inside = tag

    def handle_endtag(self, tag: str) -> None:
        if tag == self._inside:
            self._inside = None

    def handle_data(self, data: str) -> None:
        (self.own[self._inside] if self._inside else self.words).append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def all(self, tag: str) -> Iterator[Mapping[str, str]]:
        return (attributes for name, attributes in self.elements if name == tag)


# What it says -------------------------------------------------------------------------------------------------


def test_the_numbers_appear_as_indonesians_write_them(view: PageView) -> None:
    text = Page(render(view)).text
    index = view.index
    for value in (index.proven, index.provisional, index.possible):
        assert formats.decimal_comma(value) in text
    for expected in (
        "Kota Contoh",
        "Keadaan per 24 November 2026 14.05 WIB",
        f"Aturan {index.ruleset_hash[:12]}",
        "Target 2026: 3,40 , kurang 0,25",
        "Hasil resmi 2025: 3,29 (Baik)",
        "Perkiraan sementara, bukan nilai resmi",
        "dicabut 5 Juni 2026 oleh PermenPANRB Nomor 8 Tahun 2026",
        "dipakai sebagai acuan",
        "47 indikator",
    ):
        assert expected in text


def test_every_indicator_is_there_with_its_criteria(view: PageView) -> None:
    page = Page(render(view))
    bodies = [attributes for attributes in page.all("tbody") if "data-states" in attributes]
    assert [body["id"] for body in bodies] == [f"i{number}" for number in range(1, 48)]
    for indicator in view.indicators:
        assert indicator.short_name in page.text
        for criterion in indicator.criteria:
            assert criterion.criterion in page.text
    assert sum(1 for _ in page.all("details")) == 2 * 47 + 1
    assert "Perwali 12/2021 dicabut oleh Perwali 40/2026" in page.text


def test_each_indicator_has_fakta_and_analisis_in_a_fold_and_quotes_its_evidence(view: PageView) -> None:
    page = Page(render(view))
    folds = [attributes for attributes in page.all("details") if attributes.get("class") == "draft"]
    assert len(folds) == 47 and all("open" not in attributes for attributes in folds)
    for indicator in view.indicators:
        for paragraph in (*indicator.facts.split("\n\n"), *indicator.analysis.split("\n\n")):
            assert " ".join(paragraph.split()) in page.text
    quotes = {p.quote for i in view.indicators for c in i.criteria for e in c.evidence for p in e.passages}
    assert quotes and all(f"“{quote}”" in page.text for quote in quotes)


def test_a_hint_leads_to_its_evidence(view: PageView) -> None:
    hinted = [c for i in view.indicators for c in i.criteria if c.hint]
    assert hinted and all(c.hint_evidence for c in hinted)
    page = Page(render(view))
    assert sum(one.get("aria-label") == "Bukti petunjuk" for one in page.all("ul")) == len(hinted)
    proof = hinted[0].hint_evidence[0]
    place = proof.url.removeprefix("https://")
    assert (
        f"Petunjuk: {hinted[0].hint} {place} , 24 Nov 2026 11.05, HTTP 200, sidik {proof.digest[:12]} , "
        f"arsip {proof.warc_file} , bita 4096"
    ) in page.text
    bare = tuple(
        replace(i, criteria=tuple(replace(c, hint_evidence=()) for c in i.criteria)) for i in view.indicators
    )
    assert "Bukti petunjuk" not in render(replace(view, indicators=bare))


def test_what_changed_and_what_would_help_are_said(view: PageView) -> None:
    text = Page(render(view)).text
    assert "▼ turun dari 3 ke 1: 5. Kebijakan Layanan Pusat Data (−0,026 pada indeks)" in text
    assert view.alerts[0].line in text
    for indicator in view.weakest:
        assert f"{indicator.number}. {indicator.short_name}" in text
        assert f"Saran: {indicator.remedy}" in text


def test_an_index_that_did_not_move_is_said_to_stay(view: PageView) -> None:
    assert "Baik (−0,026 sejak 23 Nov 2026 14.05)" in Page(render(view)).text
    same = replace(view.index, previous_provisional=view.index.provisional)
    assert "Baik (tetap sejak 23 Nov 2026 14.05)" in Page(render(replace(view, index=same))).text


def test_without_changes_or_a_date_before_it_says_so(view: PageView) -> None:
    first = replace(view.index, previous_as_of=None, previous_provisional=None)
    text = Page(render(replace(view, index=first, changes=(), alerts=()))).text
    assert "Belum ada penilaian sebelumnya dengan aturan yang sama" in text
    assert "Tidak ada tingkat yang berubah" in text


def test_a_bare_view_is_drawn_too(view: PageView) -> None:
    bare = replace(
        view,
        index=replace(view.index, target=None, target_gap=None, official_index=None, official_year=None),
        norm=replace(view.norm, valid_to=None),
        trend=view.trend[-1:],
        official=(),
        services=(),
        sources=(),
        weakest=(),
    )
    text = Page(render(bare)).text
    assert "Target" not in text.replace("target", "")
    assert "Belum ada layanan" in text
    assert "Semua indikator sudah di tingkat tertinggi" in text
    assert "dicabut 5 Juni" not in text


def test_services_with_trouble_come_first(view: PageView) -> None:
    text = Page(render(view)).text.partition("Layanan dan pemeriksaan terakhirnya")[2]
    assert text.index("Pengumuman dan Tahapan Tender") < text.index("Cari Produk Hukum (JDIH)")
    assert "tidak menjawab dalam batas waktu" in text
    assert "segera: 9 hari lagi" in text
    up = [service for service in view.services if service.state == "hidup"]
    first, *_, last = sorted(up, key=lambda service: service.name)
    ending = replace(last, cert_expires_at=view.index.as_of + timedelta(days=3))
    text = Page(render(replace(view, services=(first, ending)))).text.partition("pemeriksaan terakhirnya")[2]
    assert text.index(ending.name) < text.index(first.name)


def test_a_source_tells_how_many_of_its_rows_were_refused(view: PageView) -> None:
    text = " ".join(Page(render(view)).text.partition("Sumber dan pengumpulan terakhirnya")[2].split())
    assert re.search(r"jdih-kota .*? \d+ baris, 3 ditolak .*? layanan", text)
    assert text.count("ditolak") == 1


def test_a_certificate_that_ends_today_is_not_said_to_have_no_days_left(view: PageView) -> None:
    service = next(s for s in view.services if s.cert_expires_at)
    today = replace(service, cert_expires_at=view.index.as_of + timedelta(hours=13))
    text = Page(render(replace(view, services=(today,)))).text
    assert "segera: kurang dari sehari lagi" in text
    assert " 0 hari lagi" not in text


def test_service_levels_stand_per_agency_with_their_method(view: PageView) -> None:
    assert view.agency_levels
    level = AgencyLevelView(
        month=date(2026, 11, 1),
        agency="Dinas <Uji>",
        services=3,
        availability=Decimal("99.125"),
        unknown=Decimal("61.5"),
        excluded=Decimal(120),
        outages=2,
        longest_outage=None,
        p95_ms=1234.0,
    )
    text = Page(render(replace(view, agency_levels=(level,)))).text
    assert "Tingkat layanan per perangkat daerah, November 2026" in text
    assert "Menit hidup dibagi menit hidup dan mati" in text
    assert "Dinas <Uji> 3 layanan 99,125% 62 menit 120 menit 2 – 1,2 dtk" in " ".join(text.split())
    assert "Tingkat layanan per" not in Page(render(replace(view, agency_levels=()))).text


def test_a_page_taken_over_comes_first_and_its_quote_is_text(view: PageView) -> None:
    up = next(service for service in view.services if service.state == "hidup")
    taken = replace(
        up, name="Sudah Disusupi", is_compromised=True, compromise_evidence="judul: <b>slot gacor</b>"
    )
    text = Page(render(replace(view, services=(*view.services, taken)))).text
    assert "disusupi iklan judi judul: <b>slot gacor</b>" in text
    assert text.index("Sudah Disusupi") < text.index("Pengumuman dan Tahapan Tender")
    assert "disusupi iklan judi" not in Page(render(view)).text


def test_a_failed_source_says_why_and_since_when(view: PageView) -> None:
    text = Page(render(view)).text
    assert "akses diblokir halaman penolakan: Request Rejected, support ID 4711" in text
    assert "15 Nov 2026 10.05" in text


def test_a_long_list_of_evidence_is_cut_and_says_so(view: PageView) -> None:
    capture = next(c for i in view.indicators for c in i.criteria if c.evidence).evidence[0]
    many = tuple(replace(capture, url=f"https://jdih.example/{n}") for n in range(9))
    first = view.indicators[0]
    criteria = (replace(first.criteria[0], evidence=many), *first.criteria[1:])
    text = Page(render(replace(view, indicators=(replace(first, criteria=criteria),)))).text
    assert "jdih.example/4" in text
    assert "jdih.example/5" not in text
    assert "dan 4 tangkapan lain" in text


def test_the_same_view_gives_the_same_page(view: PageView) -> None:
    assert render(view) == render(view)


# That it needs nothing else, and hides nothing ------------------------------------------------------------------


@pytest.mark.parametrize("which", ["view", "hostile_view"])
def test_nothing_is_loaded_and_nothing_foreign_can_run(which: str, request: pytest.FixtureRequest) -> None:
    page = Page(render(request.getfixturevalue(which)))
    loading = {
        "img",
        "iframe",
        "object",
        "embed",
        "link",
        "base",
        "form",
        "audio",
        "video",
        "source",
        "image",
    }
    assert [tag for tag, _ in page.elements if tag in loading | {"use", "feimage", "frame", "applet"}] == []
    for tag, attributes in page.elements:
        for name, value in attributes.items():
            assert not name.startswith("on") and name not in {"src", "srcset", "style", "action", "ping"}
            if name.endswith("href"):
                assert tag == "a" and re.match(r"#[\w-]+$|https?://", value), (tag, value)
    for tag, name in (("script", "page.js"), ("style", "page.css")):
        assert page.own[tag] == [(TEMPLATES / name).read_text(encoding="utf-8")]
    style = page.own["style"][0]
    assert "url(" not in style and "@import" not in style and "@font-face" not in style
    (policy,) = (a["content"] for a in page.all("meta") if a.get("http-equiv") == "Content-Security-Policy")
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy


def test_hostile_text_is_shown_as_text(hostile_view: PageView) -> None:
    html = render(hostile_view)
    page = Page(html)
    assert "<script>alert" not in html and "<img" not in html
    folded = " ".join(HOSTILE.split())
    assert "{{ 7*7 }}" in folded  # nor is it taken for a template
    # The name, an alert, a service, a source's message and a reason.
    assert page.text.count(folded) >= 5


def test_only_web_addresses_are_made_clickable(hostile_view: PageView) -> None:
    page = Page(render(hostile_view))
    outside = [a for a in page.all("a") if not a["href"].startswith("#")]
    assert outside
    assert all(a["rel"] == "noopener noreferrer" for a in outside)
    assert "javascript:" in page.text
    assert not any("javascript" in a["href"] for a in page.all("a"))


@pytest.mark.parametrize(
    ("url", "clickable"),
    [
        ("https://jdih.kota.example/a?b=1", True),
        ("http://kota.example", True),
        ("javascript:alert(1)", False),
        ("JavaScript:alert(1)", False),
        (" https://kota.example", False),
        ("https://kota.example/\u202egpj.exe", False),
        ("java\nscript:alert(1)", False),
        ("data:text/html,x", False),
        ("file:atestasi/surat.pdf", False),
        ("//kota.example/x", False),
        ("https:///tanpa-host", False),
        ("https://[::1", False),
        ("https://kota.example:pintu/", False),
        ("", False),
        (None, False),
    ],
)
def test_what_counts_as_a_web_address(url: str | None, clickable: bool) -> None:
    assert formats.is_web_address(url) is clickable


def test_an_address_is_shown_by_the_host_it_leads_to() -> None:
    assert formats.shown_address("https://bank.example@jahat.example/masuk/") == "jahat.example/masuk"
    assert formats.shown_address("https://kota.example/" + "a" * 100).endswith("…")
    assert formats.shown_address("https://kota.example:8443/a?b=1") == "kota.example:8443/a?b=1"
    assert formats.shown_address("/srv/pantau/berkas") == "berkas"
    assert formats.shown_address("file:atestasi/surat.pdf") == "file:atestasi/surat.pdf"


def test_the_page_is_sound_for_those_who_cannot_see_it(view: PageView) -> None:
    page = Page(render(view))
    ids = Counter(a["id"] for _, a in page.elements if "id" in a)
    assert [name for name, count in ids.items() if count > 1] == []
    for tag, attributes in page.elements:
        if attributes.get("href", "").startswith("#"):
            assert attributes["href"][1:] in ids
        for name in ("aria-labelledby", "for"):
            assert name not in attributes or attributes[name] in ids
        if tag == "svg" and "overflow" not in attributes and "preserveaspectratio" not in attributes:
            assert attributes.get("role") == "img" or attributes.get("aria-hidden") == "true"
    assert next(page.all("html"))["lang"] == "id"
    headings = [int(tag[1]) for tag, _ in page.elements if re.fullmatch(r"h\d", tag)]
    assert headings[0] == 1 and headings.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(headings))
    assert sum(1 for _ in page.all("table")) == sum(1 for _ in page.all("caption"))


def test_states_are_told_by_word_and_sign_not_by_colour_alone(view: PageView) -> None:
    assert set(STATE_ICONS) == set(STATE_NAMES)
    assert len(set(STATE_ICONS.values())) == len(STATE_ICONS)
    text = Page(render(view)).text
    for state, name in STATE_NAMES.items():
        assert f"{STATE_ICONS[state]} {name}" in text
    assert {service.state for service in view.services} <= set(SERVICE_STATES)


def _luminance(colour: str) -> float:
    parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("scheme", [0, 1])
def test_text_stands_out_from_its_ground(scheme: int) -> None:
    style = (TEMPLATES / "page.css").read_text(encoding="utf-8")
    colours = dict(
        re.findall(r"--(\w+): (#[0-9a-f]{6})", re.findall(r":root \{(.*?)\}", style, re.S)[scheme])
    )
    texts = ("ink", "muted", "link", "proven", "official", "target", *STATE_NAMES)
    for text in texts:
        for ground in ("bg", "surface", "soft"):
            light, dark = sorted((_luminance(colours[text]), _luminance(colours[ground])), reverse=True)
            # WCAG 2.2, 1.4.3: at least 4.5 to 1 (AA).
            assert (light + 0.05) / (dark + 0.05) >= 4.5, (text, ground)


# Numbers, dates, drawings -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (formats.decimal_comma(Decimal("2.345")), "2,35"),
        (formats.decimal_comma(Decimal("1234567.5"), 1), "1.234.567,5"),
        (formats.decimal_comma(Decimal("-0.004")), "0,00"),
        (formats.signed(Decimal("-0.026"), 3), "−0,026"),
        (formats.signed(Decimal("0.03")), "+0,03"),
        (formats.weight(Decimal("1.3000")), "1,3%"),
        (formats.weight(Decimal("10.0000")), "10%"),
        (formats.share(Decimal("0.327792")), "33%"),
        (day(date(2026, 8, 17)), "17 Agustus 2026"),
        (
            moment(datetime(2026, 11, 24, 7, 5, tzinfo=UTC), "Asia/Jakarta"),
            "24 November 2026 14.05 WIB",
        ),
        (
            moment(datetime(2026, 12, 31, 16, tzinfo=UTC), "Asia/Makassar"),
            "1 Januari 2027 00.00 WITA",
        ),
        (moment(datetime(2026, 5, 1, tzinfo=UTC), "Asia/Jayapura"), "1 Mei 2026 09.00 WIT"),
        (moment(datetime(2026, 5, 1, tzinfo=UTC), "UTC"), "1 Mei 2026 00.00 UTC"),
        (formats.duration(timedelta(days=7)), "7 hari"),
        (formats.duration(timedelta(hours=36)), "36 jam"),
        (formats.duration(timedelta(minutes=15)), "15 menit"),
        (formats.duration(timedelta(seconds=90)), "90 detik"),
        (formats.milliseconds(134.5), "135 ms"),
        (formats.milliseconds(1250.0), "1,3 dtk"),
        (error_words("http_503"), "HTTP 503"),
        (error_words("dns"), "nama tidak ditemukan"),
        (error_words("baru"), "baru"),
        (error_words(None), ""),
        (source_words("dns"), "nama host situs tidak ditemukan"),
        (source_words("baru"), "baru"),
        (source_words(None), ""),
        (
            formats.unbroken("<b> per 29-11-2026: pantau plan --target 4.50 --by 2026-12-31 -- x"),
            '&lt;b&gt; per <span class="nowrap">29-11-2026</span>: pantau plan '
            '<span class="nowrap">--target</span> 4.50 <span class="nowrap">--by 2026-12-31</span> -- x',
        ),
    ],
)
def test_forms(shown: str, expected: str) -> None:
    assert shown == expected


def test_the_scale_runs_from_1_to_5(view: PageView) -> None:
    assert [charts.on_scale(Decimal(value)) for value in ("1", "3", "5", "0", "9")] == [0, 50, 100, 0, 100]
    chart = charts.band_chart(view.index, view.norm, view.official, 2026)
    assert sum(segment.width for segment in chart.segments) == pytest.approx(100)
    assert [segment.name for segment in chart.segments if segment.is_current] == [view.index.predikat]
    assert [charts.predikat_of(view.norm, Decimal(v)) for v in ("2.59", "2.60", "5")] == [
        "Cukup",
        "Baik",
        "Memuaskan",
    ]


def test_labels_on_the_band_never_share_a_place(view: PageView) -> None:
    crowded = replace(view.index, proven=Decimal("3.1"), provisional=Decimal("3.15"), possible=Decimal("3.2"))
    chart = charts.band_chart(crowded, view.norm, view.official, 2026)
    assert sorted(mark.row for mark in chart.below) == [0, 1, 2]
    assert len({(mark.row, mark.x) for mark in chart.above}) == 4
    assert (
        chart.below_height
        == 3
        * charts.band_chart(
            replace(crowded, proven=Decimal(1), provisional=Decimal(3), possible=Decimal(5)),
            view.norm,
            (),
            2026,
        ).below_height
    )


def test_days_under_other_rules_are_not_joined(view: PageView) -> None:
    changed = tuple(
        replace(point, ruleset_hash="lama") if number < 4 else point
        for number, point in enumerate(view.trend)
    )
    chart = charts.trend_chart(view.norm, changed, view.official, view.index.target, "Asia/Jakarta")
    assert len(chart.stretches) == 2 and len(chart.breaks) == 1
    assert "aturan berubah" in render(replace(view, trend=changed))
    assert [len(stretch.provisional.split()) for stretch in chart.stretches] == [4, page_fixture.DAYS - 4]


def test_dates_of_one_day_are_told_by_the_hour(view: PageView) -> None:
    earlier = replace(view.trend[-1], as_of=NOW - timedelta(hours=2))
    chart = charts.trend_chart(view.norm, (earlier, view.trend[-1]), (), None, "Asia/Jakarta")
    assert (chart.first, chart.last) == ("24 Nov 2026 12.05", "24 Nov 2026 14.05")
    assert [dot.x for dot in chart.dots] == [5, 95]
    days = charts.trend_chart(view.norm, view.trend, (), None, "Asia/Jakarta")
    assert (days.first, days.last) == ("13 Nov 2026", "24 Nov 2026")


def test_labels_beside_the_lines_keep_their_distance(view: PageView) -> None:
    close = TrendPoint(
        NOW.date(), NOW, Decimal("3.38"), Decimal("3.39"), Decimal("3.41"), view.index.ruleset_hash
    )
    chart = charts.trend_chart(view.norm, (close,), (), Decimal("3.40"), "Asia/Jakarta")
    heights = [label.y for label in chart.ends]
    assert [label.kind for label in chart.ends] == ["possible", "target", "provisional", "proven"]
    assert all(after - before >= 14.99 for before, after in itertools.pairwise(heights))


def test_evidence_without_a_status_is_a_file(view: PageView) -> None:
    files = [
        evidence
        for indicator in view.indicators
        for criterion in indicator.criteria
        for evidence in criterion.evidence
        if isinstance(evidence, EvidenceView) and evidence.url.startswith("file:")
    ]
    assert files and all(evidence.status is None for evidence in files)
    assert "file:atestasi/berita-acara-reviu-2026.pdf" in Page(render(view)).text


# Applications -------------------------------------------------------------------------------------------------


def test_the_page_tells_what_could_be_simplified(view: PageView) -> None:
    said = " ".join(Page(render(view)).words)
    for words in (
        "5 aplikasi dalam registri, 1 di antaranya dipakai bersama",
        "1 dari 2 aplikasi yang integrasinya dicatat sudah terintegrasi.",
        "1 aplikasi tercatat tetapi layanannya mati.",
        "1 aplikasi mulai atau pertama tercatat sejak moratorium 1 Januari 2026.",
        "1 dari 1 kandidat, untuk diputuskan orang",
        "fungsi sama: presensi; data sama: pegawai",
        "pertama kali tercatat",
    ):
        assert words in said
    assert view.applications is not None
    (pair,) = view.applications.overlaps
    assert {pair.first_name, pair.second_name} == {"e-Hadir", "Absensi Pegawai"}
    assert [item.name for item in view.applications.late] == ["Absensi Pegawai"]


def test_the_page_says_when_there_is_no_registry_or_no_moratorium(view: PageView) -> None:
    assert "Belum ada registri aplikasi yang terbaca." in render(replace(view, applications=None))
    assert view.applications is not None
    plain = replace(view.applications, moratorium_from=None, told=0, integrated=0, overlaps=(), late=())
    said = render(replace(view, applications=plain))
    assert "Tanggal moratorium belum ada dalam berkas institusi." in said
    assert "Registri tidak mencatat integrasi aplikasi." in said
    assert "Setelah moratorium" not in said
