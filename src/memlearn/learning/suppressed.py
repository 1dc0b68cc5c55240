"""Which keys must not be stated: sensitive by their own name, or by the name of anything they belong to."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from memlearn.learning.embedded.annotate import CATEGORY, Catalogue
from memlearn.memory.sensitive import SensitiveConfig, is_sensitive
from memlearn.records import LEVEL_PREFIX

_NOTE = "#suppressed:"
NO_PARENTS = pl.DataFrame(schema={"dim_name": pl.String, "label": pl.String, "parent": pl.String})


@dataclass(frozen=True, slots=True)
class Suppression:
    """What is known of a run's keys.

    Args:
        config: what is sensitive.
        levels: the catalogue's levels.
        known: dim, label of the keys that were judged: those of the catalogue, and merchants with a category.
        suppressed: dim, label of those that must not be stated.
    """

    config: SensitiveConfig
    levels: tuple[str, ...]
    known: pl.DataFrame
    suppressed: pl.DataFrame

    def among(self, keys: pl.DataFrame) -> pl.DataFrame:
        """Keys that must not be stated: dim, label; of `keys` those that were not judged yet are judged by their own name."""
        # The catalogue holds all keys of its levels, except that categories of merchants may be others.
        whole = [level for level in self.levels if level != CATEGORY]
        open_ended = keys.select("dim", "label").filter(~pl.col("dim").is_in(whole))
        fresh = open_ended.unique().join(self.known, on=["dim", "label"], how="anti")
        own = fresh.filter(is_sensitive(fresh["label"], self.config))
        return pl.concat([self.suppressed, own]).sort("dim", "label")


def note_suppressed(population: pl.DataFrame, suppression: Suppression) -> pl.DataFrame:
    """The population's sums with a note of the keys that must not be stated.

    What merchants belong to is known only where all users' rows are read; later runs take the note over with the sums.

    Args:
        population: sums over all users, without notes.
        suppression: judged with what all keys belong to.
    """
    keys = population.filter(~pl.col("dim").str.starts_with("#")).select("dim", "label").unique()
    notes = (
        suppression.among(keys).join(keys, on=["dim", "label"], how="semi").select((pl.lit(_NOTE) + pl.col("dim")).alias("dim"), "label")
    )
    nothing = [pl.lit(None if name == "month" else 0, dtype).alias(name) for name, dtype in population.schema.items() if dtype.is_numeric()]
    return pl.concat([population, notes.with_columns(nothing).select(population.columns)])


def noted(population: pl.DataFrame) -> pl.DataFrame:
    """The keys of the note: dim, label."""
    return population.filter(pl.col("dim").str.starts_with(_NOTE)).select(pl.col("dim").str.strip_prefix(_NOTE), "label")


def leave_out(pairs: pl.DataFrame, suppressed: pl.DataFrame) -> pl.DataFrame:
    """Pairs of which neither key is suppressed.

    Args:
        pairs: dim, key, other and more.
        suppressed: dim, label.
    """
    for name in ("key", "other"):
        pairs = pairs.join(suppressed, left_on=["dim", name], right_on=["dim", "label"], how="anti", maintain_order="left")
    return pairs


def find_suppressed(config: SensitiveConfig, catalogue: Catalogue, parents: pl.DataFrame = NO_PARENTS) -> Suppression:
    """Judge every key of the catalogue and of `parents`.

    Args:
        config: what is sensitive.
        catalogue: items and levels.
        parents: dim_name, label, parent (`dim:label`) of merchants and levels.
    """
    items = catalogue.items.select(
        pl.lit("item").alias("dim"), pl.col("item_id").alias("label"), pl.coalesce("name", "item_id").alias("name")
    )
    links = _links(catalogue, parents)
    above = links.select("parent").unique().with_columns(pl.col("parent").str.splitn(":", 2).alias("parts"))
    coarse = above.select(pl.col("parts").struct.field("field_0").alias("dim"), pl.col("parts").struct.field("field_1").alias("label"))
    finer = pl.concat([links.filter(pl.col("dim") != "item").select("dim", "label"), coarse]).unique()
    known = pl.concat([items, finer.with_columns(pl.col("label").alias("name"))])
    own = known.filter(is_sensitive(known["name"], config)).select("dim", "label")
    below = _below(links, own, len(catalogue.levels))
    return Suppression(config, catalogue.levels, known.select("dim", "label"), pl.concat([own, below]).unique().sort("dim", "label"))


def _links(catalogue: Catalogue, parents: pl.DataFrame) -> pl.DataFrame:
    """dim, label, parent: every key and what it belongs to; an item belongs to all its levels."""
    links = [parents.select(pl.col("dim_name").alias("dim"), "label", "parent")]
    for level in catalogue.levels:
        name = pl.lit(f"{level}:") + pl.col(LEVEL_PREFIX + level)
        links.append(
            catalogue.items.select(pl.lit("item").alias("dim"), pl.col("item_id").alias("label"), name.alias("parent")).drop_nulls()
        )
    return pl.concat(links)


def _below(links: pl.DataFrame, own: pl.DataFrame, levels: int) -> pl.DataFrame:
    """dim, label of the keys that belong to a key of `own`, at any distance."""
    below = links.clear().select("dim", "label")
    bad = own.select((pl.col("dim") + ":" + pl.col("label")).alias("parent"))
    for _ in range(levels + 1):
        if bad.is_empty():
            break
        found = links.join(bad, on="parent", how="semi").select("dim", "label")
        below = pl.concat([below, found])
        bad = found.filter(pl.col("dim") != "item").unique().select((pl.col("dim") + ":" + pl.col("label")).alias("parent"))
    return below
