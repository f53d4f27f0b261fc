"""Whether a page carries gambling spam put there by others ("slot gacor" and its kin).

Precision comes first: a page *about* gambling (a regulation, a warning, a police report) is none. Where half
of what a page says of gambling stands near words of law, police or prevention, its visible text proves
nothing, and only what no author would put there counts: hidden text, advertising links, folders named after
games.

Spam that a site shows to search engines alone is not seen: the checks visit as what they are.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import unquote, urljoin, urlsplit

from lxml import etree, html

from collectors.page_links import site_of
from collectors.personal_data import mask
from collectors.spam_hints import has_spam_hints

ENOUGH = 3
"""Points from which a page counts as compromised; no single visible phrase is worth so many."""
_SLOT = r"s[l1][o0]t"
_GAMES = rf"(?:{_SLOT}|t[o0]gel|toto|judi|casino|kasino|poker)"
_PRAISE = r"(?:online )?(?:terpercaya|terbaik|terbesar|terlengkap|resmi|gampang menang|gampang maxwin|bonus)"
# Phrases that sell gambling. "gacor" alone is what a songbird is, "slot" a parking place.
_SELLS = re.compile(
    rf"\b(?:{_SLOT} ?g[a4]c[o0]r|{_SLOT} ?(?:88|77|777|99|138|303|4d)\b|max ?win\b"
    rf"|(?:situs|bandar|agen|link|daftar|toto|akun|bo) {_GAMES}(?: {_GAMES})*"
    rf"|[a-z0-9]{{0,12}}{_SLOT} ?t[o0]gel"
    rf"|{_SLOT} (?:online|dana|pulsa|qris|thailand|demo|maxwin|deposit|mahjong|server luar|pragmatic)"
    rf"|{_GAMES} {_PRAISE}|rtp (?:live|{_SLOT}|gacor|tertinggi)|anti nawala|live casino|casino online|sbobet"
    r"|(?:togel|toto) (?:hongkong|singapore|sydney|macau|hk|sgp|sdy)|scatter hitam|mahjong ways|pg soft"
    r"|gates of olympus|sweet bonanza|starlight princess|pragmatic play|judi (?:bola|slot)|poker online)"
)
_MENTIONS = re.compile(rf"{_SELLS.pattern}|judi|\bt[o0]gel\b|\b{_SLOT}\b")
_ABOUT = re.compile(
    r"larang|berantas|\bcegah|mencegah|pencegah|bahaya|waspada|\bstop|tolak|perangi|anti.?judi|tangkap|ringkus"
    r"|bekuk|polisi|polda|polres|polri|reskrim|tersangka|terdakwa|pidana|kuhp|\bpasal\b|undang-undang"
    r"|peraturan|\bperda\b|surat edaran|instruksi|satgas|memblokir|diblokir|pemblokiran|komdigi|kominfo"
    r"|sosialisasi|edukasi|[hi]mbau|penertiban|tertibkan|razia|korban|kecanduan|dampak|retas|disusup|siber"
    r"|ppatk|\bojk\b|modus|kasus|penyidik|bongkar|ungkap|gerebek|judol|\bdesa\b.{0,20}\bjudi|kejahatan"
)
_NEAR = 160
_HOST = re.compile(
    rf"togel|(?<!burung)gacor|maxwin|sbobet|{_SLOT}(?:88|77|99|138|303|online|dana|toto)"
    rf"|(?:situs|bandar|agen|rtp)(?:{_SLOT}|judi|toto)|judi(?:bola|slot|online)|toto(?:slot|macau|4d)"
)
_HOST_ABOUT = re.compile(r"stop|anti|lawan|lapor|adu|cegah|berantas")
_HIDES = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|(?:font-size|opacity|max-height)\s*:\s*0(?![.\d]*[1-9])"
    r"|(?:left|top|text-indent|margin-left|margin-top)\s*:\s*-\s*\d{3,}|clip\s*:\s*rect\(0"
)
_RULE = re.compile(r"([.#][\w-]{1,80})\s*\{([^{}]{0,400})\}")
# Spam is often put behind the end of the page, where the parser reads no more.
_ENDS = re.compile(r"</\s{0,9}(?:body|html)\s{0,9}>|\x00", re.IGNORECASE)
_NO_TEXT = frozenset({"script", "style", "template", "svg"})
_BLOCKS = frozenset({"p", "div", "li", "td", "th", "h1", "h2", "h3", "h4", "tr", "br", "section", "article"})
_MOST_TEXT = 400_000
_LONGEST_QUOTE = 100
_MOST_PASSAGES = 5


@dataclass(frozen=True)
class _Sign:
    """One thing found: where, by which phrase, in which words around it, and how much it proves."""

    where: str
    phrase: str
    quote: str
    points: int


def gambling_spam(payload: bytes, text: Callable[[], str], url: str) -> tuple[str, ...]:
    """Short quoted passages (Indonesian, links defanged) that show a page at `url` to carry gambling spam.

    `payload` is the page as bytes; `text` gives the same decoded. Empty where nothing or too little is found.
    """
    if not has_spam_hints(payload):
        return ()
    try:
        page = html.document_fromstring(_ENDS.sub("", text()).encode(), parser=_parser())
    except (etree.ParserError, ValueError):
        return ()  # nothing but comments or nothing at all
    hiding = {selector for style in page.iter("style") for selector in _hiding_selectors(style.text or "")}
    for useless in list(page.iter(*_NO_TEXT)):
        _drop(useless)
    hidden = list(_hidden(page, hiding))
    signs = [*_hidden_signs(hidden), *_link_signs(page, url)]
    for element in hidden:
        _drop(element)
    signs += _visible_signs(page)
    # One place says it often: the same sign twice proves no more.
    distinct = list({(sign.where, sign.phrase): sign for sign in signs}.values())
    if sum(sign.points for sign in distinct) < ENOUGH:
        return ()
    distinct.sort(key=lambda sign: -sign.points)
    return tuple(f"{sign.where}: “{_shown(sign.quote)}”" for sign in distinct[:_MOST_PASSAGES])


def _parser() -> html.HTMLParser:
    return html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True)


def _drop(element: html.HtmlElement) -> None:
    """Take an element out; what follows it stays."""
    parent = element.getparent()
    if parent is not None:
        before = element.getprevious()
        tail = element.tail or ""
        if before is not None:
            before.tail = (before.tail or "") + tail
        else:
            parent.text = (parent.text or "") + tail
        parent.remove(element)


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())


def _sells(text: str) -> list[re.Match[str]]:
    """Selling phrases of a short text, none where it is about gambling."""
    plain = _plain(text)
    return [] if _ABOUT.search(plain) else list(_SELLS.finditer(plain))


def _hiding_selectors(css: str) -> Iterator[str]:
    for rule in _RULE.finditer(css[:200_000]):
        if _HIDES.search(rule[2].lower()):
            yield rule[1]


def _hidden(page: html.HtmlElement, hiding: set[str]) -> Iterator[html.HtmlElement]:
    """The outermost elements that a reader does not see."""
    inside: set[html.HtmlElement] = set()
    for element in page.iter(etree.Element):
        if element.getparent() in inside:
            inside.add(element)
            continue
        named = {f".{name}" for name in element.get("class", "").split()} | {f"#{element.get('id', '')}"}
        is_hidden = (
            element.get("hidden") is not None
            or not hiding.isdisjoint(named)
            or _HIDES.search(element.get("style", "").lower()) is not None
        )
        if is_hidden and element.tag not in ("html", "body", "head", "input"):
            inside.add(element)
            yield element


def _hidden_signs(hidden: list[html.HtmlElement]) -> Iterator[_Sign]:
    for element in hidden:
        content = _plain(element.text_content()[:_MOST_TEXT])
        # A hidden menu or a pop-up may be about gambling, as visible text may.
        for found in _SELLS.finditer(content):
            if not _ABOUT.search(_around(content, found)):
                yield _Sign("teks tersembunyi", found[0], _quote(content, found), 3)
                break


def _link_signs(page: html.HtmlElement, url: str) -> Iterator[_Sign]:
    own = urlsplit(url).hostname or ""
    for anchor in page.iter("a"):
        label = _plain(anchor.text_content()[:500])
        try:
            parts = urlsplit(urljoin(url, anchor.get("href", "").strip()))
        except ValueError:
            continue
        host = (parts.hostname or "").lower()
        if parts.scheme not in ("http", "https") or not host:
            continue
        shown = f"{label[:60]} {parts.scheme}://{host}{parts.path[:40]}".strip()
        if host != own and not host.endswith(f".{site_of(own)}") and host != site_of(own):
            is_advertised = _HOST.search(host) and not _HOST_ABOUT.search(host) and not _ABOUT.search(label)
            if is_advertised or _is_mostly_selling(label):
                yield _Sign("tautan keluar", shown, shown, 3)
        elif any(_is_mostly_selling(folder) for folder in _folders(parts.path)):
            yield _Sign("folder asing", shown, shown, 2)


def _folders(path: str) -> list[str]:
    return [re.sub(r"[-_+.]+", " ", part).strip() for part in unquote(path).casefold().split("/") if part]


def _is_mostly_selling(text: str) -> bool:
    # A headline that mentions a game is longer than the name of the game.
    return sum(len(found[0]) for found in _sells(text)) * 2 >= len(text) > 0


def _visible_signs(page: html.HtmlElement) -> list[_Sign]:
    head = [_plain(page.findtext(".//title") or "")]
    for meta in page.iter("meta"):
        if (meta.get("name") or meta.get("property") or "").lower() in ("description", "og:title"):
            head.append(_plain(meta.get("content", ""))[:1000])
    body = page.find("body")
    content = _plain("".join(_pieces(body))[:_MOST_TEXT]) if body is not None else ""
    mentions = [(text, found) for text in (*head, content) for found in _MENTIONS.finditer(text)]
    about = sum(_ABOUT.search(_around(text, found)) is not None for text, found in mentions)
    if about * 2 >= len(mentions):
        return []
    title, *descriptions = head
    signs = [_Sign("judul", found[0], _quote(title, found), 2) for found in _sells(title)]
    signs += [
        _Sign("keterangan", found[0], _quote(text, found), 1)
        for text in descriptions
        for found in _sells(text)
    ]
    phrases: dict[str, re.Match[str]] = {}
    for found in _SELLS.finditer(content):
        if not _ABOUT.search(_around(content, found)):
            phrases.setdefault(found[0], found)
    signs += [_Sign("isi halaman", found[0], _quote(content, found), 1) for found in phrases.values()]
    return signs


def _pieces(body: html.HtmlElement) -> Iterator[str]:
    for event, element in etree.iterwalk(body, events=("start", "end")):
        if element.tag in _BLOCKS:
            yield " "
        yield (element.text if event == "start" else element.tail) or ""


def _around(text: str, found: re.Match[str]) -> str:
    return text[max(0, found.start() - _NEAR) : found.end() + _NEAR]


def _quote(text: str, found: re.Match[str]) -> str:
    spare = max(0, _LONGEST_QUOTE - len(found[0])) // 2
    return text[max(0, found.start() - spare) : found.end() + spare].strip()


def _shown(quote: str) -> str:
    """A quote that nobody can click, and that names nobody."""
    printable = "".join(letter for letter in mask(quote[: 2 * _LONGEST_QUOTE]) if letter.isprintable())
    defanged = re.sub(r"http(s?)://", r"hxxp\1://", printable)
    return re.sub(r"(?<=\w)\.(?=\w)", "[.]", defanged)
