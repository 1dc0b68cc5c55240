"""Dates and periods as people write them: days, weeks, months, seasons, halves, ranges, and those told from the end of the data."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

from memlearn.grounding.freetext.elements import FOREVER, Period
from memlearn.grounding.freetext.numbers import lows, read_figure
from memlearn.grounding.freetext.relative import read_relative
from memlearn.grounding.freetext.spans import Span, day_of, month_span, number
from memlearn.grounding.freetext.tokens import Token
from memlearn.grounding.freetext.years import read_holiday, read_quarter, year_at

Tokens = Sequence[Token]
_NAMES = ["january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"]
MONTHS = {name: number for number, name in enumerate(_NAMES, start=1)}
MONTHS |= {name[:3]: number for name, number in MONTHS.items()} | {"sept": 9}
SEASONS = {"spring": 3, "summer": 6, "autumn": 9, "fall": 9, "winter": 12}
_NTH = {"first": 1, "second": 2, "third": 3, "fourth": 4, "last": -1, "final": -1}
_EARLY = {
    "early": "early",
    "mid": "mid",
    "late": "late",
    "beginning": "early",
    "start": "early",
    "end": "late",
    "middle": "mid",
    "close": "late",
}
_ROLES: dict[tuple[str, ...], str] = {
    tuple(words.split()): role
    for role, phrases in {
        "since": "since, from and including, starting, starting in, beginning in, as of, no earlier than, ever since, since at least, onwards from",
        "until": "until, till, up to, up until, by, no later than, through, up to and including",
        "before": "before, prior to, earlier than, ahead of",
        "after": "after, later than, following, past, post",
        "in": "in, on, during, within, over, of, for, at, around, across, in the course of, back in, as early as, as late as",
    }.items()
    for words in phrases.split(", ")
}  # fmt: skip
_LONGEST_ROLE = max(len(words) for words in _ROLES)
# Told from the time named before.
_THEN = frozenset({("since", "then"), ("from", "then"), ("after", "that"), ("after", "then"), ("since", "that")})
_DAYS_OF = {"day": 1, "days": 1, "week": 7, "weeks": 7}
_SIDES: dict[tuple[str, ...], str] = {
    tuple(words.split()): side
    for side, phrases in {
        "to": "up to, until, to, up until, ending, ending on, up to and including",
        "before": "before, prior to, ahead of, preceding",
        "run-up": "leading up to, running up to, leading to, in the run up to",
        "after": "after, following",
        "from": "from, starting, starting on, starting from, beginning, beginning on, beginning with",
        "since": "since",
    }.items()
    for words in phrases.split(", ")
}


def read_period(tokens: Tokens, at: int, today: int, known: Period | None = None) -> tuple[Period, int] | None:
    """A period with the preposition before it.

    Args:
        tokens: the line.
        at: where to read.
        today: the last day of the data, days since 1970-01-01.
        known: the period named before, for `the following month`.
    """
    try:
        return _ranged(tokens, at, today) or _introduced(tokens, at, today, known)
    except (ValueError, OverflowError):
        return None


def _told_before(tokens: Tokens, at: int, known: Period) -> tuple[Period, int] | None:
    """`Since then`, or a bare `since` at the end: from the time named before."""
    if lows(tokens, at, 2) in _THEN:
        return with_role(replace(known, start=known.base[0], end=known.base[1]), "after"), at + 2 + (lows(tokens, at + 2, 1) == ("on",))
    if known.role == "until" and lows(tokens, at, 1) == ("then",):
        # 6.50 until February, then 7.20.
        return with_role(replace(known, start=known.base[0], end=known.base[1]), "after"), at + 1
    if lows(tokens, at, 1) == ("since",) and lows(tokens, at + 1, 1) in ((), (".",), (",",), (")",), (";",)):
        # Has made nine purchases since.
        day = known.base[0] == known.base[1]
        return replace(
            with_role(replace(known, start=known.base[0], end=known.base[1], other=None), "after" if day else "since"),
            other=(known.base[0], FOREVER) if day else None,
        ), at + 1
    return None


def _introduced(tokens: Tokens, at: int, today: int, known: Period | None) -> tuple[Period, int] | None:
    told = _told_before(tokens, at, known) if known is not None else None
    if told is not None:
        return told
    role, start = "bare", at
    for count in range(min(_LONGEST_ROLE, len(tokens) - at), 0, -1):
        if lows(tokens, at, count) in _ROLES:
            role, start = _ROLES[lows(tokens, at, count)], at + count
            break
    since = role == "bare" and lows(tokens, at, 1) == ("from",)
    start += since
    if lows(tokens, start, 1) == ("about",) and role != "bare":
        start += 1
    relative = read_relative(tokens, start, today, known)
    if relative is not None:
        return with_role(relative[0], "in" if role == "bare" else role), relative[1]
    beside = _up_to(tokens, start, today) if role in ("in", "bare") else None
    if beside is not None:
        return beside
    bracketed = at > 0 and tokens[at - 1].low == "(" and lows(tokens, at + 1, 1) == (")",)
    span = read_span(tokens, start, today, bare=role == "bare" and not since and not bracketed)
    if span is None and (role == "in" or known is not None) and tokens[start - 1].low in ("on", "the", ",", "and"):
        span = _first_day(tokens, start, today)
    if span is None:
        return None
    end = span.end
    if lows(tokens, end, 1) in (("on",), ("onwards",), ("onward",)) and (since or role == "in"):
        return with_role(span.period(), "since"), end + 1
    return with_role(span.period(), role), end


def _up_to(tokens: Tokens, at: int, today: int) -> tuple[Period, int] | None:
    """`The ten days up to Christmas Eve`, `the two weeks after 3 May`; whether the day itself counts is open."""
    start = at + (lows(tokens, at, 1) == ("the",))
    figure = read_figure(tokens, start)
    # A week before Christmas is no stretch of days; the week before it is.
    if figure is None and start == at:
        return None
    count, at = (int(figure.value), figure.end) if figure else (1, start)
    unit = _DAYS_OF.get((lows(tokens, at, 1) or ("",))[0])
    found = next((words for words in _SIDES if lows(tokens, at + 1, len(words)) == words), None) if unit else None
    if unit is None or found is None:
        return None
    span = read_span(tokens, at + 1 + len(found), today, bare=False)
    if span is None or span.first != span.last or span.days:
        return None
    day, length = number(span.first), count * unit
    before, to, after, since = (day - length, day - 1), (day - length + 1, day), (day + 1, day + length), (day, day + length - 1)
    first, other = {
        "to": (to, None), "before": (before, None), "run-up": (before, to), "after": (after, None), "from": (since, None), "since": (since, after),
    }[_SIDES[found]]  # fmt: skip
    return Period(*first, base=first, other=other), span.end


def with_role(period: Period, role: str) -> Period:
    """The days that a preposition makes of a period."""
    start, end = period.base
    match role:
        case "since":
            return replace(period, start=start, end=FOREVER, role=role, days=())
        case "until":
            return replace(period, start=-FOREVER, end=end, role=role, days=())
        case "before":
            return replace(period, start=-FOREVER, end=start - 1, role=role, days=())
        case "after":
            return replace(period, start=end + 1, end=FOREVER, role=role, days=())
    return replace(period, role=role)


def _ranged(tokens: Tokens, at: int, today: int) -> tuple[Period, int] | None:
    """`between June and August 2025`, `from 2 May to 4 May`, `June–November 2025`."""
    word = lows(tokens, at, 1)
    start = at + (1 if word and word[0] in ("between", "from", "in", "during", "over") else 0)
    joints = {"between": ("and",), "from": ("to", "until", "till", "through")}.get(
        word[0] if word else "", ("-", "–", "to", "through", "until")
    )
    first = read_span(tokens, start, today, bare=start == at) or _first_day(tokens, start, today)
    if first is None or lows(tokens, first.end, 1) == () or tokens[first.end].low not in joints:
        return None
    skipped = first.end + 1 + (lows(tokens, first.end, 2) == ("up", "to"))
    last = read_span(tokens, skipped, today, bare=False)
    if last is None:
        return None
    if not first.year:
        moved = first.first.replace(year=last.first.year - (first.first.month > last.last.month))
        length = first.last - first.first
        until = moved.replace(day=monthrange(moved.year, moved.month)[1]) if length > timedelta(1) else moved
        first = replace(first, first=moved, last=until)
    if first.first > last.last:
        return None
    head, tail = first.period(), last.period()
    return Period(head.start, tail.end, "from" if word == ("from",) else "in", (head.start, tail.end), (head, tail)), last.end


def _first_day(tokens: Tokens, at: int, today: int) -> Span | None:
    """The 19 of `19 to 25 June 2025`, of `25 and 29 December`, of `12, 18 and 23 December`."""
    day, end = _day_number(tokens, at), at + 1
    if day is None:
        return None
    while lows(tokens, end, 1) == (",",) and _day_number(tokens, end + 1) is not None and lows(tokens, end + 2, 1) in ((",",), ("and",)):
        end += 2
    if lows(tokens, end, 1) not in (("and",), ("to",), ("-",), ("–",), ("until",), ("through",), ("or",)):
        return None
    last = _day(tokens, end + 1, today)
    if last is None or _day_number(tokens, end + 1) is None or day >= last.first.day:
        return None
    return replace(last, first=last.first.replace(day=day), last=last.first.replace(day=day), end=at + 1)


def read_span(tokens: Tokens, at: int, today: int, *, bare: bool) -> Span | None:
    """A period without a preposition; a bare year or month counts only where something introduces it, unless it cannot be else."""
    start = at + (lows(tokens, at, 1) == ("the",))
    return (
        read_holiday(tokens, start, today) or _numeric(tokens, start, today) or read_quarter(tokens, start) or _day(tokens, start, today) or _part(tokens, start, today) or _month(tokens, start, today, bare=bare)
        or _season(tokens, start, today, bare=bare) or _year(tokens, start, bare=bare)
    )  # fmt: skip


def _numeric(tokens: Tokens, at: int, today: int) -> Span | None:
    if at >= len(tokens):
        return None
    token = tokens[at]
    if token.sort == "iso":
        day = date.fromisoformat(token.text)
        return Span(day, day, at + 1)
    if token.sort != "date":
        return None
    pieces = [int(piece) for piece in token.text.replace(".", "/").split("/")]
    if len(pieces) == 2:  # noqa: PLR2004
        return month_span(pieces[1], pieces[0], at + 1)
    orders = ((0, 1),) if "." in token.text else ((1, 0), (0, 1))
    days = [
        date(pieces[2], pieces[month], pieces[day])
        for day, month in ((o[0], o[1]) for o in orders)
        if 1 <= pieces[month] <= 12 and pieces[day] <= 31  # noqa: PLR2004
    ]
    held = [day for day in days if number(day) <= today] or days
    return Span(held[0], held[0], at + 1, days=tuple(sorted({number(day) for day in held})) if len(set(held)) > 1 else ()) if held else None


def _day(tokens: Tokens, at: int, today: int) -> Span | None:
    """`2 June 2025`, `the 2nd of June`, `June 2nd, 2025`."""
    day, month, end = _day_number(tokens, at), None, at + 1
    if day is not None:
        end += lows(tokens, end, 1) == ("of",)
        month = MONTHS.get((lows(tokens, end, 1) or ("",))[0])
        end += 1
        if lows(tokens, end, 1) == (".",) and lows(tokens, end + 1, 1) and year_at(tokens, end + 1):
            end += 1
    else:
        month = MONTHS.get((lows(tokens, at, 1) or ("",))[0])
        day = _day_number(tokens, at + 1) if month else None
        end = at + 2
    if day is None or month is None:
        return None
    comma = lows(tokens, end, 1) == (",",)
    year = year_at(tokens, end + comma)
    if year is not None:
        return Span(date(year, month, day), date(year, month, day), end + comma + 1)
    guess = date(day_of(today).year, month, day)
    guess = guess if number(guess) <= today else guess.replace(year=guess.year - 1)
    return Span(guess, guess, end, year=False)


def _day_number(tokens: Tokens, at: int) -> int | None:
    if at >= len(tokens) or tokens[at].sort != "number" or tokens[at].suffix in ("k", "m") or not tokens[at].low.isdigit():
        return None
    return int(tokens[at].low) if 1 <= int(tokens[at].low) <= 31 else None  # noqa: PLR2004


def _latest(month: int, today: int) -> int:
    """The year of the latest such month that has begun by the end of the data."""
    now = day_of(today)
    return now.year if month <= now.month else now.year - 1


def _month(tokens: Tokens, at: int, today: int, *, bare: bool) -> Span | None:
    month = MONTHS.get((lows(tokens, at, 1) or ("",))[0])
    if month is None:
        return None
    end = at + 1
    if lows(tokens, end, 1) in (("of",), (",",)) and year_at(tokens, end + 1):
        end += 1
    elif lows(tokens, end, 2) in (("last", "year"), ("this", "year")):
        year = day_of(today).year - (tokens[end].low == "last")
        return month_span(year, month, end + 2)
    year_given = year_at(tokens, end)
    if year_given is None and (bare and not tokens[at].capital):
        return None
    if year_given is None:
        later = _later_month(tokens, end)
        if later is not None:
            # July and August 2025; November and January 2026.
            return month_span(later[1] - (month > later[0]), month, end)
    return month_span(year_given or _latest(month, today), month, end + (year_given is not None), given=year_given is not None)


def _later_month(tokens: Tokens, at: int) -> tuple[int, int] | None:
    """Month and year of the one that ends a list of months."""
    while lows(tokens, at, 1) in ((",",), ("and",), ("or",)):
        at += 1
        month = MONTHS.get((lows(tokens, at, 1) or ("",))[0])
        if month is None:
            return None
        year = year_at(tokens, at + 1)
        if year is not None:
            return month, year
        at += 1
    return None


def _season(tokens: Tokens, at: int, today: int, *, bare: bool) -> Span | None:
    which = lows(tokens, at, 1)
    start = at + (which in (("last",), ("this",), ("past",)))
    month = SEASONS.get((lows(tokens, start, 1) or ("",))[0])
    if month is None or (tokens[start].low == "fall" and bare and start == at and year_at(tokens, at + 1) is None):
        return None
    end = start + 1 + (lows(tokens, start + 1, 1) == ("of",) and year_at(tokens, start + 2) is not None)
    year = year_at(tokens, end)
    if year is None:
        year = _latest(month, today)
        span = month_span(year, month, end, 3)
        # The season that has not ended is this one, not the last one.
        if which == ("last",) and number(span.last) >= today:
            span = month_span(year - 1, month, end, 3)
        return span
    end += 1
    if lows(tokens, end, 1) in (("/",), ("-",), ("–",)) and lows(tokens, end + 1, 1):
        end += 2
    return month_span(year, month, end, 3)


def _year(tokens: Tokens, at: int, *, bare: bool) -> Span | None:
    year = year_at(tokens, at)
    if year is None or bare:
        return None
    return month_span(year, 1, at + 1, 12)


def _part(tokens: Tokens, at: int, today: int) -> Span | None:
    """`early spring 2026`, `the end of May`, `the first week of June`, `the second half of 2025`, `the first five months of 2026`."""
    word = (lows(tokens, at, 1) or ("",))[0]
    if word in _EARLY:
        return _early(tokens, at, _EARLY[word], today, whole=word in ("beginning", "start", "end", "close"))
    if word == "week" and lows(tokens, at + 1, 1) in (("of",), ("from",)):
        span = read_span(tokens, at + 2, today, bare=False)
        return None if span is None or span.first != span.last else Span(span.first, span.first + timedelta(6), span.end)
    nth = _NTH.get(word)
    if nth is None:
        return None
    figure = read_figure(tokens, at + 1)
    count = int(figure.value) if figure else 1
    unit_at = figure.end if figure else at + 1
    unit = (lows(tokens, unit_at, 1) or ("",))[0].rstrip("s")
    if unit not in ("day", "week", "month", "quarter", "half", "weekend") or lows(tokens, unit_at + 1, 1) not in (("of",), ("in",)):
        return None
    outer = read_span(tokens, unit_at + 2, today, bare=False)
    return None if outer is None else _cut(outer, nth, count, unit)


def _early(tokens: Tokens, at: int, part: str, today: int, *, whole: bool) -> Span | None:
    start = at + 1
    start += lows(tokens, start, 1) in (("-",), ("of",))
    outer = read_span(tokens, start, today, bare=False)
    if outer is None:
        return None
    if whole:
        # The beginning and the end of something are days: its first and its last.
        edge = outer.first if part == "early" else outer.last
        return replace(outer, first=edge, last=edge)
    days = (outer.last - outer.first).days + 1
    # A third of it, and some days beyond, as nobody draws the line sharply.
    length = days // 3 + max(days // 9, 3)
    if part == "early":
        return replace(outer, last=outer.first + timedelta(length))
    if part == "late":
        return replace(outer, first=outer.last - timedelta(length))
    return replace(outer, first=outer.first + timedelta(days // 3 - 3), last=outer.last - timedelta(days // 3 - 3))


def _cut(outer: Span, nth: int, count: int, unit: str) -> Span | None:
    if unit in ("day", "week"):
        length = timedelta(count * (7 if unit == "week" else 1))
        first = outer.last - length + timedelta(1) if nth == -1 else outer.first + (nth - 1) * length
        return replace(outer, first=first, last=first + length - timedelta(1))
    months = {"month": 1, "quarter": 3, "half": 6}.get(unit, 0) * count
    whole = (outer.last.year - outer.first.year) * 12 + outer.last.month - outer.first.month + 1
    if not months or months > whole:
        return None
    offset = whole - months if nth == -1 else (nth - 1) * months
    at_month = outer.first.month - 1 + offset
    return month_span(outer.first.year + at_month // 12, at_month % 12 + 1, outer.end, months)
