"""Sends of offers and what came of them, from a row store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from memlearn.store.rows import read_rows

_DAY_US = 86_400_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Sends:
    """One row for each send, in order of user and time.

    Args:
        frame: user_id, item (code), time_us, answered_us (null where no answer came in time).
    """

    frame: pl.DataFrame

    def __len__(self) -> int:
        return len(self.frame)

    def known_at(self, at_us: int) -> pl.DataFrame:
        """item, user_id, answered of the sends before an instant, as far as it was known then."""
        before = self.frame.filter(pl.col("time_us") < at_us)
        return before.select("item", "user_id", (pl.col("answered_us") < at_us).fill_null(value=False).alias("answered"))

    def within(self, from_us: int, until_us: int, end_us: int) -> pl.DataFrame:
        """user_id, item, time_us, answered of the sends of a period.

        Args:
            from_us: its first instant.
            until_us: the first instant after it.
            end_us: answers at or after this instant are not looked at.
        """
        inside = self.frame.filter(pl.col("time_us") >= from_us, pl.col("time_us") < until_us)
        return inside.with_columns((pl.col("answered_us") < end_us).fill_null(value=False).alias("answered"))


def read_sends(rows: Path, files: Mapping[int, Sequence[str]], items: Sequence[str], answer_days: int) -> Sends:
    """Read exposures and redemptions of items.

    A redemption answers the latest send of the same item to the same user that is not older than `answer_days`; only the first one counts.

    Args:
        rows: folder of the row store.
        files: row files of each shard, oldest first.
        items: id of each item's code.
        answer_days: for so many days a send can be answered.
    """
    known = pl.DataFrame({"item_id": list(items)}, schema={"item_id": pl.String}).with_row_index("item")
    parts = [_read_shard(rows / f"{shard:04d}", names, known, answer_days) for shard, names in sorted(files.items())]
    return Sends(pl.concat(parts).sort("user_id", "time_us", "item"))


def _read_shard(folder: Path, names: Sequence[str], known: pl.DataFrame, answer_days: int) -> pl.DataFrame:
    held = read_rows(folder, names, columns=["user_id", "kind", "item_id"])
    plain = held.select(pl.col("user_id", "kind", "item_id").cast(pl.String), "time_us")
    events = plain.filter(pl.col("kind").is_in(["exposure", "redemption"])).join(known, on="item_id", how="inner")
    place = ["user_id", "item"]
    sends = events.filter(pl.col("kind") == "exposure").select(*place, "time_us").unique().sort("time_us").with_row_index("send")
    answers = events.filter(pl.col("kind") == "redemption").select(*place, pl.col("time_us").alias("answered_us")).sort("answered_us")
    met = answers.join_asof(sends, left_on="answered_us", right_on="time_us", by=place, strategy="backward", check_sortedness=False).filter(
        pl.col("send").is_not_null(), pl.col("answered_us") - pl.col("time_us") < answer_days * _DAY_US
    )
    first = met.group_by("send").agg(pl.col("answered_us").min())
    return sends.join(first, on="send", how="left", maintain_order="left").select(*place, "time_us", "answered_us")


def shrunken_rates(known: pl.DataFrame, items: int, prior: float = 10.0) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """The share of each item's sends that was answered, drawn towards that of all by so many sends; shape (items,).

    Args:
        known: item, answered; of `Sends.known_at`.
        items: how many there are.
        prior: sends.
    """
    item, answered = known["item"].to_numpy(), known["answered"].to_numpy().astype(np.float64)
    overall = float(answered.mean()) if len(answered) else 0.5
    sent = np.bincount(item, minlength=items)
    return (np.bincount(item, weights=answered, minlength=items) + prior * overall) / (sent + prior)
