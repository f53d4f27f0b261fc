"""Prefect for a single run: the server that is configured, or a quiet temporary one.

Prefect's own temporary server writes to the terminal and complains when it is stopped; this one writes to
the data folder's log. Prefect reads its settings when it is imported, so they are set here before that.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

from flows.places import Places
from flows.progress import report

QUIET = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_LOGGING_LEVEL": "ERROR",
    "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",
    "PREFECT_CLI_PROMPT": "false",
}
_START_SECONDS = 90


class PrefectServerError(Exception):
    """The temporary Prefect server did not start; the message names its log."""


@contextmanager
def prefect_api(places: Places, *, services: bool = False) -> Iterator[str]:
    """The address of a Prefect API: `PREFECT_API_URL` if that is set, else a server for this run only.

    `services` also starts what a worker needs: the scheduler and the rest of Prefect's background services.

    Raises PrefectServerError when the temporary one does not answer in time.
    """
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    configured = os.environ.get("PREFECT_API_URL")
    if configured:
        yield configured
        return
    places.prefect.mkdir(parents=True, exist_ok=True)
    places.log.mkdir(parents=True, exist_ok=True)
    os.environ["PREFECT_HOME"] = str(places.prefect.resolve())
    port = _free_port()
    url = f"http://127.0.0.1:{port}/api"
    log = places.log / "prefect-server.log"
    with log.open("ab") as out:
        server = subprocess.Popen(
            [
                *(sys.executable, "-m", "prefect", "server", "start", "--no-ui"),
                *("--host", "127.0.0.1", "--port", str(port)),
                *(() if services else ("--no-services",)),
            ],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    os.environ["PREFECT_API_URL"] = url
    report("prefect", 0, 1, "temporary server")
    try:
        _warm_up()
        _wait_for(url, server, str(log))
        report("prefect", 1, 1, "temporary server")
        yield url
    finally:
        del os.environ["PREFECT_API_URL"]
        _stop(server)


def _warm_up() -> None:
    """Import what the run needs while the server starts: both take seconds, and there are two cores."""
    import prefect  # noqa: F401

    from expectations.validate import warm_up

    warm_up()


def _wait_for(url: str, server: subprocess.Popen[bytes], log: str) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise PrefectServerError(f"the temporary Prefect server stopped at once; see {log}")
        try:
            with urllib.request.urlopen(f"{url}/health", timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise PrefectServerError(f"the temporary Prefect server did not answer in {_START_SECONDS} s; see {log}")


def _stop(server: subprocess.Popen[bytes]) -> None:
    if server.poll() is None:
        os.killpg(server.pid, signal.SIGTERM)
        try:
            server.wait(timeout=10)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)
            server.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
