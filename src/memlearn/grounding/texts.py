"""How each kind of fact is worded: which names, figures and words its text must have, and which it must not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from memlearn.grounding.words import (
    clean,
    day,
    denies,
    figures,
    in_order,
    money,
    month,
    month_name,
    one_decimal,
    percent,
    percent_of_all,
    says,
    whole,
)
from memlearn.sources.currencies import MINOR_DIGITS

Figures = Callable[[float, float], pl.Expr]
"""The figures of a fact, for both ways of rounding its first and its second share."""

_NAME, _OTHER = pl.col("name"), pl.col("other_name")
# The same as the text calls them: behind their dimension, which may hold figures itself, or alone.
_CALLED, _OTHER_CALLED = pl.col("called"), pl.col("other_called")
_DIM = pl.col("dim").fill_null("").str.replace_all("_", " ") + " "
_TEXT = pl.col("text")
_LOWER = _TEXT.str.to_lowercase()
_DECIMALS = pl.col("key").replace_strict(MINOR_DIGITS, default=2, return_dtype=pl.Int64)
# Just past half of the last digit that is shown.
_NUDGE = 1e-6
_BANDS = {"weekdays": "on weekdays", "weekends": "at weekends", "middays": "at midday", "nights": "at night"}


@dataclass(frozen=True, slots=True)
class Wording:
    """How the text of a kind of fact must read.

    Args:
        figures: its figures in order.
        words: expressions that must be true of the text.
        names: whose names it must hold.
    """

    figures: Figures
    words: pl.Expr
    names: tuple[pl.Expr, ...] = ()


def _number(name: str) -> pl.Expr:
    return pl.col(f"c_{name}").cast(pl.Float64, strict=False)


def _ratio(name: str, of: str) -> pl.Expr:
    return _number(name) / _number(of)


def _has(pattern: str) -> pl.Expr:
    return _LOWER.str.contains(pattern)


def _either(condition: pl.Expr, yes: pl.Expr, no: pl.Expr) -> pl.Expr:
    return pl.when(condition).then(yes).otherwise(no)


def _population(nudge: float) -> pl.Expr:
    share = _number("population_share")
    # Where all users are few, nothing is said of the others.
    unknown = _either(_has(r"\bfew others\b"), pl.lit("few others"), pl.lit(""))
    return _either(share.is_null(), unknown, percent_of_all(share, nudge))


def _none_or(name: str) -> pl.Expr:
    return _either(_number(name) == 0, pl.lit("none"), whole(name))


# `Mostly` is more than half.
_MOSTLY = ~_has(r"^(?:buys )?mostly\b") | (2 * _number("n") > _number("of"))


def _season_months() -> pl.Expr:
    low, high = month_name("first_month"), month_name("last_month")
    return _either(low == high, low, low + " ; " + high)


def _band_words() -> pl.Expr:
    where = pl.col("key").replace_strict(_BANDS, default=pl.lit("in the ") + pl.col("key"), return_dtype=pl.String)
    return _LOWER.str.contains(where, literal=True) & _MOSTLY


_BUYS = r"^(?:often |mostly )?(?:buys|likes|spends on|pays at|shops (?:at|in))\b"
# What was bought on one day has neither a number of days nor an end.
_ONE_DAY = (_number("days") == 1) & (pl.col("c_first") == pl.col("c_last"))
_MORE = _number("n") > _number("population_rate") * _number("of")
_UP = _number("after") > _number("before")
_GROWS = _ratio("after", "after_total") > _ratio("before", "before_total")
_CURRENCY = says(_TEXT, pl.col("key"))
_MOVED = _LOWER.str.contains(pl.concat_str(pl.lit("from "), _OTHER_CALLED, pl.lit(" to "), _CALLED).str.to_lowercase(), literal=True)
_RATE = _number("population_rate")

_OTHERS_SINCE = (_number("user_after") - _number("after")).cast(pl.Int64, strict=False)

USER_WORDINGS: dict[str, Wording] = {
    "activity": Wording(
        lambda _a, _b: _either(
            _ONE_DAY, in_order(whole("n"), day("first")), in_order(whole("n"), whole("days"), day("first"), day("last"))
        ),
        _has(r"\bpurchases? on\b"),
    ),
    "spending": Wording(
        lambda _a, _b: _either(
            _number("n") == 1,
            in_order(money("amount", _DECIMALS), whole("n")),
            in_order(money("amount", _DECIMALS), whole("n"), money("mean", _DECIMALS)),
        ),
        _has(r"^spent\b") & ((_number("n") == 1) | _has("on average")) & _CURRENCY,
    ),
    "likes": Wording(
        lambda a, b: in_order(
            _CALLED, whole("n"), whole("of"), percent(_ratio("n", "of"), a), _population(b), month("first"), month("last")
        ),
        _has(_BUYS) & _MOSTLY,
        (_NAME,),
    ),
    "habit": Wording(
        lambda _a, _b: in_order(_CALLED, whole("every_days"), whole("n"), month("first"), day("last"), day("next", year=False)),
        _has(_BUYS) & _has("about every") & _has(r"\bdays\b"),
        (_NAME,),
    ),
    "season": Wording(lambda _a, _b: in_order(_CALLED, _season_months(), whole("n"), whole("of")), _has(_BUYS) & _has("mostly"), (_NAME,)),
    "time_habit": Wording(
        lambda a, b: in_order(whole("n"), whole("of"), percent(_ratio("n", "of"), a), percent_of_all(_number("population_share"), b)),
        _has(r"^buys (?:mostly|unusually often)\b") & _band_words(),
    ),
    "offer_answers": Wording(
        lambda a, _b: in_order(_CALLED, whole("answered"), whole("shown"), percent_of_all(_RATE, a)),
        _has(r"^answers\b") & ~_has(r"^lets\b"),
        (_NAME,),
    ),
    "offer_ignores": Wording(
        lambda a, _b: in_order(_CALLED, _none_or("answered"), whole("shown"), percent_of_all(_RATE, a)),
        _has(r"^lets\b") & _has(r"\bpass\b"),
        (_NAME,),
    ),
    "discounts": Wording(
        lambda a, b: in_order(whole("n"), whole("of"), percent(_ratio("n", "of"), a), percent_of_all(_RATE, b)),
        _either(_MORE, _has("^looks for discounts"), _has("^buys without waiting for discounts")),
    ),
    "returns": Wording(
        lambda a, _b: in_order(whole("returned"), whole("of"), _CALLED, percent_of_all(_RATE, a)), _has(r"^gives back\b"), (_NAME,)
    ),
    "moved": Wording(
        lambda _a, _b: in_order(
            _OTHER_CALLED, _CALLED, month("month"), whole("from_before"), whole("to_before"), whole("from_after"), whole("to_after")
        ),
        _has(r"^moved\b") & _MOVED,
        (_NAME, _OTHER),
    ),
    "started": Wording(
        lambda _a, _b: in_order(_CALLED, month("month"), whole("after"), whole("before")), _has(r"^(?:has begun|new)\b"), (_NAME,)
    ),
    "stopped": Wording(
        lambda _a, _b: _either(
            _number("after") == 0,
            in_order(_CALLED, day("last"), whole("before"), month("month"), pl.lit("none"), _OTHERS_SINCE),
            in_order(_CALLED, month("month"), whole("before"), whole("after"), day("last"), _OTHERS_SINCE),
        ),
        _has(r"^used to\b"),
        (_NAME,),
    ),
    "spending_change": Wording(
        lambda _a, _b: in_order(month("month"), money("after", _DECIMALS), money("before", _DECIMALS)),
        _either(_UP, _has(r"^spends more\b"), _has(r"^spends less\b")) & _CURRENCY,
    ),
}
"""Facts about users that are worded from figures."""

SHARED_WORDINGS: dict[str, Wording] = {
    "popular": Wording(lambda a, _b: in_order(_CALLED, percent(_ratio("n", "of"), a), whole("users")), _has(r"^popular\b"), (_NAME,)),
    "trend": Wording(
        lambda a, b: in_order(
            _CALLED, percent(_ratio("after", "after_total"), a), month("month"), percent(_ratio("before", "before_total"), b)
        ),
        _either(_GROWS, _has(r"^growing\b"), _has(r"^shrinking\b")),
        (_NAME,),
    ),
    "season": Wording(
        lambda a, _b: in_order(month_name("month_of_year"), _CALLED, one_decimal("factor", a)), _has(r"^in season\b"), (_NAME,)
    ),
    "with": Wording(lambda a, _b: in_order(_CALLED, _OTHER_CALLED, one_decimal("lift", a)), _has("^bought together"), (_NAME, _OTHER)),
    "after": Wording(
        lambda a, _b: in_order(_CALLED, _OTHER_CALLED, one_decimal("lift", a)),
        _has("^often bought next after")
        & _LOWER.str.contains(pl.concat_str(pl.lit("after "), _CALLED, pl.lit(": "), _OTHER_CALLED).str.to_lowercase(), literal=True),
        (_NAME, _OTHER),
    ),
}
"""Facts about all users that are worded from figures."""


def add_names(facts: pl.DataFrame, items: pl.DataFrame) -> pl.DataFrame:
    """Add `name` and `other_name`, how a fact's keys are shown: an item by its name, everything else by its key; `called` and `other_called`, as the text has them."""
    named = items.select(pl.col("item_id"), pl.col("name").alias("item_name")).unique("item_id", keep="first", maintain_order=True)
    for key, name in (("key", "name"), ("other_key", "other_name")):
        item = pl.when(pl.col("dim") == "item").then(pl.col(key))
        facts = facts.with_columns(item.alias("item_id")).join(named, on="item_id", how="left", maintain_order="left")
        facts = facts.with_columns(clean(pl.coalesce("item_name", key)).alias(name)).drop("item_id", "item_name")
    return facts.with_columns(_called(name, column) for name, column in ((_NAME, "called"), (_OTHER, "other_called")))


def disagreements(facts: pl.DataFrame, wording: Wording) -> pl.Series:
    """What the texts of facts of one kind say otherwise than the facts, in words; null where they agree.

    Args:
        facts: `text`, the arguments, and what `add_names` adds.
        wording: of the kind.
    """
    named = pl.all_horizontal(says(_TEXT, name) for name in wording.names) if wording.names else pl.lit(value=True)
    read, meant = pl.col("read"), pl.col("meant")
    placed = facts.with_columns(
        figures(_TEXT).alias("read"), figures(wording.figures(_NUDGE, _NUDGE)).alias("meant"), agreed=pl.lit(value=False)
    )
    placed = placed.with_columns(
        agreed=(read == meant) | _agrees_otherwise(placed.select((read != meant).any().fill_null(value=True)).item(), wording)
    )
    reason = (
        pl.when(~named.fill_null(value=False))
        .then(pl.concat_str(pl.lit("the text does not name "), *_names(wording)))
        .when(~wording.words.fill_null(value=False))
        .then(pl.lit("the text does not say what the fact says"))
        .when(denies(_TEXT, list(wording.names)))
        .then(pl.lit("the text denies what the fact says"))
        .when(~pl.col("agreed").fill_null(value=False))
        .then(pl.concat_str(pl.lit("the text has the figures "), read.fill_null(""), pl.lit("; the fact has "), meant.fill_null("")))
    )
    return placed.select(reason.alias("reason"))["reason"]


def _called(name: pl.Expr, column: str) -> pl.Expr:
    """How the text calls a key: behind its dimension where it says that, `manufacturer 1230`, else alone."""
    full = pl.concat_str(_DIM, name)
    return pl.when(says(_TEXT, full)).then(full).otherwise(name).alias(column)


def _agrees_otherwise(needed: bool, wording: Wording) -> pl.Expr:  # noqa: FBT001 - decides whether the expression is needed
    """The other ways of rounding; shares half-way between two figures are rare, so this is hardly ever needed."""
    if not needed:
        return pl.lit(value=False)
    others = ((_NUDGE, -_NUDGE), (-_NUDGE, _NUDGE), (-_NUDGE, -_NUDGE))
    return pl.any_horizontal(pl.col("read") == figures(wording.figures(first, second)) for first, second in others)


def _names(wording: Wording) -> list[pl.Expr]:
    parts: list[pl.Expr] = []
    for name in wording.names:
        parts += [pl.lit(" and " if parts else ""), name.fill_null("?")]
    return parts or [pl.lit("")]
