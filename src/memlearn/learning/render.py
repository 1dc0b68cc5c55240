"""Render shards: candidates and population to the parts that a release is built from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from memlearn.learning.agent.lines import BLOCKS, as_statements
from memlearn.learning.agent.narrow import narrow_evidence
from memlearn.learning.agent.unpublished import PART as UNPUBLISHED
from memlearn.learning.agent.unpublished import find_unpublished
from memlearn.learning.embedded.annotate import Catalogue
from memlearn.learning.embedded.candidates import NAMES as CANDIDATES
from memlearn.learning.embedded.population import TOTAL, base_rates
from memlearn.learning.embedded.render import RenderInput, render
from memlearn.learning.embedded.render.lineage import trace_lineage
from memlearn.learning.embedded.render.row_ids import hexadecimal
from memlearn.learning.embedded.render.words import display
from memlearn.learning.embedded.render.yearly import yearly_shares
from memlearn.learning.fold import pick_up
from memlearn.learning.job import Job
from memlearn.learning.stated import stated_persons
from memlearn.learning.suppressed import Suppression, find_suppressed
from memlearn.learning.tables import Tables
from memlearn.sources.currencies import MINOR_DIGITS
from memlearn.store.content import with_content
from memlearn.store.parts import SUFFIX, write_part
from memlearn.store.row_lookup import find_rows
from memlearn.store.rows import read_rows, user_hash

# Shards are rendered together while they hold so many users at most: each bundle costs as much as some hundreds of users.
BUNDLE_USERS = 600
# Of so many times k users fewer than k are few.
CROWD = 10
# Characters of a cited row's label and text that are kept.
TEXT_SHOWN = 60
_CITED = ["row_id", "source", "time_us", "offset_s", "has_clock", "kind", "item_id", "merchant", "text", "amount", "currency", "quantity"]


@dataclass(frozen=True, slots=True)
class Given:
    """What rendering is given beside the candidates, the same for all shards of a run.

    Args:
        shared: the population and all that is given, of all users.
        persons: user_id, attribute, value, stated: of all users; `stated` where it may be stated.
        suppression: which keys must not be stated.
    """

    shared: RenderInput
    persons: pl.DataFrame
    suppression: Suppression


@dataclass(frozen=True, slots=True)
class RenderTask:
    """Shards to render together.

    Args:
        files: row files of each shard.
        folder: the run's folder.
        given: of `gather_given`.
        only: publish these users only; None for all that were folded.
    """

    files: Mapping[int, tuple[str, ...]]
    folder: Path
    given: Given
    only: Sequence[str] | None


def bundle_shards(shards: Sequence[int], users: pl.DataFrame | None, workers: int) -> list[list[int]]:
    """Which shards to render together.

    Args:
        shards: their numbers.
        users: the users that are learned, with their `shard`; None for all, and then two shards are rendered together, which takes less memory
            than folding them did, unless that would leave workers without one.
        workers: how many bundles are rendered side by side.
    """
    if users is None:
        size = 2 if len(shards) >= 4 * workers else 1
        return [list(shards[at : at + size]) for at in range(0, len(shards), size)]
    sizes = dict(users.group_by("shard").len().iter_rows())
    bundles: list[list[int]] = []
    held = 0
    for shard in shards:
        size = sizes.get(shard, 0)
        if not bundles or held + size > BUNDLE_USERS:
            bundles.append([])
            held = 0
        bundles[-1].append(shard)
        held += size
    return bundles


def gather_given(job: Job, tables: Tables, population: pl.DataFrame, folder: Path, shards: Iterable[int]) -> Given:
    """Gather what does not depend on the shard, once for a run.

    Args:
        job: what is learned.
        tables: what is given about items and users.
        population: the population's sums.
        folder: the run's folder.
        shards: all shards that were folded.
    """
    parents = _all_parents(folder, shards)
    items = tables.catalogue.items
    base = base_rates(population, job.shared.min_users)
    crowd = base.filter(pl.col("dim") == TOTAL)["users"].max()
    shared = RenderInput(
        base=base,
        few_are_few=isinstance(crowd, int) and crowd >= CROWD * job.shared.min_users,
        names=items.select("item_id", display(pl.lit("item"), pl.col("item_id"), pl.col("name")).alias("display")),
        suppressed=pl.DataFrame(schema={"dim": pl.String, "label": pl.String}),
        lineage=trace_lineage(parents, items, job.levels),
        persons=tables.persons.clear(),
        statements=tables.statements,
        decimals=MINOR_DIGITS,
        blocks=[spec for spec in job.blocks if not spec.shared],
        item_facts=job.learning.item_facts,
        memory_bytes=job.learning.memory_bytes,
        yearly=yearly_shares(population, job.shared.min_users),
    )
    return Given(shared, stated_persons(job, tables), find_suppressed(job.sensitive, tables.catalogue, parents))


def _all_parents(folder: Path, shards: Iterable[int]) -> pl.DataFrame:
    """dim_name, label, parent over all shards; a merchant of several categories counts as of the first."""
    schema = {"dim_name": pl.String, "label": pl.String, "parent": pl.String}
    tables = [pl.DataFrame(schema=schema), *(pick_up(folder / "fold", shard, "parents") for shard in shards)]
    return pl.concat(tables).group_by("dim_name", "label").agg(pl.col("parent").min()).sort("dim_name", "label")


def render_shards(job: Job, catalogue: Catalogue, task: RenderTask) -> None:
    """Word the memory of some shards' users and leave it as parts in the run's folder."""
    steps = _left(task, "steps")
    # As positions in one list, ids are compared, grouped and sorted as numbers, and stay in the order that a release is written in.
    users = pl.Enum(steps["user_id"])
    steps = steps.with_columns(pl.col("user_id").cast(users))
    candidates = {name: _left(task, name).with_columns(pl.col("user_id").cast(users)) for name in CANDIDATES}
    persons = _of_users(task.given.persons, users)
    given = _narrow(task.given, candidates, persons.filter("stated").drop("stated"), users)
    labels = [spec.label for spec in job.agent_blocks]
    if job.agent is not None:
        written = as_statements(_left(task, BLOCKS), labels, users, job.sensitive)
        given = replace(given, written=narrow_evidence(written, lambda wanted: _rows_in_order(job, task, wanted)))
    bought = {name: _left(task, name).with_columns(pl.col("user_id").cast(users)) for name in ("bought", "buyers", "offered")}
    rendered = render(candidates, given, bought)
    if job.agent is not None:
        _leave(task, UNPUBLISHED, find_unpublished(_left(task, BLOCKS), labels, rendered.statements, job.sensitive))
    ends = candidates["users"].select("user_id", "first_us", "last_us")
    learned = steps.join(ends, on="user_id", how="left", maintain_order="left")
    blocks = rendered.statements.group_by("user_id", "label", maintain_order=True).agg(pl.col("text").str.join("\n").alias("value"))
    parts = {
        "users": learned.select("user_id", "steps", "events", "first_us", "last_us", "state_digest"),
        "statements": rendered.statements,
        "item_facts": rendered.item_facts,
        "cited_rows": cited_rows(job, catalogue, task, rendered.statements),
        "persons": persons.drop("stated"),
        "bought": rendered.bought,
        "offered": rendered.offered,
        "blocks": blocks,
    }
    for name, frame in with_content(parts).items():
        _leave(task, name, frame.sort("user_id", maintain_order=True))
    done = {"left_out": [rendered.left_out], "done": [steps["done"].sum()], "statements": [len(rendered.statements)]}
    _leave(task, "counts", pl.DataFrame(done))


def _rows_in_order(job: Job, task: RenderTask, users: Sequence[str]) -> pl.DataFrame:
    """user_id, row_id as text: the rows of some users, each user's in order."""
    hashes = pl.Series(user_hash(pl.Series(users, dtype=pl.String)))
    found = [read_rows(job.layout.rows / f"{shard:04d}", files, hashes, ["row_id"]) for shard, files in task.files.items()]
    rows = pl.concat([part.select(pl.col("user_id").cast(pl.String), "row_id") for part in found])
    return rows.with_columns(hexadecimal(rows["row_id"]))


def _left(task: RenderTask, name: str) -> pl.DataFrame:
    """What the fold left under a name, of the users that are published."""
    frame = pl.concat([pick_up(task.folder / "fold", shard, name) for shard in task.files])
    return frame if task.only is None else frame.filter(pl.col("user_id").is_in(list(task.only)))


def _leave(task: RenderTask, name: str, frame: pl.DataFrame) -> None:
    folder = task.folder / "parts" / name
    folder.mkdir(parents=True, exist_ok=True)
    write_part(frame, folder / f"{min(task.files):04d}{SUFFIX}")


def part_files(folder: Path, name: str) -> list[Path]:
    """The parts that `render_shards` left of a table."""
    return sorted((folder / "parts" / name).glob(f"*{SUFFIX}"))


def _of_users(frame: pl.DataFrame, users: pl.Enum) -> pl.DataFrame:
    return frame.filter(pl.col("user_id").is_in(users.categories.implode())).with_columns(pl.col("user_id").cast(users))


def _narrow(given: Given, candidates: Mapping[str, pl.DataFrame], persons: pl.DataFrame, users: pl.Enum) -> RenderInput:
    """What is given, of these users."""
    statements = _of_users(given.shared.statements, users)
    keys = [frame.select("dim", "label") for frame in candidates.values() if "dim" in frame.columns]
    keys.append(candidates["moves"].select("dim", pl.col("other_label").alias("label")))
    keys.append(statements.select("dim", pl.col("key").alias("label")))
    return replace(given.shared, suppressed=given.suppression.among(pl.concat(keys)), persons=persons, statements=statements)


def cited_rows(job: Job, catalogue: Catalogue, task: RenderTask, statements: pl.DataFrame) -> pl.DataFrame:
    """The content of the rows that statements cite."""
    cited = statements.select("user_id", pl.col("rows").alias("row_id")).explode("row_id").drop_nulls().unique()
    wanted = cited.with_columns(pl.col("row_id").str.to_integer(base=16, dtype=pl.UInt64))
    rows = [find_rows(job.layout.rows / f"{shard:04d}", files, wanted["row_id"], _CITED) for shard, files in task.files.items()]
    # Rows of two users may share an id.
    likely = pl.concat(rows, how="diagonal").with_columns(pl.col("user_id").cast(wanted["user_id"].dtype, strict=False))
    found = likely.join(wanted, on=["user_id", "row_id"], how="semi")
    names = catalogue.items.select("item_id", "name")
    missing = [pl.lit(None, pl.String).alias(name) for name in _CITED if name not in found.columns]
    named = found.with_columns(missing).join(names, on="item_id", how="left")
    label = pl.coalesce("name", "item_id", "merchant", "text", pl.col("kind").cast(pl.String))
    return named.select(
        "user_id",
        hexadecimal(named["row_id"]),
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
