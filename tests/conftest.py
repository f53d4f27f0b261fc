"""What holds for every test: how properties are tried, and that Ctrl-C ends a process that is started."""

from __future__ import annotations

import signal

import pytest
from hypothesis import settings

from tests.examples_of import few

settings.register_profile("pantau", few(100))
settings.load_profile("pantau")


@pytest.fixture(scope="session", autouse=True)
def ended_by_ctrl_c() -> None:
    """A shell has what it runs in the background ignore SIGINT, and with it all that this starts."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
