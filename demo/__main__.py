"""``python -m demo``: serve the made-up city. ``python -m demo run``: one day of it, watched by Pantau.

``run`` starts the city, takes the next day from ``<data-dir>/demo/hari``, says in one line what happens, and
runs ``pantau run`` against it.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from demo.city import HTTPS_NAMES, describe_day
from demo.server import CONFIG, HTTP_PORT, HTTPS_PORT, DemoCity, PortBusyError, render_config

EXIT_CANNOT_START = 2
EXIT_INTERRUPTED = 130
_FOLDER = "demo"
_CALENDAR = "hari"
_FRESH_START_AFTER = timedelta(days=180)


class DemoError(Exception):
    """The demo cannot start; the message says why and what to do."""


@dataclass(frozen=True)
class Calendar:
    """How far the city has come: its last day, and the date from which its documents count."""

    day: int
    first_date: date


def read_calendar(path: Path) -> Calendar | None:
    """The calendar kept at `path`, or None before the first day. Raises DemoError when it is damaged."""
    if not path.exists():
        return None
    text = path.read_text(encoding="utf-8")
    try:
        day, first = text.split()
        return Calendar(int(day), date.fromisoformat(first))
    except ValueError as error:
        raise DemoError(
            f"{path}: expected a day and a date such as '3 2026-11-24', found {text[:40]!r}; "
            "delete the file to begin with day 1"
        ) from error


def next_day(calendar: Calendar | None, today: date) -> Calendar:
    """The day after. After half a year dates count from `today` again, or every statement would expire."""
    if calendar is None:
        return Calendar(1, today)
    is_old = today - calendar.first_date > _FRESH_START_AFTER
    return Calendar(calendar.day + 1, today if is_old else calendar.first_date)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.day is not None and options.day < 1:
        parser.error("--day: the city's days are counted from 1")
    try:
        return _run(options) if options.command == "run" else _serve(options)
    except PortBusyError as error:
        option = "--https-port" if error.is_https else "--port"
        also = f" (the city takes {len(HTTPS_NAMES)} ports from there on)" if error.is_https else ""
        _complain(f"{error}. Stop what listens there, or choose another with: {option} <number>{also}")
    except DemoError as error:
        _complain(str(error))
    return EXIT_CANNOT_START


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m demo", description="Kota Contoh, a made-up city.")
    parser.add_argument(
        "command",
        nargs="?",
        choices=("serve", "run"),
        default="serve",
        help="serve until Ctrl-C (default), or run Pantau against the next day of the city",
    )
    parser.add_argument("--day", type=int, help="the day of the city (default: 1; with run: the next one)")
    parser.add_argument("--port", type=int, default=HTTP_PORT, help=f"HTTP port (default {HTTP_PORT})")
    parser.add_argument(
        "--https-port",
        type=int,
        default=HTTPS_PORT,
        help=f"first of {len(HTTPS_NAMES)} HTTPS ports (default {HTTPS_PORT})",
    )
    parser.add_argument(
        "--data-dir", type=Path, default=Path("data"), help="Pantau's data folder (default data)"
    )
    return parser


def _city(options: argparse.Namespace, calendar: Calendar) -> DemoCity:
    return DemoCity(
        folder=options.data_dir / _FOLDER,
        today=calendar.first_date,
        day=calendar.day,
        http_port=options.port,
        https_port=options.https_port,
    )


def _serve(options: argparse.Namespace) -> int:
    today = datetime.now(UTC).date()
    calendar = Calendar(options.day or 1, today)
    with _city(options, calendar) as city:
        config = _config_for(city)
        _say(f"Kota Contoh, day {city.day}: {describe_day(city.day)}.")
        _say(
            f"HTTP {city.http_url}, HTTPS {city.https_url}, CA {city.ca_file}, drop folder {city.drop_folder}"
        )
        _say(f"Watch it with: pantau run --config {config} --data-dir {options.data_dir}. Ctrl-C ends it.")
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            _say("")
    return 0


def _run(options: argparse.Namespace) -> int:
    kept = options.data_dir / _FOLDER / _CALENDAR
    calendar = next_day(read_calendar(kept), datetime.now(UTC).date())
    if options.day is not None:
        calendar = Calendar(options.day, calendar.first_date)
    command = [_pantau(), "run", "--config", "", "--data-dir", str(options.data_dir)]
    with _city(options, calendar) as city:
        command[3] = str(_config_for(city))
        kept.write_text(f"{calendar.day} {calendar.first_date.isoformat()}\n", encoding="utf-8")
        _say(f"Kota Contoh, day {calendar.day}: {describe_day(calendar.day)}.")
        with subprocess.Popen(command) as process:
            try:
                code = process.wait()
                # A process ended by a signal reports its negative number; shells say 128 plus it.
                return code if code >= 0 else 128 - code
            except KeyboardInterrupt:
                # The terminal has interrupted it too: let it finish its transaction.
                process.wait()
                return EXIT_INTERRUPTED


def _pantau() -> str:
    beside = Path(sys.executable).with_name("pantau")
    found = str(beside) if beside.is_file() else shutil.which("pantau")
    if found is None:
        raise DemoError("the command pantau is not installed; install the project first: make install")
    return found


def _config_for(city: DemoCity) -> Path:
    """The shipped file where it fits this city, else a copy with this city's ports and folder."""
    text = render_config(city)
    if text == CONFIG.read_text(encoding="utf-8"):
        return CONFIG.relative_to(Path.cwd()) if CONFIG.is_relative_to(Path.cwd()) else CONFIG
    path = city.folder / CONFIG.name
    path.write_text(text, encoding="utf-8")
    return path


def _say(line: str) -> None:
    # Flushed: what Pantau prints next comes from another process.
    print(line, flush=True)  # noqa: T201


def _complain(line: str) -> None:
    print(f"demo: {line}", file=sys.stderr)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
