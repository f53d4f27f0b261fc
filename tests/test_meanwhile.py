"""Computing while DuckDB works, and making many objects that stay."""

from __future__ import annotations

import gc
import sys
import threading

import pytest

from warehouse.meanwhile import meanwhile
from warehouse.uncollected import uncollected


def test_the_block_and_the_work_go_on_at_the_same_time() -> None:
    begun, answered = threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        assert answered.wait(10)

    usual = sys.getswitchinterval()
    with meanwhile(work):
        assert begun.wait(10)
        assert sys.getswitchinterval() < usual
        answered.set()
    assert sys.getswitchinterval() == usual


def test_what_the_work_raises_is_raised_after_the_block() -> None:
    done = []
    with pytest.raises(ValueError, match="model"), meanwhile(lambda: int("model")):
        done.append("block")
    assert done == ["block"]


def test_an_error_of_the_block_waits_for_the_work() -> None:
    ended = threading.Event()
    may_end = threading.Timer(0.05, ended.set)
    may_end.start()
    usual = sys.getswitchinterval()
    with pytest.raises(ZeroDivisionError), meanwhile(lambda: ended.wait(10)):
        raise ZeroDivisionError
    assert ended.is_set()
    assert sys.getswitchinterval() == usual


def test_what_was_made_uncollected_is_not_looked_through_when_it_ends() -> None:
    def looked_through() -> int:
        return sum(of["collections"] for of in gc.get_stats()[1:])

    gc.collect()
    before = looked_through()
    with uncollected():
        made = [[number] for number in range(100_000)]
    assert gc.isenabled()
    few = [[number] for number in range(gc.get_threshold()[0] + 1)]
    assert looked_through() == before
    assert len(made) > len(few)
