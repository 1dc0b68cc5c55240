"""How all users answer each offer and each of its levels, drawn towards what is known of the level above."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from memlearn.ranking.offers.sends import Flags, Ints, Reals

PRIOR = 10.0
"""Sends by which a share of answers is drawn towards that of the level above."""

# Of an offer that was sent so often, and answered less often than this, nobody is expected to answer it.
_TOLD, _HARDLY = 100, 0.001


@dataclass(frozen=True, slots=True, eq=False)
class Counts:
    """Sends and answers of the keys of one level, or of single offers; shape (keys,) each, or (queries,) where looked up."""

    sent: Reals
    answered: Reals


@dataclass(frozen=True, slots=True, eq=False)
class OfferFigures:
    """What all users did with offers.

    Args:
        window: minutes after which an offer that was not answered no longer is, of each offer; shape (offers,).
        levels: code of each offer in each level, coarse to fine, -1 where it has none; shape (levels, offers).
        whole: sends and answers of all offers together; one key.
        of_levels: of the keys of each level.
        of_items: of each offer.
    """

    window: Ints
    levels: Ints
    whole: Counts
    of_levels: tuple[Counts, ...]
    of_items: Counts

    def __len__(self) -> int:
        return len(self.window)

    def overall(self) -> float:
        """The share of all sends that was answered."""
        return float(rates_of(self.whole, (), self.whole)[0])

    def rates(self) -> Reals:
        """The share of each offer's sends that is answered, an offer that was never sent having that of its levels; shape (offers,)."""
        one = np.ones(len(self))
        levels = [_of_keys(counts, self.levels[number]) for number, counts in enumerate(self.of_levels)]
        return rates_of(Counts(one * self.whole.sent[0], one * self.whole.answered[0]), levels, self.of_items)

    def silent(self) -> Flags:
        """Which offers hardly anybody answers, such as those that only inform; shape (offers,)."""
        return (self.of_items.sent >= _TOLD) & (self.of_items.answered < _HARDLY * self.of_items.sent)


def _of_keys(counts: Counts, codes: Ints) -> Counts:
    known = codes >= 0
    return Counts(*(np.where(known, np.append(column, 0.0)[codes], 0.0) for column in (counts.sent, counts.answered)))


def rates_of(whole: Counts, levels: tuple[Counts, ...] | list[Counts], items: Counts) -> Reals:
    """Shares of answers, each level's drawn towards that of the level above by `PRIOR` sends.

    Args:
        whole: of all offers.
        levels: of the offer's key in each level, coarse to fine.
        items: of the offer.
    """
    share: Reals = (whole.answered + 0.5) / (whole.sent + 1.0)
    for counts in (*levels, items):
        share = (counts.answered + PRIOR * share) / (counts.sent + PRIOR)
    return share
