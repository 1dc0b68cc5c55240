"""From candidates to blocks: judge, drop what repeats or must not be said, word, and fit into the limits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from memlearn.learning.agent.lines import room_taken, without_spoken_of
from memlearn.learning.embedded.population import ANSWER, BAND, DISCOUNT, RETURN
from memlearn.learning.embedded.render import lines as worded
from memlearn.learning.embedded.render import profile
from memlearn.learning.embedded.render.bought import list_bought
from memlearn.learning.embedded.render.bounds import bound_bought, bound_statements
from memlearn.learning.embedded.render.facts import item_facts
from memlearn.learning.embedded.render.lineage import ITEM, told_once, without_explained
from memlearn.learning.embedded.render.offered import list_offered
from memlearn.learning.embedded.render.row_ids import cited
from memlearn.learning.embedded.render.runs import Ints, place_in_run, sum_in_run
from memlearn.learning.embedded.render.words import display
from memlearn.learning.embedded.render.yearly import YEARLY_SCHEMA
from memlearn.memory import BlockSpec

LINES_PER_BLOCK = 12
LIKES_PER_USER = 12


@dataclass(frozen=True, slots=True)
class RenderInput:
    """Everything beside the candidates that memory depends on.

    Args:
        base: dim, label, base, of, users: the population's rates, over at least k users.
        names: item_id, display: how each item of the catalogue is written.
        suppressed: dim, label: keys that must not be stated.
        lineage: which coarser keys each key belongs to.
        persons: user_id, attribute, value: what may be stated.
        statements: operator statements in force at the as-of instant, canonical columns.
        decimals: currency → decimal places.
        blocks: the user blocks' specs.
        item_facts: most item facts per user.
        memory_bytes: most bytes stored per user.
        few_are_few: False: all users are too few to say of fewer than k of them that they are few.
        yearly: dim, label, month (1..12), share: how all users' purchases of a key lie over the year.
        written: lines that an agent wrote, as statements of a release; they come first, and others fill what they leave.
    """

    base: pl.DataFrame
    names: pl.DataFrame
    suppressed: pl.DataFrame
    lineage: pl.DataFrame
    persons: pl.DataFrame
    statements: pl.DataFrame
    decimals: Mapping[str, int]
    blocks: Sequence[BlockSpec]
    item_facts: int
    memory_bytes: int
    few_are_few: bool = True
    yearly: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=YEARLY_SCHEMA))
    written: pl.DataFrame | None = None


@dataclass(frozen=True, slots=True)
class Rendered:
    """A shard's memory: statements, item facts, bought items and sends, in the columns of a release; and how many counted lines found no room."""

    statements: pl.DataFrame
    item_facts: pl.DataFrame
    bought: pl.DataFrame
    offered: pl.DataFrame
    left_out: int


def render(candidates: Mapping[str, pl.DataFrame], given: RenderInput, bought: Mapping[str, pl.DataFrame]) -> Rendered:
    """Word a shard's memory.

    Args:
        candidates: frames of `find_candidates`.
        given: the population and what is given.
        bought: frames of `bought_of`, and as `offered` that of `sends_of`.
    """
    frames = {name: _without_suppressed(frame, given) for name, frame in candidates.items()}
    # Of many keys that could be liked few are, so they are judged before anything is looked up about them.
    frames["likes"] = worded.judge_likes(_with_base(frames["likes"], given))
    words = _worded_keys(frames, given)
    lineage = given.lineage.join(words, on=["dim", "label"], how="semi")
    frames = _without_repeats(frames, lineage)
    users = frames["users"]
    rows = users.select("user_id", pl.col("user_first_row").alias("first_row"), pl.col("user_last_row").alias("last_row"))
    said = [
        worded.habit_lines(told_once(_shown(frames["habits"], words))),
        worded.season_lines(told_once(_shown(_with_season_base(frames["seasons"], given), words))),
        worded.like_lines(_likes(_shown(frames["likes"], words), frames["habits"], lineage), few_are_few=given.few_are_few),
        worded.band_lines(_with_rows(_with_base(frames["bands"].with_columns(pl.lit(BAND).alias("dim")), given), rows)),
        worded.offer_lines(_shown(_with_answer_base(frames["offers"], given), words)),
        worded.change_lines(
            told_once(_shown(frames["started"], words)), told_once(_shown(frames["stopped"], words)), _shown(frames["moves"], words)
        ),
        worded.return_lines(_shown(_with_rate(frames["rates"], given, "returns", RETURN), words)),
        worded.discount_lines(_with_rate(frames["rates"], given, "discounts", DISCOUNT)),
        profile.profile_lines(
            users.rename({"user_first_row": "first_row", "user_last_row": "last_row"}),
            _with_money_rows(_with_decimals(frames["spending"], given), frames["spending"], users),
            _with_money_rows(_with_decimals(frames["spending_changes"], given), frames["spending"], users),
        ),
        profile.person_lines(given.persons.join(users.select("user_id"), on="user_id", how="semi")),
        profile.stance_lines(
            _shown(given.statements.rename({"key": "label"}).join(users.select("user_id"), on="user_id", how="semi"), words)
        ),
    ]
    lines = pl.concat(said)
    if given.written is None:
        said_in_full = _statements(_fit(lines, given.blocks))
    else:
        lines = without_spoken_of(lines, given.written)
        filling = _statements(_fit(lines, given.blocks, room_taken(given.written)))
        said_in_full = pl.concat([given.written.select(filling.columns), filling]).sort("user_id", "label", "line")
    statements, used = bound_statements(said_in_full, given.memory_bytes)
    counted = len(statements) - _kept(given.written, statements)
    offered, used = list_offered(bought["offered"], used, given.memory_bytes)
    items, used = bound_bought(bought["bought"], used, given.memory_bytes)
    facts = item_facts(frames["facts"], given, used)
    return Rendered(statements, facts, list_bought(items, bought["buyers"]), offered, len(lines) - counted)


def _kept(written: pl.DataFrame | None, statements: pl.DataFrame) -> int:
    """How many of an agent's lines found room; those that did not are told apart from these."""
    return 0 if written is None else len(written.join(statements, on=["user_id", "label", "text"], how="semi"))


def _worded_keys(frames: Mapping[str, pl.DataFrame], given: RenderInput) -> pl.DataFrame:
    """dim, label, display: the keys that are worded, and the words for each."""
    parts = [frame.select("dim", "label") for name, frame in frames.items() if name != "facts" and "dim" in frame.columns]
    parts.append(frames["moves"].select("dim", pl.col("other_label").alias("label")))
    parts.append(given.statements.select("dim", pl.col("key").alias("label")))
    keys = pl.concat(parts).unique()
    items = keys.filter(pl.col("dim") == ITEM).join(given.names, left_on="label", right_on="item_id", how="inner")
    others = keys.join(items, on=["dim", "label"], how="anti")
    worded_now = others.with_columns(display(pl.col("dim"), pl.col("label"), pl.lit(None, pl.String)).alias("display"))
    return pl.concat([items, worded_now])


def _without_suppressed(frame: pl.DataFrame, given: RenderInput) -> pl.DataFrame:
    if "dim" not in frame.columns or given.suppressed.is_empty():
        return frame
    kept = frame.join(given.suppressed, on=["dim", "label"], how="anti", maintain_order="left")
    if "other_label" in frame.columns:
        others = given.suppressed.rename({"label": "other_label"})
        kept = kept.join(others, on=["dim", "other_label"], how="anti", maintain_order="left")
    return kept


def _without_repeats(frames: dict[str, pl.DataFrame], lineage: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Drop what a finer or more telling claim already says."""
    out = dict(frames)
    key = ["user_id", "dim", "label"]
    seasonal = frames["seasons"].select(key)
    moved_to, moved_from = frames["moves"].select(key), frames["moves"].select("user_id", "dim", pl.col("other_label").alias("label"))
    out["started"] = frames["started"].join(pl.concat([seasonal, moved_to]), on=key, how="anti")
    out["stopped"] = frames["stopped"].join(pl.concat([seasonal, moved_from]), on=key, how="anti")
    # A late visit to what the user has left makes no habit of it.
    left = pl.concat([moved_from.select(key), out["stopped"].select(key)])
    out["habits"] = frames["habits"].join(left, on=key, how="anti")
    for name in ("habits", "seasons", "started", "stopped"):
        out[name] = without_explained(out[name], lineage)
    returned = frames["rates"].filter(pl.col("what") == "returns")
    finer = without_explained(returned.with_columns(pl.col("hits").alias("n")), lineage).drop("n")
    out["rates"] = pl.concat([finer, frames["rates"].filter(pl.col("what") != "returns")])
    return out


def _shown(frame: pl.DataFrame, words: pl.DataFrame) -> pl.DataFrame:
    """Add `display`, the words for a key."""
    shown = frame.join(words, on=["dim", "label"], how="left")
    if "other_label" in frame.columns:
        others = words.rename({"label": "other_label", "display": "other_display"})
        shown = shown.join(others, on=["dim", "other_label"], how="left")
    return shown


def _with_base(frame: pl.DataFrame, given: RenderInput) -> pl.DataFrame:
    return frame.join(given.base.select("dim", "label", "base", "users"), on=["dim", "label"], how="left")


def _with_season_base(seasons: pl.DataFrame, given: RenderInput) -> pl.DataFrame:
    """Add the share of all users' purchases of the key that lies in the season's months."""
    key = ["dim", "label"]
    wanted = seasons.select(*key, "first_month", "last_month").unique()
    inside = (pl.col("month") - pl.col("first_month")) % 12 <= (pl.col("last_month") - pl.col("first_month")) % 12
    shares = (
        wanted.join(given.yearly, on=key)
        .filter(inside)
        .group_by(*key, "first_month", "last_month")
        .agg(pl.col("share").sort().sum().round(6).alias("base"))
    )
    return seasons.join(shares, on=[*key, "first_month", "last_month"], how="left")


def _with_answer_base(offers: pl.DataFrame, given: RenderInput) -> pl.DataFrame:
    base = given.base.filter(pl.col("dim").str.starts_with(ANSWER))
    overall = base.filter(pl.col("dim") == ANSWER)["base"]
    keyed = base.select(pl.col("dim").str.strip_prefix(ANSWER), "label", "base")
    joined = offers.join(keyed, on=["dim", "label"], how="left")
    rows = [pl.col("shown_row").alias("first_row"), pl.coalesce("answered_row", "shown_row").alias("last_row")]
    return joined.with_columns(pl.lit(overall.item() if len(overall) else 0.0).alias("overall"), *rows)


def _with_rate(rates: pl.DataFrame, given: RenderInput, what: str, name: str) -> pl.DataFrame:
    """The rates of one kind that can be judged: none where too few users are behind that of all users."""
    base = given.base.filter(pl.col("dim") == name)["base"]
    known = rates.filter((pl.col("what") == what) & pl.lit(len(base) > 0))
    return known.with_columns(pl.lit(base.item() if len(base) else None, pl.Float64).alias("base"))


def _with_decimals(frame: pl.DataFrame, given: RenderInput) -> pl.DataFrame:
    return frame.with_columns(pl.col("label").replace_strict(dict(given.decimals), default=2, return_dtype=pl.Int64).alias("decimals"))


def _with_rows(frame: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    return frame.join(rows, on="user_id", how="left")


def _with_money_rows(frame: pl.DataFrame, spending: pl.DataFrame, users: pl.DataFrame) -> pl.DataFrame:
    """Cite the user's first and last purchase where all purchases are paid in the currency; else the statistic alone stands for the sum."""
    ends = users.select("user_id", "user_n", pl.col("user_first_row").alias("first_row"), pl.col("user_last_row").alias("last_row"))
    whole = spending.join(ends, on="user_id").filter(pl.col("n") == pl.col("user_n"))
    return frame.join(whole.select("user_id", "label", "first_row", "last_row"), on=["user_id", "label"], how="left", maintain_order="left")


def _likes(likes: pl.DataFrame, habits: pl.DataFrame, lineage: pl.DataFrame) -> pl.DataFrame:
    """What is liked, but for what a habit says already: of the same key, or of the key that makes most of it."""
    alive = habits.filter(~pl.col("lapsed")).select("user_id", "dim", "label", "n")
    # An article that is named like its kind is compared with others under a name that means more: the kind is judged by itself.
    named_alike = lineage.filter("echo").select("dim", "label").unique()
    fresh = likes.join(alive, on=["user_id", "dim", "label"], how="anti").join(named_alike, on=["dim", "label"], how="anti")
    rest = without_explained(without_explained(fresh, lineage, by=alive), lineage)
    ranked = told_once(rest).sort("user_id", -pl.col("score"), "dim", "label")
    return ranked.filter(pl.Series(place_in_run(_numbered(ranked, "user_id")) < LIKES_PER_USER))


def _fit(lines: pl.DataFrame, blocks: Sequence[BlockSpec], taken: pl.DataFrame | None = None) -> pl.DataFrame:
    """Keep each user's most telling lines of each block, as many as its limit holds.

    Args:
        lines: what could be said.
        blocks: specs.
        taken: user_id, block, taken, lines: characters and lines that others have taken already.
    """
    limits = pl.DataFrame(
        {"block": [spec.label for spec in blocks], "limit": [spec.limit for spec in blocks]}, schema={"block": pl.String, "limit": pl.Int64}
    )
    placed = lines.join(limits, on="block").sort("user_id", "block", -pl.col("score"), "kind", "dim", "key", "text", nulls_last=True)
    placed = placed.unique(["user_id", "block", "text"], keep="first", maintain_order=True)
    group = _numbered(placed, "user_id", "block")
    sizes = sum_in_run(group, placed["text"].str.len_chars().cast(pl.Int64).to_numpy() + 1)
    numbered = placed.with_columns(pl.Series("size", sizes), pl.Series("line", place_in_run(group) + 1))
    if taken is not None:
        there = numbered.join(taken, on=["user_id", "block"], how="left", maintain_order="left")
        size, line = pl.col("size") + pl.col("taken").fill_null(0), pl.col("line") + pl.col("lines").fill_null(0)
        numbered = there.with_columns(size, line).drop("taken", "lines")
    return numbered.filter((pl.col("size") - 1 <= pl.col("limit")) & (pl.col("line") <= LINES_PER_BLOCK))


def _numbered(frame: pl.DataFrame, *columns: str) -> Ints:
    """Runs of rows that are equal in some columns, numbered from 0."""
    return frame.select(pl.struct(columns).rle_id()).to_series().to_numpy().astype(np.int64)


def _statements(lines: pl.DataFrame) -> pl.DataFrame:
    stated = pl.col("kind") == "stance"
    given = pl.col("kind") == "person"
    return lines.select(
        "user_id",
        pl.col("block").alias("label"),
        pl.col("line").cast(pl.Int32),
        "text",
        "kind",
        "dim",
        "key",
        "fact",
        cited(lines["row_a"], lines["row_b"]).alias("rows"),
        pl.when(stated).then(None).when(given).then(pl.lit("persons")).otherwise(pl.col("statistic")).alias("statistic"),
        pl.lit([], pl.List(pl.String)).alias("passages"),
        stated.alias("operator"),
        pl.lit("verified").alias("status"),
    )
