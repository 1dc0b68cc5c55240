"""Retrieval instead of memory: what of a user's own baskets reads like their latest one, as much of it as their memory takes, then counted.

A unit is the text of one basket: the texts of its items, or their ids where they have none. The query is the user's latest basket and the
request. Units are ranked by BM25 and taken in this order until their text fills the budget, which is the size of all that memory
holds of the same user. What is retrieved is ranked by frequency that fades, with the popular items behind.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from memlearn.errors import UsageError
from memlearn.evaluation.baselines.methods import Method, spread
from memlearn.evaluation.baselines.scorer import Scorer, SparseScorer, check_within
from memlearn.ranking.history import History

__all__ = ["RagParameters", "fit_rag", "make_rag"]

REQUEST = "What will this customer buy next?"

_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class RagParameters:
    """How is retrieved and ranked.

    Args:
        decay: the weight that is left after one later basket, over 0 and up to 1.
        saturation: BM25's k1: how soon more of the same word counts no more.
        length: BM25's b: how much long baskets count less, 0 to 1.
        request: whether the words of the request are part of the query.
    """

    decay: float = 0.9
    saturation: float = 1.2
    length: float = 0.75
    request: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class _Units:
    """One row for each basket, in the order of the history: its user, number, bytes and words."""

    user: NDArray[np.int64]
    age: NDArray[np.int64]
    size: NDArray[np.int64]
    words: csr_array


def make_rag(texts: Sequence[str], budgets: NDArray[np.int64]) -> Method[RagParameters]:
    """The baseline for some items and users.

    Args:
        texts: of each item; empty where it has none, then its id should be given.
        budgets: bytes that may be retrieved for each user.
    """

    def fit(history: History, parameters: RagParameters) -> Scorer:
        return fit_rag(history, parameters, texts, budgets)

    return Method("rag", "RAG (BM25 over own baskets)", fit, _settings)


def _settings(history: History) -> tuple[RagParameters, ...]:
    del history
    return spread(
        [RagParameters()], {"decay": (0.8, 0.9, 0.95, 1.0), "saturation": (0.5, 1.2, 2.0), "length": (0.0, 0.75), "request": (True, False)}
    )


def fit_rag(history: History, parameters: RagParameters, texts: Sequence[str], budgets: NDArray[np.int64]) -> Scorer:
    """Retrieve for every user and score what was retrieved by the sum of decay^age over the baskets; other items follow by popularity.

    At least the best unit is taken, whatever its size. Of equally similar units the newer comes first.

    Source: Robertson & Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond" (2009), with idf = ln(1 + (N - n + .5) / (n + .5))
    over all baskets.

    Raises:
        UsageError: a parameter is out of range, or texts or budgets do not fit the history.
    """
    check_within("decay", parameters.decay, 1e-6, 1)
    check_within("saturation", parameters.saturation, 0, 1e3)
    check_within("length", parameters.length, 0, 1)
    if len(texts) != history.items or len(budgets) != history.users:
        raise UsageError(
            f"Texts of {len(texts)} items and budgets of {len(budgets)} users do not fit a history of {history.items} items and {history.users} users."
        )
    taken = _retrieve(*_units(history, texts, parameters), parameters, budgets)
    basket = np.cumsum(history.first_rows()) - 1
    weights = np.where(taken[basket], np.power(parameters.decay, history.ages()), 0.0) if len(history) else np.zeros(0)
    own = history.summed(weights)
    # What was not retrieved is not known: it stands with the items that the user never bought.
    own.eliminate_zeros()
    return SparseScorer(own.astype(np.float32), np.zeros(history.items, dtype=np.float32))


def _units(history: History, texts: Sequence[str], parameters: RagParameters) -> tuple[_Units, NDArray[np.int64]]:
    """The baskets as units, and the words of the request."""
    vocabulary: dict[str, int] = {}
    ends, found = [0], []
    for text in texts:
        found += [vocabulary.setdefault(word, len(vocabulary)) for word in _WORD.findall(text.lower())]
        ends.append(len(found))
    request = [vocabulary[word] for word in _WORD.findall(REQUEST.lower()) if word in vocabulary] if parameters.request else []
    words = csr_array((np.ones(len(found)), np.array(found, dtype=np.int32), np.array(ends)), shape=(len(texts), max(len(vocabulary), 1)))
    words.sum_duplicates()
    first = history.first_rows()
    basket = np.cumsum(first) - 1
    units = int(first.sum())
    holds = csr_array((np.ones(len(history)), (basket, history.item)), shape=(units, history.items))
    # One byte between two texts.
    sizes = np.array([len(text.encode()) + 1 for text in texts], dtype=np.int64)
    size = np.bincount(basket, weights=sizes[history.item], minlength=units).astype(np.int64)
    counted = (holds @ words).tocsr()
    counted.sort_indices()
    return _Units(history.user[first].astype(np.int64), history.ages()[first].astype(np.int64), size, counted), np.array(
        request, dtype=np.int64
    )


def _retrieve(units: _Units, request: NDArray[np.int64], parameters: RagParameters, budgets: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether each unit is taken for its user."""
    number = len(units.user)
    if not number:
        return np.zeros(0, dtype=np.bool_)
    words = units.words
    there = np.bincount(words.indices, minlength=words.shape[1])
    rarity = np.log1p((number - there + 0.5) / (there + 0.5))
    length = words.sum(axis=1)
    norm = 1 - parameters.length + parameters.length * length / max(float(length.mean()), 1e-9)
    row = np.repeat(np.arange(number), np.diff(words.indptr))
    tf = words.data
    value = rarity[words.indices] * tf * (parameters.saturation + 1) / (tf + parameters.saturation * norm[row])
    weighed = csr_array((value, words.indices, words.indptr), shape=words.shape)
    score = np.asarray(weighed.multiply(_queries(units, request)[units.user]).sum(axis=1)).ravel()
    order = np.lexsort((units.age, -score, units.user))
    spent = np.cumsum(units.size[order])
    user = units.user[order]
    first = np.searchsorted(user, user)
    before = spent - units.size[order] - (spent - units.size[order])[first]
    taken = np.zeros(number, dtype=np.bool_)
    taken[order] = (before + units.size[order] <= budgets[user]) | (np.arange(number) == first)
    return taken


def _queries(units: _Units, request: NDArray[np.int64]) -> csr_array:
    """How often each word is asked for by each user: in the latest basket, and in the request; shape (users, words)."""
    newest = units.age == 0
    words = units.words[newest].tocoo()
    user, asking = units.user[newest], len(request)
    row = np.concatenate([user[words.coords[0]], np.repeat(user, asking)])
    column = np.concatenate([words.coords[1], np.tile(request, len(user))])
    count = np.concatenate([words.data, np.ones(len(user) * asking)])
    return csr_array((count, (row, column)), shape=(int(units.user.max()) + 1, words.shape[1]))
