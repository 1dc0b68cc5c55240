"""One worded statement for each claim, by kind of claim. Every function returns the same columns (`LINE`).

The numbers in a text are the numbers of its fact; nothing is worded that the fact does not hold.
"""

from __future__ import annotations

import polars as pl

from memlearn.learning.embedded.evidence import needed, surprise
from memlearn.learning.embedded.render.words import (
    day_words,
    iso_day,
    iso_month,
    month_date,
    month_words,
    number,
    percent,
    percent_of_all,
    times,
    with_dim,
)

LINE = ["user_id", "block", "score", "kind", "dim", "key", "text", "fact", "row_a", "row_b", "statistic"]

LIKE_LIFT = 2.0
# What is less than one purchase in a hundred tells little of a person, however rare it is.
LIKE_SHARE = 0.01
# A time of the week is a habit when most purchases lie in it, many more than for all users, or hardly any outside of it.
BAND_SHARE = 0.5
BAND_LIFT = 1.35
BAND_REST = 0.125
# Days of the week are one test, parts of the day hardly more than another: what lies in one lies in no other.
BAND_TESTS = 2
BAND_COUNT = 12
SEASON_LIFT = 1.5
ANSWER_SHOWN = 5
ANSWER_RATE = 0.65
IGNORE_SHOWN = 7
IGNORE_RATE = 0.1
# Offers are shown few times: one user in five may be told one by the bound, which is one in twenty in truth for such numbers.
ANSWER_NATS = 1.6
IGNORE_NATS = 2.0
RETURN_COUNT = 3
# Returns are so rare that three of one key say more than the bound does: it is loose by a factor of ten there.
RETURN_NATS = 2.5
RETURN_RATE = 0.12
DISCOUNT_COUNT = 12

_SHOPS = ["store", "shop", "branch", "location"]
_PLACES = ["city", "town", "region", "state", "country", "district"]


def claim_line(frame: pl.DataFrame, block: str, kind: str, text: pl.Expr, values: dict[str, pl.Expr], *, key: bool = True) -> pl.DataFrame:
    """Put the columns of a claim together."""
    dim = pl.col("dim") if key else pl.lit(None, pl.String)
    label = pl.col("label") if key else pl.lit(None, pl.String)
    fact = pl.struct(
        pl.lit(kind).alias("kind"), dim.alias("dim"), label.alias("key"), *(value.alias(name) for name, value in values.items())
    )
    return frame.select(
        "user_id",
        pl.lit(block).alias("block"),
        pl.col("score").cast(pl.Float64).round(4),
        pl.lit(kind).alias("kind"),
        dim.alias("dim"),
        label.alias("key"),
        text.alias("text"),
        fact.struct.json_encode().alias("fact"),
        pl.col("first_row").alias("row_a"),
        pl.col("last_row").alias("row_b"),
        pl.lit(f"{kind}_of_user").alias("statistic"),
    )


def _verb() -> pl.Expr:
    """`Buys milk`, `Spends on books`, `Pays at BLUE BOTTLE`, `Shops in Leipzig`, by dimension."""
    return _doing("Buys ", "Spends on ", "Pays at ", "Shops ")


def _doing(buys: str, spends: str, pays: str, shops: str) -> pl.Expr:
    """What a user does with a key, by dimension: categories of merchants are spent on, not bought."""
    dim, name = pl.col("dim"), pl.col("display")
    return (
        pl.when(dim == "merchant")
        .then(pl.lit(pays) + name)
        .when(dim.is_in(_PLACES))
        .then(pl.lit(f"{shops}in ") + name)
        .when(dim.is_in(_SHOPS))
        .then(pl.lit(f"{shops}at ") + with_dim(dim, name))
        .when(dim == "category")
        .then(pl.lit(spends) + name)
        .otherwise(pl.lit(buys) + name)
    )


def _hits() -> pl.Expr:
    """`41 of 60 purchases`."""
    return number(pl.col("hits")) + " of " + times(pl.col("of"), "purchase")


def _all_users(opening: str) -> pl.Expr:
    """`; all users: 27 %).`."""
    return opening + pl.lit("all users: ") + percent_of_all(pl.col("base")) + ")."


def habit_lines(habits: pl.DataFrame) -> pl.DataFrame:
    """`Buys espresso beans about every 9 days (31 purchases since March 2026; the last on 2 June, so ...)`."""
    alive = habits.filter(~pl.col("lapsed"))
    following = pl.col("last_day") + pl.col("every_days")
    text = (
        _verb() + " about every " + number(pl.col("every_days")) + " days (" + times(pl.col("n"), "purchase") + " since "
        + month_words(pl.col("first_day")) + "; the last on " + day_words(pl.col("last_day"))
        + ", so the next is expected about " + day_words(following, year=False) + ")."
    )  # fmt: skip
    values = {
        "n": pl.col("n"),
        "every_days": pl.col("every_days"),
        "fitting": pl.col("fitting"),
        "gaps": pl.col("gaps"),
        "first": iso_day(pl.col("first_day")),
        "last": iso_day(pl.col("last_day")),
        "next": iso_day(following),
    }
    return claim_line(alive, "habits", "habit", text, values)


def judge_likes(likes: pl.DataFrame) -> pl.DataFrame:
    """Keys with a larger share of the user's purchases than of all users' purchases, with `score`.

    Args:
        likes: with `base` and `users` of the key; null where fewer than k users know it.
    """
    share = pl.col("n") / pl.col("of")
    judged = likes.with_columns(pl.col("base").fill_null(0.0).round(6).alias("base"))
    often = judged.filter((share / pl.col("base").clip(1e-4) >= LIKE_LIFT) & (share >= LIKE_SHARE))
    scored = often.with_columns(surprise(pl.col("n"), pl.col("of"), pl.col("base")).alias("score"))
    return scored.filter(pl.col("score") >= needed(pl.col("tests"))).with_columns(pl.col("score").round(4))


def like_lines(liked: pl.DataFrame, *, few_are_few: bool = True) -> pl.DataFrame:
    """`Often buys espresso beans: 31 of 120 purchases (26 %, against 2 % for all users), from March 2026 to June 2026`.

    Args:
        liked: of `judge_likes`, with `display`.
        few_are_few: False: all users are so few that those of a key without a known share may be most of them.
    """
    share = pl.col("n") / pl.col("of")
    others = (
        pl.when(pl.col("users").is_null())
        .then(pl.lit(", few others do" if few_are_few else ""))
        .otherwise(pl.lit(", against ") + percent_of_all(pl.col("base")) + " for all users")
    )
    often = _doing("Often buys ", "Often spends on ", "Often pays at ", "Often shops ")
    mostly = _doing("Mostly buys ", "Mostly spends on ", "Mostly pays at ", "Mostly shops ")
    text = (
        pl.when(share > 0.5).then(mostly).otherwise(often) + ": " + number(pl.col("n")) + " of " + times(pl.col("of"), "purchase") + " (" + percent(share) + others
        + "), from " + month_words(pl.col("first_day")) + " to " + month_words(pl.col("last_day")) + "."
    )  # fmt: skip
    values = {
        "n": pl.col("n"),
        "of": pl.col("of"),
        "share": share.round(4),
        "population_share": pl.when(pl.col("users").is_null()).then(None).otherwise(pl.col("base")),
        "first": iso_day(pl.col("first_day")),
        "last": iso_day(pl.col("last_day")),
    }
    return claim_line(liked, "preferences", "likes", text, values)


def season_lines(seasons: pl.DataFrame) -> pl.DataFrame:
    """`Buys sun cream mostly from June to August (11 of 12 purchases)`; not where all users do.

    Args:
        seasons: with `base`, the share of all users' purchases of the key in these months; null where that is not known.
    """
    surely = surprise(pl.col("hits"), pl.col("n"), pl.col("base").fill_null(0.0))
    more = (pl.col("hits") > SEASON_LIFT * pl.col("base").fill_null(0.0) * pl.col("n")) & (surely >= needed(pl.col("tests")))
    seasons = seasons.filter(more)
    months = pl.Series(
        ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"]
    )
    low, high = (pl.lit(months).gather(pl.col(name) - 1) for name in ("first_month", "last_month"))
    when = pl.when(pl.col("first_month") == pl.col("last_month")).then(pl.lit("in ") + low).otherwise(pl.lit("from ") + low + " to " + high)
    text = _verb() + " mostly " + when + " (" + number(pl.col("hits")) + " of " + times(pl.col("n"), "purchase") + ")."
    values = {"first_month": pl.col("first_month"), "last_month": pl.col("last_month"), "n": pl.col("hits"), "of": pl.col("n")}
    return claim_line(seasons, "habits", "season", text, values)


def band_lines(bands: pl.DataFrame) -> pl.DataFrame:
    """`Buys mostly in the evenings (41 of 60 purchases; 27 % for all users)`."""
    share = pl.col("hits") / pl.col("of")
    judged = bands.filter(pl.col("base").is_not_null() & (pl.col("of") >= BAND_COUNT)).with_columns(
        surprise(pl.col("hits"), pl.col("of"), pl.col("base")).alias("score"), pl.col("base").round(6)
    )
    more = (share >= BAND_LIFT * pl.col("base")) | (1 - share <= BAND_REST * (1 - pl.col("base")))
    telling = judged.filter((share > BAND_SHARE) & more & (pl.col("score") >= needed(pl.lit(BAND_TESTS))))
    at = {"weekends": "at weekends", "weekdays": "on weekdays", "middays": "at midday", "nights": "at night"}
    where = pl.col("label").replace_strict(at, default=pl.lit("in the ") + pl.col("label"), return_dtype=pl.String)
    text = pl.lit("Buys mostly ") + where + " (" + _hits() + ", " + percent(share) + _all_users("; ")
    values = {"n": pl.col("hits"), "of": pl.col("of"), "share": share.round(4), "population_share": pl.col("base")}
    return claim_line(telling.with_columns(pl.lit("time_of_week").alias("dim")), "habits", "time_habit", text, values)


def offer_lines(offers: pl.DataFrame) -> pl.DataFrame:
    """Which offers a user answers, and which they let pass, against how all users answer."""
    rate = pl.col("answered") / pl.col("shown")
    base = pl.col("base").fill_null(pl.col("overall"))
    judged = offers.filter(pl.col("shown") >= ANSWER_SHOWN).with_columns(
        base.round(6).alias("base"), pl.len().over("user_id").alias("tests")
    )
    # Answers are judged against how offers of any kind are answered: much answered kinds of offers are liked by many.
    keen = judged.with_columns(surprise(pl.col("answered"), pl.col("shown"), pl.col("overall")).alias("score"))
    keen = keen.filter(
        (rate >= ANSWER_RATE) & (rate > pl.col("base")) & (pl.col("score") >= ANSWER_NATS + pl.col("tests").cast(pl.Float64).log())
    )
    cool = judged.with_columns(surprise(pl.col("answered"), pl.col("shown"), pl.col("base")).alias("score")).filter(
        (rate <= IGNORE_RATE)
        & (rate < pl.col("base"))
        & (pl.col("shown") >= IGNORE_SHOWN)
        & (pl.col("strong") == pl.col("shown"))
        & (pl.col("score") >= IGNORE_NATS)
    )
    values = {"answered": pl.col("answered"), "shown": pl.col("shown"), "rate": rate.round(4), "population_rate": pl.col("base")}
    for_all = "; all users answer " + percent_of_all(pl.col("base")) + ")."
    what = _offer_words()
    text = pl.lit("Answers ") + what + " (" + number(pl.col("answered")) + " of " + number(pl.col("shown")) + for_all
    none = pl.when(pl.col("answered") == 0).then(pl.lit("none of ")).otherwise(number(pl.col("answered")) + " of ")
    passed = pl.lit("Lets ") + what + " pass (answered " + none + number(pl.col("shown")) + for_all
    return pl.concat(
        [claim_line(keen, "offers", "offer_answers", text, values), claim_line(cool, "offers", "offer_ignores", passed, values)]
    )


def _offer_words() -> pl.Expr:
    dim, name = pl.col("dim"), pl.col("display")
    return (
        pl.when(dim == "item")
        .then(pl.lit("the offer ") + name)
        .when(dim.is_in(["category", "merchant", "department", "brand", "partner"]))
        .then(name + " offers")
        .otherwise(pl.lit("offers of ") + with_dim(dim, name))
    )


def change_lines(started: pl.DataFrame, stopped: pl.DataFrame, moves: pl.DataFrame) -> pl.DataFrame:
    """What is new, what has ended, and who moved."""
    both = {"n": pl.col("n"), "before": pl.col("before"), "after": pl.col("after"), "month": iso_month(pl.col("month"))}
    both |= {
        "user_before": pl.col("user_before"),
        "user_after": pl.col("user_after"),
        "first": iso_day(pl.col("first_day")),
        "last": iso_day(pl.col("last_day")),
    }
    since = month_date(pl.col("month")).dt.strftime("%B %Y")
    begun = (
        _doing("New: buys ", "New: spends on ", "New: pays at ", "New: shops ") + " since " + since + " (" + times(pl.col("after"), "purchase") + " since, "
        + number(pl.col("before")) + " before)."
    )  # fmt: skip
    others = number(pl.col("user_after") - pl.col("after")) + " of other things"
    used_to = _doing("Used to buy ", "Used to spend on ", "Used to pay at ", "Used to shop ")
    bought_before = times(pl.col("before"), "purchase")
    over = used_to + " until " + day_words(pl.col("last_day")) + " (" + bought_before + " before " + since + ", none since, against " + others + ")."
    fading = (
        used_to + " before " + since + " (" + bought_before + "; " + number(pl.col("after")) + " since, the last on "
        + day_words(pl.col("last_day")) + ", against " + others + ")."
    )  # fmt: skip
    ended = pl.when(pl.col("after") == 0).then(over).otherwise(fading)
    named = pl.col("dim").is_in(["merchant", "item", *_PLACES])
    old, new = (pl.when(named).then(name).otherwise(with_dim(pl.col("dim"), name)) for name in (pl.col("other_display"), pl.col("display")))
    moved = (
        pl.lit("Moved from ") + old + " to " + new + " in " + since + " (before: " + number(pl.col("from_before")) + " and "
        + number(pl.col("to_before")) + " purchases; since: " + number(pl.col("from_after")) + " and " + number(pl.col("to_after")) + ")."
    )  # fmt: skip
    counts = ("from_before", "from_after", "to_before", "to_after")
    values = {"from": pl.col("other_label"), "month": iso_month(pl.col("month")), **{name: pl.col(name) for name in counts}}
    return pl.concat(
        [
            claim_line(started, "changes", "started", begun, both),
            claim_line(stopped, "changes", "stopped", ended, both),
            claim_line(moves, "changes", "moved", moved, values),
        ]
    )


def return_lines(rates: pl.DataFrame) -> pl.DataFrame:
    """Keys of which the user gives an unusual share back."""
    rate = pl.col("hits") / pl.col("of")
    judged = rates.filter((pl.col("what") == "returns") & (pl.col("hits") <= pl.col("of"))).with_columns(
        pl.len().over("user_id").alias("tests")
    )
    judged = judged.filter(pl.col("hits") >= RETURN_COUNT)
    judged = judged.with_columns(surprise(pl.col("hits"), pl.col("of"), pl.col("base").clip(0.005)).alias("score"), pl.col("base").round(6))
    unusual = judged.filter(
        (rate >= RETURN_RATE) & (rate > 2 * pl.col("base")) & (pl.col("score") >= RETURN_NATS + pl.col("tests").cast(pl.Float64).log())
    )
    where = pl.when(pl.col("dim") == "merchant").then(pl.lit("at ")).otherwise(pl.lit("of "))
    text = pl.lit("Gives back ") + _hits() + " " + where + pl.col("display") + _all_users(" (")
    values = {"returned": pl.col("hits"), "of": pl.col("of"), "population_rate": pl.col("base")}
    return claim_line(unusual, "preferences", "returns", text, values)


def discount_lines(rates: pl.DataFrame) -> pl.DataFrame:
    """Users who buy much more, or much less, at a discount than others do."""
    rate = pl.col("hits") / pl.col("of")
    judged = rates.filter((pl.col("what") == "discounts") & (pl.col("of") >= DISCOUNT_COUNT) & (pl.col("base") > 0))
    judged = judged.with_columns(surprise(pl.col("hits"), pl.col("of"), pl.col("base")).alias("score"), pl.col("base").round(6))
    unusual = judged.filter((pl.col("score") >= needed(pl.lit(1))) & ((rate >= 1.4 * pl.col("base")) | (rate <= 0.5 * pl.col("base"))))
    word = pl.when(rate > pl.col("base")).then(pl.lit("Looks for discounts: ")).otherwise(pl.lit("Buys without waiting for discounts: "))
    text = word + _hits() + " were reduced (" + percent(rate) + _all_users("; ")
    values = {"n": pl.col("hits"), "of": pl.col("of"), "population_rate": pl.col("base")}
    return claim_line(unusual, "offers", "discounts", text, values, key=False)
