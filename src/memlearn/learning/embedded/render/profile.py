"""Worded statements about a user as a whole: activity, spending, what is given, what an operator stated."""

from __future__ import annotations

import polars as pl

from memlearn.learning.embedded.render.lines import claim_line
from memlearn.learning.embedded.render.words import clean, day_words, iso_day, iso_month, money, month_date, times


def profile_lines(users: pl.DataFrame, spending: pl.DataFrame, shifts: pl.DataFrame) -> pl.DataFrame:
    """How active the user is, what they spend, and how that changed.

    Args:
        users: `candidates` frame of users, with `first_row` and `last_row`.
        spending: with `decimals` of the currency; where there are `returns`, the sums are told as net ones.
        shifts: changes of spending, likewise.
    """
    active = users.filter(pl.col("user_n") > 0).with_columns(pl.lit(1000.0).alias("score"))
    text = (
        times(pl.col("user_n"), "purchase")
        + " on "
        + pl.when(pl.col("user_days") > 1).then(times(pl.col("user_days"), "day") + ", from ").otherwise(pl.lit(""))
        + day_words(pl.col("user_first_day"))
        + pl.when(pl.col("user_days") > 1).then(" to " + day_words(pl.col("user_last_day"))).otherwise(pl.lit(""))
        + "."
    )
    values = {
        "n": pl.col("user_n"),
        "days": pl.col("user_days"),
        "first": iso_day(pl.col("user_first_day")),
        "last": iso_day(pl.col("user_last_day")),
    }
    spent = spending.filter((pl.col("n") > 0) & (pl.col("amount") > 0)).with_columns((500.0 + pl.col("n").clip(0, 400)).alias("score"))
    mean = (2 * pl.col("amount") + pl.col("n")) // (2 * pl.col("n"))
    sums = (
        pl.lit("Spent ")
        + money(pl.col("amount"), pl.col("label"), pl.col("decimals"))
        + " in "
        + times(pl.col("n"), "purchase")
        + pl.when(pl.col("n") > 1).then(", " + money(mean, pl.col("label"), pl.col("decimals")) + " on average").otherwise(pl.lit(""))
        + pl.when(pl.col("returns") > 0).then(pl.lit(", less what was given back")).otherwise(pl.lit(""))
        + "."
    )
    totals = {"n": pl.col("n"), "amount": pl.col("amount"), "mean": mean}
    more = pl.when(pl.col("after") > pl.col("before")).then(pl.lit("Spends more")).otherwise(pl.lit("Spends less"))
    since = month_date(pl.col("month")).dt.strftime("%B %Y")
    moved = (
        more
        + " since "
        + since
        + ": "
        + money(pl.col("after"), pl.col("label"), pl.col("decimals"))
        + " a month, before that "
        + money(pl.col("before"), pl.col("label"), pl.col("decimals"))
        + "."
    )
    shift = {"month": iso_month(pl.col("month")), **{name: pl.col(name) for name in ("before", "after", "months_before", "months_after")}}
    return pl.concat(
        [
            claim_line(active, "profile", "activity", text, values, key=False),
            claim_line(spent.with_columns(pl.lit("currency").alias("dim")), "profile", "spending", sums, totals),
            claim_line(shifts.with_columns(pl.lit("currency").alias("dim")), "changes", "spending_change", moved, shift),
        ]
    )


def person_lines(persons: pl.DataFrame) -> pl.DataFrame:
    """`Age band: 35-44.` from what is given."""
    given = persons.with_columns(
        (2000.0 - pl.col("attribute").rank("dense").over("user_id")).alias("score"),
        pl.lit("person").alias("dim"),
        pl.col("attribute").alias("label"),
        pl.lit(None, pl.UInt64).alias("first_row"),
        pl.lit(None, pl.UInt64).alias("last_row"),
    )
    name = pl.col("attribute").str.replace_all("_", " ")
    text = name.str.slice(0, 1).str.to_uppercase() + name.str.slice(1) + ": " + clean(pl.col("value")).str.strip_suffix(".") + "."
    return claim_line(given, "profile", "person", text, {"value": pl.col("value")})


def stance_lines(statements: pl.DataFrame) -> pl.DataFrame:
    """What an operator stated, in their words or ours."""
    verb = (
        pl.when(pl.col("stance") == "avoids")
        .then(pl.lit("Avoids "))
        .when(pl.col("stance") == "needs")
        .then(pl.lit("Needs "))
        .otherwise(pl.lit("Likes "))
    )
    until = pl.from_epoch("until_us", time_unit="us").dt.strftime("%-d %B %Y")
    own = (
        verb
        + pl.col("display")
        + pl.when(pl.col("until_us").is_null()).then(pl.lit("")).otherwise(pl.lit(" until ") + until)
        + " (stated)."
    )
    given = clean(pl.col("text").fill_null(""))
    frame = statements.with_columns(
        pl.lit(5000.0).alias("score"), pl.lit(None, pl.UInt64).alias("first_row"), pl.lit(None, pl.UInt64).alias("last_row")
    )
    values = {"stance": pl.col("stance"), "until": pl.from_epoch("until_us", time_unit="us").dt.strftime("%Y-%m-%dT%H:%M:%SZ")}
    return claim_line(frame, "preferences", "stance", pl.when(given == "").then(own).otherwise(given), values)
