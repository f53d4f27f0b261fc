"""Text from outside, made harmless."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from collectors import app_registry, regulations
from collectors.evidence import ApplicationRecord, Capture, ParseError, RegulationRecord, Reject
from collectors.fetch_error import FetchError
from collectors.indonesian import clean_text
from collectors.institution import Source
from collectors.plain_text import plain_lines, visible_json, without_controls
from flows.collect import CollectResult
from flows.terminal import show_collected

MOMENT = datetime(2026, 3, 2, tzinfo=UTC)
HOSTILE = "\x1b[2J\x1b]0;ambil alih\x07\x9b31m\u202e\x08"


@pytest.mark.parametrize(
    ("hostile", "left"),
    [
        ("Perda\x1b[2J\x1b[31m Nomor 1", "Perda Nomor 1"),
        ("Perda\x9b2J Nomor 1", "Perda Nomor 1"),
        ("\x1b]0;judul jendela\x07Perda", "Perda"),
        ("\x1b]8;;http://jahat.test\x1b\\Perda\x1b]8;;\x1b\\", "Perda"),
        ("\x1bP+q544e\x1b\\Perda", "Perda"),
        ("Perda\x1b", "Perda"),
        ("Perda\x1b(0 Nomor", "Perda Nomor"),
        ("Per\u202eda\u202c \u2066Nomor\u2069 1\u200b\u00ad\ufeff", "Perda Nomor 1"),
        ("Perda\x00\x08\x7f", "Perda"),
        ("satu\r\ndua\u2028tiga\tempat", "satu  dua tiga empat"),
        ("setengah\ud800", "setengah"),
        ("\U000e0041Perda", "Perda"),
        ("Réglement №1 – “kota”", "Réglement №1 – “kota”"),
    ],
)
def test_only_what_can_be_seen_is_left(hostile: str, left: str) -> None:
    assert without_controls(hostile) == left
    assert without_controls(left) is left


@pytest.mark.parametrize("opening", ["\x1b", "\x1b[", "\x1b]", "\x9d", "\x1bP", "\x1b[1;", "\u202e", "\x00"])
def test_a_text_full_of_openings_takes_linear_time(opening: str) -> None:
    # Quadratic time would be hours at this length.
    assert "sisa" in without_controls(opening * 500_000 + "\x07sisa")


def test_titles_keep_no_sequence_whatever_it_is_written_with() -> None:
    assert clean_text("Perda&#27;\x1b[2J &amp;#27;Nomor&#x202e;\x1b[0m 1") == "Perda Nomor 1"


def test_json_on_a_terminal_means_the_same_and_does_nothing() -> None:
    document = {"judul": f"Perda {HOSTILE}é"}
    text = visible_json(json.dumps(document, ensure_ascii=False))
    assert text.isprintable() and "é" in text
    assert json.loads(text) == document


def test_a_terminal_is_told_nothing_but_text(capsys: pytest.CaptureFixture[str]) -> None:
    show_collected([CollectResult("jdihn", "failed", 0, 0, "tls", f"gagal{HOSTILE} [bold]di sini[/]")])
    said = capsys.readouterr().out
    assert "gagal [bold]di sini[/]" in said
    assert all(line.isprintable() for line in said.splitlines())


def test_errors_and_rejects_keep_their_lines_only() -> None:
    error = FetchError(f"https://a.test/{HOSTILE}", "dns", f"tidak ada{HOSTILE}")
    assert str(error) == "https://a.test/: tidak ada"
    assert str(ParseError(f"a{HOSTILE}", "b\nc", "d")) == "a: b\nc. d"
    reject = Reject(f"baris 1{HOSTILE}", "sebab", f"a\r\nb{HOSTILE}")
    assert (reject.where, reject.raw) == ("baris 1", "a\nb")
    assert plain_lines(f"a{HOSTILE}\nb") == "a\nb"


def capture(payload: bytes) -> Capture:
    return Capture("c", "https://kota.test/x", MOMENT, 200, (), "sha256:0", payload)


def source(collector: str, **more: str) -> Source:
    data = {
        "id": "s",
        "collector": collector,
        "cadence": "listings",
        "agency": "a",
        "url": "https://kota.test/x",
    }
    return Source.model_validate(data | more)


def test_records_of_both_listings_hold_text_only() -> None:
    title = f"Peraturan Daerah{HOSTILE} Nomor 1 Tahun 2020 tentang SPBE"
    feed = json.dumps([{"judul": title, "jenis": f"PERDA{HOSTILE}", "status": HOSTILE + "Berlaku"}]).encode()
    (regulation,) = regulations.parse([capture(feed)], source("regulations", format="jdihn")).records
    assert isinstance(regulation, RegulationRecord)
    assert regulation.title == "Peraturan Daerah Nomor 1 Tahun 2020 tentang SPBE"
    assert (regulation.type_name, regulation.status_raw) == ("PERDA", "Berlaku")
    # In a quoted cell, or the ";" of a sequence would part it.
    table = f'Nama Aplikasi;OPD;Deskripsi;"Lain{HOSTILE}"\n"Si{HOSTILE}stem";"Dinas{HOSTILE}";"a\nb";"{HOSTILE}x"\n'
    (application,) = app_registry.parse([capture(table.encode())], source("app_registry")).records
    assert isinstance(application, ApplicationRecord)
    assert (application.name, application.agency, application.description) == ("Sistem", "Dinas", "a b")
    assert json.loads(application.extra) == {"Lain": "x"}
