"""Labelled titles and applications hold together, and the rules of `topics.yml` agree with those held out."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from collectors.indonesian import normalise_title
from tests.topic_labels import (
    ORIGINS,
    PARTS,
    Agreement,
    Label,
    agreement,
    application_labels,
    part_of,
    recognised,
    regulation_labels,
)
from tests.topic_table import PAGE, measured_page, section
from transforms.instrument import load_topics

SAMPLES = Path(__file__).parents[2] / "shared" / "samples"
TOPICS = tuple(topic for topic in load_topics() if topic.for_ == "regulation")
LABELS = regulation_labels()
APPLICATIONS = application_labels()


@pytest.fixture(scope="module")
def found() -> Mapping[str, frozenset[str]]:
    return recognised("regulation", LABELS, TOPICS)


def test_every_label_names_topics_that_exist() -> None:
    named = set().union(*(label.topics for label in LABELS))
    assert named == {topic.id for topic in TOPICS}
    named = set().union(*(label.topics for label in APPLICATIONS))
    assert named == {topic.id for topic in load_topics() if topic.for_ == "application"}


@pytest.mark.parametrize("labels", [LABELS, APPLICATIONS], ids=["regulations", "applications"])
def test_no_title_is_chosen_for_measuring(labels: tuple[Label, ...]) -> None:
    assert {label.part for label in labels} == set(PARTS)
    by_hash = {label.title: part_of(label.title) for label in labels}
    assert [x.title for x in labels if x.part == "held_out" and by_hash[x.title] != "held_out"] == []
    read_after_all = [x.title for x in labels if x.part == "tune" and by_hash[x.title] == "held_out"]
    assert len(read_after_all) < len(labels) / 20


def test_titles_are_many_and_no_title_stands_twice() -> None:
    assert len({normalise_title(label.title) for label in LABELS}) == len(LABELS) >= 400
    for part in PARTS:
        assert {label.origin for label in LABELS if label.part == part} == set(ORIGINS)
        in_part = [label for label in LABELS if label.part == part]
        assert 0.4 < len(in_part) / len(LABELS) < 0.6
        # Titles about nothing are the larger half, as refusing is the harder task.
        assert sum(not label.topics for label in in_part) > len(in_part) / 2


def test_agreement_counts_pairs_of_title_and_topic() -> None:
    labels = [
        Label("a", frozenset({"x", "y"}), "karangan", "tune"),
        Label("b", frozenset(), "karangan", "tune"),
    ]
    found = {"a": frozenset({"x"}), "b": frozenset({"x"})}
    assert agreement(labels, found) == Agreement(right=1, false=1, missed=1)
    assert agreement(labels, found, "x") == Agreement(right=1, false=1, missed=0)
    assert agreement(labels, found, "y") == Agreement(right=0, false=0, missed=1)
    assert (agreement(labels, found).precision, agreement(labels, found).recall) == (0.5, 0.5)


def test_rules_agree_with_the_titles_held_out(found: Mapping[str, frozenset[str]]) -> None:
    """The goal: of what is taken 97 of 100 are right, of what is true 90 of 100 are taken; real titles alone too."""
    held_out = [label for label in LABELS if label.part == "held_out"]
    for labels in (held_out, [label for label in held_out if label.origin != "karangan"]):
        reached = agreement(labels, found)
        assert reached.right > 30
        assert reached.precision >= 0.97
        assert reached.recall >= 0.90


def test_rules_agree_with_the_applications_held_out() -> None:
    """An entry of a registry only hints, so rules for applications may be wider."""
    held_out = [label for label in APPLICATIONS if label.part == "held_out"]
    reached = agreement(held_out, recognised("application", APPLICATIONS, load_topics()))
    assert len(APPLICATIONS) >= 150
    assert reached.right > 40
    assert reached.precision >= 0.90
    assert reached.recall >= 0.90


def test_no_topic_rests_on_the_others(found: Mapping[str, frozenset[str]]) -> None:
    """A topic that takes nothing would not show in the whole."""
    held_out = [label for label in LABELS if label.part == "held_out"]
    for topic in TOPICS:
        reached = agreement(held_out, found, topic.id)
        assert reached.right > 0, topic.id
        assert reached.precision >= 0.75, topic.id
        assert reached.recall >= 0.75, topic.id


def test_the_committed_table_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == measured_page(), "run python -m tests.topic_table"


def test_the_table_lists_what_is_wrong() -> None:
    labels = [Label("Judul | aneh", frozenset({"audit_tik"}), "sampel", "held_out")]
    text = section(labels, {"Judul | aneh": frozenset({"persandian"})}, TOPICS)
    assert "| uji | sampel | persandian | audit_tik | Judul / aneh |" in text
    assert "| uji | sampel | 1 | 0 | 0 | 1 | 1 | 0,0% | 0,0% |" in text
    assert "Tidak ada." in section(labels, {"Judul | aneh": frozenset({"audit_tik"})}, TOPICS)


@pytest.mark.samples
def test_no_unlabelled_title_of_the_samples_is_taken() -> None:
    """Every real title that the rules take has been read and labelled, so precision holds over all of them."""
    if not SAMPLES.is_dir():
        pytest.skip("the shared samples are not here")
    labelled = {normalise_title(label.title): label.topics for label in LABELS}
    titles = {title for title in _titles_of_samples() if len(normalise_title(title)) >= 8}
    assert len({normalise_title(title) for title in titles}) > 9000
    taken = recognised(
        "regulation", [Label(title, frozenset(), "sampel", "tune") for title in sorted(titles)], TOPICS
    )
    wrong = {t: ids for t, ids in taken.items() if ids != labelled.get(normalise_title(t), frozenset())}
    assert wrong == {}


def _titles_of_samples() -> Iterator[str]:
    for path in [*SAMPLES.glob("judul-peraturan-*.csv"), *SAMPLES.glob("field/judul-jabar/*.csv")]:
        with path.open(encoding="utf-8", errors="replace", newline="") as file:
            yield from (" ".join(row) for row in csv.reader(file))
    with (SAMPLES / "field/kendari-ildis/document.csv").open(encoding="utf-8", newline="") as file:
        yield from (row["judul"] for row in csv.DictReader(file))
    for name, key in (("jdihn-kota-kendari.json", "judul"), ("jdih-api-kab-bandung.json", "nama")):
        # Kabupaten Bandung's answer ends in a stray semicolon.
        listing = json.loads((SAMPLES / name).read_text(encoding="utf-8").rstrip().rstrip(";"))
        yield from (entry[key] for entry in listing if entry and entry[key])
