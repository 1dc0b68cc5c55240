"""When was bought: days of the week, times of the day, months, seasons, and the keys with a steady rhythm."""

from __future__ import annotations

import polars as pl

from memlearn.learning.agent.statistics.layout import Telling, alike_once, as_part, first_of, iso_day, said, without
from memlearn.learning.embedded.bands import BAND_OF_SLOT
from memlearn.learning.embedded.state import State
from memlearn.records.hours import HOURS

# Fewer purchases have no habit of days, hours or months.
_LEAST = 8
_TIMES_TOLD, _MONTHS_TOLD = 3, 2
RHYTHMS_TOLD = SEASONS_TOLD = 3
_FEWEST_MONTHS = 3
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
# By their hours, since a word such as evening does not say when it begins.
TIMES = tuple(f"{first}-{end % 24}h" for first, end in HOURS.values())
MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December")


def tell_weekdays(state: State) -> pl.DataFrame:
    """The days of the week with most purchases."""
    slots = state.tables.slots.with_columns((pl.col("slot") // 25).alias("place"))
    return _busiest(slots, WEEKDAYS, "weekdays", "purchases")


def tell_times_of_day(state: State) -> pl.DataFrame:
    """The times of the day with most purchases, where sources tell the hour."""
    of_slot = pl.concat(
        pl.DataFrame({"slot": (BAND_OF_SLOT[name] > 0).nonzero()[0], "place": place}) for place, name in enumerate(HOURS)
    ).cast({"slot": pl.Int32})
    slots = state.tables.slots.cast({"slot": pl.Int32}).join(of_slot, on="slot", maintain_order="left")
    return _busiest(slots, TIMES, "hours", "purchases with a time")


def _busiest(slots: pl.DataFrame, names: tuple[str, ...], kind: str, of: str) -> pl.DataFrame:
    """The places with most purchases, with their names and numbers.

    Args:
        slots: u, place, n.
        names: of the places.
        kind: of the facts.
        of: what all the numbers are of.
    """
    sums = slots.group_by("u", "place").agg(pl.col("n").sum().cast(pl.Int64))
    named = pl.Series(names, dtype=pl.String)
    ranked = sums.with_columns(named.gather(sums["place"].cast(pl.Int64)).alias("name"), pl.col("n").sum().over("u").alias("of"))
    ranked = first_of(ranked.filter(pl.col("of") >= _LEAST).sort("u", "n", "place", descending=[False, True, False]), _TIMES_TOLD)
    one = pl.col("name") + " " + said("n")
    told = ranked.group_by("u", maintain_order=True).agg(
        one.str.join(", ").alias("told"),
        pl.col("of").first(),
        *(pl.col("n").filter(pl.col("name") == name).first().alias(name) for name in names),
    )
    return as_part(told, kind, pl.lit(f"{kind}: ") + pl.col("told") + " of " + said("of") + f" {of}", ["of", *names])


def tell_months(state: State) -> pl.DataFrame:
    """The calendar months with most purchases, and the latest one."""
    whole = state.wholes().sort("u")
    row, month, n = state.purchases_by_month(whole)
    table = pl.DataFrame({"u": whole["u"].gather(row), "month": month, "n": n})
    iso = (pl.col("month") // 12).cast(pl.String) + "-" + (pl.col("month") % 12 + 1).cast(pl.String).str.zfill(2)
    ranked = table.with_columns(iso.alias("iso")).sort("u", "n", "month", descending=[False, True, True])
    named = pl.col("iso") + " (" + said("n") + ")"
    told = ranked.group_by("u", maintain_order=True).agg(
        pl.len().alias("months"), pl.col("n").sum().alias("of"), named.head(_MONTHS_TOLD).str.join(", ").alias("most"),
        pl.col("iso").first().alias("busiest"), pl.col("n").first(), named.sort_by("month").last().alias("latest"),
    )  # fmt: skip
    told = told.filter((pl.col("months") >= _FEWEST_MONTHS) & (pl.col("of") >= _LEAST))
    text = "months: " + said("months") + " with purchases, most in " + pl.col("most") + ", last " + pl.col("latest")
    return as_part(told, "months", text, ["months", "busiest", "n"])


def tell_rhythms(state: State, telling: Telling, habits: pl.DataFrame, hidden: pl.DataFrame | None) -> pl.DataFrame:
    """The keys bought at a steady interval, those with most purchases."""
    found = _named(state, habits.filter(pl.col("loose") == 0), hidden)
    once = alike_once(found, ["n", "first_us", "last_us", "gaps", "fitting"], telling.by_detail(state))
    kept = first_of(once, RHYTHMS_TOLD).with_columns(iso_day("last_day").alias("last"))
    lapsed = pl.when("lapsed").then(pl.lit(", not since")).otherwise(pl.lit(""))
    pace = ": every " + said("every_days") + " days (" + said("fitting") + " of " + said("gaps") + " gaps), last " + pl.col("last")
    values = ["every_days", "fitting", "gaps", "last"]
    return as_part(kept, "rhythm", "rhythm " + telling.shown() + pace + lapsed, values, dim=pl.col("dim"), key=pl.col("label"))


def tell_seasons(state: State, telling: Telling, seasons: pl.DataFrame, hidden: pl.DataFrame | None) -> pl.DataFrame:
    """The keys bought in some months of the year, those with most purchases."""
    once = alike_once(_named(state, seasons, hidden), ["n", "first_us", "last_us", "hits"], telling.by_detail(state))
    kept = first_of(once, SEASONS_TOLD)
    names = dict(enumerate(MONTHS, 1))
    first, last = (pl.col(name).replace_strict(names, return_dtype=pl.String) for name in ("first_month", "last_month"))
    span = pl.when(pl.col("first_month") == pl.col("last_month")).then(first).otherwise(first + " to " + last)
    told = ": " + said("hits") + " of " + said("n") + " purchases in " + span + " of any year"
    values = [pl.col("hits"), pl.col("n"), pl.col("first_month"), pl.col("last_month")]
    return as_part(kept, "season", "season " + telling.shown() + told, values, dim=pl.col("dim"), key=pl.col("label"))


def _named(state: State, found: pl.DataFrame, hidden: pl.DataFrame | None) -> pl.DataFrame:
    dims, labels = state.keys.names(found)
    named = without(found.drop("dim", "key").with_columns(dims.alias("dim"), labels.alias("label")), hidden)
    return named.sort("u", "n", "dim", "label", descending=[False, True, False, False])
