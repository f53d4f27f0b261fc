"""The labelled titles hold together, and the rules of `topics.yml` agree with those held out."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from collectors.indonesian import normalise_title
from tests.topic_labels import ORIGINS, PARTS, Agreement, Label, agreement, load_labels, part_of, recognised
from transforms.instrument import load_topics

TOPICS = tuple(topic for topic in load_topics() if topic.for_ == "regulation")
LABELS = load_labels()


@pytest.fixture(scope="module")
def found() -> Mapping[str, frozenset[str]]:
    return recognised(LABELS, TOPICS)


def test_every_label_names_topics_that_exist() -> None:
    named = set().union(*(label.topics for label in LABELS))
    assert named == {topic.id for topic in TOPICS}


def test_the_part_of_a_title_is_nobodys_choice() -> None:
    assert {label.title: label.part for label in LABELS} == {
        label.title: part_of(label.title) for label in LABELS
    }


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
