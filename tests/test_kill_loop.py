"""Killed at any moment, the line loses nothing and does nothing twice; `make kill-loop` does it 200 times."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.kill_loop import STAGES, kill_loop


@pytest.mark.e2e
def test_killed_twelve_times_it_ends_as_if_nobody_had(tmp_path: Path) -> None:
    tally = kill_loop(tmp_path, kills=12, seed=3, days=1)
    # A stage that ended before it was killed does not count.
    assert tally.kills.total() >= 8
    assert set(tally.kills) <= set(STAGES)
    assert tally.chosen.total() > 0
    assert all(tally.rows[schema] > 0 for schema in ("raw", "core", "score", "ops", "copy"))
