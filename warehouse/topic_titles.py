"""Which topics titles have: each distinct title is tried once on a connection, whatever date is asked of it.

The warehouse compiles a pattern that is bound as a parameter once, but one that it reads from a table for
every row. So each topic is a branch of its own, over the distinct titles that were not tried before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from transforms.instrument import Topic, topic_filters


@dataclass(frozen=True)
class Titles:
    """Texts that a model asks about; `ever` has those of all dates, where they are at hand."""

    kind: str
    listed: str
    text: str
    ever: str = ""


TITLES = {
    "regulation_titled": Titles(
        "regulation",
        "regulation_current",
        "title_norm",
        "core.regulation SEMI JOIN institution_current USING (institution)",
    ),
    "application_topic": Titles("application", "application_current", "text_norm"),
}
"""By model that reads `topic_title`."""


def match_titles(
    connection: duckdb.DuckDBPyConnection, topics: Sequence[Topic], model: str, *, listed: str | None = None
) -> None:
    """Let the temporary table `topic_title` hold the topics of all texts that the model is about to ask of.

    `listed` holds those that are new at a later date; where one was never tried, those of all dates are
    tried together, as trying few takes almost as long. A connection has one set of topics.
    """
    titles = TITLES[model]
    kind = titles.kind
    connection.execute(
        "CREATE TEMP TABLE IF NOT EXISTS topic_title (kind VARCHAR, topic VARCHAR, text VARCHAR)"
    )
    connection.execute("CREATE TEMP TABLE IF NOT EXISTS title_seen (kind VARCHAR, text VARCHAR)")

    def look(where: str) -> int:
        connection.execute(
            "CREATE OR REPLACE TEMP TABLE title_new AS "
            f"SELECT DISTINCT text FROM (SELECT {titles.text} AS text FROM {where}) "
            "ANTI JOIN (FROM title_seen WHERE kind = $kind) AS seen USING (text)",
            {"kind": kind},
        )
        counted = connection.execute("SELECT count(*) FROM title_new").fetchone()
        return int(counted[0]) if counted else 0

    if not look(listed or titles.listed):
        return
    if listed and titles.ever:
        look(titles.ever)
    connection.execute("INSERT INTO title_seen SELECT $kind, text FROM title_new", {"kind": kind})
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE title_new AS FROM title_new WHERE regexp_matches(text, $wanted)",
        {"wanted": topic_filters(topics)[f"{kind}_filter"]},
    )
    counted = connection.execute("SELECT count(*) FROM title_new").fetchone()
    own = [topic for topic in topics if topic.for_ == kind]
    if not own or not counted or not counted[0]:
        return
    branches, values = [], {"kind": kind}
    for place, topic in enumerate(own):
        values |= {f"topic{place}": topic.id, f"include{place}": "|".join(topic.include)}
        branch = (
            f"SELECT $kind, $topic{place}, text FROM title_new WHERE regexp_matches(text, $include{place})"
        )
        if topic.exclude:
            values[f"exclude{place}"] = "|".join(topic.exclude)
            branch += f" AND NOT regexp_matches(text, $exclude{place})"
        branches.append(branch)
    connection.execute(f"INSERT INTO topic_title {' UNION ALL '.join(branches)}", values)
