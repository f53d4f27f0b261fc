"""How many examples a property is tried on: in every run the same few, by hand any number of others.

    PANTAU_EXAMPLES=50 .venv/bin/python -m pytest tests/test_rollup.py --hypothesis-seed=7

tries fifty times as many, made from this seed (without one, others each time), and keeps a failing one in .hypothesis,
from where it is tried first the next time.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

TIMES = int(os.environ.get("PANTAU_EXAMPLES", "1"))


def few(examples: int) -> settings:
    """For a property that is tried on so many examples in every run."""
    return settings(
        max_examples=examples * TIMES,
        derandomize=TIMES == 1,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
