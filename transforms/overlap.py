"""Overlap candidates: applications of one registry that may do the same work, for a person to decide.

Entries that are one application (a national one that many offices list, a local one that several offices list
at one address) are put together first and told apart; what then looks alike by name, address, function, data
or wording becomes a candidate with a score of 0..1 and its reasons in Indonesian. No index moves by it.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from urllib.parse import urlsplit

from transforms.norm_files import ROOT, read_yaml

CANDIDATE_FROM = 0.4
"""Pairs below this are no candidates. Chosen on one real registry: below it most pairs only share words."""
RARE = 50
"""A word that more applications than this have in common brings no two of them together."""
MAX_CANDIDATES = 500
"""Candidates kept per institution, best first: more than anybody reads."""
_MINISTRY_HOST = re.compile(r"(?:^|\.)kem[a-z]+\.go\.id$")
_LOCAL_HOST = re.compile(r"(?:kab|kota|prov)\.go\.id$|(?:^|\.)(?:desa|sch|my)\.id$")
_OWN_HOST = re.compile(r"(?:kab|kota)\.go\.id$")
_ENTRANCE = re.compile(r"(?:/(?:index\.php|index\.html|login|beranda|landing|home|auth/login))+$")
_ID_QUERY = re.compile(r"(?:^|&)(id=[^&]+)")
_PREFIXES = re.compile(r"^(?:meng|meny|mem|men|me|peng|peny|pem|pen|per|pe|ber|ter|di|ke)(?=[a-z]{4})")
_SUFFIXES = re.compile(r"(?<=[a-z]{4})(?:kan|nya|an|i)$")


@dataclass(frozen=True)
class Entry:
    """One entry of a registry. `key` and `source` together name it; texts are as the registry has them."""

    source: str
    key: str
    name: str
    agency: str | None
    description: str | None
    url: str | None
    kind: str


@dataclass(frozen=True)
class Shared:
    """One application that several offices list: its usual name, the offices, and the entries."""

    name: str
    is_national: bool
    agencies: tuple[str, ...]
    entries: tuple[Entry, ...]


@dataclass(frozen=True)
class Overlap:
    """Two applications that may do the same work; `score` in 0..1, rounded to two decimals."""

    first: Entry
    second: Entry
    score: float
    reason: str


@dataclass(frozen=True)
class Comparison:
    """What comparing a registry found: candidates, best first, and the applications that many list."""

    overlaps: tuple[Overlap, ...]
    shared: tuple[Shared, ...]


@dataclass(frozen=True)
class _Words:
    fillers: frozenset[str]
    functions: Mapping[str, re.Pattern[str]]
    data: Mapping[str, re.Pattern[str]]
    national_names: Mapping[str, str]
    national_hosts: Mapping[str, str]


@dataclass(frozen=True)
class _Unit:
    """One application: the entry that stands for it, and what it is compared by."""

    entry: Entry
    entries: tuple[Entry, ...]
    is_national: bool
    core: str
    grams: frozenset[str]
    terms: Mapping[str, float]
    name_terms: frozenset[str]
    functions: frozenset[str]
    data: frozenset[str]
    address: str | None
    host: str | None


def compare(entries: Sequence[Entry], place: str = "") -> Comparison:
    """Compare the entries of one institution. `place` is its name: its words distinguish nothing.

    Two national applications are never a candidate: they are not the institution's to merge.
    """
    words = _words(ROOT)
    local = words.fillers | set(_plain(place).split())
    ordered = sorted(entries, key=lambda e: (e.source, e.key, e.name, e.url or ""))
    groups = _grouped(ordered, words, local)
    units = _units(groups, words, local)
    weights = _weights(units)
    lengths = [math.sqrt(sum((n * weights[t]) ** 2 for t, n in unit.terms.items())) for unit in units]
    found = [
        overlap
        for a, b in sorted(_pairs(units))
        if (overlap := _judged(units[a], units[b], weights, lengths[a] * lengths[b])) is not None
    ]
    found.sort(key=lambda o: (-o.score, o.first.name, o.second.name, o.first.key, o.second.key))
    found = _once_per_names(found, local)
    shared = [
        Shared(unit.entry.name, unit.is_national, agencies, unit.entries)
        for unit in units
        if len(agencies := _agencies(unit.entries)) > 1
    ]
    shared.sort(key=lambda s: (-len(s.agencies), s.name))
    return Comparison(tuple(found[:MAX_CANDIDATES]), tuple(shared))


def _once_per_names(overlaps: Sequence[Overlap], local: frozenset[str]) -> list[Overlap]:
    """The best candidate for each two names: the same two at other addresses say nothing new."""
    kept: list[Overlap] = []
    seen: set[frozenset[str]] = set()
    for overlap in overlaps:
        names = frozenset(_core(entry.name, local) for entry in (overlap.first, overlap.second))
        if len(names) == 1 or names not in seen:
            kept.append(overlap)
        seen.add(names)
    return kept


@cache
def _words(root: Path) -> _Words:
    read = read_yaml(root / "application_words.yml")
    names: dict[str, str] = {}
    hosts: dict[str, str] = {}
    fillers = frozenset(read["fillers"])
    for label, known in read["national"].items():
        names |= {_core(name, fillers): label for name in known["names"]}
        hosts |= dict.fromkeys(known["hosts"], label)
    return _Words(fillers, _patterns(read["functions"]), _patterns(read["data"]), names, hosts)


def _patterns(concepts: Mapping[str, Sequence[str]]) -> dict[str, re.Pattern[str]]:
    return {
        concept: re.compile(r"\b(?:" + "|".join(w.replace("*", r"[a-z]*") for w in known) + r")\b")
        for concept, known in concepts.items()
    }


# A name is looked at several times for each entry, and many institutions have applications of the same name.
@lru_cache(maxsize=1 << 14)
def _plain(text: str | None) -> str:
    return " ".join(re.findall(r"[a-z]+|\d+", (text or "").lower()))


@lru_cache(maxsize=1 << 14)
def _core(name: str, fillers: frozenset[str]) -> str:
    """What distinguishes a name: no fillers, remarks in brackets or spaces. All of it if nothing is left."""
    bare = re.sub(r"\([^()]*\)", " ", name)
    kept = "".join(word for word in _plain(bare).split() if word not in fillers)
    core = kept or _plain(name).replace(" ", "")
    # "E-P3" is "EP3", and "e-SAKIP" is "SAKIP".
    return re.sub(r"^e(?=[^aeiou].)", "", core)


def _stem(word: str) -> str:
    """A word without its usual prefix and suffix; crude, and the same for every spelling that matters."""
    return _SUFFIXES.sub("", _PREFIXES.sub("", word))


def _host(url: str | None) -> str | None:
    try:
        host = urlsplit(url or "").hostname
    except ValueError:
        return None
    return host.removeprefix("www.").rstrip(".") if host else None


def _address(url: str | None) -> str | None:
    """Host and path as two spellings of one address share them; pages of an application are its address."""
    host = _host(url)
    if host is None:
        return None
    parts = urlsplit(url or "")
    path = _ENTRANCE.sub("", parts.path.rstrip("/").lower())
    query = _ID_QUERY.search(parts.query)
    return f"{host}{path}" + (f"?{query[1]}" if query else "")


def _national(entry: Entry, words: _Words, local: frozenset[str]) -> str | None:
    """The national application that an entry names, or None for one of the institution's own."""
    host = _host(entry.url)
    if host is not None and host in words.national_hosts:
        return words.national_hosts[host]
    core = _core(entry.name, local)
    is_own = host is not None and entry.kind != "umum" and _OWN_HOST.search(host) is not None
    if core in words.national_names and not is_own:
        return words.national_names[core]
    if host is None:
        return core if entry.kind == "umum" else None
    is_foreign = _LOCAL_HOST.search(host) is None
    is_central = entry.kind == "umum" or _MINISTRY_HOST.search(host) is not None
    return host if is_foreign and is_central else None


def _grouped(
    entries: Sequence[Entry], words: _Words, local: frozenset[str]
) -> list[tuple[bool, list[Entry]]]:
    """Entries that are one application, together; whether it is a national one."""
    groups: dict[tuple[str, ...], list[Entry]] = {}
    national: set[tuple[str, ...]] = set()
    for entry in entries:
        label = _national(entry, words, local)
        host = _host(entry.url)
        core = _core(entry.name, local)
        if label is not None:
            identity: tuple[str, ...] = ("national", label)
            national.add(identity)
        elif host is not None:
            identity = ("address", core, host)
        else:
            # Without an address only one office's own entries of a name are surely one.
            identity = ("name", core, _plain(entry.agency))
        groups.setdefault(identity, []).append(entry)
    return [(identity in national, members) for identity, members in groups.items()]


def _units(groups: Sequence[tuple[bool, list[Entry]]], words: _Words, local: frozenset[str]) -> list[_Unit]:
    units = []
    for is_national, members in groups:
        usual = Counter(_core(e.name, local) for e in members).most_common(1)[0][0]
        of_usual = [e for e in members if _core(e.name, local) == usual]
        # The fullest description stands for all.
        chosen = max(of_usual, key=lambda e: (len(e.description or ""), e.source, e.key))
        name = " ".join(dict.fromkeys(word for e in members for word in _plain(e.name).split()))
        text = f"{name} {_plain(chosen.description)}"
        terms = Counter(_stem(w) for w in text.split() if w not in local and len(w) > 2)
        bare = _core(chosen.name, local)
        units.append(
            _Unit(
                entry=chosen,
                entries=tuple(members),
                is_national=is_national,
                core=bare,
                grams=frozenset(bare[at : at + 3] for at in range(max(len(bare) - 2, 1))),
                terms={term: 1 + math.log(count) for term, count in terms.items()},
                name_terms=frozenset(
                    _stem(w) for w in _plain(chosen.name).split() if w not in local and len(w) > 2
                ),
                functions=frozenset(c for c, pattern in words.functions.items() if pattern.search(text)),
                data=frozenset(c for c, pattern in words.data.items() if pattern.search(text)),
                address=_address(chosen.url),
                host=_host(chosen.url),
            )
        )
    return units


def _weights(units: Sequence[_Unit]) -> Mapping[str, float]:
    """How telling a word, function or kind of data is: the rarer, the more. Concepts carry a mark."""
    counts: Counter[str] = Counter()
    for unit in units:
        counts.update(unit.terms)
        counts.update(f"f:{c}" for c in unit.functions)
        counts.update(f"d:{c}" for c in unit.data)
    return {term: math.log((1 + len(units)) / (0.5 + count)) for term, count in counts.items()}


def _pairs(units: Sequence[_Unit]) -> set[tuple[int, int]]:
    """Pairs worth comparing: they share a rare word, a function, an address, or how a name begins.

    Of one name, or at one address, each is paired with the one listed most: all with all would be one finding
    many times.
    """
    blocks: dict[str, list[int]] = defaultdict(list)
    same: dict[str, list[int]] = defaultdict(list)
    for number, unit in enumerate(units):
        keys: Iterable[str] = (
            *unit.terms,
            *(f"f:{c}|d:{d}" for c in unit.functions for d in (*unit.data, "")),
            f"n:{unit.core[:4]}",
        )
        for key in keys:
            blocks[key].append(number)
        same[f"c:{unit.core}"].append(number)
        if unit.address is not None:
            same[f"a:{unit.address}"].append(number)
    pairs = {
        (first, second)
        for members in blocks.values()
        if len(members) <= RARE
        for at, first in enumerate(members)
        for second in members[at + 1 :]
    }
    for members in same.values():
        chief = max(members, key=lambda n: (len(units[n].entries), -n))
        pairs -= {(a, b) for a in members for b in members if chief not in (a, b)}
        pairs |= {(min(chief, n), max(chief, n)) for n in members if n != chief}
    return {pair for pair in pairs if not all(units[n].is_national for n in pair)}


def _judged(first: _Unit, second: _Unit, weights: Mapping[str, float], lengths: float) -> Overlap | None:
    """The candidate that two applications are, or None; `lengths` is the product of their texts' lengths."""
    name = _name_likeness(first, second, weights)
    text = _dot(first.terms, second.terms, weights) / lengths if lengths else 0.0
    functions, data = first.functions & second.functions, first.data & second.data
    function = _share(functions, first.functions | second.functions, "f:", weights)
    datum = _share(data, first.data | second.data, "d:", weights)
    reasons = []
    if first.address is not None and first.address == second.address:
        score = 0.75 + 0.25 * max(name, text, function)
        reasons.append(f"alamat sama ({first.address})")
    elif first.core == second.core:
        score = 0.7 + 0.3 * max(text, function)
    else:
        score = 0.35 * name + 0.3 * text + 0.35 * function + 0.1 * datum
        score += 0.05 if first.host is not None and first.host == second.host else 0.0
    score = round(min(score, 1.0), 2)
    if score < CANDIDATE_FROM:
        return None
    if first.core == second.core:
        reasons.append("nama sama")
    elif name >= 0.5:
        reasons.append("nama mirip")
    if functions:
        reasons.append(f"fungsi sama: {', '.join(sorted(functions))}")
    if data:
        reasons.append(f"data sama: {', '.join(sorted(data))}")
    if text >= 0.25:
        reasons.append("uraian mirip: " + ", ".join(_telling(first, second, weights)))
    return Overlap(first.entry, second.entry, score, "; ".join(reasons) or "nama dan uraian agak mirip")


def _name_likeness(first: _Unit, second: _Unit, weights: Mapping[str, float]) -> float:
    """How alike two names are written, or how much of their telling words they share; 0..1."""
    written = 2 * len(first.grams & second.grams) / (len(first.grams) + len(second.grams))
    shorter, longer = sorted((first.core, second.core), key=len)
    if len(shorter) > 3 and shorter in longer:
        # "WP-SIPD" beside "SIPD": a part or a successor.
        written = max(written, 0.75)
    shared = first.name_terms & second.name_terms
    # One shared ordinary word among several is no likeness of names.
    worded = _share(shared, first.name_terms | second.name_terms, "", weights)
    return max(written, worded)


def _share(both: frozenset[str], either: frozenset[str], mark: str, weights: Mapping[str, float]) -> float:
    total = sum(weights[mark + c] for c in either)
    return sum(weights[mark + c] for c in both) / total if total > 0 else 0.0


def _dot(first: Mapping[str, float], second: Mapping[str, float], weights: Mapping[str, float]) -> float:
    return sum(first[term] * second[term] * weights[term] ** 2 for term in first.keys() & second.keys())


def _telling(first: _Unit, second: _Unit, weights: Mapping[str, float]) -> list[str]:
    """The shared words that weigh most, as the first one's text writes them."""
    shared = sorted(first.terms.keys() & second.terms.keys(), key=lambda t: (-weights[t], t))[:3]
    written = {
        _stem(w): w for w in reversed(_plain(f"{first.entry.name} {first.entry.description or ''}").split())
    }
    return [written.get(term, term) for term in shared]


def _agencies(entries: Sequence[Entry]) -> tuple[str, ...]:
    return tuple(sorted({e.agency for e in entries if e.agency}))
