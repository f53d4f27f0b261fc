"""The flows on a real Prefect server: deployed from prefect.yaml, run by a process worker."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flows.places import Places
from flows.prefect_server import QUIET, prefect_api
from tests.line import demo_line

ROOT = Path(__file__).resolve().parent.parent
pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def prefect_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """A Prefect server of its own, and the environment that reaches it."""
    folder = tmp_path_factory.mktemp("prefect")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("PREFECT_API_URL", raising=False)
        with prefect_api(Places(folder), services=True) as url:
            yield {
                **os.environ,
                **QUIET,
                "PREFECT_HOME": str(folder / "prefect"),
                "PREFECT_API_URL": url,
                "PANTAU_HOME": str(ROOT),
            }


def prefect(environment: dict[str, str], *words: str) -> str:
    """Run the prefect command; its output."""
    done = subprocess.run(
        [sys.executable, "-m", "prefect", *words],
        env=environment, cwd=ROOT, capture_output=True, text=True, check=False, timeout=180,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def ask(environment: dict[str, str], path: str, body: dict[str, Any]) -> Any:
    """POST to Prefect's API."""
    request = urllib.request.Request(
        f"{environment['PREFECT_API_URL']}{path}",
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def test_every_entrypoint_loads_for_real(tmp_path: Path) -> None:
    code = """
import sys, yaml
from prefect.flows import load_flow_from_entrypoint
for deployment in yaml.safe_load(open("prefect.yaml"))["deployments"]:
    flow = load_flow_from_entrypoint(deployment["entrypoint"], use_placeholder_flow=False)
    unknown = set(deployment["parameters"]) - set(flow.parameters.properties)
    assert not unknown, unknown
    print(flow.name)
"""
    environment = {**os.environ, **QUIET, "PREFECT_HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.stdout.split() == ["pantau-collect"] * 3 + ["pantau-score", "pantau-maintain"], done.stderr


def test_deployed_flows_are_run_by_a_process_worker(prefect_home: dict[str, str], tmp_path: Path) -> None:
    prefect(prefect_home, "work-pool", "create", "--type", "process", "pantau")
    prefect(prefect_home, "--no-prompt", "deploy", "--all")
    deployments = {d["name"]: d for d in ask(prefect_home, "/deployments/filter", {})}
    schedules = {
        name: (d["schedules"][0]["schedule"]["cron"], d["schedules"][0]["schedule"]["timezone"])
        for name, d in deployments.items()
    }
    assert schedules == {
        "services": ("*/5 * * * *", "Asia/Jakarta"),
        "listings": ("0 2 * * *", "Asia/Jakarta"),
        "registry": ("0 3 * * *", "Asia/Jakarta"),
        "score": ("0 6 * * *", "Asia/Jakarta"),
        "maintain": ("30 4 * * 0", "Asia/Jakarta"),
    }
    assert _planned(prefect_home, len(deployments)) == {d["id"] for d in deployments.values()}
    for deployment in deployments.values():
        # The real city cannot be reached from here: nothing but the runs below may start.
        prefect(
            prefect_home, "deployment", "schedule", "clear", "-y", f"{_flow(deployment)}/{deployment['name']}"
        )
    with demo_line(tmp_path) as (_, line):
        folder = {"data_dir": str(line.places.root)}
        config = folder | {"config": str(line.config)}
        worker = subprocess.Popen(
            [sys.executable, "-m", "prefect", "worker", "start", "--pool", "pantau"],
            env=prefect_home, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, start_new_session=True,
        )  # fmt: skip
        try:
            for name, own in (
                ("services", config | {"cadence": "services"}),
                ("registry", config | {"cadence": "registry"}),
                ("score", config),
                ("maintain", folder),
            ):
                run = ask(
                    prefect_home,
                    f"/deployments/{deployments[name]['id']}/create_flow_run",
                    {"parameters": own},
                )
                assert _final_state(prefect_home, run["id"]) == "COMPLETED", name
        finally:
            os.killpg(worker.pid, signal.SIGTERM)
            output, _ = worker.communicate(timeout=30)
        assert "Traceback" not in output, output
        assert line.rows("SELECT source, outcome FROM ops.load ORDER BY ALL") == [
            ("institusi", "loaded"),
            ("layanan", "loaded"),
            ("pernyataan", "loaded"),
            ("registri-aplikasi", "loaded"),
            ("registri-kecamatan", "loaded"),
        ]
        assert line.rows("SELECT instrument FROM score.run ORDER BY ALL") == [("pemdi-2026",), ("spbe-2020",)]
        assert line.places.page("kota-contoh").exists()
    artifacts = {a["key"] for a in ask(prefect_home, "/artifacts/filter", {})}
    assert {
        "indeks-kota-contoh-spbe-2020",
        "indeks-kota-contoh-pemdi-2026",
        "karantina-kota-contoh",
    } <= artifacts


def _planned(environment: dict[str, str], count: int) -> set[str]:
    """The deployments that the scheduler has planned runs of, once they are so many, or after a while."""
    deadline = time.monotonic() + 60
    while True:
        runs = ask(
            environment, "/flow_runs/filter", {"flow_runs": {"state": {"type": {"any_": ["SCHEDULED"]}}}}
        )
        found = {run["deployment_id"] for run in runs if run["auto_scheduled"]}
        if len(found) >= count or time.monotonic() > deadline:
            return found
        time.sleep(0.5)


def _flow(deployment: dict[str, Any]) -> str:
    return f"pantau-{deployment['entrypoint'].rpartition(':')[2]}"


def _final_state(environment: dict[str, str], run_id: str) -> str:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        (run,) = ask(environment, "/flow_runs/filter", {"flow_runs": {"id": {"any_": [run_id]}}})
        if run["state_type"] in {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}:
            return str(run["state_type"])
        time.sleep(0.5)
    return "UNFINISHED"
