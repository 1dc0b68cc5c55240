"""Lines of the agent that were accepted and are not published, and why: noted in the books, so that nobody has to miss them in silence."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import polars as pl

from memlearn.memory.sensitive import SensitiveConfig, are_sensitive
from memlearn.store.ledger import Ledger

PART = "unpublished"
"""Name of the part in which rendering leaves them."""
SCHEMA = pl.Schema({"user_id": pl.String, "label": pl.String, "text": pl.String, "reason": pl.String})
NO_ROOM = "there is no room for it and the rows that it cites within `learning.memory_bytes`"
SENSITIVE = "the config calls its words sensitive now"
NO_BLOCK = "the config has no such block of users any more"
FULL_BLOCK = "there is no room for it within the `limit` of its block, which all documents share"
OTHER_PASSAGE = "its passage has other words now"


@dataclass(frozen=True, slots=True)
class UnpublishedLine:
    """A line that the agent was allowed to write, and that no reader sees.

    Args:
        user_id: the user or document, as in the books.
        label: of its block.
        text: the line.
        reason: why it is not published.
    """

    user_id: str
    label: str
    text: str
    reason: str


def find_unpublished(blocks: pl.DataFrame, labels: Iterable[str], published: pl.DataFrame, sensitive: SensitiveConfig) -> pl.DataFrame:
    """user_id, label, text, reason: lines of users' blocks that are not among the published ones.

    Args:
        blocks: user_id, blocks: label → lines, as JSON.
        labels: of the blocks that are published.
        published: user_id, label, text and more.
        sensitive: what is never stated.
    """
    rows = [
        (user_id, label, line["text"])
        for user_id, text in blocks.select(pl.col("user_id").cast(pl.String), "blocks").iter_rows()
        for label, lines in json.loads(text).items()
        for line in lines
    ]
    key = ["user_id", "label", "text"]
    written = pl.DataFrame(rows, schema={name: SCHEMA[name] for name in key}, orient="row")
    missing = written.join(published.select(pl.col(key).cast(pl.String)), on=key, how="anti", maintain_order="left")
    reason = (
        pl.when(~pl.col("label").is_in(list(labels)))
        .then(pl.lit(NO_BLOCK))
        .when(are_sensitive(missing["text"], sensitive))
        .then(pl.lit(SENSITIVE))
        .otherwise(pl.lit(NO_ROOM))
    )
    return missing.with_columns(reason.alias("reason"))


def write_unpublished(ledger: Ledger, names: Sequence[str] | None, lines: pl.DataFrame) -> None:
    """Note what is not published of some users and documents, in place of what was noted of them.

    Args:
        ledger: the books.
        names: the users and documents that were looked at; None: all.
        lines: user_id, label, text, reason.
    """
    with ledger.transaction():
        if names is None:
            ledger.execute("delete from agent_unpublished")
        elif names:
            ledger.execute("delete from agent_unpublished where user_id in (select unnest(?))", [list(names)])
        ledger.append("agent_unpublished", lines.select(list(SCHEMA)))


def read_unpublished(ledger: Ledger, name: str | None = None, most: int | None = None) -> tuple[int, tuple[UnpublishedLine, ...]]:
    """How many lines are not published, and the first of them.

    Args:
        ledger: the books.
        name: of this user or document only; None: of all.
        most: so many are told; None: all.
    """
    where, chosen = ("", []) if name is None else (" where user_id = ?", [name])
    count = int(ledger.fetch(f"select count(*) as n from agent_unpublished{where}", [*chosen]).item())
    query = f"select user_id, label, text, reason from agent_unpublished{where} order by user_id, label, text"
    rows = ledger.fetch(query if most is None else f"{query} limit {most}", [*chosen])
    return count, tuple(UnpublishedLine(*row) for row in rows.iter_rows())
