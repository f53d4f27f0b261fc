"""Which topics titles have: each distinct title is tried once on a connection, whatever date is asked of it.

The warehouse compiles a pattern that is bound as a parameter once, but one that it reads from a table for
every row. So each topic is a branch of its own, over the distinct titles that were not tried before.
"""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from transforms.instrument import Topic, topic_filters

TITLES = {
    "regulation_topic": ("regulation", "SELECT title_norm AS text FROM regulation_current"),
    "application_topic": ("application", "SELECT text_norm AS text FROM application_current"),
}
"""By model that reads `topic_title`: the kind of its topics, and the texts that it asks about."""


def match_titles(connection: duckdb.DuckDBPyConnection, topics: Sequence[Topic], model: str) -> None:
    """Let the temporary table `topic_title` hold the topics of all texts that the model is about to ask of.

    A connection has one set of topics.
    """
    kind, texts = TITLES[model]
    connection.execute(
        "CREATE TEMP TABLE IF NOT EXISTS topic_title (kind VARCHAR, topic VARCHAR, text VARCHAR)"
    )
    connection.execute("CREATE TEMP TABLE IF NOT EXISTS title_seen (kind VARCHAR, text VARCHAR)")
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE title_new AS SELECT DISTINCT text FROM ({texts}) "
        "ANTI JOIN (FROM title_seen WHERE kind = $kind) AS seen USING (text)",
        {"kind": kind},
    )
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
