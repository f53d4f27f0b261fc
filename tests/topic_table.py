"""Writes docs/topik.md: how well topics are recognised. Run `python -m tests.topic_table` after changing rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.topic_labels import (
    ORIGINS,
    PARTS,
    Agreement,
    Kind,
    Label,
    agreement,
    application_labels,
    recognised,
    regulation_labels,
)
from transforms.instrument import Topic, load_topics

PAGE = Path(__file__).parents[1] / "docs" / "topik.md"
_LABELS: Mapping[Kind, Sequence[Label]] = {
    "regulation": regulation_labels(),
    "application": application_labels(),
}
PART_NAMES = {"tune": "penyetelan", "held_out": "uji"}

INTRODUCTION = """\
# Seberapa tepat topik peraturan dan aplikasi dikenali

Halaman ini ditulis oleh `python -m tests.topic_table` dari `tests/labels/*_topics.csv` dan
`transforms/topics.yml`; jangan disunting dengan tangan.

Setiap judul dibaca dan diberi topik yang sebenarnya, atau tidak satu pun. Separuhnya (bagian *penyetelan*) boleh
dilihat saat aturan diubah; separuhnya lagi (bagian *uji*) hanya untuk mengukur. Sidik judul menentukan bagiannya.
*Presisi* ialah berapa dari yang dikenali itu benar; *recall* berapa dari yang benar itu dikenali. Satu judul dapat
bertopik beberapa, jadi yang dihitung ialah pasangan judul dan topik. Presisi didahulukan: judul yang terlewat
membuat kriteria belum diketahui dan dapat dibuktikan dengan pernyataan, judul yang salah dikenali membuktikan
yang tidak ada.

Asal judul: *sampel* dari daftar peraturan delapan pemerintah (semua yang memuat salah satu dari puluhan kata kunci,
yang nyaris, dan selebihnya acak); *publik* judul nyata pemerintah lain sebagaimana dikutip halaman publik;
*karangan* judul buatan dengan susunan kata yang lazim, karena judul nyata untuk beberapa topik jarang. Judul karangan
ditulis oleh orang yang juga menyetel aturan, jadi angka untuk *sampel* dan *publik* lebih layak dipercaya.

Yang paling layak dipercaya ialah pandangan pertama, pada judul nyata yang dikumpulkan sesudah aturan disetel. Yang
pertama, atas 56 judul (kebijakan SPBE beberapa pemerintah, banyak yang salah ketik): presisi 88% (23 benar, 3 salah),
recall 82% (5 terlewat); judul itu lalu dipakai menyetel. Yang kedua, atas 211 judul lain (23 bertopik, selebihnya yang
memuat kata kunci): presisi 100% (23 benar, 0 salah), recall 92% (2 terlewat); 13 pasangan di antaranya masuk bagian
*uji* dan tidak dipakai menyetel (12 benar, 1 terlewat). Dari 8.157 judul *sampel* yang saat itu belum dilabeli, aturan
mengambil dua saja, dan keduanya benar.
"""


APPLICATIONS = """\
# Aplikasi

Isi daftar aplikasi satu kabupaten (nama dan 200 huruf pertama uraiannya) serta sedikit karangan. Entri daftar aplikasi
hanya petunjuk, tidak membuktikan apa pun, jadi aturannya lebih longgar daripada untuk peraturan.
"""


def section(labels: Sequence[Label], found: Mapping[str, frozenset[str]], topics: Sequence[Topic]) -> str:
    """Totals, each topic and what is wrong, in Markdown."""
    parts = (_totals(labels, found), _by_topic(labels, found, topics), _wrong(labels, found))
    return "\n".join(line for part in parts for line in (*part, ""))


def _totals(labels: Sequence[Label], found: Mapping[str, frozenset[str]]) -> list[str]:
    rows = []
    for part in reversed(PARTS):
        for origins in (ORIGINS, *((origin,) for origin in ORIGINS)):
            chosen = [label for label in labels if label.part == part and label.origin in origins]
            if not chosen:
                continue
            name = "semua" if origins == ORIGINS else origins[0]
            without = sum(not label.topics for label in chosen)
            rows.append(
                f"| {PART_NAMES[part]} | {name} | {len(chosen)} | {without} | {_cells(agreement(chosen, found))} |"
            )
    return [
        "## Keseluruhan",
        "",
        "| bagian | asal | judul | tanpa topik | benar | salah | terlewat | presisi | recall |",
        "|---|---|--:|--:|--:|--:|--:|--:|--:|",
        *rows,
    ]


def _by_topic(
    labels: Sequence[Label], found: Mapping[str, frozenset[str]], topics: Sequence[Topic]
) -> list[str]:
    held_out = [label for label in labels if label.part == "held_out"]
    real = [label for label in held_out if label.origin != "karangan"]
    rows = []
    for topic in topics:
        of_real = agreement(real, found, topic.id)
        rows.append(
            f"| `{topic.id}` | {topic.name} | {_cells(agreement(held_out, found, topic.id))} "
            f"| {of_real.right} | {of_real.false} | {of_real.missed} |"
        )
    return [
        "## Per topik, pada bagian uji",
        "",
        "Tiga kolom terakhir hanya menghitung judul nyata (*sampel* dan *publik*). Jumlah per topik kecil: satu judul",
        "menggeser persentasenya jauh.",
        "",
        "| topik | nama | benar | salah | terlewat | presisi | recall | benar (nyata) | salah (nyata) | terlewat (nyata) |",
        "|---|---|--:|--:|--:|--:|--:|--:|--:|--:|",
        *rows,
    ]


def _wrong(labels: Sequence[Label], found: Mapping[str, frozenset[str]]) -> list[str]:
    rows = [
        f"| {PART_NAMES[label.part]} | {label.origin} | {_ids(found[label.title] - label.topics)} "
        f"| {_ids(label.topics - found[label.title])} | {label.title.replace('|', '/')} |"
        for label in labels
        if found[label.title] != label.topics
    ]
    if not rows:
        return ["## Yang keliru", "", "Tidak ada."]
    return [
        "## Yang keliru",
        "",
        "| bagian | asal | salah dikenali | terlewat | judul |",
        "|---|---|---|---|---|",
        *rows,
    ]


def _cells(found: Agreement) -> str:
    taken, true = found.right + found.false, found.right + found.missed
    return (
        f"{found.right} | {found.false} | {found.missed} "
        f"| {_percent(found.precision) if taken else '-'} | {_percent(found.recall) if true else '-'}"
    )


def _percent(share: float) -> str:
    return f"{share:.1%}".replace(".", ",")


def _ids(topics: frozenset[str]) -> str:
    return " ".join(sorted(topics)) or "-"


def measured_page() -> str:
    """The page for the labels and rules as they are now."""
    topics = load_topics()
    sections = [
        section(
            labels,
            recognised(kind, labels, topics),
            [topic for topic in topics if topic.for_ == kind],
        )
        for kind, labels in _LABELS.items()
    ]
    return "\n".join([INTRODUCTION, sections[0], APPLICATIONS, sections[1]])


if __name__ == "__main__":
    PAGE.write_text(measured_page(), encoding="utf-8")
