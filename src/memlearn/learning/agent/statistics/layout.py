"""The form that all parts of the statistics have: a text with the fact behind it, one row each, the most telling first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from memlearn.learning.agent.rows import escape
from memlearn.learning.embedded.state import WHOLE, State

MOST = 40
"""Statistics that a step is shown, where nothing else is configured."""
NO_PARENTS = pl.DataFrame(schema={"dim_name": pl.String, "label": pl.String, "parent": pl.String})


@dataclass(frozen=True, slots=True)
class Telling:
    """What statistics are told with.

    Args:
        names: item id → name to show.
        items: item_id and the catalogue's levels, of the items that occur.
        levels: names of the levels, coarse to fine.
        parents: dim_name, label, parent: which keys are alike enough to move between.
        attributes: names of the free attributes, whose keys are places or ways of buying.
        most: statistics of a user.
    """

    names: Mapping[str, str] = field(default_factory=dict)
    items: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema={"item_id": pl.String}))
    levels: tuple[str, ...] = ()
    parents: pl.DataFrame = field(default_factory=lambda: NO_PARENTS)
    attributes: tuple[str, ...] = ()
    most: int = MOST

    def shown(self, dim: str = "dim", label: str = "label") -> pl.Expr:
        """A key behind its dimension, as one harmless line: `merchant BLUE BOTTLE`; an item by its name."""
        name = pl.when(pl.col(dim) == "item").then(pl.col(label).replace(self.names)).otherwise(pl.col(label))
        return pl.concat_str(pl.col(dim), pl.lit(" "), escape(name).fill_null(""))

    def by_detail(self, state: State) -> dict[str, int]:
        """Rank of each dimension, the one that tells most first: items, merchants, levels from fine to coarse, attributes."""
        dims = [dim for dim in (*state.keys.dims, *self.levels) if dim not in (WHOLE, "item", "merchant", *self.attributes)]
        order = ["item", "merchant", *reversed(list(dict.fromkeys(dims))), *self.attributes]
        return {dim: rank for rank, dim in enumerate(dict.fromkeys(order))}


def without(frame: pl.DataFrame, hidden: pl.DataFrame | None, label: str = "label") -> pl.DataFrame:
    """A frame of keys without those that must not be told.

    Args:
        frame: u, dim, a key and more.
        hidden: u, dim, label; None: there are none.
        label: the column of the key.
    """
    if hidden is None or hidden.is_empty():
        return frame
    return frame.join(hidden, left_on=["u", "dim", label], right_on=["u", "dim", "label"], how="anti", maintain_order="left")


def alike_once(frame: pl.DataFrame, figures: Sequence[str], ranks: Mapping[str, int]) -> pl.DataFrame:
    """Of a user's keys with the same figures the one whose dimension tells most: the only item of a category says what the category would.

    Args:
        frame: u, dim, label and the figures; sorted by what tells most.
        figures: columns that have to agree.
        ranks: of the dimensions.
    """
    ranked = frame.with_row_index("place").with_columns(pl.col("dim").replace_strict(ranks, return_dtype=pl.Int64).alias("detail"))
    kept = ranked.sort("detail", "place").unique(["u", *figures], keep="first", maintain_order=True)
    return kept.sort("place").drop("place", "detail")


def first_of(frame: pl.DataFrame, most: int, group: Sequence[str] = ("u",)) -> pl.DataFrame:
    """The first rows of each group."""
    return frame.filter(pl.int_range(pl.len()).over(list(group)) < most)


def as_part(
    frame: pl.DataFrame,
    kind: str,
    text: pl.Expr,
    values: Sequence[str | pl.Expr],
    *,
    dim: pl.Expr | None = None,
    key: pl.Expr | None = None,
) -> pl.DataFrame:
    """u, text, kind, dim, key, values.

    Args:
        frame: has u and whatever the expressions read.
        kind: of the facts.
        text: as shown, escaped.
        values: of the facts; null ones are left out.
        dim: dimension of the key; None: the statistic is of the user as a whole.
        key: the key.
    """
    nothing = pl.lit(None, pl.String)
    return frame.select(
        "u",
        text.alias("text"),
        pl.lit(kind).alias("kind"),
        (nothing if dim is None else dim).alias("dim"),
        (nothing if key is None else key).alias("key"),
        pl.struct(*values).alias("values"),
    )


def iso_day(day: str) -> pl.Expr:
    """A local day as ISO."""
    return pl.col(day).cast(pl.Int32).cast(pl.Date).dt.to_string("iso")


def said(value: str | pl.Expr) -> pl.Expr:
    """An integer as text."""
    return (pl.col(value) if isinstance(value, str) else value).cast(pl.Int64).cast(pl.String)
