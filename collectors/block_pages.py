"""Pages that stand in the place of what was asked for: blocks, challenges, logins."""

from __future__ import annotations

import re
from collections.abc import Mapping

_BLOCK_SCAN_BYTES = 200_000
# Every repetition is bounded: the pages are hostile, and a pattern may not take quadratic time on them.
_TITLE = re.compile(r"<title[^<>]{0,200}>([^<]{0,500})", re.IGNORECASE)
_LOGIN_TITLE = re.compile(r"^\W*(?:log\s?in|sign\s?in|masuk|halaman (?:login|masuk))\b", re.IGNORECASE)
_PASSWORD_FIELD = re.compile(r"<input[^<>]{1,400}type\s*=\s*[\"']?password", re.IGNORECASE)
_CHALLENGE_TITLE = re.compile(
    r"^\W*(?:just a moment|attention required|checking your browser|one moment, please|ddos-guard)",
    re.IGNORECASE,
)
_SUPPORT_ID = re.compile(r"support id(?: is)?\s*:?\s*(?:<[^<>]{1,100}>\s*)?(\d+)?", re.IGNORECASE)


def blocked_reason(headers: Mapping[str, str] | tuple[tuple[str, str], ...], payload: bytes) -> str | None:
    """Why an answer is a block, challenge or login page instead of what was asked for; None when it is not.

    Meant for answers in which the expected content was not found: a page may carry a login form and be fine.
    """
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    named = {name.lower(): value for name, value in pairs}
    head = payload[:_BLOCK_SCAN_BYTES]
    text = head.decode("utf-8", "replace")
    found = _TITLE.search(text)
    title = " ".join(found[1].split()) if found else ""
    # What these have in common is looked for first: most pages have nothing of it.
    is_rejected = b"ejected" in head and ("Request Rejected" in text or "requested URL was rejected" in text)
    # In this order: the pattern is slow on pages that have nothing of it, which are most.
    if is_rejected and (support := _SUPPORT_ID.search(text)):
        number = f" (support ID {support[1]})" if support[1] else ""
        return f"the site's firewall rejected the request{number}"
    if named.get("cf-mitigated", "").lower() == "challenge" or _CHALLENGE_TITLE.match(title):
        return f"the site answers with a browser challenge ({title or 'cf-mitigated'})"
    if b"Incapsula" in head and ("_Incapsula_Resource" in text or "Incapsula incident ID" in text):
        return "the site's firewall (Imperva) rejected the request"
    if title.lower() in ("access denied", "403 forbidden", "forbidden", "akses ditolak"):
        return f"the site denies access ({title})"
    if _LOGIN_TITLE.match(title) and _PASSWORD_FIELD.search(text):
        return f"the site asks to log in ({title})"
    return None
