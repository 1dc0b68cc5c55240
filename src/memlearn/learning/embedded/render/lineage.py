"""Which key belongs to which coarser ones, so that one fact is told at one level only."""

from __future__ import annotations

import polars as pl

from memlearn.records import LEVEL_PREFIX

ITEM = "item"
MERCHANT = "merchant"
# Of a coarse key nothing is said when a finer one explains so much of it.
EXPLAINED = 0.75
# Of an item that is named like its level nothing is said when it makes so much of the level of which the same is said.
ECHO_SHARE = 0.5

SCHEMA = pl.Schema({"dim": pl.String, "label": pl.String, "ancestor": pl.String, "echo": pl.Boolean})


def trace_lineage(parents: pl.DataFrame, items: pl.DataFrame, levels: tuple[str, ...]) -> pl.DataFrame:
    """All coarser keys of every key.

    Args:
        parents: dim_name, label, parent (`dim:label` of the next coarser key).
        items: item_id, name and the `level_*` columns of the items that matter.
        levels: names of the levels, coarse to fine.

    Returns:
        dim, label, ancestor (`dim:label`), echo (an item that is named like one of its levels).
    """
    links = pl.concat(
        [
            parents.select(pl.col("dim_name").alias("dim"), "label", pl.col("parent").alias("ancestor")),
            _item_links(items, levels),
            _namesakes(items, levels),
        ]
    )
    found = [links]
    named = links.with_columns((pl.col("dim") + ":" + pl.col("label")).alias("name")).select("name", pl.col("ancestor").alias("next"))
    for _ in levels:
        found.append(found[-1].join(named, left_on="ancestor", right_on="name").select("dim", "label", pl.col("next").alias("ancestor")))
    echoes = _echoes(items, levels)
    everything = pl.concat(found).unique(["dim", "label", "ancestor"], keep="first", maintain_order=True)
    return everything.with_columns(((pl.col("dim") == ITEM) & pl.col("label").is_in(echoes.implode())).alias("echo")).cast(SCHEMA)


def _echoes(items: pl.DataFrame, levels: tuple[str, ...]) -> pl.Series:
    name = pl.col("name").str.to_lowercase()
    same = [(pl.col(LEVEL_PREFIX + level).str.to_lowercase() == name).fill_null(value=False) for level in levels]
    return items.filter(pl.any_horizontal(same) if same else pl.lit(value=False))["item_id"]


def _item_links(items: pl.DataFrame, levels: tuple[str, ...]) -> pl.DataFrame:
    """Each item and the finest level that it has a key of."""
    names = [pl.lit(f"{level}:") + pl.col(LEVEL_PREFIX + level) for level in reversed(levels)]
    finest = pl.coalesce(*names) if names else pl.lit(None, pl.String)
    return items.select(pl.lit(ITEM).alias("dim"), pl.col("item_id").alias("label"), finest.alias("ancestor")).drop_nulls()


def told_once(claims: pl.DataFrame) -> pl.DataFrame:
    """Keep one of several claims that would read as being about the same thing: of a level rather than of an item, then the one of most purchases.

    Articles are often named by their kind. `Buys wine: 9 of 459` beside `Buys wine: 72 of 457` reads like a contradiction. Merchants stay:
    who pays at BOOKS and who spends on books are told apart by the words.

    Args:
        claims: user_id, dim, label, n, display and whatever else; of one kind.
    """
    merchants = pl.col("dim") == MERCHANT
    others = claims.filter(~merchants).with_columns(pl.col("display").str.to_lowercase().alias("read"))
    # Most claims read like no other one of their user; only the rest has to be put in order.
    twice = others.select("user_id", "read").is_duplicated()
    ordered = others.filter(twice).sort("user_id", "read", pl.col("dim") == ITEM, -pl.col("n").cast(pl.Int64), "dim", "label")
    once = ordered.unique(["user_id", "read"], keep="first", maintain_order=True)
    return pl.concat([others.filter(~twice).drop("read"), once.drop("read"), claims.filter(merchants)])


def _namesakes(items: pl.DataFrame, levels: tuple[str, ...]) -> pl.DataFrame:
    """Keys of a level and the coarser ones that are named like them, also where the levels between are no tree."""
    names = items.select(LEVEL_PREFIX + level for level in levels).unique(maintain_order=True)
    found = [pl.DataFrame(schema={"dim": pl.String, "label": pl.String, "ancestor": pl.String})]
    for place, finer in enumerate(levels):
        for coarser in levels[:place]:
            low, high = pl.col(LEVEL_PREFIX + finer), pl.col(LEVEL_PREFIX + coarser)
            same = names.filter(low.str.to_lowercase() == high.str.to_lowercase())
            found.append(same.select(pl.lit(finer).alias("dim"), low.alias("label"), (pl.lit(f"{coarser}:") + high).alias("ancestor")))
    return pl.concat(found).unique(maintain_order=True)


def without_explained(claims: pl.DataFrame, lineage: pl.DataFrame, by: pl.DataFrame | None = None) -> pl.DataFrame:
    """Keep one of several claims that say the same at different levels.

    Args:
        claims: user_id, dim, label, n and whatever else; of one kind.
        lineage: of `trace_lineage`.
        by: claims of another kind that explain these; None: the claims explain each other.
    """
    if claims.is_empty():
        return claims
    finer = (claims if by is None else by).select("user_id", "dim", "label", "n").join(lineage, on=["dim", "label"])
    explained = (
        finer.filter(~pl.col("echo") if by is None else pl.lit(value=True))
        .group_by("user_id", "ancestor")
        .agg(pl.col("n").max().alias("finer_n"))
    )
    placed = claims.with_columns((pl.col("dim") + ":" + pl.col("label")).alias("ancestor"))
    kept = placed.join(explained, on=["user_id", "ancestor"], how="left", maintain_order="left").filter(
        pl.col("finer_n").is_null() | (pl.col("finer_n") < EXPLAINED * pl.col("n"))
    )
    kept = kept.drop("finer_n")
    if by is not None:
        return kept.drop("ancestor")
    told = kept.select("user_id", "ancestor", pl.col("n").alias("level_n"))
    singles = finer.filter(pl.col("echo")).join(told, on=["user_id", "ancestor"])
    said = singles.filter(pl.col("n") >= ECHO_SHARE * pl.col("level_n")).select("user_id", "dim", "label").unique()
    return kept.drop("ancestor").join(said, on=["user_id", "dim", "label"], how="anti", maintain_order="left")
