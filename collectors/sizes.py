"""How large a document may be."""

from __future__ import annotations

MEGABYTE = 1024 * 1024
MAX_BYTES = 64 * MEGABYTE
"""The largest document of most sources, and the largest that is read into memory as a whole."""
LARGEST_BYTES = 1024 * MEGABYTE
"""The largest document of a source that is read as a stream, as sent and as decoded."""
