"""`pantau serve-sql`: the published copy for other DuckDBs on this machine, over the Quack protocol."""

from __future__ import annotations

import ipaddress
import os
import re
import signal
import threading
from pathlib import Path
from typing import Annotated

import typer

from flows.changes_command import DataDir
from flows.places import Places

SHORTEST_TOKEN = 24


class ServeUsageError(Exception):
    """No token, a short one, or an address that needs to be allowed; exit code 2."""


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command(name="serve-sql")
    def serve_sql(
        host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
        port: Annotated[int, typer.Option(min=1, max=65535, help="The port to listen on.")] = 9494,
        token_env: Annotated[
            str, typer.Option("--token-env", help="The environment variable that holds the token.")
        ] = "PANTAU_SQL_TOKEN",
        allow_remote: Annotated[
            bool, typer.Option("--allow-remote", help="Listen on an address that others reach. No TLS.")
        ] = False,
        memory: Annotated[str, typer.Option(help="The most memory that queries take.")] = "1GB",
        data_dir: DataDir = Path("data"),
    ) -> None:
        """Offer the published copy, read-only, to other DuckDBs over the Quack protocol, until SIGTERM."""
        from warehouse.serve import serve

        token = os.environ.get(token_env, "")
        if len(token) < SHORTEST_TOKEN:
            raise ServeUsageError(
                f"{token_env} must hold a token of at least {SHORTEST_TOKEN} characters; "
                "make one with: openssl rand -hex 24"
            )
        if not re.fullmatch(r"[0-9]+(\.[0-9]+)? ?[KMGT]i?B", memory, re.IGNORECASE):
            raise ServeUsageError(f"--memory {memory!r} is no size; write 512MB or 2GB")
        if not _is_loopback(host):
            if not allow_remote:
                raise ServeUsageError(
                    f"--host {host} is reached by others; say --allow-remote if it shall be"
                )
            typer.echo(
                f"warning: {host} is reached by others, and token and answers travel in the clear; "
                "put a proxy with TLS before it",
                err=True,
            )
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        copy = Places(data_dir).published
        serve(copy, host, port, token, memory=memory, stop=stop, told=typer.echo)


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
