"""A trained ranker of offers with what all users tell of them: what a release holds of it, and how it judges."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from memlearn.errors import DamagedError
from memlearn.ranking.offers.applies import NOTHING, Applies, Bought
from memlearn.ranking.offers.features import Attribute, Encoding, Features, make_features
from memlearn.ranking.offers.figures import Counts, OfferFigures
from memlearn.ranking.offers.model import Model
from memlearn.ranking.offers.sends import Flags, Ints, Reals, Sends

_WAY_OUT = "Learn again with `memlearn learn CONFIG`, or roll back."


@dataclass(frozen=True, eq=False)
class OfferRanker:
    """Judges how likely users are to answer offers.

    Args:
        item_ids: of the offers, sorted; positions are their numbers.
        levels: names of the levels that `figures` has codes in, coarse to fine.
        figures: how all users answer them.
        encoding: of the persons' attributes.
        sensitive: attributes that are features and must not be told.
        model: of the chance of an answer.
        applies: what they apply to.
    """

    item_ids: tuple[str, ...]
    levels: tuple[str, ...]
    figures: OfferFigures
    encoding: Encoding
    sensitive: tuple[str, ...]
    model: Model
    applies: Applies = NOTHING

    @cached_property
    def positions(self) -> dict[str, int]:
        """The number of each offer."""
        return {item_id: place for place, item_id in enumerate(self.item_ids)}

    @cached_property
    def rates(self) -> Reals:
        """The share of each offer's sends that is answered."""
        return self.figures.rates()

    @cached_property
    def silent(self) -> Flags:
        """Which offers hardly anybody answers."""
        return self.figures.silent()

    def affinities(self, bought: Bought, items: Ints) -> Reals | None:
        """How much one user cares for what offers apply to; None where of no offer it is known.

        Args:
            bought: what memory holds of the user.
            items: numbers of the offers.
        """
        return self.applies.affinities(bought, np.zeros(len(items), dtype=np.int64), items) if self.applies.item_ids else None

    def features(self, sends: Sends, items: Ints, at: int, persons: Mapping[str, str], affinity: Reals | None) -> Features:
        """Features of offers for one user.

        Args:
            sends: to the user.
            items: numbers of the offers.
            at: the instant, minutes since 1970-01-01.
            persons: attributes of the user.
            affinity: of `affinities`.
        """
        size = len(items)
        return make_features(
            sends,
            np.zeros(size, dtype=np.int64),
            items,
            np.full(size, at, dtype=np.int64),
            self.rates[items],
            np.full(size, self.figures.overall()),
            self.rates[sends.item],
            self.figures.window,
            self.silent,
            self.figures.levels,
            self.encoding.row(persons)[None],
            self.encoding,
            affinity,
        )

    def to_bytes(self) -> tuple[bytes, str]:
        """The ranker as bytes, and the digest of what they say."""
        counts = {
            "whole": _listed(self.figures.whole),
            "levels": [_listed(own) for own in self.figures.of_levels],
            "items": _listed(self.figures.of_items),
        }
        held = {
            "item_ids": list(self.item_ids),
            "levels": list(self.levels),
            "codes": self.figures.levels.tolist(),
            "window": self.figures.window.tolist(),
            "counts": counts,
            "attributes": [{"name": one.name, "kind": one.kind, "shares": dict(one.shares)} for one in self.encoding.attributes],
            "sensitive": list(self.sensitive),
            "model": self.model.to_json(),
            **({"applies": self.applies.to_json()} if self.applies.item_ids else {}),
        }
        content = json.dumps(held, sort_keys=True).encode()
        return zlib.compress(content), hashlib.blake2b(content, digest_size=16).hexdigest()

    @staticmethod
    def from_bytes(packed: bytes, digest: str) -> OfferRanker:
        """Read a ranker.

        Args:
            packed: of `to_bytes`.
            digest: as `to_bytes` gives it.

        Raises:
            DamagedError: the content is another one.
        """
        try:
            content = zlib.decompress(packed)
        except zlib.error as error:
            raise DamagedError(f"The ranker of offers of the release cannot be read: {error}. {_WAY_OUT}") from error
        if hashlib.blake2b(content, digest_size=16).hexdigest() != digest:
            raise DamagedError(f"The ranker of offers of the release is damaged: its digest should be {digest}. {_WAY_OUT}")
        held: dict[str, Any] = json.loads(content)
        counts = held["counts"]
        figures = OfferFigures(
            np.array(held["window"], dtype=np.int64),
            np.array(held["codes"], dtype=np.int64).reshape(len(held["levels"]), len(held["item_ids"])),
            _counts(counts["whole"]),
            tuple(_counts(own) for own in counts["levels"]),
            _counts(counts["items"]),
        )
        attributes = tuple(Attribute(one["name"], one["kind"], one["shares"]) for one in held["attributes"])
        return OfferRanker(
            tuple(held["item_ids"]),
            tuple(held["levels"]),
            figures,
            Encoding(attributes),
            tuple(held["sensitive"]),
            Model.from_json(held["model"]),
            Applies.from_json(held["applies"], len(held["item_ids"])) if "applies" in held else NOTHING,
        )


def _listed(counts: Counts) -> list[list[float]]:
    return [counts.sent.tolist(), counts.answered.tolist()]


def _counts(columns: Sequence[Sequence[float]]) -> Counts:
    sent, answered = (np.array(column, dtype=np.float64) for column in columns)
    return Counts(sent, answered)
