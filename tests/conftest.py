"""Properties without settings of their own are tried as the others are."""

from __future__ import annotations

from hypothesis import settings

from tests.examples_of import few

settings.register_profile("pantau", few(100))
settings.load_profile("pantau")
