"""Claims about what was bought at a discount: so many of so many, most, never; of the purchases that tell of discounts."""

from __future__ import annotations

from collections.abc import Sequence

from memlearn.grounding.freetext import elements as el
from memlearn.grounding.freetext.clause import Clause, Finding, show_number
from memlearn.grounding.freetext.shares import QUANTIFIERS

_LIMITS = (el.Name, el.Period, el.Weekdays, el.Hours)
_SAID = (el.OutOf, el.Share, el.Count, el.Times)
_WORDS = frozenset({"all", "mostly", "most", "usual", "rarely", "never", "almostall", "half"})


def read_discounted(clause: Clause) -> list[Finding] | None:
    """`59 of 240 purchases at a discount`, `buys shoes mostly at a discount`, `a quarter was discounted`."""
    if "discounted" not in clause.tags:
        return None
    told = [at for at, part in enumerate(clause.parts) if isinstance(part.value, el.Word) and part.value.tag == "discounted"]
    if len(told) != 1 or not clause.only((*_LIMITS, *_SAID), {"discounted", *_WORDS}):
        return None
    rest = clause.without_parts([clause.parts[told[0]]])
    figures = [part.value for part in rest.parts if isinstance(part.value, _SAID)]
    words = [part.value.tag for part in rest.parts if isinstance(part.value, el.Word) and part.value.tag in _WORDS]
    if rest.kinds() != ("purchase",) or len(figures) > 1 or len(words) > 1 or (words and figures and not isinstance(figures[0], el.Count)):
        return None
    whole = rest.filtered(kinds=("purchase",)) & clause.view.tells_discounts
    hit = whole & clause.view.discounted
    n, of = int(hit.sum()), int(whole.sum())
    if not of:
        return [Finding(ok=None, needs=whole, message="the rows do not tell of discounts")]
    message = f"{n} of {of} ({show_number(100 * n / of)} %) were at a discount"
    ok = _holds(words, figures, n, of)
    counts = ok and bool(figures) and not words and isinstance(figures[0], el.Count | el.Times)
    return None if ok is None else [Finding(ok=ok, needs=hit if counts else whole, message=message)]


def _holds(words: Sequence[str], figures: Sequence[el.Value], n: int, of: int) -> bool | None:
    """Whether what is said agrees with so many of so many; None where nothing is said of how many."""
    if words:
        # All five purchases.
        counted = all(figure.quantity.holds(of) for figure in figures if isinstance(figure, el.Count))
        return counted and QUANTIFIERS[words[0]].holds(n / of)
    match figures:
        case [el.OutOf(hits=hits, whole=every)]:
            return hits.holds(n) and every.holds(of)
        case [el.Share(quantity=said)]:
            return said.holds(n / of)
        case [el.Count(quantity=said) | el.Times(quantity=said)]:
            return said.holds(n)
    return None
