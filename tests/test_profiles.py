"""Profiles of HTML listings: which fits a saved page, and how pages numbered in the address go on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from collectors.evidence import ParseError
from collectors.html_listing import load_profile, parse_profile, profile_ids, read_page
from collectors.regulation_rows import Notes
from collectors.saved_listing import parse_file
from flows.cli import app

EXAMPLES = Path(__file__).parent / "examples" / "regulations"
SAMPLES = Path(__file__).parents[2] / "shared" / "samples"
FITTING = {
    "codeigniter-kartu.html": "codeigniter-kartu",
    "datatables-cells.json": "datatables",
    "drupal-views.html": "drupal-views",
    "ildis-derived.html": "ildis",
    "jdih-cms.html": "jdih-cms",
    "laravel-kartu.html": "laravel-kartu",
    "laravel-tabel.html": "laravel-tabel",
    "peraturan-bpk.html": "peraturan-bpk",
    "peraturan-go-id.html": "peraturan-go-id",
    "tabel-lama.html": "tabel-lama",
    "wordpress-toko.html": "wordpress-toko",
}
PROFILE = """
id: coba
about: A profile for a test
row: li
title: [a]
empty: .kosong
"""


@pytest.mark.parametrize(("name", "profile"), FITTING.items())
def test_the_profile_of_a_family_fits_its_pages_best(name: str, profile: str) -> None:
    notes = parse_file(EXAMPLES / name, profile=None).notes
    (best,) = [note for note in notes if note.startswith("profile that fits best: ")]
    assert best.startswith(f"profile that fits best: {profile}: score ")


def test_every_family_has_an_example_that_it_fits() -> None:
    # What a form answers is read as a feed where no source says how it was asked.
    assert set(FITTING.values()) | {"yii-grid", "jdih-kota-bandung"} == set(profile_ids())


def test_the_command_says_which_profile_fits_and_why_and_which_are_close() -> None:
    result = CliRunner().invoke(app, ["parse", "regulations", str(EXAMPLES / "yii-grid-columns.html")])
    lines = result.stderr.splitlines()
    assert (
        "note    profile that fits best: laravel-tabel: score 0.90; 2 rows, 2 titles, 2 numbers, 1 dates, 2 statuses"
        in lines
    )
    assert "note    close: yii-grid: score 0.90; 2 rows, 2 titles, 2 numbers, 1 dates, 2 statuses" in lines
    assert "note    does not fit: ildis: no row was found by profile 'ildis'" in lines
    assert [json.loads(line)["number"] for line in result.stdout.splitlines()] == ["5", "1"]


def test_a_feed_is_no_page_and_tried_by_no_profile() -> None:
    assert not any("profile" in note for note in parse_file(EXAMPLES / "bare-array.json", profile=None).notes)
    with pytest.raises(ParseError, match="cut off"):
        parse_file(EXAMPLES / "truncated.json", profile=None)


@pytest.mark.parametrize(
    ("profile", "url", "page", "expected"),
    [
        # The theme's link to the next page leads nowhere: the number in the address is counted on.
        (
            "drupal-views",
            "https://kota.test/produk?jenis=2",
            '<div class="view-content"><div class="views-row"><div class="views-field-title">A</div></div></div>'
            '<li class="pager__item--next"><a href="#">Next</a></li>',
            "https://kota.test/produk?jenis=2&page=1",
        ),
        (
            "drupal-views",
            "https://kota.test/produk?page=4",
            '<div class="view-content"><div class="views-row"><div class="views-field-title">A</div></div></div>',
            None,
        ),
        (
            "datatables",
            "https://kota.test/data?draw=1&start=2&length=2",
            '{"recordsTotal": 5, "data": [["a"], ["b"]]}',
            "https://kota.test/data?draw=1&length=2&start=4",
        ),
        ("datatables", "https://kota.test/data?start=4", '{"recordsTotal": 5, "data": [["a"]]}', None),
        ("datatables", "https://kota.test/data?start=6", '{"recordsTotal": 5, "data": []}', None),
        ("datatables", "file:data.json", '{"recordsTotal": 5, "data": [["a"], ["b"]]}', None),
        (
            "laravel-tabel",
            "https://kota.test/page/produk_hukum/11/2",
            '<table class="table"><tbody><tr><td>1</td><td>A</td></tr></tbody></table><ul class="pagination">'
            '<li class="page-item active"><span>2</span></li><li class="page-item"><a href="/page/produk_hukum/11/3">3</a></li></ul>',
            "/page/produk_hukum/11/3",
        ),
    ],
)
def test_the_next_page(profile: str, url: str, page: str, expected: str | None) -> None:
    assert read_page(page.encode(), (), load_profile(profile), url, Notes()).next_link == expected


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("[]", "the JSON is no DataTables answer"),
        ('{"data": "none"}', "the JSON is no DataTables answer"),
        ("<html><body>Whoops</body></html>", "the answer is no JSON"),
        ('{"data": ' + "[" * 200_000, "the answer is no JSON"),
    ],
)
def test_what_is_no_datatables_answer_is_refused(answer: str, reason: str) -> None:
    with pytest.raises(ParseError, match=reason):
        read_page(answer.encode(), (), load_profile("datatables"), "https://kota.test/data", Notes())


@pytest.mark.parametrize(
    ("lines", "fault"),
    [
        ("pages: {parameter: page}", "pages: Value error, give more or size"),
        ("pages: {parameter: page, size: 0}", "pages.size: Input should be greater than or equal to 1"),
        ("answer: csv", "answer: Input should be 'page' or 'datatables'"),
        ("nxet: a", "nxet: Extra inputs are not permitted"),
    ],
)
def test_a_profile_at_fault_is_named_with_its_key(lines: str, fault: str) -> None:
    with pytest.raises(ParseError, match=fault):
        parse_profile(PROFILE + lines, "coba.yml")


def test_pages_of_a_known_size_end_with_a_shorter_one() -> None:
    profile = parse_profile(PROFILE + "pages: {parameter: hal, first: 1, size: 2}", "coba.yml")
    url = "https://kota.test/p"
    full, short = b"<li><a>A</a></li><li><a>B</a></li>", b"<li><a>A</a></li>"
    assert read_page(full, (), profile, url, Notes()).next_link == "https://kota.test/p?hal=2"
    assert read_page(short, (), profile, url, Notes()).next_link is None


@pytest.mark.samples
def test_sample_peraturan_go_id() -> None:
    path = SAMPLES / "field/peraturan-go-id/tag.html"
    if not path.exists():
        pytest.skip("the shared samples are not here")
    parsed = parse_file(path, profile=None)
    assert (len(parsed.records), len(parsed.rejects)) == (20, 0)
    assert "profile that fits best: peraturan-go-id: score 0.80; 20 rows" in "\n".join(parsed.notes)
    text = path.read_text(encoding="utf-8")
    page = read_page(
        text.encode(), (), load_profile("peraturan-go-id"), "https://peraturan.go.id/uu", Notes()
    )
    assert page.next_link == "/uu?page=2"
