"""What each kind of fact about a user must be true of: its values, from the figures of `measure` and of the population, and its condition."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import polars as pl

Form = Literal["count", "text", "share"]


@dataclass(frozen=True, slots=True)
class Value:
    """One argument of a fact and what it must be.

    Args:
        name: of the argument.
        actual: what the rows give.
        form: counts and texts must be equal; shares equal to `digits` decimals.
        digits: decimals of a share.
    """

    name: str
    actual: pl.Expr
    form: Form = "count"
    digits: int = 0


@dataclass(frozen=True, slots=True)
class Definition:
    """What a kind of fact means.

    Args:
        values: of its arguments.
        conditions: what must hold beside, each with the reason given where it does not.
        population: True where it is judged against all users.
    """

    values: tuple[Value, ...]
    conditions: tuple[tuple[pl.Expr, str], ...] = ()
    population: bool = False


def _found(name: str) -> pl.Expr:
    return pl.col(name).fill_null(0)


def _counts(**actual: str) -> tuple[Value, ...]:
    return tuple(Value(name, _found(column)) for name, column in actual.items())


def _dates(**actual: str) -> tuple[Value, ...]:
    return tuple(Value(name, pl.col(column), "text") for name, column in actual.items())


def _share(name: str, hits: str, trials: str) -> Value:
    return Value(name, _found(hits) / pl.col(trials), "share", 4)


_POPULATION = pl.col("population")
_AGAINST = _POPULATION.fill_null(0.0)
_KNOWN_OF_ALL = (_POPULATION.is_not_null(), "too few users are behind the rate of all users")
_SPAN = _counts(n="n") + _dates(first="first", last="last")
_CHANGE = (
    *_counts(n="n", before="before", after="after"),
    Value("month", pl.when(pl.col("month").is_not_null()).then(pl.col("c_month")), "text"),
    *_counts(user_before="user_before", user_after="user_after"),
    *_dates(first="first", last="last"),
)
_PACE = _found("before") * _found("user_after"), _found("after") * _found("user_before")
_OFFERS = (
    *_counts(answered="answered", shown="shown"),
    _share("rate", "answered", "shown"),
    Value("population_rate", _POPULATION, "share", 6),
)
_RATE = _found("answered") / pl.col("shown")
_NEXT = (pl.col("last").str.to_date("%Y-%m-%d", strict=False) + pl.duration(days=pl.col("every_days"))).dt.to_string("iso")
_SILENCE = (pl.col("user_last").str.to_date(strict=False) - pl.col("last").str.to_date(strict=False)).dt.total_days()
# A habit of which the user missed four turns in a row, and three weeks at least, is none any more.
_LAPSED = (4 * pl.col("every_days")).clip(21) < _SILENCE
_MONTH_OF_YEAR = tuple(
    Value(
        name,
        pl.when(pl.col(f"c_{name}").cast(pl.Int64, strict=False).is_between(1, 12)).then(pl.col(f"c_{name}").cast(pl.Int64, strict=False)),
    )
    for name in ("first_month", "last_month")
)

# What a text claims beside its figures: a habit, much more or less than others, a beginning, an end, a move, a lasting change.
_ROUNDED = 1e-6
_HABIT_GAPS, _CHANGED, _STILL_DAYS, _FULL_MONTHS = 5, 6, 62, 3
_REDUCED = _found("reduced") / pl.col("priced")
_UNUSUAL = (
    (_REDUCED >= 1.4 * (_AGAINST - _ROUNDED)) | (_REDUCED <= 0.5 * (_AGAINST + _ROUNDED)),
    "the share is neither 1.4 times nor half that of all users",
)
_MEANS = _found("mean_before"), _found("mean_after")
# Means are rounded to whole minor units.
_QUARTER = pl.max_horizontal(*_MEANS) + 0.5 >= 1.25 * (pl.min_horizontal(*_MEANS) - 0.5)


def _most(name: str, rest: str) -> pl.Expr:
    return _found(name) >= 4 * _found(rest)


USER_DEFINITIONS: dict[str, Definition] = {
    "activity": Definition(_counts(n="user_n", days="user_days") + _dates(first="user_first", last="user_last")),
    "spending": Definition(_counts(n="paid_n", amount="amount", mean="mean"), ((_found("amount") > 0, "nothing was spent"),)),
    "likes": Definition(
        (*_SPAN, *_counts(of="of_dim"), _share("share", "n", "of_dim"), Value("population_share", _POPULATION, "share", 6)),
        (
            (_found("n") / pl.col("of_dim") > _AGAINST, "the share is not larger than that of all users"),
            (100 * _found("n") >= pl.col("of_dim"), "not even one purchase in a hundred is of it"),
            (_found("n") / pl.col("of_dim") >= 2 * (_AGAINST - _ROUNDED), "the share is not twice that of all users"),
        ),
        population=True,
    ),
    "habit": Definition(
        (*_SPAN, *_counts(every_days="every_days", fitting="fitting", gaps="gaps"), Value("next", _NEXT, "text")),
        (
            (_found("gaps") >= _HABIT_GAPS, "a few intervals make no habit"),
            (2 * _found("fitting") > _found("gaps"), "not even half of the intervals fit"),
            (~_LAPSED, "the user went on without it for more than four intervals"),
            (_found("weak_intervals") == 0, "a source of these purchases is no evidence for intervals"),
        ),
    ),
    "time_habit": Definition(
        (*_counts(n="in_band", of="of_band"), _share("share", "in_band", "of_band"), Value("population_share", _POPULATION, "share", 6)),
        (
            (_found("in_band") / pl.col("of_band") > _AGAINST, "the share is not larger than that of all users"),
            (2 * _found("in_band") > _found("of_band"), "not even half of the purchases lie in this time"),
        ),
        population=True,
    ),
    "season": Definition(
        (*_MONTH_OF_YEAR, *_counts(n="in_season", of="n")),
        (
            (2 * _found("in_season") > _found("n"), "not even half of the purchases lie in these months"),
            ((_found("in_low") > 0) & (_found("in_high") > 0), "nothing was bought in the first or in the last of these months"),
            (
                _found("in_season") * _found("user_n") > _found("n") * _found("user_in_season"),
                "the user buys as much of everything in these months",
            ),
        ),
    ),
    "offer_answers": Definition(
        _OFFERS,
        (
            (_RATE > _AGAINST, "offers are not answered more often than by all users"),
            (2 * _found("answered") > _found("shown"), "not even half of the offers are answered"),
        ),
        population=True,
    ),
    "offer_ignores": Definition(
        _OFFERS,
        (
            (_RATE < _AGAINST, "offers are not answered less often than by all users"),
            (5 * _found("answered") <= _found("shown"), "more than one in five offers is answered"),
            (_found("weak_shown") == 0, "a source of these exposures cannot tell that offers were ignored"),
        ),
        population=True,
    ),
    "discounts": Definition(
        (*_counts(n="reduced", of="priced"), Value("population_rate", _POPULATION, "share", 6)), (_KNOWN_OF_ALL, _UNUSUAL), population=True
    ),
    "returns": Definition(
        (*_counts(returned="returned", of="n"), Value("population_rate", _POPULATION, "share", 6)),
        (
            _KNOWN_OF_ALL,
            (_found("returned") / pl.col("n") > _AGAINST, "the share is not larger than that of all users"),
            (_found("returned") <= _found("n"), "more was given back than bought"),
        ),
        population=True,
    ),
    "moved": Definition(
        (
            Value("from", pl.col("c_from"), "text"),
            Value("month", pl.when(pl.col("month").is_not_null()).then(pl.col("c_month")), "text"),
            *_counts(from_before="from_before", from_after="from_after", to_before="before", to_after="after"),
        ),
        (
            (
                (_found("from_before") > _found("from_after")) & (_found("after") > _found("before")),
                "the purchases did not go over from the one to the other",
            ),
            (_most("from_before", "from_after") & _most("after", "before"), "less than four in five purchases went over"),
            (pl.col("key") != pl.col("c_from"), "nobody moves from a key to itself"),
        ),
    ),
    "started": Definition(
        _CHANGE,
        (
            ((6 * _found("before") <= _found("after")) & (_found("after") >= _CHANGED), "too many purchases before, or too few since"),
            (5 * _PACE[0] <= _PACE[1], "before, it was bought at more than a fifth of the pace since"),
            (_SILENCE <= _STILL_DAYS, "the user has not bought it for more than two months"),
            (_found("user_before") > _found("before"), "the user bought nothing else before"),
        ),
    ),
    "stopped": Definition(
        _CHANGE,
        (
            ((6 * _found("after") <= _found("before")) & (_found("before") >= _CHANGED), "too many purchases since, or too few before"),
            (_PACE[0] >= 5 * _PACE[1], "since, it is bought at more than a fifth of the pace before"),
            (_found("user_after") > _found("after"), "the user bought nothing else since"),
        ),
    ),
    "spending_change": Definition(
        (
            Value("month", pl.when(pl.col("month").is_not_null()).then(pl.col("c_month")), "text"),
            *_counts(before="mean_before", after="mean_after", months_before="months_before", months_after="months_after"),
        ),
        (
            (_found("mean_before") != _found("mean_after"), "the spending did not change"),
            (pl.min_horizontal(_found("months_before"), _found("months_after")) >= _FULL_MONTHS, "less than three full months on a side"),
            (_QUARTER, "the mean monthly sums differ by less than a quarter"),
        ),
    ),
}
"""Facts about users that are computed from rows."""


def mismatch(value: Value) -> pl.Expr:
    """`last is 2026-06-02 in the statement, 2026-06-04 in the rows`, or null where the value is right."""
    claimed = pl.col(f"c_{value.name}")
    if value.form == "text":
        right = claimed.eq_missing(value.actual.cast(pl.String)) & claimed.is_not_null()
        shown = value.actual.cast(pl.String)
    elif value.form == "count":
        number = claimed.cast(pl.Float64, strict=False)
        right = (number == value.actual.cast(pl.Float64)).fill_null(value=False)
        shown = value.actual.cast(pl.Int64).cast(pl.String)
    else:
        number = claimed.cast(pl.Float64, strict=False)
        near = ((number - value.actual).abs() <= 0.5 * 10.0**-value.digits + 1e-9).fill_null(value=False)
        right = near | (claimed.is_null() & value.actual.is_null())
        shown = value.actual.round(value.digits).cast(pl.String)
    said = pl.concat_str(
        pl.lit(f"{value.name} is "),
        claimed.fill_null("nothing"),
        pl.lit(" in the statement, "),
        shown.fill_null("nothing"),
        pl.lit(" in the rows"),
    )
    return pl.when(~right).then(said)


def contradiction(definition: Definition) -> pl.Expr:
    """The first value that is wrong, else the first condition that does not hold, in words; null where the fact holds."""
    wrong = [mismatch(value) for value in definition.values]
    broken = [pl.when(~condition.fill_null(value=False)).then(pl.lit(reason)) for condition, reason in definition.conditions]
    return pl.coalesce(*wrong, *broken)
