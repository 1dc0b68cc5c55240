"""A ranker comes out of its bytes as it went in, whatever the catalogue says of its items."""

from __future__ import annotations

import numpy as np
import pytest

from memlearn.ranking.learned import Companions, ItemFigures, LearnedRanker
from memlearn.ranking.learned.values import COMPANION_KINDS

ITEMS = ("a", "b", "c")


@pytest.mark.parametrize("levels", [(), ("brand",), ("brand", "category")])
def test_a_ranker_comes_back_from_its_bytes(levels: tuple[str, ...]) -> None:
    codes = np.arange(len(levels) * len(ITEMS), dtype=np.int64).reshape(len(levels), len(ITEMS))
    figures = ItemFigures(users=9, levels=codes, **{name: np.arange(3.0) for name in ("buyers", "visits", "latest", "repeaters", "size")})
    near = Companions(np.array([0, 1, 1, 2]), np.array([2, 0]), np.array([0.5, 0.25], dtype=np.float32))
    before = LearnedRanker(ITEMS, figures, dict.fromkeys(COMPANION_KINDS, near), levels, "trees", None, (0.0, 1.0), 5, 7)
    content, digest = before.to_bytes()
    after = LearnedRanker.from_bytes(content, digest)
    assert (after.item_ids, after.levels, after.model, after.new_model) == (ITEMS, levels, "trees", None)
    assert (after.starts, after.close, after.popular) == ((0.0, 1.0), 5, 7)
    assert not after.fits, "its trees go by no features of this version"
    assert after.figures.levels.tolist() == codes.tolist()
    assert after.figures.levels.shape == codes.shape
    assert after.figures.visits.tolist() == [0, 1, 2]
    assert after.companions[COMPANION_KINDS[0]].item.tolist() == [2, 0]
    assert after.to_bytes()[1] == digest
