"""Which items are scored: those that something known of the user speaks for, filled up with popular ones."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from memlearn.ranking.config import RankingConfig
from memlearn.ranking.items import ItemIndex
from memlearn.ranking.levels import Flags, Ints
from memlearn.ranking.signals import Signal

# Signals that bring items in; an offer the user lets pass, or a season that is over, brings none.
_BRINGING = ("stated", "due", "liked", "answers", "goes", "season")


def choose_candidates(index: ItemIndex, allowed: Flags, signals: Sequence[Signal], config: RankingConfig) -> Ints:
    """Positions of the items to score, sorted.

    Args:
        index: the items.
        allowed: which may be shown.
        signals: of the user.
        config: settings; a catalogue with no more allowed items than `candidates` is scored whole.
    """
    open_items = np.flatnonzero(allowed).astype(np.int64)
    if len(open_items) <= config.candidates:
        return open_items
    chosen = np.zeros(len(index), dtype=np.bool_)
    left = config.candidates
    weights = config.weights.model_dump()
    strong = sorted(
        (signal for signal in signals if signal.feature in _BRINGING and signal.value > 0),
        key=lambda signal: -signal.value * weights[signal.feature],
    )
    seen: set[tuple[str, int]] = set()
    for signal in strong:
        if left <= 0:
            break
        if (signal.dim, signal.code) not in seen:
            seen.add((signal.dim, signal.code))
            left -= _take(chosen, allowed, index.levels[signal.dim].items(signal.code), min(config.per_key, left))
    _take(chosen, allowed, index.popular_order, left)
    return np.flatnonzero(chosen).astype(np.int64)


def _take(chosen: Flags, allowed: Flags, positions: Ints, most: int) -> int:
    fresh = positions[allowed[positions] & ~chosen[positions]][: max(most, 0)]
    chosen[fresh] = True
    return len(fresh)
