"""The dossier for assessors, as Markdown and HTML, and `pantau explain` that writes it."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest
from markdown_it import MarkdownIt
from typer.testing import CliRunner

from dashboard.dossier import dossier
from dashboard.evidence_list import EvidenceList
from flows.cli import app
from flows.places import Places
from tests import page_fixture
from tests.page_fixture import INSTITUTION, NOW
from transforms.instrument import load_instrument
from transforms.views import EvidenceView, IndexView, IndicatorView, PassageView
from warehouse import read
from warehouse.connection import reading
from warehouse.publish import publish

pytestmark = pytest.mark.e2e

HOSTILE = '"><script>alert(1)</script> [klik](javascript:alert(1)) |x| \x1b[2J# judul'
"""What an outsider may put into a title."""

Views = tuple[IndexView, tuple[IndicatorView, ...]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with a published copy."""
    place = tmp_path_factory.mktemp("dosir")
    page_fixture.fill(place / "w.duckdb", load_instrument("spbe-2020"))
    publish(place / "w.duckdb", Places(place).published, now=NOW)
    return place


@pytest.fixture(scope="module")
def views(folder: Path) -> Views:
    with reading(Places(folder).published) as connection:
        index = read.index_view(connection, INSTITUTION)
        return index, read.indicators(connection, index)


def with_hostile_words(views: Views) -> Views:
    """The same views, with hostile text wherever it can come from outside."""
    index, indicators = views

    def evidence(one: EvidenceView) -> EvidenceView:
        passage = PassageView("regulation", HOSTILE, HOSTILE, None, None, HOSTILE, HOSTILE)
        return replace(one, url=f"javascript:{HOSTILE}", source=HOSTILE, passages=(passage,))

    return replace(index, name=HOSTILE), tuple(
        replace(
            view,
            facts=f"{HOSTILE}\n\n- {HOSTILE}",
            analysis=HOSTILE,
            criteria=tuple(
                replace(
                    c,
                    reason=HOSTILE,
                    hint=HOSTILE,
                    evidence=tuple(map(evidence, c.evidence)),
                    hint_evidence=tuple(map(evidence, c.hint_evidence)),
                )
                for c in view.criteria
            ),
        )
        for view in indicators
    )


def written(views: Views, form: str) -> str:
    index, indicators = views
    return dossier(index, load_instrument("spbe-2020"), indicators, form)  # type: ignore[arg-type]


def section(text: str, number: str) -> str:
    """The part of a Markdown dossier about one indicator."""
    return re.split(rf"^## {number}\. ", text, flags=re.MULTILINE)[1].split("\n## ")[0]


def test_every_indicator_has_its_levels_both_texts_and_every_criterion(views: Views) -> None:
    text = written(views, "md")
    index, indicators = views
    assert text.startswith("# Dosir bukti SPBE: Kota Contoh\n\nKeadaan per 24 November 2026 14.05 WIB.")
    for view in indicators:
        part = section(text, view.number)
        assert f"Terbukti **{view.proven}**, sementara {view.provisional}, potensi {view.possible}" in part
        assert "### Fakta\n\n" in part and "### Analisis\n\n" in part
        for criterion in view.criteria:
            assert f"- **{criterion.criterion}** (tingkat {criterion.level}), " in part
            assert (f"Yang perlu dilakukan ({criterion.owner})" in part) or criterion.counts
    assert index.predikat and index.predikat in text


def test_every_piece_of_evidence_is_listed_once_with_digest_and_place(views: Views) -> None:
    text = written(views, "md")
    listed = EvidenceList(views[1]).entries
    assert {entry.evidence.capture_id for entry in listed} == {
        e.capture_id for i in views[1] for c in i.criteria for e in c.evidence
    }
    end = text.split("## Daftar bukti")[1]
    for entry in listed:
        assert end.count(f"SHA-256 `{entry.evidence.digest}`") == 1
        assert f"dipakai untuk {', '.join(entry.criteria)}" in end
        assert f"bita {entry.evidence.warc_offset}" in end
    first = listed[0]
    assert f"  - [{first.number}]" in section(text, first.criteria[0][1:3].lstrip("0"))


def test_the_html_says_the_same_and_takes_nothing_from_elsewhere(views: Views) -> None:
    text = written(views, "html")
    for view in views[1]:
        assert f'<section id="i{view.number}">' in text
        for criterion in view.criteria:
            assert f"<code>{criterion.criterion}</code>" in text
    assert "default-src 'none'; style-src 'sha256-" in unescape(text)
    assert not re.search(r"<(?:script|link|img|iframe|object)\b|@import|url\(", text)
    assert re.findall(r'href="#b(\d+)"', text)
    assert set(re.findall(r'href="#([a-z]+\d+)"', text)) <= set(re.findall(r'id="([a-z]+\d+)"', text))


@pytest.mark.parametrize("form", ["md", "html"])
def test_what_outsiders_wrote_stays_text(views: Views, form: str) -> None:
    text = written(with_hostile_words(views), form)
    assert "alert(1)" in text
    html = MarkdownIt("commonmark", {"html": True}).enable("table").render(text) if form == "md" else text
    assert "<script>alert" not in html
    assert 'href="javascript:' not in html
    assert "\x1b" not in text
    if form == "md":
        headings = re.findall(r"<h2>(.*?)</h2>", html)
        assert len(headings) == 47 + 2


def test_the_same_views_give_the_same_text(views: Views) -> None:
    assert written(views, "md") == written(views, "md")


# On the command line ------------------------------------------------------------------------------------------


def pantau(words: Sequence[str], folder: Path) -> str:
    done = CliRunner().invoke(
        app, ["explain", *words, "--data-dir", str(folder)], catch_exceptions=False, env={"COLUMNS": "100"}
    )
    assert done.exit_code == 0, done.output
    return done.output


@pytest.mark.usefixtures("views")
def test_explain_shows_criteria_both_texts_and_evidence_within_the_width(folder: Path) -> None:
    said = pantau(["I05"], folder)
    assert "Yang kurang untuk tingkat 2\n" in said
    assert "I05.2.a ✕ tidak terpenuhi  " in said
    for wanted in ("Fakta (draf)\n", "Analisis (draf)\n"):
        assert wanted in said
    # Where a line breaks depends on who first asked for the terminal's width in this process.
    assert "terbantah, Perwali 12/2021 dicabut oleh Perwali" in " ".join(said.split())
    assert "pantau evidence perda" in said.replace("urn:uuid:", "")
    assert re.search(r"SHA-256 [0-9a-f]{64}", said)


@pytest.mark.usefixtures("views")
def test_a_dossier_of_all_or_of_one_is_written_to_a_file(folder: Path) -> None:
    for name, words, count in (("semua.md", ["--all"], 47), ("satu.html", ["5"], 1)):
        output = folder / name
        assert pantau([*words, "-o", str(output)], folder).startswith(f"{count} indicators, ")
        text = output.read_text(encoding="utf-8")
        assert len(re.findall(r'^## \d+\. |<section id="i', text, flags=re.MULTILINE)) == count
    assert not list(folder.glob(".*.md.*"))


@pytest.mark.usefixtures("views")
def test_json_has_everything_that_is_shown(folder: Path) -> None:
    one = json.loads(pantau(["5", "--json"], folder))
    assert one["facts"] and one["analysis"]
    (refuted,) = [c for c in one["criteria"] if c["criterion"] == "I05.2.a"]
    assert refuted["evidence"][0].keys() >= {
        "url",
        "digest",
        "capture_id",
        "warc_file",
        "warc_offset",
        "passages",
    }
    assert [p["kind"] for p in refuted["evidence"][0]["passages"]] == ["regulation"]
    assert len(json.loads(pantau(["--all", "--json"], folder))) == 47


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "name one indicator, such as pantau explain 8, or all of them with --all"),
        (["8", "--all"], "name one indicator"),
        (["--all"], "say where with -o dosir.md or -o dosir.html"),
        (["8", "-o", "dosir.pdf"], "a dossier is Markdown or HTML"),
    ],
)
def test_what_cannot_be_written_is_refused(words: list[str], said: str, folder: Path) -> None:
    with pytest.raises(Exception, match=said):
        CliRunner().invoke(app, ["explain", *words, "--data-dir", str(folder)], catch_exceptions=False)
