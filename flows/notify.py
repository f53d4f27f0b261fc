"""Notify: deliver what the outbox holds, one message per institution. Decides nothing.

An event is marked as delivered per channel after the channel took it: a crash in between delivers again,
nothing is lost. Channels are a JSON-lines file and the Apprise addresses of the environment.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from collectors.archive import Archive
from collectors.plain_text import visible_json, without_controls
from flows.places import Places
from warehouse.connection import append, execute, statement, writing
from warehouse.journal import write_journal
from warehouse.locks import only_one
from warehouse.operations import write_down
from warehouse.score_rows import QUERIES

APPRISE_VARIABLE = "PANTAU_APPRISE_URLS"
"""Apprise addresses, separated by white space. They hold secrets, so they live in the environment only."""
JSONL_CHANNEL = "jsonl"
_STEP_BYTES = 64 * 1024
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Message:
    """One message: the undelivered events of one institution for one channel."""

    message_id: str
    institution: str
    title: str
    body: str
    events: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True)
class NotifyResult:
    """One channel's delivery; `error` names the channel without its secrets."""

    channel: str
    institution: str
    events: int
    error: str | None = None


Send = Callable[[Message], str | None]


def notify(
    places: Places, *, now: datetime, environment: Mapping[str, str] = os.environ
) -> list[NotifyResult]:
    """Deliver every undelivered event of the outbox on every channel, one message per institution.

    A channel that fails is reported and tried again next time; it never stops another.
    """
    # Two at once would both find the same events undelivered.
    with only_one(places.messages, "delivering alerts"):
        return _deliver(places, now, environment)


def _deliver(places: Places, now: datetime, environment: Mapping[str, str]) -> list[NotifyResult]:
    results: list[NotifyResult] = []
    for channel, send in _channels(places, environment).items():
        with writing(places.home, now) as connection:
            rows = (
                execute(connection, statement(QUERIES / "undelivered.sql"), {"channel": channel})
                .fetchdf()
                .to_dict("records")
            )
        for message in _messages(rows):
            error = send(message)
            results.append(NotifyResult(_shown(channel), message.institution, len(message.events), error))
            if error is not None:
                log.error("%s: %s", _shown(channel), error)
                continue
            with writing(places.home, now) as connection:
                append(
                    connection,
                    "ops.delivery",
                    [{"event_key": event["event_key"]} for event in message.events],
                    channel=channel,
                    message_id=message.message_id,
                    delivered_at=now,
                )
                done = {
                    "channel": channel,
                    "message_id": message.message_id,
                    "events": [event["event_key"] for event in message.events],
                }
                write_down(connection, message.institution, "delivery", now, done)
    # What was told must outlive the warehouse, or it would be told again.
    write_journal(Archive(places.archive), places.home, now=now)
    return results


def _channels(places: Places, environment: Mapping[str, str]) -> dict[str, Send]:
    channels: dict[str, Send] = {JSONL_CHANNEL: lambda message: _to_file(places.messages, message)}
    for url in environment.get(APPRISE_VARIABLE, "").split():
        # The address is a secret: only its scheme and a digest are kept.
        digest = hashlib.sha256(url.encode()).hexdigest()[:12]
        channels[f"{url.split(':', 1)[0]}#{digest}"] = _apprise(url)
    return channels


def _messages(rows: Sequence[Mapping[Any, Any]]) -> list[Message]:
    by_institution: dict[str, list[Mapping[Any, Any]]] = {}
    for row in rows:
        by_institution.setdefault(row["institution"], []).append(row)
    messages = []
    for institution, events in by_institution.items():
        keys = "\n".join(event["event_key"] for event in events)
        title = f"Pantau SPBE {events[0]['name']}: {len(events)} peringatan"
        body = "\n".join(f"- {without_controls(event['line'])}" for event in events)
        digest = hashlib.sha256(keys.encode()).hexdigest()[:16]
        messages.append(Message(digest, institution, title, body, tuple(dict(event) for event in events)))
    return messages


def _to_file(path: Path, message: Message) -> str | None:
    lines = [
        visible_json(
            json.dumps(
                {
                    "message_id": message.message_id,
                    "institution": message.institution,
                    **json.loads(event["payload"]),
                },
                ensure_ascii=False,
            )
        )
        for event in message.events
    ]
    try:
        with path.open("ab") as out:
            out.truncate(_end_of_lines(path))
            out.write("".join(line + "\n" for line in lines).encode())
            out.flush()
            os.fsync(out.fileno())
    except OSError as error:
        return f"{path}: {error.strerror}"
    return None


def _end_of_lines(path: Path) -> int:
    """Where the last whole line ends: half a line, left by a full disk or a kill, would spoil the next.

    Nothing of it was marked as delivered, so it is written again.
    """
    with path.open("rb") as file:
        end = file.seek(0, os.SEEK_END)
        while end > 0:
            start = max(0, end - _STEP_BYTES)
            file.seek(start)
            found = file.read(end - start).rfind(b"\n")
            if found >= 0:
                return start + found + 1
            end = start
    return 0


def _apprise(url: str) -> Send:
    def send(message: Message) -> str | None:
        import apprise

        target = apprise.Apprise()
        scheme = url.split(":", 1)[0]
        if not target.add(url):
            return f"{APPRISE_VARIABLE}: an address of scheme {scheme!r} is not one Apprise knows"
        if not target.notify(title=message.title, body=message.body):
            return f"the {scheme} channel did not take the message; it is tried again at the next run"
        return None

    return send


def _shown(channel: str) -> str:
    return re.sub(r"#.*", "", channel)
