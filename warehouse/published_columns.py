"""Which columns of the warehouse go into the published copy, and how texts from outside are masked.

What `published.yml` does not name stays behind: a new table or column is published once somebody decides so.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Annotated

import duckdb
import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from collectors.personal_data import MASK, mask

ALLOWED_FILE = Path(__file__).parent / "published.yml"

# At least everything that `masked` changes, for RE2: Python functions are slow for millions of rows.
_MAYBE = r"(?is)@|\p{Nd}(?:.?\p{Nd}){7}|[?&;][^=&#\s]*(?:token|key|secret|passw|pwd|sandi|sig|auth)[^=&#\s]*="
_SECRET = re.compile(
    r"(?i)(?<=[?&;])([^=&#\s]*(?:token|key|secret|passw|pwd|sandi|sig|auth)[^=&#\s]*=)[^&#\s]+"
)
_USER = re.compile(r"(?<=://)[^/?#@\s]*@")
_Column = Annotated[str, StringConstraints(pattern=r"^[a-z_][a-z0-9_]*$")]


class PublishedTable(BaseModel):
    """One table of `published.yml`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    why: str
    columns: Sequence[_Column] = Field(min_length=1)
    texts: Sequence[_Column] = ()
    derived: Mapping[_Column, str] = {}


@cache
def published_tables() -> Mapping[str, PublishedTable]:
    """The allow-list: `schema.table` to what of it is published."""
    document = yaml.safe_load(ALLOWED_FILE.read_text(encoding="utf-8"))
    return {name: PublishedTable.model_validate(entry) for name, entry in document.items()}


def masked(text: str) -> str:
    """A text from outside without contact data and numbers of persons, and without secrets in addresses."""
    return _SECRET.sub(rf"\1{MASK}", mask(_USER.sub("", text)))


def add_masking(connection: duckdb.DuckDBPyConnection) -> None:
    """Make `mask_text(VARCHAR)` known to a connection, as `selected` needs it."""
    connection.create_function("mask_text", masked, ["VARCHAR"], "VARCHAR")


def selected(table: PublishedTable) -> str:
    """The columns of a table as a SELECT list."""
    texts = (
        f"CASE WHEN regexp_matches({name}, '{_MAYBE}') THEN mask_text({name}) ELSE {name} END AS {name}"
        for name in table.texts
    )
    derived = (f"{expression} AS {name}" for name, expression in table.derived.items())
    return ", ".join((*table.columns, *texts, *derived))
