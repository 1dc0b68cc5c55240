"""What each step of a shard's users is given: rows, statistics up to the chunk's end, and what is known of the person."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import numpy as np
import polars as pl
from numpy.typing import NDArray

from memlearn.grounding.freetext.view import RowColumns
from memlearn.learning.agent.rows import escape, render_rows
from memlearn.learning.agent.statistics import Telling, hidden_keys, private_rows, tell_statistics
from memlearn.learning.agent.statistics.layout import MOST, NO_PARENTS
from memlearn.learning.agent.step import Past, Row, Statistic, StepInput
from memlearn.learning.embedded.annotate import Annotated
from memlearn.learning.embedded.candidates import with_merchants
from memlearn.learning.embedded.join import join
from memlearn.learning.embedded.pieces import count_pieces
from memlearn.learning.embedded.state import Keys, State
from memlearn.memory import Block
from memlearn.memory.sensitive import SensitiveConfig

_SECONDS_OF_DAY = 86_400


@dataclass(frozen=True, slots=True)
class Shown:
    """What is needed to show rows.

    Args:
        items: canonical items.
        levels: the catalogue's levels, coarse to fine.
        persons: user_id, attribute, value: what may be stated of each user.
        blocks: the blocks of a user before the first step: empty, or with the lines of operators.
        parents: dim_name, label, parent: which keys are alike enough to move between.
        attributes: names of the free attributes.
        sensitive: what is never stated.
        suppressed: (dim, key) of keys that must not be stated by what they belong to.
        weak: source → what its rows are no evidence for.
        most: statistics of a step.
    """

    items: pl.DataFrame
    levels: tuple[str, ...]
    persons: pl.DataFrame
    blocks: tuple[Block, ...]
    parents: pl.DataFrame = field(default_factory=lambda: NO_PARENTS)
    attributes: tuple[str, ...] = ()
    sensitive: SensitiveConfig = field(default_factory=SensitiveConfig)
    suppressed: frozenset[tuple[str, str]] = frozenset()
    weak: Mapping[str, Sequence[str]] = field(default_factory=dict)
    most: int = MOST

    def telling(self, items: pl.DataFrame, merchants: pl.DataFrame) -> Telling:
        """What the statistics of some users are told with.

        Args:
            items: those that occur.
            merchants: merchant, merchant_category of the users' rows; which category a merchant has follows from its name.
        """
        names = dict(items.select("item_id", pl.coalesce("name", "item_id")).iter_rows())
        parents = with_merchants(self.parents, merchants)
        return Telling(names, items, self.levels, parents, self.attributes, self.most)


def gather_inputs(
    rows: pl.DataFrame, annotated: Annotated, chosen: NDArray[np.bool_], shown: Shown
) -> Iterator[tuple[str, tuple[StepInput, ...]]]:
    """The inputs of the chosen chunks, user after user.

    Args:
        rows: a shard's rows in total order, refunds with what they name.
        annotated: the same rows as numbers.
        chosen: for each row, whether its chunk is to be read; a user's chosen chunks are the first ones.
        shown: what is needed to show them.
    """
    items = shown.items.join(rows.select("item_id").unique(), on="item_id", how="semi", maintain_order="left")
    texts = render_rows(rows, items, shown.levels).to_list()
    columns = RowColumns.of(rows, items, shown.weak)
    ids = columns.row_ids
    told = _statistics_by_chunk(annotated, chosen, shown, shown.telling(items, rows.select("merchant", "merchant_category").unique()))
    known = shown.persons.join(annotated.users.select("user_id"), on="user_id", how="semi", maintain_order="left")
    persons, attributes = _persons(known), _attributes(known)
    user, chunk, day = annotated.user, annotated.chunk, annotated.day
    changed = np.flatnonzero((np.diff(user, prepend=-1) != 0) | (np.diff(chunk, prepend=-1) != 0))
    bounds = np.append(changed, len(user))
    users = annotated.users["user_id"].to_list()
    inputs: list[StepInput] = []
    for start, end in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
        if not chosen[start]:
            continue
        u, number = int(user[start]), int(chunk[start])
        if inputs and inputs[-1].user_id != users[u]:
            yield inputs[-1].user_id, tuple(inputs)
            inputs = []
        begin = int(np.searchsorted(user, u))
        inputs.append(
            StepInput(
                users[u],
                number,
                tuple(Row(ids[at], texts[at]) for at in range(start, end)),
                told[number].get(u, ()),
                persons.get(users[u], ()),
                shown.blocks,
                (_iso(int(day[start:end].min())), _iso(int(day[start:end].max()))),
                past=Past(rows[begin:end], attributes.get(users[u], {}), columns, begin),
            )
        )
    if inputs:
        yield inputs[-1].user_id, tuple(inputs)


def _statistics_by_chunk(
    annotated: Annotated, chosen: NDArray[np.bool_], shown: Shown, telling: Telling
) -> list[dict[int, tuple[Statistic, ...]]]:
    """For each chunk number the statistics of the users that have it, over their rows up to its end."""
    keys = Keys(
        tuple(dimension.name for dimension in annotated.dimensions),
        tuple(dimension.labels for dimension in annotated.dimensions),
        annotated.currency.labels,
    )
    # Counted as one chunk, so that nothing has to be joined.
    whole = replace(annotated, chunk=np.zeros(len(annotated), dtype=np.int64))
    last = int(annotated.chunk[chosen].max()) if chosen.any() else -1
    private = private_rows(annotated, telling, shown.sensitive, shown.suppressed)
    told = []
    for number in range(last + 1):
        reached = np.zeros(len(annotated.users), dtype=np.bool_)
        reached[annotated.user[chosen & (annotated.chunk == number)]] = True
        counted = reached[annotated.user] & (annotated.chunk <= number)
        hidden = hidden_keys(annotated, counted, private, telling.attributes)
        told.append(tell_statistics(State.of(annotated.users, keys, join(count_pieces(whole, counted))), telling, hidden))
    return told


def _persons(persons: pl.DataFrame) -> dict[str, tuple[str, ...]]:
    lines = pl.concat_str(escape(pl.col("attribute")), pl.lit(": "), escape(pl.col("value")))
    told = persons.select("user_id", "attribute", lines.alias("line")).drop_nulls().sort("user_id", "attribute")
    grouped: Sequence[tuple[str, list[str]]] = told.group_by("user_id", maintain_order=True).agg("line").rows()
    return {user_id: tuple(line) for user_id, line in grouped}


def _attributes(persons: pl.DataFrame) -> dict[str, dict[str, str]]:
    told: dict[str, dict[str, str]] = {}
    for user_id, attribute, value in persons.select("user_id", "attribute", "value").drop_nulls().iter_rows():
        told.setdefault(user_id, {})[attribute] = value
    return told


def _iso(day: int) -> str:
    return datetime.fromtimestamp(day * _SECONDS_OF_DAY, UTC).date().isoformat()
