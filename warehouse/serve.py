"""Serving a published copy over DuckDB's Quack protocol: read-only, behind a token, one SELECT at a time.

Three fences: the file is opened read-only; files, network and settings are closed to SQL; and a macro in the
copy (`queries/remote_read.sql`) lets nothing run but a SELECT without table functions that do more than list.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from warehouse.connection import reading
from warehouse.errors import WarehouseError
from warehouse.extensions import load_extension

LOOK_AGAIN_SECONDS = 0.5
"""How often the copy is looked at for a newer one."""
GUARD = "boleh_dibaca"


class ServeError(Exception):
    """The copy cannot be served; the message says why."""


def serve(
    copy: Path,
    host: str,
    port: int,
    token: str,
    *,
    memory: str,
    stop: threading.Event,
    told: Callable[[str], None],
) -> None:
    """Serve the copy until `stop` is set; a newly published one is taken up, for which clients attach again.

    `told` gets one line when serving begins and for every newer copy. Raises ServeError when the address
    cannot be listened on, WarehouseError when nothing (or only an older kind of copy) is published.
    """
    serving = "serving"
    while not stop.is_set():
        shown = _identity(copy)
        with _listening(copy, f"quack:{host}:{port}", token, memory):
            told(f"{serving} {copy} at quack:{host}:{port}")
            while not stop.wait(LOOK_AGAIN_SECONDS) and _identity(copy) == shown:
                pass
        serving = "serving a newer copy:"


@contextmanager
def _listening(copy: Path, uri: str, token: str, memory: str) -> Iterator[None]:
    with reading(copy) as connection:
        guards = connection.execute(
            "SELECT count(*) FROM duckdb_functions() WHERE function_name = $name", {"name": GUARD}
        ).fetchone()
        if not guards or not guards[0]:
            raise WarehouseError(f"{copy}: was published by an older Pantau; run pantau publish")
        for name in ("httpfs", "quack"):
            load_extension(connection, name)
        connection.execute(f"SET GLOBAL quack_authorization_function = '{GUARD}'")
        connection.execute("SET GLOBAL memory_limit = $memory", {"memory": memory})
        connection.execute("SET GLOBAL temp_directory = ''")
        connection.execute("SET GLOBAL enable_external_access = false")
        connection.execute("SET GLOBAL lock_configuration = true")
        try:
            connection.execute(
                "CALL quack_serve($uri, token => $token, allow_other_hostname => true)",
                {"uri": uri, "token": token},
            )
        except duckdb.Error as error:
            raise ServeError(f"{uri}: cannot be listened on ({str(error).replace(token, '...')})") from error
        try:
            yield
        finally:
            connection.execute("CALL quack_stop($uri)", {"uri": uri})


def _identity(copy: Path) -> tuple[int, int] | None:
    try:
        found = copy.stat()
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_mtime_ns
