"""`make bench-uptime`: Pantau's prober beside others on the same local targets, interleaved in one run.

- *pantau*: `collectors.uptime.check_all` as it stands, all its processes counted from their start.
- *blackbox*: Debian's prometheus-blackbox-exporter, asked over HTTP by wrk (whose CPU is not counted).
- *requests*: requests in a pool of threads, as a script of one's own would do it.
- *wrk*: GETs on fresh connections that check nothing and verify no certificate: the ceiling. It has as many
  threads as there are CPUs, as the others use all of them too.

All work on as many checks at a time. A round runs every tool once over every kind of target; printed is the
median of the rounds, with CPU seconds per 1,000 checks of the tool's own processes, and of all that work on a
check: tool, who asks it, and the target. Where nothing else runs, speed is what these leave room for; beside
other work it is mostly luck, and they are what can be compared.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from shutil import which
from typing import TextIO
from urllib.parse import quote

import requests

from benchmarks.targets import ADDRESSES, PAGE_TEXT, Fault, MissingToolError, Targets, serve
from collectors.institution import Service
from collectors.uptime import check_all

CONCURRENCY = 256
_BLACKBOX = """modules:
  plain: &plain
    prober: http
    timeout: 10s
    http: &http
      preferred_ip_protocol: ip4
      tls_config: {{ca_file: {ca_file}}}
  impatient:
    <<: *plain
    timeout: 2s
  text:
    <<: *plain
    http:
      <<: *http
      fail_if_body_not_matches_regexp: ["{text}"]
"""
_ASK_EACH = """local targets = {{}}
for line in io.lines("{file}") do targets[#targets + 1] = line end
local at = 0
request = function()
  at = at % #targets + 1
  return wrk.format("GET", targets[at])
end
done = function(summary)
  io.write(string.format("answers %d %d\\n", summary.requests, summary.duration))
end
"""
_COUNT = 'done = function(s) io.write(string.format("answers %d %d\\n", s.requests, s.duration)) end\n'


@dataclass(frozen=True)
class Speed:
    """Checks per second, and CPU seconds per 1,000 checks: of the tool, and of all that work on them."""

    checks: int
    per_second: float
    cpu: float
    all_cpu: float


@dataclass(frozen=True)
class Scenario:
    """A kind of target: `count` checks are made by those who are given a list, `slow_count` by requests."""

    name: str
    urls: tuple[str, ...]
    slow_count: int
    has_ceiling: bool = True


class Blackbox:
    """A running exporter."""

    def __init__(self, folder: Path, ca_file: Path, port: int) -> None:
        configuration = folder / "blackbox.yml"
        configuration.write_text(_BLACKBOX.format(ca_file=ca_file, text=PAGE_TEXT), encoding="utf-8")
        self.url = f"http://127.0.0.1:{port}"
        self._folder = folder
        self.process = subprocess.Popen(
            [
                "prometheus-blackbox-exporter",
                f"--config.file={configuration}",
                f"--web.listen-address=127.0.0.1:{port}",
                "--log.level=error",
            ],
            stderr=subprocess.DEVNULL,
        )
        until = time.monotonic() + 10
        while True:
            try:
                requests.get(f"{self.url}/-/healthy", timeout=1).raise_for_status()
                return
            except requests.RequestException as error:
                if time.monotonic() > until:
                    raise MissingToolError(f"blackbox_exporter does not answer ({error})") from error
                time.sleep(0.1)

    def path(self, url: str, module: str = "plain") -> str:
        return f"/probe?module={module}&target={quote(url, safe='')}"

    def says_up(self, url: str, module: str) -> bool:
        answer = requests.get(self.url + self.path(url, module), timeout=30)
        return "probe_success 1\n" in answer.text

    def speed(self, urls: Sequence[str], seconds: float) -> Speed:
        file = self._folder / "targets.txt"
        file.write_text("".join(f"{self.path(url)}\n" for url in urls), encoding="utf-8")
        script = self._folder / "each.lua"
        script.write_text(_ASK_EACH.format(file=file), encoding="utf-8")
        before, asked_before = _cpu_of(self.process.pid), _own_cpu()
        answers, took = _wrk(self.url, script, seconds)
        cpu = _cpu_of(self.process.pid) - before
        return _speed(answers, took, cpu, cpu + _own_cpu() - asked_before)


@contextmanager
def blackbox(folder: Path, ca_file: Path, port: int) -> Iterator[Blackbox]:
    """The exporter, as long as the context lasts."""
    running = Blackbox(folder, ca_file, port)
    try:
        yield running
    finally:
        running.process.terminate()
        running.process.wait(10)


def _cpu_of(pid: int) -> float:
    """CPU seconds that a process has used so far, all its threads included."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _wrk(url: str, script: Path, seconds: float, *headers: str, threads: int = 1) -> tuple[int, float]:
    """Answers counted, and the seconds that it took."""
    asked = [argument for header in headers for argument in ("-H", header)]
    said = subprocess.run(
        [
            "wrk",
            f"-t{threads}",
            f"-c{CONCURRENCY}",
            f"-d{max(1, round(seconds))}s",
            "--timeout",
            "20s",
            "-s",
            str(script),
            *asked,
            url,
        ],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    _, answers, microseconds = next(line for line in said.splitlines() if line.startswith("answers")).split()
    return int(answers), int(microseconds) / 1e6


def wrk_speed(folder: Path, url: str, seconds: float) -> Speed:
    """The ceiling: one fresh connection per request, nothing looked at."""
    script = folder / "count.lua"
    script.write_text(_COUNT, encoding="utf-8")
    before = _own_cpu()
    answers, took = _wrk(url, script, seconds, "Connection: close", threads=os.cpu_count() or 1)
    cpu = _own_cpu() - before
    return _speed(answers, took, cpu, cpu)


def _services(urls: Sequence[str]) -> list[Service]:
    return [
        Service(id=f"layanan-{n}", name="Layanan", url=url, agency="diskominfo", timeout_seconds=10)
        for n, url in enumerate(urls)
    ]


def pantau_speed(urls: Sequence[str], ca_file: Path) -> Speed:
    """Our own prober over a list."""
    services = _services(urls)

    def all_of_them() -> None:
        check_all(
            services,
            ca_file=ca_file,
            allow_private=True,
            clock=lambda: datetime.now(UTC),
            concurrency=CONCURRENCY,
        )

    return _timed(all_of_them, len(urls))


def requests_speed(urls: Sequence[str], ca_file: Path) -> Speed:
    """What a script with requests and a pool of threads does."""

    def visit(url: str) -> bool:
        try:
            answer = requests.get(url, timeout=10, verify=str(ca_file), headers={"Connection": "close"})
        except requests.RequestException:
            return False
        return answer.ok

    def all_of_them() -> None:
        with ThreadPoolExecutor(CONCURRENCY) as pool:
            list(pool.map(visit, urls))

    return _timed(all_of_them, len(urls))


def _timed(work: Callable[[], None], checks: int) -> Speed:
    began, cpu_before = time.perf_counter(), _own_cpu()
    work()
    took, cpu = time.perf_counter() - began, _own_cpu() - cpu_before
    return _speed(checks, took, cpu, cpu)


def _speed(checks: int, seconds: float, cpu: float, all_cpu: float) -> Speed:
    return Speed(checks, checks / seconds, cpu / checks * 1000, all_cpu / checks * 1000)


def _cpu_of_target(targets: Targets) -> float:
    children = Path(f"/proc/{targets.server}/task/{targets.server}/children").read_text(encoding="ascii")
    return sum(_cpu_of(int(pid)) for pid in children.split())


def _own_cpu() -> float:
    """CPU seconds of this process and of those that it started and that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def scenarios(targets: Targets, scale: float) -> list[Scenario]:
    """The kinds of targets, with as many checks as take a few seconds."""

    def of(count: int) -> int:
        return max(CONCURRENCY, round(count * scale))

    fast = targets.urls("http", "/", of(12_000))
    differing = targets.urls("http", "/beda/{}.html", of(12_000))
    tls = targets.urls("https", "/", of(4000))
    mixed = targets.urls("https", "/", of(3000))
    # Faults that only a timeout ends would measure the timeout.
    bad = [one.url for one in targets.faults if not one.is_up and not one.url.endswith(("/drip", "/macet"))]
    # One in ten is down, each of them in another way.
    for n in range(0, len(mixed), 10):
        # On hosts in turn: a prober that spares hosts would else wait for one.
        mixed[n] = bad[n // 10 % len(bad)].replace("//127.0.0.1:", f"//127.0.0.{1 + n % ADDRESSES}:")
    return [
        Scenario("fast, HTTP", tuple(fast), of(800)),
        Scenario("fast, differing pages", tuple(differing), of(800)),
        Scenario("fast, TLS (ECDSA)", tuple(tls), of(300)),
        Scenario("fast, TLS (RSA 2048)", tuple(targets.urls("https-rsa", "/", of(4000))), of(300)),
        Scenario("100 ms, HTTP", tuple(targets.urls("http", "/lambat-100", of(4000))), of(800)),
        Scenario("1 s, HTTP", tuple(targets.urls("http", "/lambat-1000", of(1024))), of(512)),
        Scenario("mixed faults, TLS", tuple(mixed), of(300), has_ceiling=False),
    ]


def measure(
    targets: Targets, running: Blackbox, folder: Path, rounds: int, scale: float
) -> dict[str, dict[str, Speed]]:
    """The median speed of every tool on every scenario."""
    found: dict[str, dict[str, list[Speed]]] = {}
    for number in range(rounds):
        for scenario in scenarios(targets, scale):
            seen = found.setdefault(scenario.name, {})
            seconds = 3.0 * min(1.0, scale * 2)

            urls = scenario.urls
            tools: dict[str, Callable[[], Speed]] = {
                "pantau": partial(pantau_speed, urls, targets.ca_file),
                "blackbox": partial(running.speed, urls, seconds),
                "requests": partial(requests_speed, urls[: scenario.slow_count], targets.ca_file),
            }
            if scenario.has_ceiling:
                tools["wrk"] = partial(wrk_speed, folder, urls[0], seconds)
            for tool, run in tools.items():
                before = _cpu_of_target(targets)
                speed = run()
                served = (_cpu_of_target(targets) - before) / speed.checks * 1000
                seen.setdefault(tool, []).append(replace(speed, all_cpu=speed.all_cpu + served))
            say(f"round {number + 1}: {scenario.name} done", sys.stderr)
    return {
        name: {
            tool: Speed(
                speeds[0].checks,
                statistics.median(speed.per_second for speed in speeds),
                statistics.median(speed.cpu for speed in speeds),
                statistics.median(speed.all_cpu for speed in speeds),
            )
            for tool, speeds in tools.items()
        }
        for name, tools in found.items()
    }


def verdicts(targets: Targets, running: Blackbox) -> list[tuple[Fault, bool, bool]]:
    """What Pantau and blackbox_exporter say of every fault: up, or not."""
    services = [
        Service(
            id=f"cacat-{n}",
            name=fault.name,
            url=fault.url,
            agency="diskominfo",
            expect_text=PAGE_TEXT if fault.needs_text else None,
            timeout_seconds=2,
        )
        for n, fault in enumerate(targets.faults)
    ]
    rows = check_all(
        services,
        ca_file=targets.ca_file,
        allow_private=True,
        clock=lambda: datetime.now(UTC),
        retry_pause_seconds=0.1,
    )
    modules = ["text" if fault.needs_text else "impatient" for fault in targets.faults]
    with ThreadPoolExecutor(16) as pool:
        theirs = list(pool.map(running.says_up, [fault.url for fault in targets.faults], modules))
    return [
        (fault, row["is_up"] is True, up) for fault, row, up in zip(targets.faults, rows, theirs, strict=True)
    ]


def say(line: str = "", stream: TextIO | None = None) -> None:
    """One line at once, so that a long run can be followed."""
    print(line, file=stream or sys.stdout, flush=True)


def report(speeds: dict[str, dict[str, Speed]], judged: list[tuple[Fault, bool, bool]]) -> bool:
    """Print everything; whether all goals were met."""
    say(
        f"{'target':22} {'tool':9} {'checks/s':>9} {'CPU s/1000':>11} {'of all':>7} "
        f"{'speed':>7} {'CPU':>6} {'of all':>7}  (blackbox = 1)"
    )
    for name, tools in speeds.items():
        base = tools["blackbox"]
        for tool, speed in tools.items():
            say(
                f"{name:22} {tool:9} {speed.per_second:9.0f} {speed.cpu:11.3f} {speed.all_cpu:7.3f} "
                f"{speed.per_second / base.per_second:7.2f} {speed.cpu / base.cpu:6.2f} "
                f"{speed.all_cpu / base.all_cpu:7.2f}"
            )
    say()
    agreed = sum(ours == theirs == fault.is_up for fault, ours, theirs in judged)
    say(f"verdicts: {agreed} of {len(judged)} faults judged alike and rightly")
    for fault, ours, theirs in judged:
        if not ours == theirs == fault.is_up:
            say(f"  {fault.name}: pantau {ours}, blackbox {theirs}, should be {fault.is_up}")
    say()
    met = [_goals(speeds), agreed == len(judged)]
    return all(met)


def _goals(speeds: dict[str, dict[str, Speed]]) -> bool:
    http, tls = speeds["fast, HTTP"], speeds["fast, TLS (ECDSA)"]
    goals = [
        ("TLS, checks/s of blackbox", tls["pantau"].per_second / tls["blackbox"].per_second, ">=", 1.2),
        ("TLS, checks/s of wrk", tls["pantau"].per_second / tls["wrk"].per_second, ">=", 0.9),
        ("TLS, CPU of blackbox", tls["pantau"].cpu / tls["blackbox"].cpu, "<=", 0.6),
        ("HTTP, checks/s of blackbox", http["pantau"].per_second / http["blackbox"].per_second, ">=", 4.0),
        ("HTTP, CPU of blackbox", http["pantau"].cpu / http["blackbox"].cpu, "<=", 0.6),
    ]
    met = [value >= bound if sign == ">=" else value <= bound for _, value, sign, bound in goals]
    for (name, value, sign, bound), good in zip(goals, met, strict=True):
        say(f"goal {name:28} {value:6.2f} {sign} {bound:g}  {'met' if good else 'MISSED'}")
    return all(met)


def main() -> int:
    """Run everything; 1 where a goal was missed, 2 where a tool is missing."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--scale", type=float, default=1.0, help="of the number of checks")
    chosen = options.parse_args()
    missing = [tool for tool in ("nginx", "wrk", "prometheus-blackbox-exporter") if which(tool) is None]
    if missing:
        say(f"not installed: {', '.join(missing)} (Debian has packages of these names)", sys.stderr)
        return 2
    with (
        tempfile.TemporaryDirectory(prefix="pantau-bench-") as name,
        serve(Path(name)) as targets,
        blackbox(Path(name), targets.ca_file, targets.blackbox_port) as running,
    ):
        judged = verdicts(targets, running)
        speeds = measure(targets, running, Path(name), chosen.rounds, chosen.scale)
    return 0 if report(speeds, judged) else 1


if __name__ == "__main__":
    sys.exit(main())
