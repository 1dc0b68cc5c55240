"""How people and language models write numbers, dates, sums of money and names."""

from __future__ import annotations

from datetime import date, datetime

_NUMBERS = [
    "no",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
    "twenty",
]
_TIMES = {1: "once", 2: "twice", 3: "three times", 4: "four times", 5: "five times", 6: "six times", 7: "seven times"}
_SMALL = {"Am", "And", "Da", "Und", "Zum"}
_ORDINALS = {1: "st", 2: "nd", 3: "rd", 21: "st", 22: "nd", 23: "rd", 31: "st"}
_FRACTIONS = {
    (1, 2): "half",
    (1, 3): "a third",
    (2, 3): "two thirds",
    (1, 4): "a quarter",
    (3, 4): "three quarters",
    (1, 5): "one in five",
    (1, 10): "one in ten",
}


def word(number: int) -> str:
    """`four`; in digits above twenty."""
    return _NUMBERS[number] if 0 <= number < len(_NUMBERS) else str(number)


def often(number: int) -> str:
    """`twice`, `nine times`."""
    return _TIMES.get(number, f"{word(number)} times")


def capital(text: str) -> str:
    """A text with its first letter as a capital."""
    return text[:1].upper() + text[1:]


def name(merchant: str) -> str:
    """A merchant as people write it: `Fernbus Line`, `Trattoria da Paolo`."""
    parts = [part.capitalize() for part in merchant.split()]
    return " ".join(part.lower() if at and part in _SMALL else part for at, part in enumerate(parts))


def british(day: date) -> str:
    """`3 March 2026`."""
    return f"{day.day} {day:%B %Y}"


def american(day: date) -> str:
    """`March 3, 2026`."""
    return f"{day:%B} {day.day}, {day.year}"


def ordinal(day: date) -> str:
    """`the 3rd of March 2026`."""
    return f"the {day.day}{_ORDINALS.get(day.day, 'th')} of {day:%B %Y}"


def month(day: date) -> str:
    """`March 2026`."""
    return f"{day:%B %Y}"


def clock(at: datetime) -> str:
    """`08:14`."""
    return f"{at:%H:%M}"


def euro(cents: int) -> str:
    """`€12.50`."""
    return f"€{cents / 100:,.2f}"


def plain_euro(cents: int) -> str:
    """`12.50 EUR`."""
    return f"{cents / 100:.2f} EUR"


def fraction(numerator: int, denominator: int) -> str:
    """`two thirds`."""
    return _FRACTIONS[numerator, denominator]


def listed(names: list[str]) -> str:
    """`A, B and C`."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def season(day: date) -> str:
    """`summer 2025`; a winter is named by the year in which it begins."""
    names = {12: "winter", 1: "winter", 2: "winter", 3: "spring", 4: "spring", 5: "spring", 6: "summer", 7: "summer", 8: "summer"}
    return f"{names.get(day.month, 'autumn')} {day.year - (day.month < 3)}"


def iso(day: date) -> str:
    """`2026-03-03`."""
    return day.isoformat()
