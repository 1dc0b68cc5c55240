"""A trained ranker with what all users tell of the items: what a release holds of it, and how it ranks."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa

from memlearn.errors import DamagedError
from memlearn.ranking.learned.batches import Candidates, candidates_of
from memlearn.ranking.learned.candidates import popular_order
from memlearn.ranking.learned.features import FEATURES
from memlearn.ranking.learned.model import RankModel
from memlearn.ranking.learned.values import COMPANION_KINDS, FADED_PARTS, FADES, Companions, Flags, Ints, ItemFigures, Reals, UserFacts

_WAY_OUT = "Learn again with `memlearn learn CONFIG`, or roll back."


@dataclass(frozen=True, eq=False)
class LearnedRanker:
    """Ranks items by users' facts.

    Args:
        item_ids: of the items, sorted; positions are item numbers.
        figures: what all users do with each.
        companions: of each kind.
        levels: names of the levels of the catalogue that `figures` has codes in, finest first.
        model: as text; ranks everything.
        new_model: the same of what a user has not bought; None where it could not be trained.
        starts: by how much `start_scores` count in the two.
        close, popular: candidates by closeness and by popularity.
    """

    item_ids: tuple[str, ...]
    figures: ItemFigures
    companions: Mapping[str, Companions]
    levels: tuple[str, ...]
    model: str
    new_model: str | None
    starts: tuple[float, float]
    close: int
    popular: int

    @property
    def fits(self) -> bool:
        """Whether its models go by the features that this version makes; those of older versions do not."""
        return f"\nfeature_names={' '.join(FEATURES)}\n" in self.model

    @cached_property
    def trees(self) -> RankModel:
        """The model, opened once.

        Raises:
            DamagedError: it is no model.
        """
        return RankModel(self.model, self.starts[0])

    @cached_property
    def new_trees(self) -> RankModel | None:
        """The model of what is new to a user, opened once."""
        return None if self.new_model is None else RankModel(self.new_model, self.starts[1])

    @cached_property
    def positions(self) -> dict[str, int]:
        """The position of each item."""
        return {item_id: place for place, item_id in enumerate(self.item_ids)}

    @cached_property
    def popular_items(self) -> Ints:
        """Positions of the items, the most popular first."""
        return popular_order(self.figures)

    def candidates(self, facts: UserFacts, allowed: Flags | None = None, more: Ints | None = None) -> Iterator[Candidates]:
        """Candidates of some users with their features, a batch at a time.

        Args:
            facts: of the users; all their items are candidates.
            allowed: items that may be ranked; shape (users, items), or (items,) for all users alike; None: all.
            more: positions of items that are candidates of everybody besides, if they may be ranked.
        """
        return candidates_of(
            facts,
            self.figures,
            self.companions,
            self.popular_items,
            close=self.close,
            most_popular=self.popular,
            allowed=allowed,
            more=more,
        )

    def facts_of(
        self,
        items: Sequence[str],
        of_items: tuple[Sequence[int], Sequence[int], Sequence[int], Sequence[int]],
        user: Mapping[str, float],
        at: float,
    ) -> UserFacts:
        """The facts of one user, of the items that the ranker knows.

        Args:
            items: ids, sorted.
            of_items: on how many visits each was bought, the day of the first and that of the last of them, and thousandths of the visits for
                each item and each of `FADES`.
            user: visits, bought, items, first, last, last_size: of the user.
            at: the moment to rank for, days.
        """
        places = [(place, number) for number, item in enumerate(items) if (place := self.positions.get(item)) is not None]
        chosen = [number for _, number in places]
        visits, first, last, faded = (np.array(column, dtype=np.float64) for column in of_items)

        def single(name: str) -> Reals:
            return np.array([user[name]], dtype=np.float64)

        return UserFacts(
            starts=np.array([0, len(chosen)], dtype=np.int64),
            item=np.array([place for place, _ in places], dtype=np.int64),
            visits=visits[chosen],
            first=first[chosen],
            last=last[chosen],
            faded=faded.reshape(-1, len(FADES))[chosen] / FADED_PARTS,
            at=np.array([at], dtype=np.float64),
            user_visits=single("visits"),
            user_bought=single("bought"),
            user_items=single("items"),
            user_first=single("first"),
            user_last=single("last"),
            user_last_size=single("last_size"),
        )

    def to_bytes(self) -> tuple[bytes, str]:
        """The ranker as bytes, and the digest of what they say, however they are packed."""
        columns: dict[str, pa.Array[Any]] = {
            "item_ids": pa.array([list(self.item_ids)], pa.list_(pa.string())),
            "level_names": pa.array([list(self.levels)], pa.list_(pa.string())),
            "model": pa.array([self.model]),
            "new_model": pa.array([self.new_model or ""]),
            "numbers": pa.array([[self.figures.users, self.close, self.popular, len(self.figures.levels)]], pa.list_(pa.int64())),
            "levels": pa.array([self.figures.levels.ravel()], pa.list_(pa.int64())),
            "starts": pa.array([self.starts], pa.list_(pa.float64())),
        }
        for name in _FIGURES:
            columns[name] = pa.array([getattr(self.figures, name)], pa.list_(pa.float64()))
        for kind in COMPANION_KINDS:
            companions = self.companions[kind]
            columns[f"{kind}_starts"] = pa.array([companions.starts], pa.list_(pa.int64()))
            columns[f"{kind}_item"] = pa.array([companions.item.astype(np.int32)], pa.list_(pa.int32()))
            columns[f"{kind}_weight"] = pa.array([companions.weight], pa.list_(pa.float32()))
        table = pa.table(columns)
        sink = io.BytesIO()
        with pa.ipc.new_file(sink, table.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
            writer.write_table(table)
        return sink.getvalue(), _digest(table)

    @staticmethod
    def from_bytes(content: bytes, digest: str) -> LearnedRanker:
        """Read a ranker.

        Args:
            content: of `to_bytes`.
            digest: as `to_bytes` gives it.

        Raises:
            DamagedError: the content is another one.
        """
        try:
            table = pa.ipc.open_file(io.BytesIO(content)).read_all()
        except pa.ArrowException as error:
            raise DamagedError(f"The ranker of the release cannot be read: {error}. {_WAY_OUT}") from error
        if _digest(table) != digest:
            raise DamagedError(f"The ranker of the release is damaged: its digest should be {digest}. {_WAY_OUT}")

        def array(name: str) -> Any:
            return table.column(name)[0].values.to_numpy(zero_copy_only=False)

        users, close, popular, levels = (int(number) for number in array("numbers"))
        item_ids = tuple(table.column("item_ids")[0].as_py())
        figures = ItemFigures(
            users=users,
            levels=array("levels").reshape(levels, len(item_ids)),
            **{name: array(name).astype(np.float64) for name in _FIGURES},
        )
        companions = {
            kind: Companions(array(f"{kind}_starts"), array(f"{kind}_item").astype(np.int64), array(f"{kind}_weight"))
            for kind in COMPANION_KINDS
        }
        names = tuple(table.column("level_names")[0].as_py())
        model, new_model = (str(table.column(name)[0].as_py()) for name in ("model", "new_model"))
        # Rankers of older versions have none, and fit no more.
        starts = array("starts").tolist() if "starts" in table.column_names else [0.0, 0.0]
        return LearnedRanker(item_ids, figures, companions, names, model, new_model or None, (starts[0], starts[1]), close, popular)


_FIGURES = ("buyers", "visits", "latest", "repeaters", "size")


def _digest(table: pa.Table) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for name in table.column_names:
        values: Any = table.column(name)[0]
        held: Any = values.values if isinstance(values, pa.ListScalar) else pa.array([values.as_py()])
        content = "\n".join(held.to_pylist()).encode() if pa.types.is_string(held.type) else held.to_numpy(zero_copy_only=False).tobytes()
        digest.update(f"{name}:{len(content)};".encode())
        digest.update(content)
    return digest.hexdigest()
