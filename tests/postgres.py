"""A PostgreSQL server of our own in a temporary folder, on a socket only; it refuses to run as root."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PASSWORD = "kata-sandi-uji"


class Server:
    """A running server with the one role `pantau`, which needs PASSWORD."""

    def __init__(self, programs: Path, folder: Path) -> None:
        self._programs, self._folder = programs, folder
        self.arguments = f"host={folder} user=pantau"

    def initialise(self) -> None:
        """Make the cluster."""
        secret = self._folder / "secret"
        secret.write_text(PASSWORD)
        self._own(secret)
        made = ("--auth=scram-sha-256", f"--pwfile={secret}", "-U", "pantau", "-E", "UTF8", "--locale=C")
        self._run("initdb", "-D", str(self._folder / "data"), "--no-sync", *made)

    def start(self) -> None:
        """Start it, and wait for it."""
        options = f"-k {self._folder} -c listen_addresses='' -c fsync=off"
        log = str(self._folder / "log")
        self._run("pg_ctl", "-D", str(self._folder / "data"), "-o", options, "-l", log, "-w", "start")

    def stop(self) -> None:
        """Stop it at once, whoever is connected."""
        self._run("pg_ctl", "-D", str(self._folder / "data"), "-m", "immediate", "-w", "stop")

    def create(self, database: str) -> str:
        """An empty database; how it is named to DuckLake is returned."""
        self._run("createdb", "-h", str(self._folder), "-U", "pantau", database)
        return f"ducklake:postgres:dbname={database} {self.arguments}"

    def _own(self, path: Path) -> None:
        if os.geteuid() == 0:
            shutil.chown(path, "postgres", "postgres")

    def _run(self, program: str, *arguments: str) -> None:
        before = ("runuser", "-u", "postgres", "--") if os.geteuid() == 0 else ()
        done = subprocess.run(
            [*before, str(self._programs / program), *arguments],
            cwd=self._folder, env=os.environ | {"PGPASSWORD": PASSWORD}, check=False,
            # Not a pipe: the server would keep it open.
            stdout=subprocess.DEVNULL, stderr=(self._folder / "errors").open("ab"),
        )  # fmt: skip
        assert done.returncode == 0, (self._folder / "errors").read_text()


def programs() -> Path | None:
    """Where the server's programs are; None where it is not installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    return Path(on_path).parent if on_path else None


@contextmanager
def running() -> Iterator[Server]:
    """A server for as long as the block runs."""
    where = programs()
    assert where is not None
    # Not below pytest's folder: the path of a socket may not be long, and only its owner may enter that.
    folder = Path(tempfile.mkdtemp(prefix="pantau-pg-"))
    server = Server(where, folder)
    server._own(folder)
    try:
        server.initialise()
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
