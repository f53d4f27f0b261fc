"""The officers' guide: its queries, and the parts of it that are written from a published copy.

``python -m tests.guide`` writes the map of views and the sample results again.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from flows.places import Places
from flows.publish import publish
from tests import page_fixture
from tests.page_fixture import INSTITUTION, NOW
from transforms.instrument import load_instrument
from warehouse.connection import append, reading, writing

GUIDE = Path(__file__).parent.parent / "docs" / "panduan-diskominfo.md"
_BLOCK = re.compile(
    r"^### \d+\. (?P<title>.+?)\n.*?```sql\n(?P<sql>.+?)```\n\n(?P<sample><!-- contoh -->\n.*?<!-- akhir contoh -->)",
    re.MULTILINE | re.DOTALL,
)
_MAP = re.compile(r"<!-- peta -->\n.*?<!-- akhir peta -->", re.DOTALL)
_SHOWN = 3
_LONGEST = 70


@dataclass(frozen=True)
class Query:
    """One query of the guide and the sample that stands below it."""

    title: str
    sql: str
    sample: str

    @property
    def promised(self) -> list[str]:
        """The columns that the sample shows."""
        heading = next(line for line in self.sample.splitlines() if line.startswith("| "))
        return [name.strip() for name in heading.strip("|").split("|")]


def queries(text: str) -> list[Query]:
    """Every query with its sample, in order."""
    return [Query(found["title"], found["sql"], found["sample"]) for found in _BLOCK.finditer(text)]


def fill(places: Places) -> None:
    """The made-up institution, with what its made-up scores lack: a forecast and a repealed regulation."""
    page_fixture.fill(places.warehouse, load_instrument("spbe-2020"))
    with writing(places.warehouse, NOW) as connection:
        (score_id,) = connection.execute("SELECT arg_max(score_id, as_of) FROM score.run").fetchall()[0]
        shared = {"score_id": score_id, "institution": INSTITUTION, "scenario": "sources_run"}
        moments = [NOW + timedelta(days=days) for days in (20, 45)]
        lapsing = [
            {"changes_at": at, "ordinal": ordinal, "indicator": "8", "criterion": f"I08.{ordinal}.a", "event": "stale",
             "proven_change": Decimal("-0.04"), "provisional_change": Decimal(0)}
            for ordinal, at in enumerate(moments, 2)
        ]  # fmt: skip
        append(connection, "score.expiry", lapsing, **shared)
        ahead = [
            {"changes_at": at, "proven": Decimal(proven), "provisional": Decimal("3.1"), "possible": Decimal("4.2"),
             "predikat": "Baik"}
            for at, proven in zip((NOW, *moments), ("2.12", "2.08", "2.04"), strict=True)
        ]  # fmt: skip
        append(connection, "score.forecast", ahead, **shared)
        connection.execute(
            "INSERT INTO core.regulation BY NAME SELECT * REPLACE ('dicabut' AS status, '9' AS number, 2017 AS year, "
            "'perwal/2017/9' AS regulation_key, 'Tata Kelola Teknologi Informasi' AS title) "
            "FROM core.regulation WHERE valid_to IS NULL LIMIT 1"
        )


def map_of_views(connection: duckdb.DuckDBPyConnection) -> str:
    """A table of the views, then of those that take days, with what their comments say."""
    rows = connection.execute(
        "SELECT view_name, comment FROM duckdb_views() WHERE schema_name = 'mart' ORDER BY view_name"
    ).fetchall()
    rows += connection.execute(
        "SELECT function_name || '(' || array_to_string(parameters, ', ') || ')', comment "
        "FROM duckdb_functions() WHERE schema_name = 'mart' AND function_type = 'table_macro' ORDER BY ALL"
    ).fetchall()
    return "\n".join(
        ["<!-- peta -->", "| tampilan | isi |", "|---|---|"]
        + [f"| `mart.{name}` | {comment} |" for name, comment in rows]
        + ["<!-- akhir peta -->"]
    )


def sample_of(connection: duckdb.DuckDBPyConnection, sql: str) -> str:
    """The first rows of a query as a table."""
    cursor = connection.execute(sql)
    names = [column[0] for column in cursor.description]
    rows = cursor.fetchmany(_SHOWN)
    lines = [
        _line(names),
        "|" + "---|" * len(names),
        *(_line([_cell(value) for value in row]) for row in rows),
    ]
    return "\n".join(["<!-- contoh -->", *lines, "<!-- akhir contoh -->"])


def render(text: str, connection: duckdb.DuckDBPyConnection) -> str:
    """The guide with its map and samples written anew."""
    text = _MAP.sub(lambda _: map_of_views(connection), text)
    for query in queries(text):
        text = text.replace(
            f"{query.sql}```\n\n{query.sample}", f"{query.sql}```\n\n{sample_of(connection, query.sql)}"
        )
    return text


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _cell(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case datetime():
            return f"{value:%Y-%m-%d %H:%M}"
        case date():
            return value.isoformat()
    text = str(value).replace("|", "\\|").replace("\n", " ")
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def main() -> None:
    """Write the guide again from a published copy of the made-up institution."""
    with tempfile.TemporaryDirectory() as folder:
        places = Places(Path(folder))
        fill(places)
        publish(places, now=NOW)
        with reading(places.published) as connection:
            GUIDE.write_text(render(GUIDE.read_text("utf-8"), connection), encoding="utf-8")


if __name__ == "__main__":
    main()
