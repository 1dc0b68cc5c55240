"""Claims that a told number of offers was let pass: `ignored all 7 household offers`, `redeemed none of the 7`."""

from __future__ import annotations

import numpy as np

from memlearn.grounding.freetext import elements as el
from memlearn.grounding.freetext.clause import Clause, Finding

_NONE = frozenset({"never", "unused"})


def read_unanswered(clause: Clause) -> list[Finding] | None:
    """Every one of so many offers, each counted once or each time that it was shown, and none of them redeemed."""
    if len(clause.tags & _NONE) != 1:
        return None
    counts = clause.of(el.Count)
    if len(counts) != 1 or not clause.only((el.Name, el.Period, el.Count), {*_NONE, "all"}):
        return None
    if ("unused" in clause.tags) != ("all" in clause.tags) or ("never" in clause.tags) != ("redeem" in clause.tags):
        return None
    if "offer" not in clause.tags and "show" not in clause.tags:
        return None
    shown, redeemed = clause.filtered(kinds=("exposure",)), clause.filtered(kinds=("redemption",))
    items = clause.view.columns.get("item")
    numbers = {int(shown.sum())} | ({len(np.unique(items[shown]))} if items is not None else set())
    if (shown & clause.view.unseen).any() and not redeemed.any():
        return [Finding(ok=None, needs=shown | redeemed, message="nobody can tell which of the offers were seen")]
    right = not redeemed.any() and any(counts[0].quantity.holds(number) for number in numbers)
    message = f"{int(redeemed.sum())} redemptions stand against {int(shown.sum())} times that an offer was shown"
    return [Finding(ok=right, needs=shown | redeemed, message=message)]
