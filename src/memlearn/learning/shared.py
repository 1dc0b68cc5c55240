"""Shared memory: trends over all users, and what policy and guideline documents say."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import polars as pl

from memlearn.chunks.documents import Passage, cut_passages
from memlearn.learning.documents import guideline_statements, policy_statements
from memlearn.learning.embedded.population import ANSWER, TOTAL
from memlearn.learning.embedded.render.words import display, month_date, percent
from memlearn.learning.job import Job
from memlearn.learning.suppressed import leave_out
from memlearn.memory import BlockSpec, Statement
from memlearn.sources.documents import read_documents
from memlearn.store.tables import SHARED_TABLES

if TYPE_CHECKING:
    from memlearn.learning.agent.documents.lines import Written

# Trends compare the last full months with as many before, or a month of the year with the others.
TREND_MONTHS = 3
TREND_FACTOR = 1.3
TREND_COUNT = 30
SEASON_FACTOR = 1.6
POPULAR_LINES = 6
TREND_LINES = 6
SEASON_LINES = 6
PAIR_LINES = 6
POPULAR_KEPT = 2000


def read_passages(job: Job) -> tuple[list[Passage], pl.DataFrame]:
    """All passages of all document sources, sorted by id, and the rejected files."""
    passages, rejected = read_in_order(job)
    return sorted(passages, key=lambda passage: passage.passage_id), rejected


def read_in_order(job: Job) -> tuple[list[Passage], pl.DataFrame]:
    """All passages of all document sources, each document's as they follow one another, and the rejected files."""
    passages: list[Passage] = []
    rejects: list[pl.DataFrame] = []
    for name, source in sorted(job.documents.items()):
        documents, rejected = read_documents(name, source, job.context)
        passages += [passage for document in documents for passage in cut_passages(document, job.chunks.passage_tokens)]
        rejects.append(rejected)
    nothing = pl.DataFrame(schema={"source": pl.String, "file": pl.String, "row": pl.Int64, "reason": pl.String, "content": pl.String})
    return passages, pl.concat([nothing, *rejects])


def passage_frame(passages: Sequence[Passage]) -> pl.DataFrame:
    """Passages as a table of a release."""
    schema = dict.fromkeys(("passage_id", "document_id", "source", "path", "title", "kind"), pl.String)
    schema = {**schema, "headings": pl.List(pl.String), "text": pl.String, "digest": pl.String}  # type: ignore[dict-item]
    rows = [{**asdict(passage), "headings": list(passage.headings)} for passage in passages]
    return pl.DataFrame(rows, schema_overrides=schema).select(list(schema)) if rows else pl.DataFrame(schema=schema)


def popularity(population: pl.DataFrame, min_users: int) -> pl.DataFrame:
    """What is bought by many and how offers are answered: dim, key, n, users, recent, shown, answered; most bought first.

    `recent` counts purchases of the last full months. A key is there where at least `min_users` users bought it or were shown it;
    figures of fewer users are 0.
    """
    months = population.filter(pl.col("month").is_not_null() & ~pl.col("dim").str.starts_with("#"))
    newest = population.filter(pl.col("dim") == TOTAL)["month"].max()
    last = newest if isinstance(newest, int) else 0
    recent = months.filter(pl.col("month") > last - TREND_MONTHS).group_by("dim", "label").agg(pl.col("n").sum().alias("recent"))
    enough = population.filter(pl.col("month").is_null() & (pl.col("users") >= min_users))
    bought = (
        enough.filter(~pl.col("dim").str.starts_with("#"))
        .select("dim", "label", "n", "users")
        .join(recent, on=["dim", "label"], how="left")
    )
    offered = enough.filter(pl.col("dim").str.starts_with(ANSWER) & (pl.col("dim") != ANSWER))
    answers = offered.select(pl.col("dim").str.strip_prefix(ANSWER), "label", pl.col("of").alias("shown"), pl.col("n").alias("answered"))
    both = bought.join(answers, on=["dim", "label"], how="full", coalesce=True).with_columns(pl.col(pl.Int64).fill_null(0))
    ordered = both.sort("dim", -pl.col("n"), -pl.col("shown"), "label").filter(pl.int_range(pl.len()).over("dim") < POPULAR_KEPT)
    return ordered.select("dim", pl.col("label").alias("key"), "n", "users", "recent", "shown", "answered")


def trend_statements(
    population: pl.DataFrame, pairs: pl.DataFrame, names: pl.DataFrame, suppressed: pl.DataFrame, min_users: int, spec: BlockSpec
) -> pl.DataFrame:
    """The lines of the block of trends, from computed statistics only.

    Args:
        population: the population's sums.
        pairs: kind, dim, key, other, n, users, lift.
        names: item_id, name.
        suppressed: dim, label of keys that must not be stated.
        min_users: fewest users behind a figure.
        spec: the block.
    """
    shown = population.join(suppressed, on=["dim", "label"], how="anti").filter(
        ~pl.col("dim").str.starts_with("#") | (pl.col("dim") == TOTAL)
    )
    dim = _telling_dimension(shown)
    parts = [
        _popular_lines(shown, names, dim, min_users),
        _trend_lines(shown, names, dim, min_users),
        _season_lines(shown, names, dim, min_users),
        _pair_lines(pairs, names, suppressed),
    ]
    lines = pl.concat(parts).with_columns((pl.col("text").str.len_chars().cast(pl.Int64) + 1).cum_sum().alias("size"))
    fitting = lines.filter(pl.col("size") - 1 <= spec.limit)
    return fitting.with_columns(pl.int_range(1, pl.len() + 1).cast(pl.Int32).alias("line")).select(
        pl.lit(spec.label).alias("label"),
        "line",
        "text",
        "kind",
        "dim",
        "key",
        "fact",
        pl.lit([], pl.List(pl.String)).alias("rows"),
        pl.lit("population").alias("statistic"),
        pl.lit([], pl.List(pl.String)).alias("passages"),
        pl.lit(value=False).alias("operator"),
        pl.lit("verified").alias("status"),
    )


def _telling_dimension(population: pl.DataFrame) -> str:
    """The dimension that people would talk about: the one with the number of keys nearest to forty."""
    sizes = population.filter(pl.col("month").is_null() & ~pl.col("dim").str.starts_with("#")).group_by("dim").len().sort("dim")
    if sizes.is_empty():
        return "item"
    nearest = sizes.with_columns((pl.col("len").cast(pl.Float64) / 40).log().abs().alias("distance")).sort("distance", "dim")
    return str(nearest["dim"][0])


def _named(frame: pl.DataFrame, names: pl.DataFrame, column: str = "label", into: str = "display") -> pl.DataFrame:
    known = names.select(pl.lit("item").alias("dim"), pl.col("item_id").alias(column), "name")
    joined = frame.join(known, on=["dim", column], how="left", maintain_order="left")
    return joined.with_columns(display(pl.col("dim"), pl.col(column), pl.col("name")).alias(into)).drop("name")


def _lines(frame: pl.DataFrame, kind: str, text: pl.Expr, values: Sequence[str]) -> pl.DataFrame:
    fact = pl.struct(pl.lit(kind).alias("kind"), "dim", pl.col("label").alias("key"), *values)
    return frame.select(
        text.alias("text"), pl.lit(kind).alias("kind"), "dim", pl.col("label").alias("key"), fact.struct.json_encode().alias("fact")
    )


def _popular_lines(population: pl.DataFrame, names: pl.DataFrame, dim: str, min_users: int) -> pl.DataFrame:
    whole = population.filter(pl.col("month").is_null() & (pl.col("dim") == dim) & (pl.col("users") >= min_users))
    top = _named(whole.sort(-pl.col("n"), "label").head(POPULAR_LINES), names)
    text = (
        pl.lit("Popular: ")
        + pl.col("display")
        + " ("
        + percent(pl.col("n") / pl.col("of"))
        + " of purchases, "
        + pl.col("users").cast(pl.String)
        + " users)."
    )
    return _lines(top, "popular", text, ["n", "of", "users"])


def _by_month(population: pl.DataFrame, dim: str, min_users: int) -> pl.DataFrame:
    """label, month, n and the total of the month, for keys known to enough users."""
    enough = population.filter(pl.col("month").is_null() & (pl.col("dim") == dim) & (pl.col("users") >= min_users)).select("dim", "label")
    totals = population.filter((pl.col("dim") == TOTAL) & pl.col("month").is_not_null()).select("month", pl.col("n").alias("total"))
    months = population.filter(pl.col("month").is_not_null() & (pl.col("dim") == dim))
    return months.join(enough, on=["dim", "label"], how="semi").select("dim", "label", "month", "n").join(totals, on="month")


def _trend_lines(population: pl.DataFrame, names: pl.DataFrame, dim: str, min_users: int) -> pl.DataFrame:
    months = _by_month(population, dim, min_users)
    totals = population.filter((pl.col("dim") == TOTAL) & pl.col("month").is_not_null()).select("month", "n")
    newest = totals["month"].max()
    last = newest if isinstance(newest, int) else 0
    late, early = ((last - TREND_MONTHS * (part + 1) + 1, last - TREND_MONTHS * part) for part in (0, 1))

    def total(window: tuple[int, int]) -> int:
        return int(totals.filter(pl.col("month").is_between(*window))["n"].sum())

    sums = months.group_by("dim", "label").agg(
        pl.col("n").filter(pl.col("month").is_between(*late)).sum().alias("after"),
        pl.col("n").filter(pl.col("month").is_between(*early)).sum().alias("before"),
    )
    sums = sums.with_columns(pl.lit(total(late)).alias("after_total"), pl.lit(total(early)).alias("before_total"))
    enough = (pl.col("after") + pl.col("before") >= TREND_COUNT) & (pl.col("after_total") > 0) & (pl.col("before_total") > 0)
    change = (pl.col("after") + 1) / (pl.col("after_total") + 1) / ((pl.col("before") + 1) / (pl.col("before_total") + 1))
    telling = (
        sums.filter(enough)
        .with_columns(change.alias("change"))
        .filter((pl.col("change") >= TREND_FACTOR) | (pl.col("change") <= 1 / TREND_FACTOR))
    )
    late_share, early_share = (percent(pl.col(name) / pl.col(f"{name}_total")) for name in ("after", "before"))
    # A line whose two shares read alike tells nothing.
    telling = telling.filter(late_share != early_share)
    top = telling.with_columns(pl.col("change").log().abs().round(6).alias("size")).sort(-pl.col("size"), "label").head(TREND_LINES)
    month = pl.lit(last - TREND_MONTHS + 1, pl.Int64)
    since = month_date(month).dt.strftime("%B %Y")
    word = pl.when(pl.col("change") > 1).then(pl.lit("Growing: ")).otherwise(pl.lit("Shrinking: "))
    text = word + pl.col("display") + " (" + late_share + " of purchases since " + since + ", before that " + early_share + ")."
    placed = _named(top, names).with_columns(month_date(month).dt.strftime("%Y-%m").alias("month"))
    return _lines(placed, "trend", text, ["month", "after", "after_total", "before", "before_total"])


def _season_lines(population: pl.DataFrame, names: pl.DataFrame, dim: str, min_users: int) -> pl.DataFrame:
    months = _by_month(population, dim, min_users).with_columns((pl.col("month") % 12).alias("of_year"))
    year = months.group_by("dim", "label", "of_year").agg(pl.col("n").sum(), pl.col("total").sum())
    totals = population.filter((pl.col("dim") == TOTAL) & pl.col("month").is_not_null())
    if totals["month"].n_unique() < 12:
        return _lines(_named(year.head(0), names), "season", pl.lit(""), ["n"])
    whole = months.group_by("dim", "label").agg(pl.col("n").sum().alias("all_n"))
    everything = int(totals["n"].sum())
    rate = (pl.col("n") / pl.col("total")) / (pl.col("all_n") / everything)
    telling = (
        year.join(whole, on=["dim", "label"])
        .with_columns(rate.round(4).alias("factor"))
        .filter((pl.col("n") >= TREND_COUNT) & (pl.col("factor") >= SEASON_FACTOR))
    )
    best = telling.sort(-pl.col("factor"), "label", "of_year").unique("label", keep="first", maintain_order=True).head(SEASON_LINES)
    named = pl.Series(
        ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"]
    )
    placed = _named(best, names).with_columns((pl.col("of_year") + 1).alias("month_of_year"))
    text = (
        pl.lit("In season in ")
        + pl.lit(named).gather(pl.col("of_year"))
        + ": "
        + pl.col("display")
        + " ("
        + pl.col("factor").round(1).cast(pl.String)
        + " times its usual share of purchases)."
    )
    return _lines(placed, "season", text, ["month_of_year", "n", "total", "all_n", "factor"])


def _pair_lines(pairs: pl.DataFrame, names: pl.DataFrame, suppressed: pl.DataFrame) -> pl.DataFrame:
    known = leave_out(pairs, suppressed)
    top = (
        known.filter(pl.col("lift") >= 1.5)
        .sort("kind", -pl.col("lift"), "key", "other")
        .filter(pl.int_range(pl.len()).over("kind") < PAIR_LINES // 2)
    )
    placed = _named(_named(top.rename({"key": "label"}), names), names, "other", "other_display")
    word = pl.when(pl.col("kind") == "with").then(pl.lit("Bought together: ")).otherwise(pl.lit("Often bought next after "))
    link = pl.when(pl.col("kind") == "with").then(pl.lit(" and ")).otherwise(pl.lit(": "))
    text = (
        word
        + pl.col("display")
        + link
        + pl.col("other_display")
        + " ("
        + pl.col("lift").round(1).cast(pl.String)
        + " times as often as by chance)."
    )
    fact = pl.struct("kind", "dim", pl.col("label").alias("key"), "other", "n", "users", "lift")
    return placed.select(text.alias("text"), "kind", "dim", pl.col("label").alias("key"), fact.struct.json_encode().alias("fact"))


def document_statements(passages: Sequence[Passage], blocks: Sequence[BlockSpec], written: Written | None = None) -> pl.DataFrame:
    """The lines of the blocks of policies and guidelines, and of proposed rules.

    Args:
        passages: of all documents, sorted by id.
        blocks: of the release.
        written: what an agent wrote; its lines come first, and extracted ones fill the room that is left.
    """
    kinds = {"policies": ("policy", policy_statements), "guidelines": ("guideline", guideline_statements)}
    rows: list[dict[str, object]] = []
    for spec in blocks:
        if spec.shared:
            chosen = [] if written is None else written.choose(spec, passages)
            if spec.label in kinds:
                kind, choose = kinds[spec.label]
                room = spec.limit - sum(len(line.text) + 1 for line in chosen)
                chosen += choose([passage for passage in passages if passage.kind == kind], room, chosen)
            rows += [_document_row(spec.label, line, statement) for line, statement in enumerate(chosen, start=1)]
    return pl.DataFrame(rows, schema=SHARED_TABLES["shared_statements"])


def _document_row(label: str, line: int, statement: Statement) -> dict[str, object]:
    fact = statement.fact
    return {
        "label": label,
        "line": line,
        "text": statement.text,
        "kind": fact.kind if fact else None,
        "dim": fact.dim if fact else None,
        "key": fact.key if fact else None,
        "fact": json.dumps(fact.to_json(), ensure_ascii=False) if fact else None,
        "rows": [],
        "statistic": None,
        "passages": list(statement.evidence.passages),
        "operator": False,
        "status": statement.status,
    }
