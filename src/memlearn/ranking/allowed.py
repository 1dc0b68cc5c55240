"""Which items may be shown to a user at all: valid at the instant, and nothing that the user avoids."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from memlearn.ranking.config import RankingConfig
from memlearn.ranking.items import ItemIndex
from memlearn.ranking.levels import MERCHANT, NO_KEY, Flags, fold
from memlearn.ranking.memory import AVOIDS, Stance

# Deeper than any catalogue; keeps a table that goes in circles from being followed for ever.
_MOST_LEVELS = 12


def allowed_items(index: ItemIndex, stances: Iterable[Stance], at_us: int, config: RankingConfig) -> Flags:
    """The items that may be shown.

    An avoided key takes out every item that has it, at whichever level. Where an item tells nothing at that level, the keys below
    it decide, as far as they belong to the avoided one for certain. A merchant is avoided at every level that names merchants.

    Args:
        index: the items.
        stances: in force at the instant; all but `avoids` are passed over.
        at_us: microseconds UTC.
        config: settings.

    Returns:
        One flag for each item.
    """
    allowed = index.open_at(at_us)
    for stance in stances:
        if stance.stance == AVOIDS:
            for dim in _same_dims(known_dim(stance.dim, config), config):
                allowed &= ~_having(index, dim, stance.key, _MOST_LEVELS)
    return allowed


def known_dim(dim: str, config: RankingConfig) -> str:
    """The dimension meant by a name that an operator wrote."""
    return config.same_dims.get(dim, dim)


def _same_dims(dim: str, config: RankingConfig) -> tuple[str, ...]:
    merchants = (MERCHANT, *(name for name in config.merchant_levels if name != MERCHANT))
    return merchants if dim in merchants else (dim,)


def _having(index: ItemIndex, dim: str, key: str, depth: int) -> Flags:
    level = index.levels.get(dim)
    having: Flags = np.zeros(len(index), dtype=np.bool_) if level is None else np.isin(level.codes, level.find_all(key))
    if depth == 0:
        return having
    unknown = np.ones(len(index), dtype=np.bool_) if level is None else level.codes == NO_KEY
    for narrower_dim, narrower_key in index.narrower.get((dim, fold(key)), ()) if unknown.any() else ():
        having |= unknown & _having(index, narrower_dim, narrower_key, depth - 1)
    return having
