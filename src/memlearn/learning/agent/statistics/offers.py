"""How a user answers offers, gives back what was bought, and buys at a discount; each only where the sources can tell."""

from __future__ import annotations

import polars as pl

from memlearn.learning.agent.statistics.layout import Telling, alike_once, as_part, first_of, said, without
from memlearn.learning.embedded.state import WHOLE, State
from memlearn.records import LEVEL_PREFIX

# Keys told of each dimension.
OFFERS_TOLD = 3
RETURNS_TOLD = 3
# What was offered once is told by its row; and so is what was given back once.
_LEAST = 2
# So many paid purchases tell that none of them was at a discount.
_PRICED = 10


def tell_offers(state: State, telling: Telling, hidden: pl.DataFrame | None) -> pl.DataFrame:
    """Offers answered of those shown, in all and of the keys that were offered most.

    Each offer counts once, however often it was shown. An offer that only a source showed which cannot tell whether it was seen, or none
    at all, counts where it was answered, and is told apart: of how many nobody knows.
    """
    number = state.keys.index("item")
    # Offers are of items.
    assert number is not None
    items = state.keys.labels[number].cast(pl.String).alias("item")
    table = state.tables.offers.with_columns(items.gather(state.tables.offers["key"].cast(pl.Int64)))
    levels = [level for level in telling.levels if LEVEL_PREFIX + level in telling.items.columns]
    wanted = telling.items.select("item_id", *(pl.col(LEVEL_PREFIX + level).cast(pl.String).alias(f"of {level}") for level in levels))
    known = table.join(
        wanted.unique("item_id", keep="first", maintain_order=True), left_on="item", right_on="item_id", how="left", maintain_order="left"
    )
    named = {WHOLE: pl.lit(""), "item": pl.col("item"), **{level: pl.col(f"of {level}") for level in levels}}
    clear = (pl.col("weak") == 0) & (pl.col("shown") > 0)
    sums = pl.concat(
        known.with_columns(column.alias("label")).drop_nulls("label").group_by("u", "label", maintain_order=True).agg(
            pl.lit(dim).first().alias("dim"),
            clear.sum().cast(pl.Int64).alias("offers"),
            (clear & (pl.col("answered") > 0)).sum().cast(pl.Int64).alias("taken"),
            pl.col("shown").filter(clear).sum().cast(pl.Int64),
            (~clear & (pl.col("answered") > 0)).sum().cast(pl.Int64).alias("more"),
        )
        for dim, column in named.items()
    )  # fmt: skip
    told = without(sums.filter((pl.col("offers") > 0) | (pl.col("more") > 0)), hidden)
    weight = pl.max_horizontal("shown", "more")
    whole = told.filter(pl.col("dim") == WHOLE).sort("u")
    keyed = told.filter((pl.col("dim") != WHOLE) & (weight >= _LEAST)).sort(weight, "label", descending=[True, False])
    ranks = telling.by_detail(state)
    kept = first_of(alike_once(keyed, ["offers", "taken", "shown", "more"], ranks), OFFERS_TOLD, ["u", "dim"])
    detail = pl.col("dim").replace_strict(ranks, return_dtype=pl.Int64)
    kept = kept.sort("u", detail, maintain_order=True)
    return pl.concat([_as_offers(whole, pl.lit("offers")), _as_offers(kept, "offers " + telling.shown(), pl.col("dim"), pl.col("label"))])


def _as_offers(table: pl.DataFrame, shown: pl.Expr, dim: pl.Expr | None = None, key: pl.Expr | None = None) -> pl.DataFrame:
    clear = pl.col("offers") > 0
    often = pl.when(pl.col("shown") > pl.col("offers")).then(", shown " + said("shown") + " times").otherwise(pl.lit(""))
    of_known = pl.when(clear).then(said("taken") + " of " + said("offers") + " answered" + often)
    unknown = pl.when(pl.col("more") > 0).then(
        said("more") + pl.when(clear).then(pl.lit(" more")).otherwise(pl.lit("")) + " answered, of how many is not known"
    )
    text = pl.concat_str(of_known, unknown, separator="; ", ignore_nulls=True)
    values = [
        *(pl.when(clear).then(name).alias(name) for name in ("taken", "offers", "shown")),
        pl.when(pl.col("more") > 0).then("more").alias("more"),
    ]
    return as_part(table, "offers", shown + ": " + text, values, dim=dim, key=key)


def tell_returns(state: State, telling: Telling, told: pl.DataFrame, hidden: pl.DataFrame | None) -> pl.DataFrame:
    """Keys of which things were given back, apart from those whose counts are told anyway.

    Args:
        state: the shard's state.
        telling: what is told with.
        told: u, dim, key of those.
        hidden: keys that must not be told.
    """
    whole = state.keys.index(WHOLE)
    found = state.counts.filter((pl.col("returned") >= _LEAST) & (pl.col("dim") != whole) & (pl.col("n") > 0))
    dims, labels = state.keys.names(found)
    named = without(found.drop("dim", "key").with_columns(dims.alias("dim"), labels.alias("label")), hidden)
    ranked = named.sort("u", "returned", "n", "dim", "label", descending=[False, True, False, False, False])
    once = alike_once(ranked, ["n", "returned", "first_us", "last_us"], telling.by_detail(state))
    fresh = once.join(told, left_on=["u", "dim", "label"], right_on=["u", "dim", "key"], how="anti", maintain_order="left")
    text = "returns " + telling.shown() + ": " + said("returned") + " given back, " + said("n") + " purchases"
    return as_part(first_of(fresh, RETURNS_TOLD), "returns", text, ["returned", "n"], dim=pl.col("dim"), key=pl.col("label"))


def tell_discounts(state: State) -> pl.DataFrame:
    """Purchases at a discount, of those whose sources tell of discounts."""
    activity = state.tables.activity.sort("u").filter((pl.col("discounted") > 0) | (pl.col("priced") >= _PRICED))
    text = "discounts: " + said("discounted") + " of " + said("priced") + " paid purchases"
    return as_part(activity.filter(pl.col("priced") > 0), "discounts", text, ["discounted", "priced"])
