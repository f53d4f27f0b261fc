"""Topics: how regulations and applications are recognised by the words of their titles (`topics.yml`)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from transforms.norm_files import ROOT, Problems, display, read_yaml, validated
from transforms.norm_rules import Topic


def load_topics(root: Path = ROOT) -> tuple[Topic, ...]:
    """The topics of `topics.yml`, in order, with its phrases written out. Raises InstrumentError."""
    path = root / "topics.yml"
    problems = Problems(display(path))
    data = read_yaml(path)
    phrases: dict[str, str] = data.get("phrases") or {}
    topics = tuple(
        validated(Topic, _with_phrases(entry, phrases), display(path), f"topics.{index}")
        for index, entry in enumerate(data.get("topics") or ())
    )
    ids = [topic.id for topic in topics]
    for repeated in sorted({i for i in ids if ids.count(i) > 1}):
        problems.add(f"topics.{repeated}", "the id is used more than once")
    for topic in topics:
        for pattern in (*topic.include, *topic.exclude):
            _check_pattern(f"topics.{topic.id}", pattern, problems)
    problems.raise_any()
    return topics


def _with_phrases(entry: Any, phrases: Mapping[str, str]) -> Any:
    """A topic's entry with every <name> in its patterns replaced by the phrase of that name."""
    if not isinstance(entry, dict):
        return entry
    written = {
        key: [re.sub(r"<(\w+)>", lambda found: phrases.get(found[1], found[0]), p) for p in patterns]
        for key in ("include", "exclude")
        if isinstance(patterns := entry.get(key), list) and all(isinstance(p, str) for p in patterns)
    }
    return {**entry, **written}


def topic_filters(topics: Sequence[Topic]) -> dict[str, str]:
    """The parameters of the models that match topics, besides $as_of: one pattern per kind of title.

    `regulation_filter` matches whatever any topic for regulations includes, `application_filter` likewise.
    The warehouse compiles a pattern bound as a parameter once, but one read from a table for every row:
    filtering first makes matching ten thousand titles take milliseconds instead of seconds.
    """
    return {
        f"{kind}_filter": "|".join(
            f"(?:{p})" for topic in topics if topic.for_ == kind for p in topic.include
        )
        for kind in ("regulation", "application")
    }


def _check_pattern(path: str, pattern: str, problems: Problems) -> None:
    if "<" in pattern:
        problems.add(path, f"{pattern!r}: there is no such phrase; add it to phrases or correct its name")
    try:
        if re.compile(pattern).search(""):
            problems.add(path, f"{pattern!r} matches an empty title, so it would match every title")
    except re.error as error:
        problems.add(path, f"{pattern!r} is not a regular expression ({error})")
    if re.search(r"[A-Z]", re.sub(r"\\.", "", pattern)) or re.search(r"\(\?[=!<]|\\[1-9]", pattern):
        problems.add(path, f"{pattern!r}: use lower case, no look-around and no back-references (RE2)")
