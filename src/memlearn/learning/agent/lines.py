"""The agent's lines as rows of a release, and which of the embedded manager's lines they make superfluous."""

from __future__ import annotations

import json
from collections.abc import Iterable

import polars as pl

from memlearn.memory.sensitive import SensitiveConfig, are_sensitive
from memlearn.memory.statistic_names import SEPARATOR, unescaped
from memlearn.store.tables import USER_TABLES

SCHEMA = pl.Schema(USER_TABLES["statements"])
BLOCKS = "agent"
"""Name under which the agent's blocks of a shard's users are left in the run's folder."""
_OFFERS, _LINES_OF_OFFERS = "offers", ("offer_answers", "offer_ignores")


def as_statements(blocks: pl.DataFrame, labels: Iterable[str], users: pl.DataType, sensitive: SensitiveConfig) -> pl.DataFrame:
    """Blocks as statements of a release, without those that must not be stated.

    Lines were judged when they were written; what is configured as sensitive since then leaves them where they stand, but unpublished.

    Args:
        blocks: user_id, blocks: label → lines, as JSON.
        labels: of the blocks that are published.
        users: type of user ids.
        sensitive: what is never stated.
    """
    wanted = list(labels)
    rows = []
    for user_id, text in blocks.select("user_id", "blocks").iter_rows():
        lines = json.loads(text)
        rows += [_row(user_id, label, number, line) for label in wanted for number, line in enumerate(lines.get(label, ()), 1)]
    lines = pl.DataFrame(rows, schema=SCHEMA)
    kept = lines.filter(~are_sensitive(lines["text"], sensitive))
    number = pl.int_range(1, pl.len() + 1).over("user_id", "label").cast(SCHEMA["line"])
    return kept.with_columns(pl.col("user_id").cast(users), number.alias("line"))


def _row(user_id: str, label: str, number: int, line: dict[str, object]) -> dict[str, object]:
    evidence = line["evidence"]
    assert isinstance(evidence, dict)
    fact = line.get("fact")
    kind, dim, key, values = fact if isinstance(fact, list) else (None, None, None, {})
    return {
        "user_id": user_id,
        "label": label,
        "line": number,
        "text": line["text"],
        "kind": kind,
        "dim": dim,
        "key": key,
        "fact": None if fact is None else json.dumps({"kind": kind, "dim": dim, "key": key, **values}, ensure_ascii=False),
        "rows": list(evidence.get("rows", ())),
        "statistic": evidence.get("statistic"),
        "passages": list(evidence.get("passages", ())),
        "operator": False,
        "status": line["status"],
    }


def without_spoken_of(lines: pl.DataFrame, written: pl.DataFrame) -> pl.DataFrame:
    """Other lines without those about a key whose figures an agent's line cites, and without those that say the same words.

    How a key's offers are answered and how it is bought are two things: figures of the one leave lines about the other.

    Args:
        lines: user_id, kind, dim, key, text and more.
        written: the agent's lines.
    """
    cited = written.select("user_id", pl.col("statistic").str.split(SEPARATOR)).explode("statistic").drop_nulls()
    # A statistic is named `kind dim key`; what kind of figure it was does not matter otherwise.
    about = unescaped(pl.col("statistic").str.replace(r"^\S+ ", "")).alias("about")
    of_offers = pl.col("statistic").str.starts_with(f"{_OFFERS} ").alias("of_offers")
    spoken = cited.filter(pl.col("statistic").str.contains(" ", literal=True)).select("user_id", about, of_offers).unique()
    named = lines.with_columns(
        pl.concat_str([pl.col("dim").cast(pl.String), pl.col("key").cast(pl.String)], separator=" ").alias("about"),
        pl.col("kind").cast(pl.String).is_in(_LINES_OF_OFFERS).fill_null(value=False).alias("of_offers"),
    )
    fresh = named.join(spoken, on=["user_id", "about", "of_offers"], how="anti", maintain_order="left").drop("about", "of_offers")
    return fresh.join(written.select("user_id", "text"), on=["user_id", "text"], how="anti", maintain_order="left")


def room_taken(written: pl.DataFrame) -> pl.DataFrame:
    """user_id, block, taken, lines: characters and lines that the agent's lines take of each block."""
    sizes = written.group_by("user_id", pl.col("label").alias("block")).agg(
        (pl.col("text").str.len_chars().cast(pl.Int64) + 1).sum().alias("taken"), pl.len().cast(pl.Int64).alias("lines")
    )
    return sizes.sort("user_id", "block")
