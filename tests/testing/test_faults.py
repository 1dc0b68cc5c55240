from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memlearn.errors import UsageError
from memlearn.testing import BATCH_LINE, BATCHES, CHAT, Chance, Contains, Every, Fault, Nth
from memlearn.testing.faults import Arrival, FaultBook, fault_from_json, fault_to_json


def arrival(digest: str = "d", attempt: int = 1, endpoint: str = CHAT, text: str = "") -> Arrival:
    return Arrival(endpoint, digest, attempt, {"text": text}, text)


def fired(book: FaultBook, count: int) -> list[int]:
    return [number for number in range(1, count + 1) if book.pick(arrival()) is not None]


def test_the_nth_and_every_nth() -> None:
    assert fired(FaultBook([Fault("500", Nth(3))]), 10) == [3]
    assert fired(FaultBook([Fault("500", Every(3))]), 10) == [3, 6, 9]
    assert fired(FaultBook([Fault("500", Every(3), times=2)]), 10) == [3, 6]
    assert fired(FaultBook([Fault("500", times=2)]), 10) == [1, 2]


def test_counting_begins_anew() -> None:
    book = FaultBook([Fault("500", Nth(1))])
    assert fired(book, 2) == [1]
    book.restart()
    assert fired(book, 2) == [1]


def test_the_first_rule_that_holds_is_taken_and_the_others_count_on() -> None:
    book = FaultBook([Fault("500", Nth(1)), Fault("429", Nth(1)), Fault("503", Nth(2))])
    assert [fault.kind if (fault := book.pick(arrival())) else None for _ in range(3)] == ["500", "503", None]


def test_a_rule_counts_its_endpoint_only() -> None:
    book = FaultBook([Fault("500", Nth(1), endpoint=BATCH_LINE), Fault("batch_failed", Nth(1)), Fault("404", Nth(2), endpoint="")])
    kinds = [book.pick(arrival(endpoint=endpoint)) for endpoint in (CHAT, BATCHES, BATCH_LINE)]
    assert [fault.kind if fault else None for fault in kinds] == [None, "batch_failed", "500"]


def test_predicates_and_contained_text() -> None:
    book = FaultBook([Fault("500", Contains("anna")), Fault("429", lambda request: request["text"] == "hugo")])
    kinds = [book.pick(arrival(text=text)) for text in ("for anna", "hugo", "otto")]
    assert [fault.kind if fault else None for fault in kinds] == ["500", "429", None]


@given(st.integers(0, 1000))
def test_chance_depends_on_digest_attempt_and_seed_alone(seed: int) -> None:
    digests = [str(number) for number in range(400)]
    first = [FaultBook([Fault("500", Chance(0.25, seed))]).pick(arrival(digest)) is not None for digest in digests]
    one_book = FaultBook([Fault("500", Chance(0.25, seed))])
    assert [one_book.pick(arrival(digest)) is not None for digest in reversed(digests)][::-1] == first
    assert 0.12 < sum(first) / len(first) < 0.38
    second = [one_book.pick(arrival(digest, attempt=2)) is not None for digest in digests]
    assert second != first


WHENS = st.one_of(
    st.none(),
    st.builds(Nth, st.integers(1, 99)),
    st.builds(Every, st.integers(1, 99)),
    st.builds(Chance, st.floats(0, 1), st.integers(0, 99)),
    st.builds(Contains, st.text()),
)


@given(
    st.builds(Fault, st.sampled_from(["429", "timeout", "batch_expired"]), WHENS, st.none() | st.integers(1, 9), st.none() | st.just(CHAT))
)
def test_rules_go_through_json(fault: Fault) -> None:
    assert fault_from_json(fault_to_json(fault)) == fault


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ({"kind": "418"}, "no fault '418'"),
        ({"when": {"nth": 1}}, "`kind` at least"),
        ({"kind": "429", "wen": 1}, "fields kind, when"),
        ({"kind": "429", "when": {"first": 1}}, "one of nth, every, chance, contains"),
        ({"kind": "429", "when": {"nth": 0}}, "counted from 1"),
        ({"kind": "429", "when": {"chance": 2}}, "between 0 and 1"),
    ],
)
def test_wrong_rules_are_refused(value: dict[str, object], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        fault_from_json(value)


def test_a_function_does_not_go_through_json() -> None:
    with pytest.raises(UsageError, match="another process"):
        fault_to_json(Fault("429", lambda _: True))
