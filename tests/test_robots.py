"""robots.txt as RFC 9309 has it: its own examples, what sites send, and what would end a reader in an error."""

from __future__ import annotations

import pytest

from collectors.robots import read_robots

HOST = "https://jdih.kota.go.id"


def allows(text: str, path: str) -> bool:
    return read_robots(text, "PantauSPBE").allow(HOST + path)


@pytest.mark.parametrize(
    ("rules", "path", "expected"),
    [
        ("Disallow: /\nAllow: /produk-hukum", "/produk-hukum/1", True),
        ("Disallow: /\nAllow: /produk-hukum", "/berita", False),
        ("Allow: /\nDisallow: /rahasia", "/rahasia/1", False),
        ("Disallow: /a\nAllow: /a", "/a", True),
        ("Disallow: /*?page=", "/dokumen?page=2", False),
        ("Disallow: /*?page=", "/dokumen", True),
        ("Disallow: /*.pdf$", "/berkas/a.pdf", False),
        ("Disallow: /*.pdf$", "/berkas/a.pdf?x=1", True),
        ("Disallow: /masuk$", "/masuk", False),
        ("Disallow: /masuk$", "/masuk/1", True),
        ("Disallow: /a*a$", "/a", True),
        ("Disallow:", "/", True),
        ("Disallow: /  # semua", "/x", False),
        ("Disallow: /ber%6Bas", "/berkas", False),
        ("Disallow: /peraturan wali", "/peraturan%20wali/1", False),
        ("Disallow: *", "", False),
    ],
)
def test_the_longest_rule_decides(rules: str, path: str, expected: bool) -> None:
    assert allows(f"User-agent: *\n{rules}", path) is expected


def test_a_group_for_this_program_stands_instead_of_the_one_for_all() -> None:
    text = (
        "User-agent: *\nDisallow: /\n\nUser-agent: GPTBot\nUser-agent: pantauspbe/0.1\nCrawl-delay: 1\n"
        "Disallow: /a\nUser-agent: Lain\nDisallow: /c\nUser-Agent: PANTAUSPBE\nDisallow: /b"
    )
    assert [allows(text, path) for path in ("/a", "/b", "/c", "/d")] == [False, False, True, True]
    assert not read_robots(text, "Lainnya").allow(HOST)


def test_a_byte_order_mark_and_blank_lines_hide_no_group() -> None:
    assert not allows("\ufeffUser-agent: *\r\n\r\nDisallow: /\r\n", "/x")


@pytest.mark.parametrize(
    "line",
    [
        "Crawl-delay: \u00b2",
        f"Crawl-delay: {'9' * 5000}",
        "Request-rate: \u00b2/1",
        "Sitemap: http://[a]",
        "x",
    ],
)
def test_lines_that_mean_nothing_are_passed_over(line: str) -> None:
    assert not allows(f"User-agent: *\n{line}\nDisallow: /a\nDisallow: //[x", "/a")
