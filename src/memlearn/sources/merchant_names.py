"""A raw merchant string cut down to the merchant's name. Pure; categories and config are in `merchants`."""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache
from importlib.resources import files

_PROCESSORS = re.compile(
    r"^(?:SQ|SQU|GOSQ|TST|PAYPAL|PYPL|PP|SP|ZTL|IZ|IZETTLE|ZETTLE|SUMUP|STRIPE|KLARNA|CKO|WPY|FS|EB|BT|CCV|NYX|NYA|PAYU|ADYEN|ADY"
    r"|GOOGLE|GGL|TOAST|CLOVER|MOLLIE|WORLDPAY|WLDPAY|CRV|PADDLE|SHOPIFY|ALIPAY|APPLE PAY|PAY)[\s_]*\*+\s*"
)
_BANK_WORDS = re.compile(
    r"^(?:POS|PURCHASE|DEBIT|CREDIT|CARD|CHECKCARD|CHECK CARD|VISA|MASTERCARD|MAESTRO|CONTACTLESS|RECURRING|PAYMENT|AUTHORIZED ON"
    r"|PAYMENT TO|KARTENZAHLUNG|LASTSCHRIFT|GIROCARD|ECKARTE|EINKAUF|ACHAT CB|CB|PRE ?AUTH|ONLINE PAYMENT|APPLE PAY|GOOGLE PAY)\b[\s:*-]+"
)
_DESCRIPTOR = re.compile(r"\s*\*+\s*(?=\S*\d)\S.*$")
_NOISE = (
    re.compile(r"https?://|\bWWW\."),
    # Masked card numbers, clock times, dates, phone numbers.
    re.compile(r"\b[X*]{2,}[\s-]?\d{2,}\b|\*{2,}\d+|\bCARD\s+\d{4}\b"),
    re.compile(r"\b\d{1,2}:\d{2}(?::\d{2})?\b"),
    re.compile(r"\b\d{4}-\d{2}-\d{2}\b|\b\d{1,2}[./-]\d{1,2}(?:[./-](?:\d{4}|\d{2}))?\b(?![.]?[A-Z])"),
    re.compile(r"(?:\+\d{1,3}[\s./-]?)?\(?\b\d{3}\)?[\s./-]\d{3}[\s./-]\d{4}\b|\+\d[\d\s./-]{7,}\d|\b1?8(?:00|88|77|66)-[\dA-Z-]{7,}\b"),
)
_DOMAIN = re.compile(r"\.(?:COM|NET|ORG|DE|CO\.UK|UK|FR|IT|ES|NL|AT|CH|EU|IO|SHOP|STORE|APP)\b(?:/\S*)?")
_STORE = re.compile(
    r"(?<=\S)\s*(?:#\s*[A-Z]{0,3}-?\d+"
    r"|\b(?:STORE|SHOP|FILIALE|FIL|BRANCH|UNIT|TERMINAL|TERM|LOC|NR|NO|STR|REF|ORDER|ID|INV|TRX|TXN)\.?\s*[:#-]?\s*[A-Z]{0,2}\d+"
    r"|(?<![A-Z0-9&.'])[A-Z]{0,2}-?\d{3,}[A-Z]{0,2}\b|(?<![A-Z0-9&.'])0\d+\b"
    r"|(?<![A-Z0-9&.'])(?=[A-Z0-9]*\d)(?=(?:[A-Z]*\d){2})[A-Z0-9]{6,}\b).*$"
)
_LEADING_NUMBER = re.compile(r"^(?:#?\d{3,}|#\d+)\s+(?=\S*[A-Z])")
_LEGAL = re.compile(
    r"[\s,]+(?:(?:GMBH|MBH|AG|KG|OHG|UG|E\.? ?K|EK|E\.? ?V|LLC|L\.L\.C|INC|INCORPORATED|CORP|CORPORATION|LTD|LIMITED|PLC|LLP|SARL|SAS|S\.A|SA|BV|B\.V"
    r"|NV|N\.V|OY|AB|APS|A/S|SPA|S\.P\.A|SRL|S\.R\.L|SL|S\.L|PTY|KFT|SP Z O ?O|& ?CO|AND CO|UND CO)\.?)+$"
)
_SHORTEST_NAME = 3
_COMPANY = re.compile(r"(?<=\w)\s+G?MBH\b.*$")
_COUNTRY = re.compile(r"[\s,/]+(?:USA|US|GBR|GB|UK|DEU|DE|FRA|FR|ITA|ESP|NLD|NL|AUT|CHE|IRL|IE|CAN)$")
_STATE = re.compile(
    r"[\s,]+(?:AL|AK|AZ|AR|CA|CO|CT|DC|DE|FL|GA|HI|IA|ID|IL|IN|KS|KY|LA|MA|MD|ME|MI|MN|MO|MS|MT|NC|ND|NE|NH|NJ|NM|NV|NY|OH|OK|OR|PA|RI"
    r"|SC|SD|TN|TX|UT|VA|VT|WA|WI|WV|WY)$"
)
_OPEN_WORDS = frozenset({"OF", "THE", "DE", "DI", "LA", "LE", "AM", "IM", "ZUM", "ZUR", "AND", "&", "UND", "IN", "AT", "AUF", "A"})


@lru_cache(maxsize=200_000)
def merchant_name(text: str) -> str | None:
    """Cut a raw merchant string down to the merchant's name, in capitals without accents.

    Payment processors, store numbers and what follows them, ids behind a star or hash, card masks, phone numbers, dates, legal
    forms, and the names of places at the end go; short numbers stay, for they belong to names ("7 ELEVEN").

    Returns:
        The name; None where the text holds no letter.
    """
    folded = fold(text)
    name = _without_prefixes(folded)
    name = _DESCRIPTOR.sub("", name) or name
    for noise in _NOISE:
        name = noise.sub(" ", name)
    name = _DOMAIN.sub(" ", name)
    name = _LEADING_NUMBER.sub("", _fields(name.strip()))
    name = _STORE.sub("", name)
    name = _without_tails(_words(_COMPANY.sub("", name))) or _words(folded)
    return name if any(character.isalpha() for character in name) else None


def fold(text: str) -> str:
    """Capitals without accents, invisible characters and control characters; runs of blanks are kept."""
    plain = "".join(_character(character) for character in unicodedata.normalize("NFKD", text.upper().replace("\u1e9e", "SS")))
    return unicodedata.normalize("NFC", plain).strip()


def _character(character: str) -> str:
    category = unicodedata.category(character)
    if category in ("Mn", "Cf", "Co", "Cs"):
        return ""
    return " " if category in ("Cc", "Zs", "Zl", "Zp") else character


def _without_prefixes(name: str) -> str:
    while True:
        shorter = _BANK_WORDS.sub("", _PROCESSORS.sub("", name)).strip()
        if shorter == name or not shorter:
            return name
        name = shorter


def _fields(name: str) -> str:
    """The first field of a descriptor padded to columns or split by double slashes."""
    first = re.split(r"\s{3,}|//|\\", name, maxsplit=1)[0]
    return first if len(re.findall(r"[^\W\d_]", first)) >= _SHORTEST_NAME else name


def _words(name: str) -> str:
    """Words by single blanks; apostrophes vanish, other marks but & separate, a dot in a name too."""
    joined = re.sub(r"['\u2019\u2018`\u00b4]", "", name)
    return " ".join(re.sub(r"[^\w&/]|_", " ", joined).replace("/", " ").split()).strip(" &")


def _without_tails(name: str) -> str:
    """Without legal forms, countries, states and places at the end, as long as a name remains."""
    while True:
        shorter = _LEGAL.sub("", name)
        shorter = _cut_place(shorter)
        if shorter == name:
            return name
        name = shorter


def _cut_place(name: str) -> str:
    if match := _COUNTRY.search(name) or _STATE.search(name):
        rest = name[: match.start()]
        # "SOUTHWEST DE" may be a name; behind a place or two words the code is one of a country or state.
        if _place_at_end(rest) or " " in rest:
            return rest
    place = _place_at_end(name)
    rest = name[: len(name) - len(place)].strip() if place else ""
    words = rest.split()
    if not words or words[-1] in _OPEN_WORDS or _only_common(words):
        return name
    return rest


def _place_at_end(name: str) -> str:
    """The longest place that closes the name."""
    words = name.split()
    known = _places()
    for size in range(min(4, len(words)), 0, -1):
        tail = " ".join(words[-size:])
        if tail in known:
            return tail
    return ""


def _only_common(words: list[str]) -> bool:
    """Whether words such as HOTEL or COFFEE are all that is left; then the place is part of the name."""
    return all(word in common_words() for word in words)


@cache
def _places() -> frozenset[str]:
    return frozenset(place.strip() for line in package_lines("merchant_places.txt") for place in line.split(","))


@cache
def word_table() -> dict[str, str]:
    """Phrase → category, of the built-in table."""
    table: dict[str, str] = {}
    for line in package_lines("merchant_words.txt"):
        category, _, phrases = line.partition(":")
        for phrase in phrases.split(","):
            table.setdefault(_words(fold(phrase)), category.strip())
    return table


@cache
def common_words() -> frozenset[str]:
    """Single words of the built-in table, and a few more, that do not make a name by themselves."""
    single = (phrase for phrase in word_table() if " " not in phrase)
    return frozenset(single) | {"THE", "SHOP", "STORE", "HOUSE", "CITY", "CENTER", "CENTRE", "CLUB"}


def package_lines(name: str) -> list[str]:
    """Lines of a data file of this package, without comments and blanks."""
    text = files("memlearn.sources").joinpath(name).read_text(encoding="utf-8")
    return [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
