"""Render a shard: candidates and population to the Parquet parts that a release is built from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from memlearn.learning.embedded.annotate import Catalogue
from memlearn.learning.embedded.candidates import NAMES as CANDIDATES
from memlearn.learning.embedded.population import base_rates
from memlearn.learning.embedded.render import RenderInput, render
from memlearn.learning.embedded.render.lineage import trace_lineage
from memlearn.learning.embedded.render.render import hexadecimal
from memlearn.learning.embedded.render.yearly import yearly_shares
from memlearn.learning.fold import pick_up
from memlearn.learning.job import Job
from memlearn.learning.tables import Tables
from memlearn.memory.sensitive import is_sensitive
from memlearn.sources.currencies import MINOR_DIGITS
from memlearn.store.rows import read_rows, user_hash

# Up to so many users, their rows are looked for; beyond, reading the whole shard is quicker.
FEW_USERS = 500
# Characters of a cited row's label and text that are kept.
TEXT_SHOWN = 60
_CITED = ["row_id", "source", "time_us", "offset_s", "has_clock", "kind", "item_id", "merchant", "text", "amount", "currency", "quantity"]


@dataclass(frozen=True, slots=True)
class RenderTask:
    """One shard to render.

    Args:
        shard: its number.
        files: its row files.
        folder: the run's folder.
        population: the population's sums.
        only: publish these users only; None for all that were folded.
    """

    shard: int
    files: tuple[str, ...]
    folder: Path
    population: pl.DataFrame
    only: Sequence[str] | None


def render_shard(job: Job, tables: Tables, task: RenderTask) -> None:
    """Word one shard's memory and leave it as Parquet parts in the run's folder."""
    candidates = {name: pick_up(task.folder / "fold", task.shard, name) for name in CANDIDATES}
    steps = pick_up(task.folder / "fold", task.shard, "steps")
    if task.only is not None:
        candidates = {name: frame.filter(pl.col("user_id").is_in(list(task.only))) for name, frame in candidates.items()}
        steps = steps.filter(pl.col("user_id").is_in(list(task.only)))
    given = render_input(job, tables, task.population, pick_up(task.folder / "fold", task.shard, "parents"), candidates)
    rendered = render(candidates, given)
    users = steps.join(candidates["users"].select("user_id", "first_us", "last_us"), on="user_id", how="left", maintain_order="left")
    persons = tables.persons.join(users.select("user_id"), on="user_id", how="semi", maintain_order="left")
    blocks = rendered.statements.group_by("user_id", "label", maintain_order=True).agg(pl.col("text").str.join("\n").alias("value"))
    order = users.select("user_id").with_row_index("place")
    parts = {
        "users": users.select("user_id", "steps", "events", "first_us", "last_us", "state_digest"),
        "statements": rendered.statements,
        "item_facts": rendered.item_facts,
        "cited_rows": cited_rows(job, tables.catalogue, task, rendered.statements),
        "persons": persons,
        "blocks": blocks,
        "counts": pl.DataFrame({"left_out": [rendered.left_out], "done": [steps["done"].sum()], "statements": [len(rendered.statements)]}),
    }
    for name, frame in parts.items():
        _leave(
            task,
            name,
            frame
            if name == "counts"
            else frame.join(order, on="user_id", maintain_order="left").sort("place", maintain_order=True).drop("place"),
        )


def _leave(task: RenderTask, name: str, frame: pl.DataFrame) -> None:
    folder = task.folder / "parts" / name
    folder.mkdir(parents=True, exist_ok=True)
    frame.write_parquet(folder / f"{task.shard:04d}.parquet", compression="lz4", statistics=False)


def part_files(folder: Path, name: str) -> list[Path]:
    """The parts that `render_shard` left of a table."""
    return sorted((folder / "parts" / name).glob("*.parquet"))


def render_input(
    job: Job, tables: Tables, population: pl.DataFrame, parents: pl.DataFrame, candidates: dict[str, pl.DataFrame]
) -> RenderInput:
    """Gather what rendering needs beside the candidates."""
    keys = pl.concat([frame.select("dim", "label") for frame in candidates.values() if "dim" in frame.columns]).unique()
    keys = pl.concat([keys, tables.statements.select("dim", pl.col("key").alias("label"))]).unique().sort("dim", "label")
    names = tables.catalogue.items.select("item_id", pl.coalesce("name", "item_id").alias("name"))
    items = tables.catalogue.items.join(keys.filter(pl.col("dim") == "item").select(pl.col("label").alias("item_id")), on="item_id", how="semi")
    stated = tables.persons.filter(~pl.col("attribute").is_in(list(tables.sensitive)))
    return RenderInput(
        base=base_rates(population, job.shared.min_users),
        names=names,
        suppressed=suppressed_keys(job, keys, names, parents, tables.catalogue),
        lineage=trace_lineage(parents, items, job.levels),
        persons=stated.filter(~is_sensitive(stated["value"], job.sensitive) & ~is_sensitive(stated["attribute"], job.sensitive)),
        statements=tables.statements,
        decimals=MINOR_DIGITS,
        blocks=[spec for spec in job.blocks if not spec.shared],
        item_facts=job.learning.item_facts,
        memory_bytes=job.learning.memory_bytes,
        yearly=yearly_shares(population, job.shared.min_users),
    )


def suppressed_keys(job: Job, keys: pl.DataFrame, names: pl.DataFrame, parents: pl.DataFrame, catalogue: Catalogue) -> pl.DataFrame:
    """Keys that must not be stated: sensitive by their own name, or by the name of anything they belong to.

    Returns:
        dim, label.
    """
    shown = keys.join(names.select(pl.lit("item").alias("dim"), pl.col("item_id").alias("label"), "name"), on=["dim", "label"], how="left")
    own = _sensitive(shown, job)
    links = parents.select(pl.col("dim_name").alias("dim"), "label", "parent")
    levels = [name for name in catalogue.items.columns if name.startswith("level_")]
    items = catalogue.items.select(pl.col("item_id").alias("label"), *levels)
    for level in levels:
        dim = level.removeprefix("level_")
        links = pl.concat(
            [links, items.select(pl.lit("item").alias("dim"), "label", (pl.lit(f"{dim}:") + pl.col(level)).alias("parent")).drop_nulls()]
        )
    parent_names = (
        links.select("parent").unique().with_columns(pl.col("parent").str.split_exact(":", 1).struct.field("field_1").alias("name"))
    )
    bad = parent_names.filter(is_sensitive(parent_names["name"], job.sensitive)).select("parent")
    for _ in range(len(levels) + 1):
        found = links.join(bad, on="parent", how="semi").select((pl.col("dim") + ":" + pl.col("label")).alias("parent"))
        bad = pl.concat([bad, found]).unique()
    below = links.join(bad, on="parent", how="semi").select("dim", "label")
    return pl.concat([own, below]).unique().sort("dim", "label")


def _sensitive(shown: pl.DataFrame, job: Job) -> pl.DataFrame:
    text = shown.select(pl.coalesce("name", "label")).to_series()
    return shown.filter(is_sensitive(text, job.sensitive)).select("dim", "label")


def cited_rows(job: Job, catalogue: Catalogue, task: RenderTask, statements: pl.DataFrame) -> pl.DataFrame:
    """The content of the rows that statements cite."""
    cited = statements.select("user_id", pl.col("rows").alias("row_id")).explode("row_id").drop_nulls().unique()
    ids = cited["user_id"].unique()
    users = pl.Series(user_hash(ids), dtype=pl.UInt64) if 0 < len(ids) <= FEW_USERS else None
    rows = read_rows(job.layout.rows / f"{task.shard:04d}", task.files, users, _CITED)
    wanted = cited.with_columns(pl.col("row_id").str.to_integer(base=16, dtype=pl.UInt64).alias("number"))
    found = rows.join(wanted.select("user_id", pl.col("number").alias("row_id")), on=["user_id", "row_id"], how="semi")
    names = catalogue.items.select("item_id", "name")
    missing = [pl.lit(None, pl.String).alias(name) for name in _CITED if name not in found.columns]
    named = found.with_columns(missing).join(names, on="item_id", how="left")
    label = pl.coalesce("name", "item_id", "merchant", "text", pl.col("kind").cast(pl.String))
    return named.select(
        "user_id",
        hexadecimal(pl.col("row_id")).alias("row_id"),
        pl.col("source").cast(pl.String),
        "time_us",
        "offset_s",
        "has_clock",
        pl.col("kind").cast(pl.String),
        label.str.slice(0, TEXT_SHOWN).alias("label"),
        pl.when(pl.coalesce("name", "item_id", "merchant").is_not_null()).then(pl.col("text").str.slice(0, TEXT_SHOWN)).alias("text"),
        "amount",
        "currency",
        "quantity",
    )
