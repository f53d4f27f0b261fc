"""Which applications may do the same work: what is proposed, why, and what is one application used by many."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from collectors.app_registry import parse_file
from collectors.evidence import ApplicationRecord
from transforms.overlap import CANDIDATE_FROM, MAX_CANDIDATES, RARE, Comparison, Entry, compare

SAMPLES = Path(__file__).parents[2] / "shared" / "samples"
_USE = "Kehadiran pegawai dan rekap absen bulanan"


def entry(
    name: str, agency: str = "Dinas A", description: str = "", url: str | None = None, kind: str = "khusus"
) -> Entry:
    return Entry("registri", f"{agency}/{name}".lower(), name, agency, description or None, url, kind)


def pairs(found: Comparison) -> list[tuple[str, str]]:
    return [(o.first.name, o.second.name) for o in found.overlaps]


def test_same_function_with_other_names_is_a_candidate_with_its_reason() -> None:
    (found,) = compare(
        [
            entry("e-Hadir", "Dinas A", _USE, "https://hadir.contohkota.go.id/"),
            entry(
                "Absensi Pegawai",
                "Dinas B",
                "Rekap kehadiran pegawai bulanan",
                "https://absen.contohkota.go.id/",
            ),
            entry("Peta Reklame", "Dinas C", "Titik reklame berizin"),
        ]
    ).overlaps
    assert {found.first.name, found.second.name} == {"e-Hadir", "Absensi Pegawai"}
    assert CANDIDATE_FROM <= found.score <= 1
    assert "fungsi sama: presensi" in found.reason
    assert "data sama: pegawai" in found.reason
    assert "uraian mirip: " in found.reason


def test_the_same_name_at_two_offices_without_one_address_is_a_candidate() -> None:
    (found,) = compare(
        [entry("SIMRS", "RSUD A", "Pendaftaran pasien"), entry("Simrs", "RSUD B", "Rekam medis")]
    ).overlaps
    assert found.score >= 0.7
    assert found.reason.startswith("nama sama")


def test_two_names_at_one_address_are_a_candidate_whatever_page_is_given() -> None:
    (found,) = compare(
        [
            entry("E Monev", url="https://monev.contoh.example/index.php/login"),
            entry("Pengendalian Kegiatan", url="http://www.monev.contoh.example/"),
        ]
    ).overlaps
    assert found.reason.startswith("alamat sama (monev.contoh.example)")
    assert found.score >= 0.75


def test_applications_on_one_host_with_paths_of_their_own_are_not_at_one_address() -> None:
    host = "https://apps.contohkota.go.id"
    found = compare([entry("Buku Tamu", url=f"{host}/tamu"), entry("Ruang Rapat", url=f"{host}/rapat")])
    assert found.overlaps == ()


def test_a_national_application_listed_by_many_is_one_used_by_many() -> None:
    offices = ("Dinas A", "Dinas B", "Kecamatan C")
    found = compare(
        [
            *(
                entry("Srikandi", office, "Surat masuk", "https://srikandi.arsip.go.id/", "umum")
                for office in offices
            ),
            entry("SRIKANDI", "Dinas D", "Naskah dinas", None, "tidak_diketahui"),
            entry("SIPD RI", "Dinas A", "Anggaran", "https://sipd-ri.kemendagri.go.id/auth/login", "umum"),
            entry("SIPD Kemendagri", "Dinas B", "Anggaran daerah", "https://sipd.kemendagri.go.id", "umum"),
        ]
    )
    assert found.overlaps == ()
    assert [len(s.agencies) for s in found.shared] == [4, 2]
    assert all(s.is_national for s in found.shared)


def test_a_local_application_at_one_address_is_shared_use_and_no_overlap() -> None:
    address = "https://absen.contohkota.go.id/"
    found = compare(
        [entry("e-Presensi", "Dinas A", _USE, address), entry("E PRESENSI", "Dinas B", "Absen", address)]
    )
    assert found.overlaps == ()
    (shared,) = found.shared
    assert not shared.is_national
    assert shared.agencies == ("Dinas A", "Dinas B")


def test_two_national_applications_are_no_candidate_but_a_local_double_of_one_is() -> None:
    national = [
        entry(
            "MyASN",
            "Dinas A",
            "Layanan kepegawaian ASN, kenaikan pangkat",
            "https://myasn.bkn.go.id/",
            "umum",
        ),
        entry(
            "SIASN",
            "Dinas B",
            "Layanan kepegawaian ASN, kenaikan pangkat",
            "https://siasn.bkn.go.id/",
            "umum",
        ),
    ]
    assert compare(national).overlaps == ()
    local = entry(
        "SIMPEG", "BKPSDM", "Kepegawaian ASN dan kenaikan pangkat", "https://simpeg.contohkota.go.id/"
    )
    assert {frozenset(p) for p in pairs(compare([*national, local]))} == {
        frozenset({"SIMPEG", "MyASN"}),
        frozenset({"SIMPEG", "SIASN"}),
    }


def test_the_place_and_ordinary_words_make_nothing_alike() -> None:
    found = compare(
        [
            entry("Aplikasi Sistem Informasi Parkir Kota Contoh", description="Aplikasi pelayanan parkir"),
            entry("Aplikasi Sistem Informasi Makam Kota Contoh", description="Aplikasi pelayanan makam"),
        ],
        "Kota Contoh",
    )
    assert found.overlaps == ()


def test_the_order_of_the_rows_does_not_matter() -> None:
    rows = [
        entry("e-Hadir", "Dinas A", _USE),
        entry("Absensi", "Dinas B", _USE),
        entry("Presensi", "Dinas C", _USE),
    ]
    assert len(compare(rows).overlaps) == 3
    assert compare(rows) == compare(rows[::-1])


def test_text_from_outside_breaks_nothing() -> None:
    odd = [
        entry("", "", ""),
        entry("!!!", url="http://[::1"),
        entry("😀 <script>", description="(" * 10_000, url="https://x.example/%00"),
        entry("a" * 5_000, description="b " * 5_000),
    ]
    assert compare(odd * 2) == compare(odd * 2)
    assert compare([]) == Comparison((), ())


def test_what_everything_has_in_common_brings_nothing_together() -> None:
    # Letters only: digits would be words of their own.
    letters = str.maketrans("0123456789", "ghijklmnop")
    names = [hashlib.sha256(b"%d" % n).hexdigest()[:12].translate(letters) for n in range(RARE * 3)]
    alike = [entry(name, f"Dinas {n}", "Dokumen kegiatan") for n, name in enumerate(names)]
    assert compare(alike).overlaps == ()
    # A name many offices use is one question per office, not one per pair of offices.
    same = [entry("Arsip Kita", f"Dinas {n}", "Arsip") for n in range(RARE * 3)]
    assert len(compare(same).overlaps) == RARE * 3 - 1 < MAX_CANDIDATES


@pytest.mark.samples
def test_a_real_registry_shows_its_doubles_and_its_shared_applications() -> None:
    path = SAMPLES / "registri-aplikasi-madiun.csv"
    if not path.exists():
        pytest.skip("the shared samples are not here")
    records = [r for r in parse_file(path).records if isinstance(r, ApplicationRecord)]
    found = compare(
        [Entry("r", r.application_key, r.name, r.agency, r.description, r.url, r.kind) for r in records],
        "Kabupaten Madiun",
    )
    top = {frozenset(name.lower() for name in pair) for pair in pairs(found)[:30]}
    for first, second in (
        ("sida", "sida.madiunkab.go.id"),
        ("e monev", "sistem pengendalian dan evaluasi kabupaten madiun"),
        ("e sakip", "sakip"),
        ("siskaperbapo", "sp2kp"),
        ("gratifikasi", "whistle blowing system"),
    ):
        assert frozenset({first, second}) in top
    shared = {s.name.lower(): len(s.agencies) for s in found.shared if s.is_national}
    assert shared["srikandi"] == 10
    assert shared["sipd"] == 7
    national = {"srikandi", "sipd", "siak", "sirup"}
    assert not [p for p in pairs(found) if {n.lower() for n in p} <= national]
    assert len(found.overlaps) < 60
