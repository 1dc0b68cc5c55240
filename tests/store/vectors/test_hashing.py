from __future__ import annotations

import hashlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memlearn.errors import ConfigError
from memlearn.store.vectors import builtin_embedder
from memlearn.store.vectors.embedder import unit_vectors
from memlearn.store.vectors.hashing import embed_texts, stem


def likeness(one: str, other: str) -> float:
    vectors = embed_texts([one, other])
    return float(vectors[0] @ vectors[1])


def test_vectors_are_the_same_on_every_machine() -> None:
    vector = embed_texts(["We refund within 14 days.", "Größe: caffè n° 5", ""])
    # Changes only together with VERSION: stored vectors would no longer match queries.
    assert hashlib.blake2b(vector.astype("<f4").tobytes(), digest_size=8).hexdigest() == "4d99549ebeee4ab9"


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text(max_size=40), min_size=1, max_size=6))
def test_a_vector_depends_on_its_own_text_only_and_has_length_one(texts: list[str]) -> None:
    together = embed_texts(texts)
    alone = np.concatenate([embed_texts([text]) for text in texts])
    assert np.array_equal(together, alone)
    assert np.allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)


@pytest.mark.parametrize(
    ("query", "near", "far"),
    [
        ("refunded customers", "a refund for the customer", "delete the account"),
        ("BLUE BOTTLE COFFEE", "blue bottle coffee sf", "red bull energy"),
        ("cancelling a subscription", "the cancellation of subscriptions", "the description of functions"),
        ("caffè", "CAFFE", "carne"),
        ("Datenschutz", "Datenschutzerklärung", "Dosenpfand"),
    ],
)
def test_variants_of_words_are_near(query: str, near: str, far: str) -> None:
    assert likeness(query, near) > likeness(query, far) + 0.15


def test_frequent_words_weigh_little() -> None:
    assert likeness("the account of the user", "the weather in the city") < 0.4
    assert likeness("the account of the user", "account user") > 0.7


def test_stems() -> None:
    assert {stem("refunds"), stem("refunding"), stem("refunded"), stem("refund")} == {"refund"}
    assert stem("gas") == "gas"


@pytest.mark.parametrize("dimensions", [65, 32, 8192])
def test_dimensions_that_cannot_be(dimensions: int) -> None:
    with pytest.raises(ConfigError, match=str(dimensions)):
        builtin_embedder(dimensions)


def test_vectors_that_are_zero_or_infinite_are_refused() -> None:
    for vector in ([0.0, 0.0], [float("nan"), 1.0]):
        with pytest.raises(ConfigError, match="zero or not finite"):
            unit_vectors(np.array([vector]), "m")
