"""Whether a page may carry gambling spam at all. Cheap, as every page of every check is searched."""

from __future__ import annotations

# In lower case, and with the letters that digits stand for in spam.
_LOOKS_LIKE = bytes.maketrans(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ01", b"abcdefghijklmnopqrstuvwxyzol")
# Few, as each is looked for in the whole page; spam that has none of them is not known.
_HINTS = (b"slot", b"togel", b"maxwin", b"judi", b"casino", b"poker", b"nawala", b"rtp live")
# The letter s as an entity, in decimal and hexadecimal, with its digits read as letters.
_ENTITIES = (b"&#ll5;", b"&#x73;")


def has_spam_hints(payload: bytes) -> bool:
    """Whether it is worth while to read a page for spam."""
    plain = payload.translate(_LOOKS_LIKE)
    if any(hint in plain for hint in _HINTS):
        return True
    # One byte is found much faster than two.
    return b"&" in payload and any(letter in plain for letter in _ENTITIES)
