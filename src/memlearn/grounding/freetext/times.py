"""Stretches of time, rhythms, days of the week and times of the day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from memlearn.grounding.freetext import elements as el
from memlearn.grounding.freetext.numbers import lows, read_figure, read_form, read_quantity, read_times
from memlearn.grounding.freetext.tokens import Token
from memlearn.records.hours import HOURS

Tokens = Sequence[Token]
UNITS = {"day": 1.0, "night": 1.0, "week": 7.0, "fortnight": 14.0, "month": 365.25 / 12, "quarter": 365.25 / 4, "year": 365.25}
_ADVERBS = {
    "daily": 1.0, "weekly": 7.0, "fortnightly": 14.0, "biweekly": 14.0, "monthly": 365.25 / 12, "bimonthly": 365.25 / 6, "quarterly": 365.25 / 4, "yearly": 365.25,
    "annually": 365.25, "annual": 365.25,
}  # fmt: skip
_PURCHASE = {"visit", "purchase", "payment", "order", "transaction", "bill", "time", "trip", "ride", "stop", "go"}
_DAYS = {name: number for number, name in enumerate(["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"])}
_GROUPS = {"weekend": frozenset({5, 6}), "weekday": frozenset(range(5)), "workday": frozenset(range(5))}
_H = 3600
_MIDNIGHT = 24 * _H
_PARTS: dict[tuple[str, ...], tuple[float, float]] = {
    tuple(words.split()): hours
    for phrases, hours in {
        "early in the morning, early morning, early mornings, the early morning, in the early hours, the early hours, at dawn": (5, 9),
        "morning, mornings, the morning, a . m .": HOURS["mornings"],
        "before noon, before midday, before lunchtime, before lunch, before 12 noon": (0, 12),
        "noon, midday, lunchtime, lunch, lunch time, lunch hour, lunch break, lunchtimes, over lunch, around noon, around midday": HOURS["middays"],
        "after noon, after midday": (12, 24),
        "afternoon, afternoons, early afternoon, late afternoon": HOURS["afternoons"],
        "evening, evenings, early evening, dinner time": HOURS["evenings"],
        "late afternoon or evening": (HOURS["afternoons"][1] - 1, HOURS["evenings"][1]),
        "late evening, late evenings, late in the evening, late at night": (20, 29),
        "night, nights, nighttime, at night, overnight, by night": HOURS["nights"],
    }.items()
    for words in phrases.split(", ")
}  # fmt: skip
_LONGEST_PART = max(len(words) for words in _PARTS)
_AFTER_WORK = (("after", "work"), ("after", "office", "hours"), ("after", "working", "hours"))


def read_duration(tokens: Tokens, at: int) -> tuple[el.Duration, int] | None:
    """`five days`, `about three weeks`, `a fortnight`, `at least 17 weeks`."""
    found = read_quantity(tokens, at)
    step = 1.0
    if found is None:
        form, start = read_form(tokens, at)
        if lows(tokens, start, 1) not in (("a",), ("an",), ("one",)):
            return None
        start += lows(tokens, start + 1, 1) == ("full",)
        quantity, end = (el.about(1) if form in ("about", "nearly") else el.above(1) if form == "over" else el.exactly(1)), start + 1
    else:
        quantity, step, end = found
    other = read_figure(tokens, end + 1) if lows(tokens, end, 1) in (("to",), ("or",)) and quantity.form in ("exact", "about") else None
    if other is not None and other.value > quantity.value:
        # Three to four weeks.
        quantity, end = el.between(quantity.value, other.value), other.end
    unit = UNITS.get((lows(tokens, end, 1) or ("",))[0].removesuffix("s"))
    if unit is None:
        return None
    end += 1
    if lows(tokens, end, 2) == ("or", "so"):
        quantity, end = el.about(quantity.value, step), end + 2
    return el.Duration(quantity.scaled(unit), unit), end


def read_rate(tokens: Tokens, at: int) -> tuple[el.Rate, int] | None:
    """`weekly`, `every other week`, `every nine days or so`, `about once a month`, `three times per week`."""
    form, start = read_form(tokens, at)
    word = (lows(tokens, start, 1) or ("",))[0]
    if word in _ADVERBS:
        return el.Rate(el.about(1, share=0.15), _ADVERBS[word], counted=False), start + 1
    if word in ("every", "each"):
        return _every(tokens, start + 1, el.exactly(1))
    times = read_times(tokens, at)
    if times is None:
        return None
    quantity, end = times[0].quantity, times[1]
    if form != "exact":
        quantity = el.about(quantity.value, share=0.15) if form == "about" else quantity
    if lows(tokens, end, 1) in (("every",), ("each",)):
        return _every(tokens, end + 1, quantity)
    if lows(tokens, end, 1) not in (("a",), ("per",), ("an",), ("/",)):
        return None
    end += 1
    unit = UNITS.get((lows(tokens, end, 1) or ("",))[0])
    return None if unit is None else (el.Rate(quantity, unit, counted=True), end + 1)


def _every(tokens: Tokens, at: int, times: el.Quantity) -> tuple[el.Rate, int] | None:
    start = at
    many = 1.0
    form, start = read_form(tokens, start)
    figure = read_figure(tokens, start)
    if lows(tokens, start, 1) in (("other",), ("second",), ("2nd",)):
        many, start = 2.0, start + 1
    elif lows(tokens, start, 1) in (("third",), ("3rd",)):
        many, start = 3.0, start + 1
    elif lows(tokens, start, 1) in (("few",),):  # noqa: FURB171
        return None
    elif figure is not None:
        many, start = figure.value, figure.end
        if lows(tokens, start, 1) in (("to",), ("or",)) and (other := read_figure(tokens, start + 1)):
            many, start = (many + other.value) / 2, other.end
    word = (lows(tokens, start, 1) or ("",))[0]
    if word in _DAYS and tokens[start].capital and (lows(tokens, start + 1, 1) or ("",))[0].removesuffix("s") not in _PURCHASE:
        # Every other Saturday: a rhythm, and the day of it, which is read next.
        return el.Rate(replace(times, form="exact"), 7.0 * many, counted=False), start
    unit = UNITS.get(word.removesuffix("s"))
    if unit is None:
        return None
    end = start + 1 + 2 * (lows(tokens, start + 1, 2) == ("or", "so"))
    return el.Rate(replace(times, form="exact") if form == "exact" else times, unit * many, counted=False), end


def read_per(tokens: Tokens, at: int) -> tuple[el.Per, int] | None:
    """`per month`, `a week`, `each time`, `per visit`."""
    if lows(tokens, at, 1) not in (("per",), ("a",), ("an",), ("each",), ("every",), ("/",)):
        return None
    word = (lows(tokens, at + 1, 1) or ("",))[0]
    if word in UNITS:
        return el.Per(UNITS[word]), at + 2
    if word in _PURCHASE and tokens[at].low in ("per", "/"):
        return el.Per(None), at + 2
    return None


def read_weekdays(tokens: Tokens, at: int) -> tuple[el.Weekdays, int] | None:
    """`on Mondays`, `Friday and Saturday`, `Monday to Friday`, `at weekends`."""
    start = at
    while lows(tokens, start, 1) in (("on",), ("at",), ("the",), ("a",), ("during",), ("over",), ("from",)):
        start += 1
    first = _weekday(tokens, start)
    if first is None:
        return None
    days, end = set(first), start + 1
    while end + 1 < len(tokens):
        skip = lows(tokens, end + 1, 1) in (("on",), ("the",), ("a",))
        other = _weekday(tokens, end + 1 + skip)
        if other is None or tokens[end].low not in ("and", "or", ",", "to", "-", "–", "through"):
            break
        if tokens[end].low in ("to", "-", "–", "through"):
            low, high = min(first), min(other)
            other = frozenset((low + step) % 7 for step in range((high - low) % 7 + 1))
        days |= other
        end += 2 + skip
    return el.Weekdays(frozenset(days)), end


def _weekday(tokens: Tokens, at: int) -> frozenset[int] | None:
    word = (lows(tokens, at, 1) or ("",))[0]
    singular = word.removesuffix("s")
    if singular in _DAYS and (tokens[at].capital or word in _DAYS):
        return frozenset({_DAYS[singular]})
    return _GROUPS.get(singular)


def read_hours(tokens: Tokens, at: int) -> tuple[list[el.Value], int] | None:
    """`in the evenings`, `after 10 pm`, `between 8 and 10 am`, `after work` (which is on working days)."""
    for words in _AFTER_WORK:
        if lows(tokens, at, len(words)) == words:
            return [el.Hours(16 * _H, 22 * _H)], at + len(words)
    start = at
    while lows(tokens, start, 1) in (("in",), ("at",), ("the",), ("during",), ("around",), ("over",)):
        start += 1
    for origin in (at, start):
        for count in range(min(_LONGEST_PART, len(tokens) - origin), 0, -1):
            hours = _PARTS.get(lows(tokens, origin, count))
            if hours:
                return [el.Hours(int(hours[0] * _H), int(hours[1] * _H))], origin + count
    return _between_clocks(tokens, at)


def settle_hours(parts: Sequence[el.Part], tokens: Tokens) -> list[el.Part]:
    """Parts with the hours that a time of the day is told to have in brackets: `evening purchases (after 5 pm)`."""
    settled = list(parts)
    for at, part in enumerate(parts):
        behind = [
            other for other in parts[at + 1 : at + 5] if not (isinstance(other.value, el.Word) and other.value.tag in ("event", "skip"))
        ]
        if not isinstance(part.value, el.Hours) or any(token.sort in ("number", "clock") for token in tokens[part.start : part.end]):
            continue
        if len(behind) < len("(h)") or [getattr(behind[n].value, "tag", "") for n in (0, 2)] != ["open", "close"]:
            continue
        told = behind[1].value
        # Hours that lie elsewhere are another claim.
        if isinstance(told, el.Hours) and told.start < part.value.end and part.value.start < told.end:
            # `After 5 pm` ends with the evening, `before 9 am` begins with the morning.
            start, end = told.start or part.value.start, part.value.end if told.end == _MIDNIGHT else told.end
            settled[at] = replace(part, value=el.Hours(start, end))
            settled[parts.index(behind[1])] = replace(behind[1], value=el.Hours(start, end))
    return settled


def _between_clocks(tokens: Tokens, at: int) -> tuple[list[el.Value], int] | None:  # noqa: PLR0911
    word = (lows(tokens, at, 1) or ("",))[0]
    start = at + (word in ("between", "from", "after", "before", "until", "since", "by", "at", "past"))
    first = read_clock(tokens, start, loose=True)
    if first is None:
        return None
    second, end, sure = first
    if word in ("between", "from") and lows(tokens, end, 1) in (("and",), ("to",), ("until",)):
        last = read_clock(tokens, end + 1, loose=True)
        if last is None or not last[2]:
            return None
        if not sure and second < 12 * _H <= last[0] and second + 12 * _H < last[0]:
            second += 12 * _H
        return [el.Hours(second, last[0] if last[0] > second else last[0] + 24 * _H)], last[1]
    if not sure:
        return None
    if word in ("after", "past", "since"):
        return [el.Hours(second, 24 * _H)], end
    if word in ("before", "until", "by"):
        return [el.Hours(0, second)], end
    return [el.Clock(second)], end


def read_clock(tokens: Tokens, at: int, *, loose: bool) -> tuple[int, int, bool] | None:
    """Seconds, the end, and whether it is a time for sure: `22:31`, `10 pm`, `7 o'clock`, `noon`, or a bare number where `loose`."""
    if at >= len(tokens):
        return None
    token = tokens[at]
    if token.sort == "clock":
        hour, minute = (int(piece) for piece in token.text.split(":")[:2])
        end, second = at + 1, hour * _H + minute * 60
    elif token.sort == "number" and token.low.isdigit() and int(token.low) <= 24 and not token.suffix:  # noqa: PLR2004
        hour, end, second = int(token.low), at + 1, int(token.low) * _H
    elif token.low in ("noon", "midday", "midnight"):
        return (24 if token.low == "midnight" else 12) * _H, at + 1, True
    else:
        return None
    for words, add in (
        (("pm",), 12),
        (("p", ".", "m", "."), 12),
        (("am",), 0),
        (("a", ".", "m", "."), 0),
        (("o", "clock"), None),
        (("oclock",), None),
        (("hrs",), None),
        (("h",), None),
        (("in", "the", "morning"), 0),
        (("in", "the", "evening"), 12),
        (("in", "the", "afternoon"), 12),
        (("at", "night"), 12),
    ):
        if lows(tokens, end, len(words)) == words:
            if add is not None:
                second = second % (12 * _H) + add * _H
            return second, end + len(words), True
    sure = token.sort == "clock"
    return (second, end, sure) if sure or loose else None
