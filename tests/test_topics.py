"""Topics against titles that people have labelled, on the engine that runs them."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from collectors.indonesian import normalise_title
from tests.warehouse_rows import warehouse_with
from transforms.instrument import load_topics, topic_filters
from warehouse.asking import build_models

SAMPLES = Path(__file__).parents[2] / "shared" / "samples"
TOPICS = load_topics()

SPBE = "Sistem Pemerintahan Berbasis Elektronik"

REGULATIONS: list[tuple[str, set[str]]] = [
    # policies, and the documents themselves
    (f"Arsitektur {SPBE} Pemerintah Kota Kendari", {"arsitektur", "dokumen_arsitektur"}),
    ("Peraturan Gubernur Nomor 3 Tahun 2023 tentang Arsitektur SPBE", {"arsitektur", "dokumen_arsitektur"}),
    (f"Pedoman Penyusunan Arsitektur {SPBE}", {"arsitektur"}),
    (
        "Arsitektur dan Peta Rencana SPBE Kabupaten Contoh Tahun 2022-2026",
        {"arsitektur", "dokumen_arsitektur", "peta_rencana", "dokumen_peta_rencana"},
    ),
    (
        "Peta Rencana dan Arsitektur SPBE",
        {"arsitektur", "dokumen_arsitektur", "peta_rencana", "dokumen_peta_rencana"},
    ),
    (
        "Arsitektur, Peta Rencana dan Manajemen Risiko SPBE",
        {"arsitektur", "dokumen_arsitektur", "peta_rencana", "dokumen_peta_rencana"},
    ),
    (f"Peta Rencana {SPBE} Tahun 2021-2025", {"peta_rencana", "dokumen_peta_rencana"}),
    ("Tata Cara Penyusunan Peta Rencana SPBE", {"peta_rencana"}),
    ("Arsitektur Pemerintah Digital Kota Contoh", {"arsitektur", "dokumen_arsitektur"}),
    # no policy: a team, an assessment, a draft, buildings
    ("Pembentukan Tim Penyusun Arsitektur SPBE", set()),
    (f"Evaluasi Peta Rencana {SPBE}", set()),
    ("Rancangan Arsitektur SPBE", set()),
    ("Arsitektur Bangunan Gedung Berciri Khas Daerah", set()),
    ("Peta Rencana Pengembangan Kepariwisataan", set()),
    # predecessors
    ("Rencana Induk Pengembangan Teknologi Informasi dan Komunikasi Tahun 2014-2015", {"rencana_induk"}),
    ("Rencana Induk e-Government Kota Contoh", {"rencana_induk"}),
    ("Rencana Induk Pembangunan Kepariwisataan Daerah", set()),
    ("Rencana Induk Bandung Kota Cerdas (Master Plan Bandung Smart City)", set()),
    # data
    ("Satu Data Kota Kendari", {"manajemen_data"}),
    ("Penyelenggaraan Satu Data Indonesia Tingkat Kabupaten Contoh", {"manajemen_data"}),
    ("Tata Kelola Data dan Informasi di Lingkungan Pemerintah Kabupaten Bandung", {"manajemen_data"}),
    ("Manajemen Data SPBE", {"manajemen_data"}),
    ("Pengelolaan Data Elektronik di Lingkungan Pemerintah Kota", {"manajemen_data"}),
    ("Pembentukan Forum Satu Data Kota Contoh", {"forum_satu_data"}),
    ("Penunjukan Walidata dan Walidata Pendukung", {"forum_satu_data"}),
    ("Pengelolaan Data Kemiskinan Daerah", set()),
    ("Panitia Pelaksana Kegiatan Penyusunan Data Base Guru Keagamaan", set()),
    ("Pedoman Pemanfaatan Data Kependudukan oleh Perangkat Daerah", set()),
    ("Tata Kelola Data Terpadu Kesejahteraan Sosial", set()),
    ("Verifikasi dan Validasi Data Terpadu Kesejahteraan Sosial", set()),
    ("Organisasi dan Tata Kerja Kantor Pengolahan Data Elektronik", set()),
    # applications
    ("Tata Kelola Aplikasi di Lingkungan Pemerintah Kabupaten Bandung", {"pembangunan_aplikasi"}),
    ("Pembangunan dan Pengembangan Aplikasi SPBE", {"pembangunan_aplikasi"}),
    ("Pedoman Pembangunan Aplikasi", {"pembangunan_aplikasi"}),
    ("Penerapan Aplikasi e-Musrenbang dalam Penyusunan Dokumen Rencana Kerja", set()),
    ("Pembentukan Tim Pengembangan Sistem Informasi Manajemen dan Website Kemiskinan", set()),
    ("Penetapan Website dalam Rangka Pengembangan Sistem Informasi di Lingkungan Pemkab", set()),
    ("Pengelolaan Aplikasi Komunitas Online Pemerintah Kota Bekasi", set()),
    ("Pengembangan Aplikasi Pelayanan Kesehatan", set()),
    # data centre, network, service bus
    ("Penyelenggaraan Layanan Pusat Data Pemerintah Kota Contoh", {"pusat_data"}),
    ("Pengelolaan Data Center", {"pusat_data"}),
    ("Tugas Pokok dan Fungsi Pusat Data dan Informasi", set()),
    ("Pemanfaatan Pusat Data dan Analisis Pembangunan", set()),
    ("Pengelolaan Jaringan Intra Pemerintah Daerah", {"jaringan_intra"}),
    ("Pengelolaan Jaringan Komputer dan Internet di Lingkungan Pemerintah Daerah", {"jaringan_intra"}),
    ("Pelimpahan Wewenang Pengelolaan Jaringan Irigasi", set()),
    ("Jaringan Dokumentasi dan Informasi Hukum Kota Bekasi", set()),
    ("Tarif Angkutan Penumpang pada Jaringan Trayek", set()),
    ("Penggunaan Sistem Penghubung Layanan Pemerintah (SPLP)", {"penghubung_layanan"}),
    ("Integrasi Sistem Layanan Publik melalui Aplikasi Chatina", set()),
    (
        "Tata Kelola Infrastruktur Teknologi Informasi dan Komunikasi di Lingkungan Pemerintah Kabupaten",
        {"infrastruktur_tik"},
    ),
    # security
    ("Keamanan Informasi di Lingkungan Pemerintah Kabupaten Bandung", {"keamanan_informasi"}),
    ("Sistem Manajemen Keamanan Informasi", {"keamanan_informasi"}),
    ("Penyelenggaraan Keamanan Siber", {"keamanan_informasi"}),
    ("Penyelenggaraan Persandian untuk Pengamanan Informasi", {"persandian"}),
    ("Pembentukan Tim Tanggap Insiden Keamanan Informasi", set()),
    ("Keamanan dan Ketertiban Umum", set()),
    (
        "Kedudukan, Susunan Organisasi, Tugas Pokok dan Fungsi Dinas Komunikasi, Informatika dan Persandian",
        set(),
    ),
    # audit
    ("Audit Teknologi Informasi dan Komunikasi", {"audit_tik"}),
    ("Pedoman Audit SPBE", {"audit_tik"}),
    ("Piagam Audit Internal di Lingkungan Pemerintah Kota Bekasi", set()),
    ("Kebijakan Probity Audit dalam Proses Pengadaan Barang/Jasa", set()),
    # team
    ("Pembentukan Tim Koordinasi SPBE", {"tim_koordinasi"}),
    (f"Tim Koordinasi Penyelenggaraan {SPBE} Kota Contoh", {"tim_koordinasi"}),
    ("Tim Pengarah dan Tim Pelaksana SPBE", {"tim_koordinasi"}),
    (f"Pembentukan Tim Evaluator Internal Evaluasi {SPBE}", set()),
    ("Tim Koordinasi Penanggulangan Kemiskinan Kota Bandung", set()),
    # one general rule
    (f"Penyelenggaraan {SPBE}", {"penyelenggaraan_spbe"}),
    ("Tata Kelola Teknologi Informasi dan Komunikasi", {"penyelenggaraan_spbe"}),
    ("Kebijakan Umum Penyelenggaraan e-Goverment", {"penyelenggaraan_spbe"}),
    (f"Pedoman Evaluasi {SPBE}", set()),
    # hints elsewhere
    ("Peta Proses Bisnis di Lingkungan Pemerintah Kabupaten Bandung", {"proses_bisnis"}),
    (
        "Tata Cara Penerbitan Persetujuan Prinsip Kegiatan Teknologi Informasi dan Komunikasi",
        {"rekomendasi_tik"},
    ),
    ("Pajak Penerangan Jalan", set()),
]

APPLICATIONS: list[tuple[str, set[str]]] = [
    ("SIPD Aplikasi perencanaan dan penatausahaan daerah", {"perencanaan", "penganggaran", "keuangan"}),
    ("Siskeudes Pengelolaan keuangan desa", set()),
    ("LPSE Laporan dan pembelian belanja", {"pengadaan"}),
    ("SIMPEG Sistem Informasi Manajemen Kepegawaian", {"kepegawaian"}),
    ("Simade merekam semua berkas kepegawaian aparatur desa", set()),
    ("Srikandi Sistem Informasi Kearsipan Dinamis Terintegrasi", {"kearsipan"}),
    ("Simda BMD", {"aset"}),
    ("Whistle Blowing System", {"pengawasan"}),
    ("E Sakip Laporan Sistem Akuntabilitas Kinerja Instansi Pemerintah", {"akuntabilitas_kinerja"}),
    ("E-Kinerja Pengelolaan Kinerja ASN", {"kinerja_pegawai"}),
    ("SP4N Lapor", {"pengaduan"}),
    ("SIGAPURA Aplikasi pengaduan kekerasan", set()),
    ("Portal Satu Data", {"data_terbuka"}),
    ("JDIH", {"jdih"}),
    ("Delica Helpdesk biometrik KTP", set()),
    ("Helpdesk layanan TIK", {"bantuan_tik"}),
    ("KMS Manajemen pengetahuan ASN", {"pengetahuan"}),
    ("IDM Indeks Desa Membangun", set()),
]


def topics_of(kind: str, texts: Iterable[str]) -> Mapping[str, set[str]]:
    """Topic ids by text, matched as `models/03_regulation_topic.sql` does, filter first."""
    connection = duckdb.connect()
    wanted = topic_filters(TOPICS)[f"{kind}_filter"]
    found: dict[str, set[str]] = {text: set() for text in texts}
    connection.execute("CREATE TABLE title (text VARCHAR, norm VARCHAR)")
    connection.executemany("INSERT INTO title VALUES (?, ?)", [[t, normalise_title(t)] for t in found])
    for topic in TOPICS:
        if topic.for_ != kind:
            continue
        rows = connection.execute(
            "SELECT text FROM title WHERE regexp_matches(norm, $wanted) AND regexp_matches(norm, $include)"
            " AND NOT coalesce(regexp_matches(norm, $exclude), FALSE)",
            {
                "wanted": wanted,
                "include": "|".join(topic.include),
                "exclude": "|".join(topic.exclude) or None,
            },
        ).fetchall()
        for (text,) in rows:
            found[text].add(topic.id.removeprefix("aplikasi_"))
    return found


def test_titles_of_regulations() -> None:
    found = topics_of("regulation", [title for title, _ in REGULATIONS])
    wrong = {title: found[title] for title, wanted in REGULATIONS if found[title] != wanted}
    assert wrong == {}


def test_entries_of_registries() -> None:
    found = topics_of("application", [text for text, _ in APPLICATIONS])
    wrong = {text: found[text] for text, wanted in APPLICATIONS if found[text] != wanted}
    assert wrong == {}


def test_every_topic_is_recognised_and_refused_by_some_title() -> None:
    for kind, labelled in (("regulation", REGULATIONS), ("application", APPLICATIONS)):
        ids = {t.id.removeprefix("aplikasi_") for t in TOPICS if t.for_ == kind}
        assert ids == set().union(*(wanted for _, wanted in labelled))


@pytest.fixture(scope="module")
def real_titles() -> list[str]:
    if not SAMPLES.is_dir():
        pytest.skip("the shared samples are not here")
    titles: set[str] = set()
    for path in [*SAMPLES.glob("judul-peraturan-*.csv"), *SAMPLES.glob("field/judul-jabar/*.csv")]:
        with path.open(encoding="utf-8", errors="replace", newline="") as file:
            titles |= {" ".join(row) for row in csv.reader(file)}
    feed = json.loads((SAMPLES / "field/kendari-ildis/integrasi.json").read_text(encoding="utf-8"))
    titles |= {entry["judul"] for entry in feed if entry and entry["judul"]}
    return sorted(titles)


@pytest.mark.samples
def test_real_titles_match_what_reading_them_says(real_titles: list[str]) -> None:
    """The titles of seven cities and regencies: each topic takes what it should, and no more."""
    found = topics_of("regulation", real_titles)
    taken: dict[str, set[str]] = {}
    for title, topics in found.items():
        for topic in topics:
            taken.setdefault(topic, set()).add(normalise_title(title))
    assert len(real_titles) > 7000
    kendari = "peraturan walikota kendari nomor"
    architecture = {
        f"{kendari} 45 tahun 2023 tentang arsitektur sistem pemerintahan berbasis elektronik"
        " pemerintah kota kendari"
    }
    assert taken.pop("arsitektur") == architecture
    assert taken.pop("dokumen_arsitektur") == architecture
    assert taken.pop("manajemen_data") == {
        f"{kendari} 52 tahun 2021 tentang satu data kota kendari",
        "satu data perencanaan pembangunan kota bekasi",
        "tata kelola data di lingkungan pemerintah kota bandung",
    }
    assert taken.pop("rekomendasi_tik") == {
        "tata cara penerbitan persetujuan prinsip kegiatan teknologi informasi dan komunikasi"
        " di lingkungan pemerintah kota bekasi"
    }
    assert len(taken.pop("penyelenggaraan_spbe")) == 10
    assert taken == {}


def test_titles_have_no_topics_of_applications_and_applications_none_of_titles() -> None:
    as_of = datetime.fromisoformat("2026-05-01T08:00:00+00:00")
    title = f"Arsitektur {SPBE} dan Jaringan Dokumentasi dan Informasi Hukum"
    connection = warehouse_with(
        {
            "institution": [{"institution": "kota-a"}],
            "regulation": [{"institution": "kota-a", "title": title}],
            "application": [{"institution": "kota-a", "name": title}],
        }
    )
    build_models(connection, TOPICS, as_of)
    for kind in ("regulation", "application"):
        found = {topic for (topic,) in connection.execute(f"SELECT topic FROM {kind}_topic").fetchall()}
        assert found
        assert found <= {topic.id for topic in TOPICS if topic.for_ == kind}
