"""Train the ranker of offers on earlier sends: whether they were answered, by what was known when they were sent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from memlearn.ranking.learned.model import AnswerTraining, train_answers
from memlearn.ranking.offers import (
    NEVER,
    Counts,
    Encoding,
    Features,
    Logistic,
    Model,
    OfferFigures,
    Sends,
    make_features,
    raising,
    rates_of,
)
from memlearn.ranking.offers.model import in_spreads
from memlearn.ranking.offers.sends import Flags, Ints, Reals

FEWEST = 50
"""So many sends that were answered, and as many that were not, are the fewest to learn anything from."""

# With fewer of the rarer outcome a logistic regression is all that can be learned.
_FEW = 300
# A send counts as let pass after the time within which nearly all answers come; of fewer answers than this that of all offers.
_NEARLY_ALL, _FEWEST_ANSWERS = 0.995, 30
# The newest sends, by which the settings are chosen.
_HELD_OUT = 0.3
_RIDGE = 10.0
_SAME = 1e-6


Affinities = Callable[[Ints, Ints, Ints], Reals]


@dataclass(frozen=True, slots=True)
class Setting:
    """What validation chooses among.

    Args:
        name: told in the release.
        levels: whether users' answers to each level are seen.
        trees: settings of the trees; None for a logistic regression.
    """

    name: str
    levels: bool
    trees: AnswerTraining | None


SETTINGS = (
    Setting("logistic", levels=False, trees=None),
    Setting("small trees", levels=False, trees=AnswerTraining(leaves=8)),
    Setting("small trees, levels", levels=True, trees=AnswerTraining(leaves=8)),
    Setting("trees", levels=False, trees=AnswerTraining(leaves=16)),
    Setting("trees, levels", levels=True, trees=AnswerTraining(leaves=16)),
)


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """A trained model.

    Args:
        model: the model.
        setting: what validation chose.
        validation: the mean log-loss of each setting on the newest sends; none where there was no choice.
        sends: how many it was trained on.
        answered: how many of them were answered.
    """

    model: Model
    setting: str
    validation: dict[str, float]
    sends: int
    answered: int


def windows_of(sends: Sends, offers: int, most: int) -> Ints:
    """Minutes within which nearly all answers to each offer come; shape (offers,).

    Args:
        sends: of users.
        offers: how many there are.
        most: the longest time, minutes.
    """
    came = sends.answered != NEVER
    delay, item = (sends.answered - sends.sent)[came], sends.item[came]
    if not len(delay):
        return np.full(offers, most, dtype=np.int64)
    order = np.lexsort((delay, item))
    starts = np.searchsorted(item[order], np.arange(offers + 1))
    windows = np.full(offers, _quantile(np.sort(delay)), dtype=np.int64)
    for number in np.flatnonzero(np.diff(starts) >= _FEWEST_ANSWERS):
        windows[number] = _quantile(delay[order][starts[number] : starts[number + 1]])
    return np.clip(windows, 1, most)


def _quantile(ordered: Ints) -> int:
    return int(ordered[min(len(ordered) - 1, int(_NEARLY_ALL * len(ordered)))])


class _Known:
    """Sends and answers of each key as known at any instant: of sends whose time to be answered had passed."""

    def __init__(self, sends: Sends, window: Ints) -> None:
        over = sends.sent + window[sends.item]
        self._answered = (sends.answered != NEVER) & (sends.answered <= over)
        self._low = int(over.min(initial=0))
        self._over = over - self._low
        self._span = int(self._over.max(initial=0)) + 2

    def at(self, of_send: Ints, key: Ints, at: Ints) -> Counts:
        """Counts of a key before an instant, for each query.

        Args:
            of_send: the key of each send, negative for none.
            key: the key of each query, negative for none.
            at: the instant of each query.
        """
        packed = of_send * self._span + self._over
        order = np.argsort(packed, kind="stable")
        order = order[of_send[order] >= 0]
        ordered, sums = packed[order], np.concatenate(([0], np.cumsum(self._answered[order])))
        low = np.searchsorted(ordered, key * self._span)
        high = np.searchsorted(ordered, key * self._span + np.clip(at - self._low, -1, self._span - 2), side="right")
        high = np.maximum(high, low)
        there = key >= 0
        return Counts(np.where(there, high - low, 0).astype(np.float64), np.where(there, sums[high] - sums[low], 0).astype(np.float64))


def figures_of(sends: Sends, window: Ints, levels: Ints, end: int, min_users: int) -> OfferFigures:
    """How all users answered each offer up to an instant; figures of fewer users than `min_users` are 0.

    Args:
        sends: of users.
        window: of each offer.
        levels: code of each offer in each level.
        end: the instant, minutes.
        min_users: fewest users behind a figure.
    """
    known, owner = _Known(sends, window), sends.owner()

    def counted(of_send: Ints, size: int) -> Counts:
        keys = np.arange(size, dtype=np.int64)
        found = known.at(of_send, keys, np.full(size, end, dtype=np.int64))
        pairs = np.unique(of_send[of_send >= 0] * (int(owner.max(initial=0)) + 1) + owner[of_send >= 0])
        users = np.bincount(pairs // (int(owner.max(initial=0)) + 1), minlength=size)
        return Counts(*(np.where(users >= min_users, column, 0.0) for column in (found.sent, found.answered)))

    return OfferFigures(
        window,
        levels,
        counted(np.zeros(len(sends), dtype=np.int64), 1),
        tuple(counted(codes[sends.item], int(codes.max(initial=-1)) + 1) for codes in levels),
        counted(sends.item, len(window)),
    )


@dataclass(frozen=True, slots=True, eq=False)
class Examples:
    """Sends that are learned from.

    Args:
        features: as known when each was sent.
        answered: which were answered in time.
        at: when each was sent.
    """

    features: Features
    answered: Flags
    at: Ints


def make_examples(
    sends: Sends, figures: OfferFigures, persons: Reals, encoding: Encoding, end: int, affinities: Affinities | None = None
) -> Examples:
    """The sends whose outcome is known at the end, with what was known before each.

    Args:
        sends: of users.
        figures: how all users answered each offer; of earlier sends only when looked up for a send.
        persons: numbers of the persons' attributes of each user; shape (users, attributes).
        encoding: what they are.
        end: the instant, minutes.
        affinities: how much users cared for what offers apply to, by user, offer and moment; None where of no offer it is known.
    """
    chosen = np.flatnonzero((sends.sent + figures.window[sends.item] <= end) & ~figures.silent()[sends.item])
    user, item, at = sends.owner()[chosen], sends.item[chosen], sends.sent[chosen]
    known = _Known(sends, figures.window)
    whole = known.at(np.zeros(len(sends), dtype=np.int64), np.zeros(len(chosen), dtype=np.int64), at)
    of_levels = [known.at(codes[sends.item], codes[item], at) for codes in figures.levels]
    rate = rates_of(whole, of_levels, known.at(sends.item, item, at))
    overall = rates_of(whole, (), whole)
    features = make_features(
        sends,
        user,
        item,
        at,
        rate,
        overall,
        figures.rates()[sends.item],
        figures.window,
        figures.silent(),
        figures.levels,
        persons,
        encoding,
        None if affinities is None else affinities(user, item, at),
    )
    came = sends.answered[chosen]
    answered = (came != NEVER) & (came <= at + figures.window[item])
    # Before anything was known of anybody, the shares of answers say nothing.
    told = whole.sent > 0
    if np.count_nonzero(told) >= len(chosen) / 3:
        chosen = np.flatnonzero(told)
        return Examples(Features(features.names, features.values[chosen]), answered[chosen], at[chosen])
    return Examples(features, answered, at)


def train(examples: Examples, encoding: Encoding) -> Trained | None:
    """Train the model; None where there is too little to learn from.

    Args:
        examples: sends with known outcomes.
        encoding: of the persons' attributes.
    """
    answered = int(np.count_nonzero(examples.answered))
    rarer = min(answered, len(examples.answered) - answered)
    if rarer < FEWEST:
        return None
    settings = SETTINGS if rarer >= _FEW else SETTINGS[:1]
    losses = _compare(examples, encoding, settings) if len(settings) > 1 else {}
    best = min(settings, key=lambda setting: losses.get(setting.name, 0.0))
    return Trained(_fit(examples, encoding, best), best.name, losses, len(examples.answered), answered)


def _compare(examples: Examples, encoding: Encoding, settings: Sequence[Setting]) -> dict[str, float]:
    """How well each setting learned from older sends foretells the newest."""
    split = np.quantile(examples.at, 1 - _HELD_OUT)
    old = examples.at < split
    if not _enough(examples.answered[old]) or not _enough(examples.answered[~old]):
        # Nearly all was sent at once: every so manieth send is held out.
        old = np.arange(len(examples.at)) % 3 != 0
    earlier = Examples(Features(examples.features.names, examples.features.values[old]), examples.answered[old], examples.at[old])
    newer = Features(examples.features.names, examples.features.values[~old])
    losses = {}
    for setting in settings:
        model = _fit(earlier, encoding, setting)
        losses[setting.name] = round(_loss(model.logits(newer.take(model.features)), examples.answered[~old]), 6)
    return losses


def _enough(answered: Flags) -> bool:
    return FEWEST <= int(np.count_nonzero(answered)) <= len(answered) - FEWEST


def _loss(logits: Reals, answered: Flags) -> float:
    return float(np.mean(np.logaddexp(0.0, logits) - answered * logits))


def _fit(examples: Examples, encoding: Encoding, setting: Setting) -> Model:
    names = tuple(name for name in examples.features.names if setting.levels or not name.startswith("level"))
    values, rising = examples.features.take(names), [raising(name, encoding) for name in names]
    if setting.trees is None:
        return Model(names, logistic=fit_logistic(values, examples.answered, rising))
    return Model(names, trees=train_answers(values.astype(np.float32), examples.answered, names, rising, setting.trees))


def fit_logistic(values: Reals, answered: Flags, rising: Sequence[bool]) -> Logistic:
    """A ridge regression of the logit, weights of rising features at least 0.

    Args:
        values: shape (rows, features); NaN where unknown.
        answered: which rows were answered.
        rising: features whose higher values may only raise the chance.
    """
    known = ~np.isnan(values)
    number = np.maximum(known.sum(axis=0), 1)
    mean = np.where(known, values, 0.0).sum(axis=0) / number
    spread = np.sqrt(np.where(known, (values - mean) ** 2, 0.0).sum(axis=0) / number)
    # What is the same in all rows differs by rounding at most.
    spread = np.where(spread > _SAME * (1 + np.abs(mean)), spread, 1.0).astype(np.float64)
    plain = in_spreads(values, mean, spread)
    rows = np.column_stack([np.ones(len(plain)), plain])
    ridge = np.concatenate(([0.0], np.full(plain.shape[1], _RIDGE)))

    def cost(weights: Reals) -> tuple[float, Reals]:
        logits = rows @ weights
        chance = 1 / (1 + np.exp(-np.clip(logits, -30, 30)))
        value = np.sum(np.logaddexp(0.0, logits) - answered * logits) + 0.5 * np.sum(ridge * weights**2)
        return float(value), rows.T @ (chance - answered) + ridge * weights

    bounds = [(None, None), *((0.0, None) if up else (None, None) for up in rising)]
    share = answered.mean()
    start = np.concatenate(([np.log(share / (1 - share))], np.zeros(plain.shape[1])))
    found = minimize(cost, start, jac=True, bounds=bounds, method="L-BFGS-B").x
    # Machines agree on so many decimals.
    weights = np.round(found, 6)
    return Logistic(float(weights[0]), np.round(mean, 6), np.round(spread, 6) + 1e-9, weights[1:])
