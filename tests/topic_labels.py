"""Titles and registry entries with the topics that reading them gives, and how far the rules agree.

`labels/regulation_topics.csv` holds one title a line. What its columns mean, and how a title was judged:

- `topics`: the topics the title is truly about, none or several, judged from the title alone as a strict
  assessor would. Amendments count as what they amend. Drafts and repeals are about nothing; so are a team
  (but for the two topics on teams), an assessment, the organisation of an office, and data, applications or
  security of one sector only. Predecessors under another name ("komite pengarah TIK") are not the thing itself.
- `origin`: `sampel`, drawn from the listings of eight governments (every title that one of some sixty words
  could make plausible, close misses, and a random rest); `publik`, real titles of other governments as public
  pages quote them; `karangan`, made up in the wording of such titles, because real ones on some topics are rare.
- `part`: `tune`, which may be read while changing `topics.yml`, or `held_out`, which only measures. A hash of
  the title decides, so nobody can choose. A title that was read after all while rules were changed goes to
  `tune`; the other way is closed.

`labels/application_topics.csv` holds one entry of an application registry a line: `name`, `description` (its first
200 characters) and the same columns. An entry is about the service it offers to the whole government; what is for
villages, for one sector or only near to it (attendance, job analysis, wealth reports) is about nothing.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from collectors.indonesian import normalise_title
from tests.warehouse_rows import warehouse_with
from transforms.instrument import Topic
from warehouse.asking import build_models

FOLDER = Path(__file__).parent / "labels"
ORIGINS = ("sampel", "publik", "karangan")
PARTS = ("tune", "held_out")
Kind = Literal["regulation", "application"]
_TAKEN: Mapping[Kind, str] = {
    "regulation": "SELECT title, topic FROM regulation_topic JOIN core.regulation USING (regulation_key)",
    "application": "SELECT name, topic FROM application_topic",
}
AS_OF = datetime.fromisoformat("2026-01-01T00:00:00+00:00")


@dataclass(frozen=True)
class Label:
    """One title, or name and description, as it was judged; see the module for the meaning of each column."""

    title: str
    topics: frozenset[str]
    origin: str
    part: str


@dataclass(frozen=True)
class Agreement:
    """Pairs of title and topic: taken by both, by the rules only (false), by the label only (missed)."""

    right: int
    false: int
    missed: int

    @property
    def precision(self) -> float:
        """The share of what the rules take that is true; 1 where they take nothing."""
        return self.right / (self.right + self.false) if self.right + self.false else 1.0

    @property
    def recall(self) -> float:
        """The share of what is true that the rules take; 1 where nothing is."""
        return self.right / (self.right + self.missed) if self.right + self.missed else 1.0


def regulation_labels() -> tuple[Label, ...]:
    """The labelled titles in the order of the file."""
    return tuple(_label(row, row["title"]) for row in _rows("regulation_topics.csv"))


def application_labels() -> tuple[Label, ...]:
    """The labelled entries in the order of the file; the title is name and description, which rules see as one."""
    return tuple(
        _label(row, ": ".join(filter(None, (row["name"], row["description"]))))
        for row in _rows("application_topics.csv")
    )


def _rows(file_name: str) -> Iterator[dict[str, str]]:
    with (FOLDER / file_name).open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def _label(row: Mapping[str, str], title: str) -> Label:
    return Label(title, frozenset(row["topics"].split()), row["origin"], row["part"])


def part_of(title: str) -> str:
    """The part a title belongs to unless it was read: by the first byte of the SHA-256 of its normalised form."""
    first = hashlib.sha256(normalise_title(title).encode()).digest()[0]
    return PARTS[first % 2]


def recognised(kind: Kind, labels: Sequence[Label], topics: Sequence[Topic]) -> Mapping[str, frozenset[str]]:
    """Topics of that kind by title as scoring finds them: each title listed in `core`, then the models built."""
    titles = [label.title for label in labels]
    connection = warehouse_with(
        {
            "institution": [{"institution": "contoh"}],
            kind: [
                {"institution": "contoh", "title": title, "number": f"L{i}"}
                if kind == "regulation"
                else {"institution": "contoh", "name": title, "application_key": f"L{i}"}
                for i, title in enumerate(titles)
            ],
        }
    )
    build_models(connection, [topic for topic in topics if topic.for_ == kind], AS_OF)
    found: dict[str, set[str]] = {title: set() for title in titles}
    for title, topic in connection.execute(_TAKEN[kind]).fetchall():
        found[title].add(topic)
    return {title: frozenset(ids) for title, ids in found.items()}


def agreement(
    labels: Iterable[Label], found: Mapping[str, frozenset[str]], topic: str | None = None
) -> Agreement:
    """How far the rules agree with the labels, on one topic or over all of them (micro-average)."""
    right = false = missed = 0
    for label in labels:
        wanted, got = label.topics, found[label.title]
        if topic is not None:
            wanted, got = wanted & {topic}, got & {topic}
        right += len(wanted & got)
        false += len(got - wanted)
        missed += len(wanted - got)
    return Agreement(right, false, missed)
