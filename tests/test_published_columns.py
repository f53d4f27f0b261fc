"""What officers may see: only named columns are published, and nothing of persons or secrets in what they hold."""

from __future__ import annotations

import ast
from pathlib import Path

import duckdb
import pytest

from collectors.personal_data import MASK
from flows.places import Places
from flows.publish import publish
from tests import page_fixture
from tests.page_fixture import NOW
from transforms.instrument import load_instrument
from warehouse.connection import reading, writing
from warehouse.published_columns import PublishedTable, add_masking, masked, published_tables, selected

pytestmark = pytest.mark.e2e

PHONE, MAIL, NIK, NIP = (
    "0812-3456-7890",
    "budi.santoso@dinas.contoh.go.id",
    "3273010203040005",
    "198001012005011002",
)
PASSWORD, TOKEN = "sandi-rahasia-9", "kunci-rahasia-77"
PERSONAL = (PHONE, MAIL, NIK, NIP)
HOSTILE = f" hubungi Budi {PHONE}, {MAIL}, NIK {NIK}, NIP {NIP}; https://u:{PASSWORD}@x.example/a?api_key={TOKEN}&b=1"

CODES = frozenset(
    [
        "agency",
        "answered_by",
        "aspect",
        "cadence",
        "capture_id",
        "cause",
        "channel",
        "code",
        "collector",
        "criterion",
        "digest",
        "document_kind",
        "domain",
        "entry_id",
        "error",
        "error_class",
        "event",
        "event_key",
        "evidence_id",
        "file_capture_id",
        "first_source",
        "from_instrument",
        "http_version",
        "index_id",
        "indicator",
        "institution",
        "instrument",
        "kind",
        "outcome",
        "period",
        "predikat",
        "previous_id",
        "row_hash",
        "ruleset_hash",
        "scale",
        "scenario",
        "score_id",
        "second_source",
        "service_id",
        "severity",
        "sha256",
        "source",
        "state",
        "state_after",
        "state_before",
        "statement",
        "status",
        "table_name",
        "time_zone",
        "type_code",
        "warc_file",
    ]
)
"""Columns that hold identifiers and words of this program; whatever else is text, people outside may have written."""
OWN = (
    "score.indicator",
    "score.criterion",
    "score.crosswalk",
    "score.aggregate",
    "score.passage",
    "score.narrative",
)
"""Tables whose words are the norm's, or written from the others when the copy is."""


def test_a_text_keeps_its_words_and_loses_contacts_numbers_and_secrets() -> None:
    assert masked("Perwal Nomor 12 Tahun 2021") == "Perwal Nomor 12 Tahun 2021"
    assert masked("telp. (022) 4203456") == "telp. (022) 4203456"
    assert masked(f"WA {PHONE}") == f"WA {MASK}"
    assert masked(f"https://admin:{PASSWORD}@x.example/a?access_token={TOKEN}&b=1#c") == (
        f"https://x.example/a?access_token={MASK}&b=1#c"
    )
    assert masked("https://x.example/a?halaman=2&jenis=perda") == "https://x.example/a?halaman=2&jenis=perda"


@pytest.mark.parametrize(
    "text",
    [PHONE, MAIL, NIK, NIP, "+62 812 3456 7890", "٠٨١٢٣٤٥٦٧٨٩٠", "1980-01-01 x", f"?token={TOKEN}", f"&Kunci_KEY={TOKEN}",
     "19800101 200501 1 002", "19800101\u00a0200501\u00a01\u00a0002", f"https://a:{PASSWORD}@h.example/", "a\n@b.c"],
)  # fmt: skip
def test_the_sieve_before_masking_lets_nothing_through(text: str) -> None:
    connection = duckdb.connect()
    add_masking(connection)
    connection.execute("CREATE TABLE t AS SELECT $text AS words", {"text": text})
    columns = selected(PublishedTable(why="uji", columns=["words"], texts=["words"]))
    row = connection.execute(f"SELECT {columns} FROM t").fetchone()
    assert row == (text, masked(text))


def test_every_named_column_exists_and_is_named_once(tmp_path: Path) -> None:
    with writing(tmp_path / "w.duckdb", NOW) as connection:
        known: dict[str, dict[str, str]] = {}
        for table, column, kind in connection.execute(
            "SELECT schema_name || '.' || table_name, column_name, data_type FROM duckdb_columns() "
            "WHERE database_name = current_database()"
        ).fetchall():
            known.setdefault(table, {})[column] = kind
    for table, entry in published_tables().items():
        named = [*entry.columns, *entry.texts, *entry.derived]
        assert len(named) == len(set(named)), table
        assert set(named) <= known[table].keys(), table
        assert all(known[table][name] == "VARCHAR" for name in entry.texts), table
    assert not [table for table in published_tables() if table.startswith("raw.")]
    assert "raw" not in published_tables()["ops.quarantine"].columns


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Places:
    """Copy and page of a warehouse in which every text from outside holds data of persons, and with newcomers."""
    places = Places(tmp_path_factory.mktemp("terbit"))
    page_fixture.fill(places.warehouse, load_instrument("spbe-2020"))
    with writing(places.warehouse, NOW) as connection:
        left = connection.execute(
            "SELECT schema_name || '.' || table_name, column_name FROM duckdb_columns() "
            "WHERE database_name = current_database() AND data_type = 'VARCHAR' "
            "AND schema_name IN ('core', 'score', 'ops', 'raw') AND table_name != 'finding'"
        ).fetchall()
        for table, column in left:
            entry = published_tables().get(table)
            named = (*entry.columns, *entry.texts, *entry.derived) if entry else ()
            if table == "ops.migration" or table in OWN or (column in named and column in CODES):
                continue
            # Lists in JSON would be none any more.
            connection.execute(
                f"UPDATE {table} SET {column} = coalesce({column}, '') || $more "
                f"WHERE NOT starts_with(coalesce({column}, ''), '[')",
                {"more": HOSTILE},
            )
        connection.execute(
            "UPDATE ops.outbox SET payload = $payload", {"payload": f'{{"before": "3", "x": "{MAIL}"}}'}
        )
    with writing(places.warehouse, NOW) as connection:
        connection.execute("ALTER TABLE core.service ADD COLUMN sandi VARCHAR DEFAULT 'kolom-baru-rahasia'")
        connection.execute("CREATE TABLE core.pegawai AS SELECT 'tabel-baru-rahasia' AS nama")
        connection.execute("CREATE TABLE score.pegawai AS SELECT 'tabel-baru-rahasia' AS nama")
    publish(places, now=NOW)
    return places


def test_a_new_table_or_column_is_not_published_by_itself(published: Places) -> None:
    with reading(published.published) as copy:
        found = copy.execute(
            "SELECT schema_name || '.' || table_name, column_name FROM duckdb_columns() "
            "WHERE database_name = current_database() AND schema_name IN ('core', 'score', 'ops', 'raw') "
            "AND table_name != 'finding'"  # a view of others
        ).fetchall()
    allowed = {
        (table, column)
        for table, entry in published_tables().items()
        for column in (*entry.columns, *entry.texts, *entry.derived)
    }
    assert set(found) == allowed
    assert b"baru-rahasia" not in published.published.read_bytes()


def test_nothing_of_persons_and_no_secret_is_in_the_copy_or_on_the_page(published: Places) -> None:
    said = [published.page(page_fixture.INSTITUTION).read_bytes().decode()]
    stored = published.published.read_bytes()
    with reading(published.published) as copy:
        shown = copy.execute(
            "SELECT schema_name || '.' || table_name FROM duckdb_tables() "
            "UNION ALL SELECT schema_name || '.' || view_name FROM duckdb_views() WHERE schema_name = 'mart'"
        ).fetchall()
        assert len(shown) > 60
        for (name,) in shown:
            said.append(str(copy.execute(f"FROM {name}").fetchall()))
    told = "\n".join(said)
    assert MASK in told and "hubungi Budi" in told
    for secret in (*PERSONAL, PASSWORD, TOKEN):
        assert secret not in told
        assert secret.encode() not in stored


def test_alerts_keep_their_numbers_only(published: Places) -> None:
    with reading(published.published) as copy:
        rows = copy.execute("SELECT DISTINCT payload FROM ops.outbox").fetchall()
    assert [ast.literal_eval(text.replace("null", "None")) for (text,) in rows] == [
        {"before": "3", "after": None, "cause": None}
    ]
