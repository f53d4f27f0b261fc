"""DuckDB extensions from their Python packages: nothing is downloaded, nothing written to a home folder."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import duckdb


class ExtensionError(Exception):
    """An extension is not installed, or made for another DuckDB; the message says which."""


def load_extension(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    """Load the extension of the package `duckdb-extension-<name>` into a connection's instance.

    Raises ExtensionError when the package is missing or holds none for this version of DuckDB.
    """
    package = importlib.util.find_spec(f"duckdb_extension_{name}")
    folders = package.submodule_search_locations if package else None
    if not folders:
        raise ExtensionError(
            f"package duckdb-extension-{name.replace('_', '-')} is not installed; make install"
        )
    file = Path(folders[0]) / "extensions" / f"v{duckdb.__version__}" / f"{name}.duckdb_extension"
    if not file.exists():
        raise ExtensionError(f"{file}: is not there; the package must be of DuckDB {duckdb.__version__}")
    quoted = str(file).replace("'", "''")
    connection.execute(f"LOAD '{quoted}'")
