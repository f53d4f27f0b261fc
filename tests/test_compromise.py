"""Gambling spam on a page is told from a page about gambling."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from collectors.compromise import gambling_spam
from tests.warehouse_rows import LONG_AGO, SCHEMA, run, warehouse_with
from transforms.alerts import CompromisedService
from transforms.instrument import load_topics
from warehouse.asking import build_models

URL = "https://dinas.kota-contoh.go.id/"
SAMPLE = Path(__file__).parents[2] / "shared" / "samples" / "field" / "situs-diretas-head.html"


def judged(page: str) -> tuple[str, ...]:
    return gambling_spam(page.encode(), lambda: page, URL)


def page(body: str, title: str = "Dinas Kesehatan Kota Contoh", head: str = "") -> str:
    return f"<html><head><title>{title}</title>{head}</head><body>{body}</body></html>"


FILLER = "<p>Pelayanan kesehatan dibuka setiap hari kerja di seluruh puskesmas.</p>" * 5


@pytest.mark.parametrize(
    ("where", "spam"),
    [
        ("teks tersembunyi", page(FILLER) + "<div style=display:none>slot gacor</div>"),
        ("judul", page(FILLER, "Slot Gacor Hari Ini: Situs Slot Maxwin Terpercaya")),
        ("judul", page(FILLER, "TOTO SLOT &gt; Daftar Slot88 anti nawala")),
        ("teks tersembunyi", page(f"{FILLER}<div style='display:none'>main di slot gacor tiap malam</div>")),
        (
            "teks tersembunyi",
            page(f"{FILLER}<div style='position:absolute;left:-9999px'>RTP live hari ini</div>"),
        ),
        ("teks tersembunyi", page(f"{FILLER}<span style='font-size:0'><b>situs togel</b></span>")),
        (
            "teks tersembunyi",
            page(
                f"<style>.zz{{position:absolute; top:-5000px}}</style><p class='a zz'>bandar togel</p>{FILLER}"
            ),
        ),
        ("teks tersembunyi", page(f"{FILLER}<p hidden>sl0t g4cor gampang menang</p>")),
        ("teks tersembunyi", page(f"{FILLER}<p hidden>&#115;lot gacor</p>")),
        ("tautan keluar", page(f"{FILLER}<a href='https://lain.example/x'>slot gacor</a>")),
        ("tautan keluar", page(f"{FILLER}<a href='//www.slot88-resmi.example/'>klik di sini</a>")),
        ("tautan keluar", page(f"{FILLER}<a href='https://desa.lain.go.id/wp/'>Situs Togel</a>")),
        (
            "folder asing",
            page(f"{FILLER}<a href='/slot-gacor/'>Beranda</a><a href='/situs-togel/x'>Profil</a>"),
        ),
        ("isi halaman", page("<p>Nikmati slot gacor, rtp live dan mahjong ways dengan bonus harian.</p>")),
    ],
)
def test_spam_is_found_where_it_hides(where: str, spam: str) -> None:
    passages = judged(spam)
    assert passages
    assert passages[0].startswith(where), passages


LAW = "Peraturan Daerah Kota Contoh Nomor 5 Tahun 2019 tentang Larangan Perjudian"


@pytest.mark.parametrize(
    "clean",
    [
        page(FILLER),
        page(
            f"<h1>{LAW}</h1><p>Setiap orang dilarang menyelenggarakan togel, judi slot dan sejenisnya.</p>",
            LAW,
        ),
        page(
            "<p>Polisi menangkap promotor situs slot gacor. Tersangka memakai akun maxwin dan link togel.</p>",
            "Bandar Togel Ditangkap",
        ),
        page(
            "<p>Satgas memberantas judi online. Waspada iklan slot gacor, rtp live dan maxwin!</p>",
            "Pemberantasan Judi Online",
        ),
        page(
            "<ul><li>Stop judi online: bahaya slot gacor bagi keluarga</li><li>Kominfo memblokir situs togel</li></ul>"
        ),
        page(
            f"{FILLER}<div style='display:none'>Berita: Polres bongkar situs slot gacor beromzet miliaran</div>"
        ),
        page(
            f"{FILLER}<a href='https://berita.example/polisi'>Polisi bongkar situs slot gacor di dua kota</a>"
        ),
        page(f"{FILLER}<a href='https://stopjudionline.example/'>Laporkan judi online</a>"),
        page(f"{FILLER}<a href='/berita/polisi-bongkar-situs-slot-gacor'>Berita</a>"),
        page(
            f"{FILLER}<a href='/berita/tiga-situs-slot-gacor-dikendalikan-dari-luar-negeri-sejak-lama'>x</a>"
            * 3
        ),
        page(
            "<p>Lomba burung berkicau: kicau paling gacor mendapat piala. Slot parkir terbatas, daftar slot lebih awal.</p>"
        ),
        page("<p>Pilih slot waktu antrean, lalu slot berikutnya terbuka.</p>", "Slot Antrean Layanan"),
        page(
            "<p>Situs dinas sempat diretas dan disusupi iklan slot gacor dan situs togel; kini sudah pulih.</p>"
        ),
        page("<script>var blokir = ['slot gacor', 'situs togel', 'maxwin']</script>" + FILLER),
        page(f"<!-- slot gacor situs togel maxwin -->{FILLER}"),
        page(f"{FILLER}<img hidden alt=x>judi"),
        "",
        "slot",
        "<!-- slot -->",
    ],
    ids=range(19),
)
def test_a_page_about_gambling_is_no_spam(clean: str) -> None:
    assert judged(clean) == ()


def test_quotes_cannot_be_clicked_and_name_nobody() -> None:
    passages = judged(page("<a href='https://slot88-resmi.example/masuk'>hubungi 081234567890</a>"))
    assert passages == ("tautan keluar: “hubungi (disamarkan) hxxps://slot88-resmi[.]example/masuk”",)


@pytest.mark.parametrize(
    "hostile",
    [
        "<a href='//slot\x00gacor.com:99999/'>slot gacor</a>",
        "<div hidden>" * 5000 + "slot gacor",
        "<a href='http://[slot'>slot gacor",
    ],
    ids=["bad port", "deep", "bad host"],
)
def test_hostile_pages_raise_nothing(hostile: str) -> None:
    assert isinstance(judged(hostile), tuple)


def test_services_taken_over_are_handed_to_the_alerts() -> None:
    as_of = datetime(2026, 5, 1, 8, tzinfo=UTC)
    hour = timedelta(hours=1)

    def seen(service: str, hours: int, taken: bool | None) -> dict[str, object]:
        at = as_of - hours * hour
        row = {"institution": "kota-a", "service_id": service, "checked_at": at, "is_up": True}
        return {**row, "is_compromised": taken, "compromise_evidence": "judul: “togel”" if taken else None}

    connection = warehouse_with(
        {
            "institution": [{"institution": "kota-a", "name": "Kota A"}],
            "agency": [
                {
                    "institution": "kota-a",
                    "agency": "diskominfo",
                    "name": "Diskominfo",
                    "valid_from": LONG_AGO,
                }
            ],
            "service": [{"institution": "kota-a", "service_id": one, "name": one} for one in ("satu", "dua")],
            "uptime_check": [
                *(
                    seen("satu", hours, taken)
                    for hours, taken in ((5, True), (4, False), (3, True), (2, True))
                ),
                *(seen("dua", hours, taken) for hours, taken in ((5, True), (4, False), (1, None))),
                seen("satu", 1, None),
            ],
        }
    )
    build_models(connection, load_topics(), as_of)
    query = SCHEMA.parent / "queries" / "compromised_services.sql"
    found = run(connection, query.read_text(encoding="utf-8"), {"as_of": as_of})
    columns = [column[0] for column in found.description]
    (row,) = [dict(zip(columns, values, strict=True)) for values in found.fetchall()]
    assert row.pop("institution") == "kota-a"
    since = as_of - 3 * hour
    assert CompromisedService(**row) == CompromisedService(
        "satu", "satu", "Diskominfo", since, "judul: “togel”"
    )


@pytest.mark.samples
@pytest.mark.skipif(not SAMPLE.exists(), reason="the samples are not here")
def test_the_head_of_a_page_that_was_really_taken_over() -> None:
    text = SAMPLE.read_text(encoding="utf-8")
    passages = gambling_spam(text.encode(), lambda: text, "https://jdih.puncakjayakab.go.id/database/")
    assert passages
    assert "togel" in " ".join(passages)
