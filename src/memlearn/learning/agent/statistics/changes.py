"""What a user began or stopped to buy, and from where to where they moved."""

from __future__ import annotations

import polars as pl

from memlearn.learning.agent.statistics.layout import Telling, alike_once, as_part, first_of, said, without
from memlearn.learning.embedded.render.words import iso_month
from memlearn.learning.embedded.state import State

CHANGES_TOLD = 3


def tell_changes(state: State, telling: Telling, kind: str, changed: pl.DataFrame, hidden: pl.DataFrame | None) -> pl.DataFrame:
    """Keys that began (`started`) or ended (`stopped`), those with most purchases."""
    dims, labels = state.keys.names(changed)
    named = changed.drop("dim", "key").with_columns(dims.alias("dim"), labels.alias("label"), iso_month(pl.col("month")).alias("since"))
    ranked = without(named, hidden).sort("u", "n", "dim", "label", descending=[False, True, False, False])
    kept = first_of(alike_once(ranked, ["n", "month", "before", "after"], telling.by_detail(state)), CHANGES_TOLD)
    told = ": " + said("before") + " purchases before " + pl.col("since") + ", " + said("after") + " since"
    values = [*map(pl.col, ("n", "before", "after")), pl.col("since").alias("month")]
    return as_part(kept, kind, f"{kind} " + telling.shown() + told, values, dim=pl.col("dim"), key=pl.col("label"))


def tell_moves(state: State, telling: Telling, moves: pl.DataFrame, hidden: pl.DataFrame | None) -> pl.DataFrame:
    """Moves from one key to another of its sort, those with most purchases."""
    dims, labels = state.keys.names(moves)
    _, others = state.keys.names(moves.select("dim", pl.col("other").alias("key")))
    named = moves.drop("dim", "key", "other").with_columns(
        dims.alias("dim"), labels.alias("label"), others.alias("from"), iso_month(pl.col("month")).alias("since"),
        (pl.col("from_before") + pl.col("to_after")).alias("n"),
    )  # fmt: skip
    open_to_all = without(without(named, hidden), hidden, "from")
    ranked = open_to_all.sort("u", "n", "dim", "label", descending=[False, True, False, False])
    counts = ["from_before", "from_after", "to_before", "to_after"]
    kept = first_of(alike_once(ranked, ["month", *counts], telling.by_detail(state)), CHANGES_TOLD)
    old, new = telling.shown(label="from"), telling.shown()
    sides = ": " + said("from_before") + " before " + pl.col("since") + ", " + said("from_after") + " since; " + new + ": "
    told = "moved from " + old + sides + said("to_before") + " before, " + said("to_after") + " since"
    return as_part(
        kept, "moved", told, [pl.col("from"), pl.col("since").alias("month"), *map(pl.col, counts)], dim=pl.col("dim"), key=pl.col("label")
    )
