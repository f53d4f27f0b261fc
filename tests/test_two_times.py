"""Two times: the world on a day, and what was known of it by a moment."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.evidence import RegulationRecord
from flows.two_times import Asked, TwoTimesError, asked, moment, past_moment, told
from tests.examples_of import few
from tests.late_news import APPLICATIONS, CONFIG, INSTITUTION, LateNews, day
from tests.test_cli import Pantau, pantau  # noqa: F401 - a fixture
from tests.test_rebuild import contents
from transforms.attribution import Scored
from transforms.index import rounded
from warehouse.compare import differences
from warehouse.connection import copying, frame_of, migrate, reading, writing
from warehouse.publish import publish
from warehouse.read import ReadError
from warehouse.records import rows_of, store
from warehouse.score import score
from warehouse.two_times import fact_tables, scored_as_known, show_facts_known_at

pytestmark = pytest.mark.e2e

NOW = datetime(2026, 4, 1, 3, tzinfo=UTC)
HAD_LOADED_AT = ["regulation", "application", "attestation", "dataset", "observation", "uptime_check"]
CITY = "kota-sembarang"


@pytest.fixture(scope="module")
def news(tmp_path_factory: pytest.TempPathFactory) -> LateNews:
    """The days of `late_news`, all learnt and published; read only."""
    made = LateNews(tmp_path_factory.mktemp("late"))
    made.learn_all()
    publish(made.warehouse, made.places.published, now=made.now)
    return made


def known(news: LateNews, as_of: datetime, known_at: datetime) -> Scored:
    """What is computed of the world at a moment by what was known at another."""
    with scored_as_known(news.warehouse, as_of=as_of, known_at=known_at, institution=INSTITUTION) as (
        _,
        results,
    ):
        return results[0].current


@pytest.mark.parametrize(
    ("as_of", "known_at", "architecture", "data_centre", "has_knowledge"),
    [
        # Day 1 as it was known then: A in force; B's subject only stated; both applications.
        (1, 1, 2, 1, True),
        # The same, looked at two days later: nothing else was loaded.
        (3, 1, 2, 1, True),
        # B was captured on day 2 and loaded on day 4. Day 1 is as it was.
        (2, 3, 2, 1, True),
        (2, 4, 2, 3, True),
        # On day 3 A was repealed, the statement withdrawn, an application closed; none of it known before day 5.
        (3, 4, 2, 3, True),
        (3, 5, 1, 2, False),
        # What ended on day 3 held on day 2, also for who knows that it ended.
        (2, 5, 2, 3, True),
        (1, 5, 2, 1, True),
    ],
)
def test_late_news_counts_for_its_day_once_it_is_known(
    news: LateNews, as_of: int, known_at: int, architecture: int, data_centre: int, has_knowledge: bool
) -> None:
    found = known(news, day(as_of, 15), day(known_at, 15))
    hint = found.findings["I26.3.b"].hint or ""
    assert (found.levels["1"].proven, found.levels["5"].proven) == (architecture, data_centre)
    assert (APPLICATIONS[0] in hint) is has_knowledge


def test_what_was_scored_at_a_moment_is_computed_for_it_ever_after(news: LateNews) -> None:
    assert len({scored.current.score_id for _, scored in news.learnt}) == 4
    for at, scored in news.learnt:
        assert known(news, at, at) == scored.current


def test_who_knows_everything_computes_what_score_writes(news: LateNews, tmp_path: Path) -> None:
    other = tmp_path / "w.duckdb"
    shutil.copy(news.warehouse, other)
    (plain,) = score(other, as_of=day(2, 15), now=NOW)
    assert known(news, day(2, 15), NOW) == plain.current


def test_asking_about_the_past_writes_nothing(news: LateNews) -> None:
    files = {path: path.read_bytes() for path in news.places.root.rglob("*") if path.is_file()}
    known(news, day(2, 15), day(4, 15))
    assert {path: path.read_bytes() for path in news.places.root.rglob("*") if path.is_file()} == files


def test_nothing_is_known_before_the_first_load(news: LateNews) -> None:
    with pytest.raises(ReadError, match=r"nothing of 2026-03-04 01:00Z was known at 2026-03-01 01:00Z"):
        known(news, day(3), day(0))
    with (
        pytest.raises(ReadError, match=r"'kota-lain' has no score; there are: kota-uji"),
        scored_as_known(news.warehouse, as_of=day(3), known_at=day(3), institution="kota-lain"),
    ):
        pass


def test_every_table_of_facts_has_both_times(news: LateNews) -> None:
    with copying(news.warehouse) as connection:
        tables = fact_tables(connection)
        unknown = {
            table: [
                column
                for column, condition in (("loaded_at", "TRUE"), ("closed_loaded_at", "valid_to IS NOT NULL"))
                if column in columns
                and connection.execute(
                    f"SELECT 1 FROM core.{table} WHERE {condition} AND {column} IS NULL"
                ).fetchone()
            ]
            for table, columns in tables.items()
        }
    assert len(tables) >= 18
    assert all("loaded_at" in columns for columns in tables.values())
    assert all(("valid_to" in columns) == ("closed_loaded_at" in columns) for columns in tables.values())
    assert not any(unknown.values()), unknown


# Days of March as officers count them: day 1 is 2 March, and ends there at midnight.
@pytest.mark.parametrize(
    ("on", "known_on", "position"),
    [
        ("2026-03-06", "NULL", 3),
        ("2026-03-05", "NULL", 2),
        ("2026-03-04", "NULL", 1),
        ("2026-03-06", "'2026-03-05'", 2),
        ("2026-03-05", "'2026-03-04'", 1),
        ("2026-03-01", "DATE '2026-03-06'", 0),
        ("2026-02-28", "NULL", None),
        ("2026-03-06", "'2026-02-28'", None),
    ],
)
def test_officers_ask_for_the_score_of_a_day_as_recorded_by_another(
    news: LateNews, on: str, known_on: str, position: int | None
) -> None:
    given = f"('{on}', diketahui := {known_on})"
    with reading(news.places.published) as connection:
        found = connection.execute(
            f"SELECT skor_id, dihitung_pada, nilai_sementara_eksak FROM mart.indeks_pada{given}"
        ).fetchall()
        levels = connection.execute(f"SELECT nomor, terbukti FROM mart.indikator_pada{given}").fetchall()
        late = connection.execute(
            f"SELECT dimuat_pada FROM mart.bukti_pada{given} WHERE kriteria = 'I05.2.a'"
        ).fetchall()
    if position is None:
        assert found == levels == late == []
        return
    at, scored = news.learnt[position]
    current = scored.current
    assert found == [(current.score_id, at, rounded(current.index.provisional, 10))]
    assert dict(levels) == {number: level.proven for number, level in current.levels.items()}
    assert late == ([(day(4),)] if position >= 2 else [])


@pytest.mark.parametrize(
    ("given", "regulations", "applications"),
    [
        ("'2026-03-02', '2026-03-02'", ["1 berlaku"], 2),
        ("'2026-03-03', '2026-03-04'", ["1 berlaku"], 2),
        ("'2026-03-03', '2026-03-05'", ["1 berlaku", "2 berlaku"], 2),
        ("'2026-03-04', '2026-03-05'", ["1 berlaku", "2 berlaku"], 2),
        ("'2026-03-04', '2026-03-06'", ["1 dicabut", "2 berlaku"], 1),
        ("'2026-03-04'", ["1 dicabut", "2 berlaku"], 1),
        ("'2026-03-03'", ["1 berlaku", "2 berlaku"], 2),
        ("'2026-03-01'", [], 0),
    ],
)
def test_officers_ask_what_was_listed_on_a_day_by_what_was_loaded_by_another(
    news: LateNews, given: str, regulations: list[str], applications: int
) -> None:
    with reading(news.places.published) as connection:
        legal = connection.execute(
            f"SELECT nomor || ' ' || status, (terlihat_sampai IS NULL) = (akhir_dimuat_pada IS NULL) "
            f"FROM mart.regulasi_pada({given}) ORDER BY nomor"
        ).fetchall()
        (counted,) = connection.execute(f"SELECT count(*) FROM mart.aplikasi_pada({given})").fetchall()
    assert legal == [(said, True) for said in regulations]
    assert counted == (applications,)


def test_views_say_since_when_a_fact_is_known(news: LateNews) -> None:
    with reading(news.places.published) as connection:
        gone = connection.execute(
            "SELECT nama, pada, diketahui_pada FROM mart.riwayat_aplikasi "
            "WHERE kejadian = 'tidak lagi tercatat'"
        ).fetchall()
        legal = connection.execute(
            "SELECT nomor, terlihat_sejak, dimuat_pada FROM mart.regulasi_terkini ORDER BY nomor"
        ).fetchall()
        without_words = connection.execute(
            "SELECT function_name FROM duckdb_functions() WHERE schema_name = 'mart' AND comment IS NULL"
        ).fetchall()
    assert gone == [(APPLICATIONS[0], day(3), day(5))]
    assert legal == [("1", day(3), day(5)), ("2", day(2), day(4))]
    assert without_words == []


@pytest.fixture(scope="module")
def bare() -> duckdb.DuckDBPyConnection:
    """A warehouse without rows, and beside it a database that shows its facts."""
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("SET VARIABLE institution = NULL")
    for name in ("warehouse", "known"):
        connection.execute(f"ATTACH ':memory:' AS {name}")
        connection.execute(f"USE {name}")
        migrate(connection, NOW)
    show_facts_known_at(connection, NOW)
    return connection


def listed(number: int, status: str) -> RegulationRecord:
    return RegulationRecord(
        regulation_key=f"perkada/2023/{number}", type_code="perkada", type_name="Perwali", number=str(number),
        year=2023, title=f"Hal {number}", title_norm=f"hal {number}", status=status, status_raw=status,
        enacted_on=None, promulgated_on=None, detail_url=None, file_url=None, capture_id="c", position=number,
    )  # fmt: skip


RUN = st.tuples(
    st.sampled_from(["jdih", "peraturan"]),
    st.dictionaries(st.integers(1, 4), st.sampled_from(["berlaku", "dicabut"]), max_size=4),
    st.integers(1, 5),
    st.integers(1, 5),
)


@few(12)
@given(runs=st.lists(RUN, min_size=1, max_size=7))
def test_what_was_known_is_what_the_warehouse_held(
    bare: duckdb.DuckDBPyConnection, runs: Sequence[tuple[str, dict[int, str], int, int]]
) -> None:
    """Whatever runs come after: at the moment of each load, the facts are the rows that it left behind."""
    bare.execute("USE warehouse")
    for schema in ("raw", "core"):
        bare.execute(f"DELETE FROM {schema}.regulation")
    at = seen = NOW
    left: list[tuple[datetime, list[Any]]] = []
    for source, titles, later, delay in runs:
        seen += timedelta(hours=later)
        at = max(at, seen) + timedelta(minutes=delay)
        records = [listed(number, status) for number, status in titles.items()]
        batch = rows_of("regulation", records)
        batch["ordinal"] = list(range(len(records)))
        bare.register("batch", batch)
        bare.register("held", frame_of({"key": []}))
        store(
            bare, "regulation", entry_id="e", institution=CITY, source=source, observed_at=seen, loaded_at=at
        )
        left.append((at, bare.execute("FROM warehouse.core.regulation ORDER BY ALL").fetchall()))
    bare.execute("USE known")
    for at, rows in left:
        bare.execute("SET VARIABLE known_at = $at", {"at": at})
        assert bare.execute("FROM core.regulation ORDER BY ALL").fetchall() == rows


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-03-31", datetime(2026, 3, 31, 16, 59, 59, 999999, tzinfo=UTC)),
        ("2026-04-01", NOW),
        ("2026-04-01T09:59+07:00", NOW - timedelta(minutes=1)),
        ("2026-04-01T03:00Z", NOW),
    ],
)
def test_a_day_ends_in_jakarta_and_today_ends_now(text: str, at: datetime) -> None:
    assert past_moment("--as-of", text, NOW) == at


def test_a_range_of_days_begins_with_the_first_and_may_lie_ahead() -> None:
    assert moment("--from", "2026-03-31", NOW, begins=True) == datetime(2026, 3, 30, 17, tzinfo=UTC)
    assert moment("--from", "2026-04-01", NOW, begins=True) == datetime(2026, 3, 31, 17, tzinfo=UTC)
    assert moment("--as-of", "2026-04-02", NOW) == datetime(2026, 4, 2, 16, 59, 59, 999999, tzinfo=UTC)
    assert moment("--as-of", None, NOW) is None


def test_what_was_known_at_a_moment_is_of_that_moment_unless_it_is_said() -> None:
    at, earlier = datetime(2026, 3, 5, 1, tzinfo=UTC), datetime(2026, 3, 2, 1, tzinfo=UTC)
    assert asked(None, "2026-03-05T08:00+07:00", NOW) == Asked(at, at)
    assert asked("2026-03-02T01:00Z", "2026-03-05T01:00Z", NOW) == Asked(earlier, at)
    assert asked("2026-03-02T01:00Z", None, NOW) == Asked(earlier, None)
    assert asked(None, None, NOW) == Asked(None, None)
    assert told(Asked(None, None), at) is None
    assert "sebagaimana dicatat pada 5 Maret 2026 08.00 WIB" in (told(Asked(at, None), at) or "")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("2026-04-02", r"--as-of '2026-04-02' is yet to come \(it is 2026-04-01 10:00 WIB\)"),
        ("2026-04-01T10:01+07:00", "is yet to come"),
        ("2026-03-01T06:00", r"has no time zone; write a day \(2026-03-02\)"),
        ("kemarin", "is no date"),
        ("2026-02-30", "is no date"),
        ("9999-12-31", "is no date"),
        ("", "is no date"),
    ],
)
def test_what_is_no_past_moment_is_refused(text: str, message: str) -> None:
    with pytest.raises(TwoTimesError, match=message):
        past_moment("--as-of", text, NOW)


def test_index_and_explain_answer_about_the_past(
    news: LateNews,
    pantau: Pantau,  # noqa: F811
    tmp_path: Path,
) -> None:
    def index(*words: str) -> dict[str, Any]:
        done = pantau("index", "--json", "--data-dir", str(news.places.root), *words)
        assert done.returncode == 0, done.stderr
        document: dict[str, Any] = json.loads(done.stdout)
        return document

    recorded = [scored.current.score_id for _, scored in news.learnt]
    # The last score by the end of that day, as it was recorded: B was not known yet.
    in_force = index("--as-of", "2026-03-04")
    assert (in_force["score_id"], in_force["known_at"]) == (recorded[1], None)
    late = index("--as-of", "2026-03-04", "--known-at", "2026-03-05T08:00+07:00")
    assert late["score_id"] not in recorded
    assert {one["number"]: one["proven"] for one in late["indicators"]}["5"] == 3
    assert (late["as_of"], late["known_at"]) == (
        "2026-03-04T16:59:59.999999+00:00",
        "2026-03-05T01:00:00+00:00",
    )

    place = ("--data-dir", str(news.places.root), "--as-of", "2026-03-04")
    then = pantau("explain", "1", *place, "--known-at", "2026-03-05")
    assert "Diketahui per 5 Maret 2026 23.59 WIB: dihitung ulang" in " ".join(then.stdout.split())
    assert "terbukti 2" in then.stdout
    # The words of the evidence are there, too.
    assert "Arsitektur SPBE" in then.stdout

    # A dossier says in itself what it rests on.
    written = tmp_path / "dosir.md"
    assert pantau("explain", "1", *place, "-o", str(written)).returncode == 0
    assert "\nPenilaian yang berlaku per 4 Maret 2026 23.59 WIB, sebagaimana dicatat pada 2 Maret" in (
        written.read_text()
    )


def test_scoring_a_day_means_the_same_day_as_asking_about_it(
    news: LateNews,
    pantau: Pantau,  # noqa: F811
    tmp_path: Path,
) -> None:
    data = tmp_path / "data"
    shutil.copytree(news.places.root, data)
    config = tmp_path / "uji.yml"
    config.write_text(CONFIG)
    day = ("--data-dir", str(data), "--as-of", "2026-03-04", "--json")
    done = pantau("score", "--config", str(config), "--from", "2026-03-03", *day)
    assert done.returncode == 0, done.stderr
    (scored,) = json.loads(done.stdout)
    asked_about = json.loads(pantau("index", *day, "--known-at", "2026-04-01").stdout)
    assert scored["score_id"] == asked_about["score_id"]
    with duckdb.connect(str(news.warehouse), read_only=True) as bare:
        before = bare.execute("SELECT count(*) FROM score.run").fetchall()
    with duckdb.connect(str(data / news.warehouse.name), read_only=True) as bare:
        dates = bare.execute("SELECT as_of FROM score.run ORDER BY scored_at DESC, as_of LIMIT 2").fetchall()
        assert bare.execute("SELECT count(*) - 2 FROM score.run").fetchall() == before
    # Days are told apart where Jakarta tells them apart.
    assert [at.astimezone(UTC).isoformat()[:16] for (at,) in dates] == [
        "2026-03-03T16:59",
        "2026-03-04T16:59",
    ]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ("--as-of", "2026-02-01"),
            "kota-uji was first scored as of 2026-03-01 02:00Z, not by 2026-02-01 16:59Z",
        ),
        (("--as-of", "2999-01-01"), "is yet to come"),
        (("--known-at", "2026-02-01"), "nothing of 2026-02-01 16:59Z was known at 2026-02-01 16:59Z"),
    ],
)
def test_a_past_without_an_answer_is_wrong_usage(
    news: LateNews,
    pantau: Pantau,  # noqa: F811
    words: Sequence[str],
    said: str,
) -> None:
    done = pantau("index", "--data-dir", str(news.places.root), *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr


def test_an_older_warehouse_gets_both_times_from_the_loads_on_record(news: LateNews, tmp_path: Path) -> None:
    other = tmp_path / "w.duckdb"
    shutil.copy(news.warehouse, other)
    with writing(other, NOW) as connection:
        connection.execute("DELETE FROM ops.migration WHERE number = 33")
        for table, column in connection.execute(
            "SELECT table_name, column_name FROM duckdb_columns() WHERE database_name = 'warehouse' "
            "AND schema_name = 'core' AND (column_name = 'closed_loaded_at' OR column_name = 'loaded_at' "
            "AND NOT list_contains($held, table_name))",
            {"held": HAD_LOADED_AT},
        ).fetchall():
            connection.execute(f"ALTER TABLE core.{table} DROP COLUMN {column}")
    assert contents(other)["core.target"][0] == (INSTITUTION, 2026, Decimal("4.50"), day(0), day(3))
    with writing(other, NOW):
        pass
    expected = contents(news.warehouse)
    with duckdb.connect() as both:
        # By name: the columns that are made anew stand last.
        both.execute(f"ATTACH '{news.warehouse}' AS expected (READ_ONLY)")
        both.execute(f"ATTACH '{other}' AS found (READ_ONLY)")
        assert differences(both, "expected", "found") == []
    assert expected["core.target"][0][-2:] == (day(0, 1), day(5))
