"""Claims about gaps and rhythm, beginnings and ends: weekly, every nine days, the longest break, stopped, new since, stayed away."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from memlearn.grounding.freetext import elements as el
from memlearn.grounding.freetext.clause import Clause, Finding, judge, show_number, what
from memlearn.grounding.freetext.spans import day_of
from memlearn.grounding.freetext.view import Mask

_LIMITS = (el.Name, el.Period, el.Weekdays, el.Hours)
_FEWEST = 3
_MONTH = 365.25 / 12
_SLACK = 0.17
_QUIET_DAYS, _SILENT_DAYS = 45, 60


def months_of(clause: Clause, days: float) -> float:
    """How many days, weeks or months the rows of the user, or the periods named, span."""
    view = clause.view
    periods = [period for period in clause.of(el.Period) if period.role in ("in", "from", "bare")]
    start, end = (periods[0].start, periods[0].end) if periods else (int(view.day.min()), view.last_day)
    length = (end - start + 1) / days
    return round(length) if days >= _MONTH and abs(length - round(length)) < 0.2 and length > 1 else length  # noqa: PLR2004


def gaps_of(clause: Clause, rows: Mask) -> NDArray[np.int64]:
    """Days from one day with a row to the next."""
    days: NDArray[np.int64] = np.unique(clause.view.day[rows])
    return days[1:] - days[:-1]


def read_rate(clause: Clause) -> list[Finding] | None:
    """`Weekly`, `every other week`, `about once a month`, `twice a month on average`."""
    if not clause.only((*_LIMITS, el.Rate, el.Count, el.Per), {"mean", "usual"}):
        return None
    rates = clause.of(el.Rate)
    if clause.has(el.Count, el.Per):
        rates = [*rates, *_counted(clause)]
    if len(rates) != 1 or (clause.has(el.Rate) and clause.has(el.Count, el.Per)):
        return None
    rate = rates[0]
    rows = clause.filtered()
    gaps = gaps_of(clause, rows)
    if len(gaps) < _FEWEST - 1:
        return [Finding(ok=False, needs=rows, message=f"there are {int(rows.sum())} {what(clause)}, too few for a rhythm")]
    if rate.counted and ("mean" in clause.tags or rate.times.value > 1):
        found = float(rows.sum()) / months_of(clause, rate.days)
        return [judge(found, rate.times.loosened(_SLACK), rows, f"the number of {what(clause)} in each such time")]
    mean = float(gaps.mean())
    middle = mean if "mean" in clause.tags else float(np.median(gaps))
    said = el.Quantity(rate.gap * (1 - _SLACK), rate.gap * (1 + _SLACK), rate.gap, "about")
    message = f"the days between {what(clause)} are {show_number(middle)} in the middle and {show_number(mean)} on average, not {show_number(rate.gap)}"
    right = [said.holds(middle), said.holds(mean)]
    ok = all(right) if any(right) == all(right) else None
    bounded = clause.of(el.Weekdays) or any(period.parts for period in clause.of(el.Period))
    if ok and bounded and not rate.counted and not _goes_through(clause, rows, rate):
        ok = None
    if ok and any(
        period.role == "since" and int(clause.view.day[rows].min()) - period.base[1] > 1.5 * rate.gap for period in clause.of(el.Period)
    ):
        # It began later than it says.
        ok = None
    if ok and rate.times.form == "exact" and not rate.counted and not _covers(clause, rows, rate):
        # As a rhythm it holds, as `in each month` it does not.
        ok = None
    return [Finding(ok=ok, needs=rows, message=message)]


def _counted(clause: Clause) -> list[el.Rate]:
    """`Two visits a month`."""
    counts, pers = clause.of(el.Count), clause.of(el.Per)
    if len(counts) != 1 or len(pers) != 1 or pers[0].days is None or counts[0].quantity.value <= 0 or "spend" in clause.tags:
        return []
    return [el.Rate(counts[0].quantity, pers[0].days, counted=True)]


def _goes_through(clause: Clause, rows: Mask, rate: el.Rate) -> bool:
    """Every Monday: from one end of the time to the other, or from the first one on where no time is named."""
    days, periods = clause.view.day[rows], clause.of(el.Period)
    start = max(periods[0].start, int(clause.view.day.min())) if periods else int(days.min())
    end = min(periods[0].end, clause.view.last_day) if periods else clause.view.last_day
    return bool(days.min() - start <= rate.gap and end - days.max() <= rate.gap)


def _covers(clause: Clause, rows: Mask, rate: el.Rate) -> bool:
    """Every month has one, in the period that is named or from the first one on."""
    days = clause.view.day[rows]
    periods = clause.of(el.Period)
    period = periods[0] if periods and periods[0].start > 0 else el.Period(int(days.min()), int(days.max()))
    return _missing(clause, rows, period) == [] if abs(rate.gap - _MONTH) < 0.01 else True  # noqa: PLR2004


def _missing(clause: Clause, rows: Mask, period: el.Period) -> list[str]:
    """Months of a period without a row."""
    start, end = max(period.start, int(clause.view.day.min())), min(period.end, clause.view.last_day)
    wanted = {f"{day_of(day):%Y-%m}" for day in range(start, end + 1)}
    return sorted(wanted - {f"{day_of(int(day)):%Y-%m}" for day in clause.view.day[rows]})


def read_coverage(clause: Clause) -> list[Finding] | None:
    """`Not a month went by without X between October and December`, `at least one purchase in every month`."""
    words = {"not", "never", "wentby", "without", "month", "any", "pass", "everymonth"}
    if not clause.only((el.Name, el.Period, el.Duration, el.Per, el.Count, el.Rate), words):
        return None
    periods, rates = clause.of(el.Period), clause.of(el.Rate)
    units = [
        *(value.unit for value in clause.of(el.Duration)),
        *(value.days or 0 for value in clause.of(el.Per)),
        *(rate.gap for rate in rates),
    ]
    denied = "without" in clause.tags and bool(clause.tags & {"not", "never"} and clause.tags & {"wentby", "pass"})
    # At least one in every month.
    told = bool(rates) and not rates[0].counted and [count.quantity.low for count in clause.of(el.Count)] == [1] and not clause.tags & words
    told = told and clause.of(el.Count)[0].quantity.form == "over" and clause.of(el.Count)[0].quantity.value == 1
    if denied == told or len(periods) > 1 or len(rates) > 1:
        return None
    if not ("month" in clause.tags or (units and 30 < units[0] < 31)):  # noqa: PLR2004
        return None
    rows = clause.filtered(skip=(el.Period,))
    if not rows.any():
        return [Finding(ok=False, needs=rows, message=f"there are no {what(clause)}")]
    period = periods[0] if periods else el.Period(int(clause.view.day[rows].min()), clause.view.last_day)
    missing = _missing(clause, rows, period)
    return [Finding(ok=not missing, needs=rows, message=f"there is none in {', '.join(missing)}")]


def read_gap(clause: Clause) -> list[Finding] | None:  # noqa: C901, PLR0911
    """`The longest break between two visits lasted 50 days`, `on average three weeks pass between one purchase and the next`."""
    tags = {"gap", "pass", "next", "and", "lasted", "longest", "shortest", "usual", "mean", "median", "max", "min"}
    ranks = clause.of(el.Rank)
    whole = [rank.place for rank in ranks] == [1, -1]
    if (
        ranks
        and not whole
        and not (len(ranks) == 1 and abs(ranks[0].place) == 1 and [count.quantity.value for count in clause.of(el.Count)] == [2])
    ):
        return None
    if not clause.only((*_LIMITS, el.Duration, el.Count, el.Rank), {*tags, "never", "exceed", "without", "wentby"}) or not (
        clause.tags & {"gap", "pass"} or {"never", "without"} <= clause.tags
    ):
        return None
    said = clause.of(el.Duration)
    pairs = zip(clause.parts, clause.parts[1:], strict=False)
    if any(isinstance(part.value, el.Word) and part.value.tag == "with" and isinstance(after.value, el.Name) for part, after in pairs):
        # A stretch with it is no gap.
        return None
    if "never" in clause.tags:
        return _never_longer(clause)
    if clause.tags & {"exceed", "without", "wentby"} - (
        {"wentby"} if "pass" in clause.tags else {"without"} if "gap" in clause.tags else set()
    ):
        return None
    if len(said) != 1 or any(count.quantity.value not in (1, 2) for count in clause.of(el.Count)):
        return None
    which = [tag for tag in ("longest", "shortest", "usual", "mean", "median", "max", "min") if tag in clause.tags]
    if len(which) > 1:
        return None
    rows = clause.filtered()
    gaps = gaps_of(clause, rows)
    if len(gaps) < 1:
        return [Finding(ok=False, needs=rows, message=f"there are {int(rows.sum())} {what(clause)}, too few for a gap")]
    if whole:
        # Between the first and the last visit.
        gaps = gaps.sum(keepdims=True)
    elif ranks:
        # Between the last two visits.
        gaps = gaps[:1] if ranks[0].place == 1 else gaps[-1:]
    if ranks and said[0].unit == 1:
        return [judge(float(gaps[0]), said[0].quantity, rows, f"that gap between {what(clause)}", unit=" days")]
    if which and which[0] not in ("usual", "mean", "median") and len(gaps) == 1 and clause.has(el.Period):
        return [_singled_out(clause, gaps, which[0], said[0])]
    return [_gap(clause, rows, gaps, which[0] if which else "usual", said[0])]


def _singled_out(clause: Clause, gaps: NDArray[np.int64], which: str, said: el.Duration) -> Finding:
    """`The longest break, from 3 May to 2 June`: the one gap between the days that are told must be the longest of all."""
    rows = clause.filtered(skip=(el.Period,))
    found, every = _gap(clause, rows, gaps, which, said), gaps_of(clause, rows)
    edge = every.max() if which in ("longest", "max") else every.min()
    return found if not found.ok or edge == gaps[0] else replace(found, ok=None)


def _never_longer(clause: Clause) -> list[Finding] | None:
    """`Never more than 40 days between two visits`."""
    said = clause.of(el.Duration)
    if len(said) != 1 or (said[0].quantity.form != "over" and "exceed" not in clause.tags) or clause.tags & {"shortest", "min"}:
        return None
    rows = clause.filtered()
    gaps = gaps_of(clause, rows)
    limit = said[0].quantity.value
    longest = int(gaps.max()) if len(gaps) else 0
    return [Finding(ok=0 < longest <= limit, needs=rows, message=f"the longest gap between {what(clause)} is {longest} days")]


def _gap(clause: Clause, rows: Mask, gaps: NDArray[np.int64], which: str, said: el.Duration) -> Finding:
    edge = {"longest": gaps.max, "max": gaps.max, "shortest": gaps.min, "min": gaps.min}.get(which)
    label = f"the {which} gap between {what(clause)}"
    if edge is not None:
        quantity = said.quantity if said.unit == 1 else said.quantity.loosened(0.5 * said.unit / said.quantity.value)
        return judge(float(edge()), quantity, rows, label, unit=" days")
    if said.quantity.form == "between":
        wide = said.quantity.loosened(0.0)
        # Days are told exactly, weeks are not.
        slack = 0.0 if said.unit == 1 else 0.12 * said.quantity.high
        inside = wide.low - slack <= gaps.min() and gaps.max() <= wide.high + slack
        met = gaps.min() <= 1.4 * said.quantity.low and gaps.max() >= 0.7 * said.quantity.high
        if said.unit == 1:
            met = gaps.min() == said.quantity.low and gaps.max() == said.quantity.high
        return Finding(
            ok=True if inside and met else None if inside else False, needs=rows, message=f"{label} is {gaps.min()} to {gaps.max()} days"
        )
    if which == "usual" and "usual" not in clause.tags and said.quantity.form in ("over", "under"):
        # At least five days apart: each of them.
        held = [said.quantity.holds(float(gap)) for gap in gaps]
        shown = f"{label} is {gaps.min()} to {gaps.max()} days"
        return Finding(ok=True if all(held) else None if any(held) else False, needs=rows, message=shown)
    # Days that are told exactly are not a week that is.
    exact = said.quantity.form == "exact" and said.unit == 1
    quantity = said.quantity.loosened(0.5 / max(said.quantity.value, 1) + 0.02) if exact else said.quantity.loosened(0.12)
    readings = {"mean": [gaps.mean()], "median": [np.median(gaps)]}.get(which, [np.median(gaps), gaps.mean()])
    right = [quantity.holds(float(value)) for value in readings]
    shown = " and ".join(show_number(float(value)) for value in readings)
    return Finding(ok=all(right) if any(right) == all(right) else None, needs=rows, message=f"{label} is {shown} days")


def read_away(clause: Clause) -> list[Finding] | None:
    """`By the end of May, had stayed away from X for at least 17 weeks`; `the last visit is three weeks ago`."""
    if (
        not clause.only((el.Name, el.Period, el.Duration, el.Rank), {"awayfrom", "ago", "not", "any", "pass", "wentby"})
        or len(clause.of(el.Duration)) != 1
    ):
        return None
    last = [rank.place for rank in clause.of(el.Rank)] == [-1]
    if ("awayfrom" in clause.tags) + ("ago" in clause.tags and last) + ("not" in clause.tags) != 1 or (clause.of(el.Rank) and not last):
        return None
    periods = clause.of(el.Period)
    if len(periods) > 1 or any(period.role not in ("until", "in", "bare") for period in periods):
        return None
    until = periods[0].base[1] if periods else clause.view.last_day
    rows = clause.without(el.Period).filtered()
    mine = rows & (clause.view.day <= until)
    if not mine.any():
        return [Finding(ok=False, needs=rows, message=f"there are no {what(clause)} before")]
    said = clause.of(el.Duration)[0]
    quantity = (
        said.quantity.loosened(0.6 * said.unit / said.quantity.value)
        if said.quantity.form in ("exact", "about") and said.unit > 1
        else said.quantity
    )
    return [judge(float(until - clause.view.day[mine].max()), quantity, rows, "the time since the last of the " + what(clause), said.unit)]


def read_start(clause: Clause) -> list[Finding] | None:  # noqa: PLR0911
    """`Discovered X in December 2025`, `a new habit that did not exist in October`, `not until the end of 2025 did visits begin`."""
    tags = {"start", "notuntil", "new", "didnotexist", "existed", "not", "habit"}
    if not clause.only((el.Name, el.Period, el.Money), tags) or len(clause.of(el.Period)) != 1:
        return None
    if clause.of(el.Money) and ("start" not in clause.tags or "with" not in clause.tags or "spend" in clause.tags):
        return None
    begun, absent, held = (bool(clause.tags & words) for words in ({"start", "notuntil"}, {"didnotexist"}, {"existed"}))
    if begun + absent + held != 1 and not (clause.tags & {"new"} and not held):
        return None
    if "not" in clause.tags and not begun:
        return None
    rows = clause.filtered(skip=(el.Period,))
    if not rows.any():
        return [Finding(ok=False, needs=rows, message=f"there are no {what(clause)}")]
    first, (start, end) = int(clause.view.day[rows].min()), clause.of(el.Period)[0].base
    message = f"the first of the {what(clause)} is of {day_of(first)}"
    if absent:
        return [Finding(ok=first > end, needs=rows, message=message)]
    if held:
        return [Finding(ok=first <= end, needs=rows, message=message)]
    if "not" in clause.tags:
        return None
    slack = 15 if "notuntil" in clause.tags else 0
    period = clause.of(el.Period)[0]
    if period.role in ("before", "until", "after"):
        start, end = period.start, period.end
    return [Finding(ok=start - slack <= first <= end + slack, needs=rows, message=message), *_first_bill(clause, rows)]


def _first_bill(clause: Clause, rows: Mask) -> list[Finding]:
    """`Entered the picture in May with a bill of 12 euros`."""
    row = int(np.flatnonzero(rows)[0])
    paid = abs(int(clause.view.amount[row]))
    return [
        Finding(
            ok=money.quantity.holds(float(paid)) and money.currency in (None, clause.view.currency[row]) and bool(clause.view.priced[row]),
            needs=rows,
            message=f"the first of the {what(clause)} was {paid / 100:.2f}",
        )
        for money in clause.of(el.Money)
    ]


def _named(clause: Clause) -> bool:
    return any(isinstance(part.value, el.Name) for part in (*clause.parts, *clause.inherited))


def read_stop(clause: Clause) -> list[Finding] | None:  # noqa: PLR0911
    """`Gave up X in December`, `had come to an end by the end of 2025`, `no longer goes to X`."""
    if not clause.only((el.Name, el.Period), {"stop", "anymore", "not", "habit"}) or not clause.tags & {"stop", "anymore"}:
        return None
    if len(clause.of(el.Period)) > 1 or ("not" in clause.tags and "anymore" not in clause.tags) or not _named(clause):
        return None
    rows = clause.filtered(skip=(el.Period,))
    if not rows.any():
        return [Finding(ok=False, needs=rows, message=f"there are no {what(clause)}")]
    days = np.unique(clause.view.day[rows])
    last, today = int(days[-1]), clause.view.last_day
    message = f"the last of the {what(clause)} is of {day_of(last)}"
    quiet = today - last
    gaps = np.diff(days)
    usual = float(np.median(gaps)) if len(gaps) else float("inf")
    for period in clause.of(el.Period):
        start, end = period.base
        late = last > (end if period.role != "before" else start - 1)
        early = period.role in ("in", "bare") and last < start
        if period.role in ("after", "since") and last < start:
            return [Finding(ok=None, needs=rows, message=message)]
        return [Finding(ok=not late and not early and (period.role != "in" or quiet > usual), needs=rows, message=message)]
    if quiet > max(3 * usual, _QUIET_DAYS) and len(days) >= _FEWEST:
        return [Finding(ok=True, needs=rows)]
    return [
        Finding(
            ok=False if quiet < max(1.5 * usual, 14) else None, needs=rows, message=message, ended=False if quiet >= _SILENT_DAYS else None
        )
    ]
