from __future__ import annotations

from dataclasses import replace

import pytest
from given import BLOCKS, STEP, line
from hypothesis import given
from hypothesis import strategies as st

from memlearn.chunks.events import EMPTY_DIGEST
from memlearn.learning.agent.chain import Done, given_digest, standing, step_key
from memlearn.learning.agent.step import Row
from memlearn.memory import Fact


def chain(digests: list[bytes], versions: list[str]) -> list[Done]:
    done: list[Done] = []
    for digest, version in zip(digests, versions, strict=True):
        before = done[-1].key if done else EMPTY_DIGEST
        done.append(Done(digest, version, step_key(before, digest, version)))
    return done


digests = st.lists(st.binary(min_size=1, max_size=2), max_size=6)


@given(digests, digests)
def test_steps_stand_as_far_as_the_rows_do(before: list[bytes], now: list[bytes]) -> None:
    common = 0
    while common < min(len(before), len(now)) and before[common] == now[common]:
        common += 1
    assert standing(chain(before, ["v1"] * len(before)), now, "v1") == common


@given(digests, st.integers(0, 6))
def test_another_version_goes_on_or_begins_anew(given_now: list[bytes], turn: int) -> None:
    versions = ["v1" if number < turn else "v2" for number in range(len(given_now))]
    done = chain(given_now, versions)
    assert standing(done, given_now, "v2") == len(given_now)
    assert standing(done, given_now, "v2", relearn=True) == (0 if turn and given_now else len(given_now))
    assert standing(done, given_now, "v1", relearn=True) == min(turn, len(given_now))


def test_skipped_steps_stand_until_they_are_tried_again() -> None:
    done = chain([b"a", b"b", b"c"], ["v1"] * 3)
    done[1] = replace(done[1], skipped=True)
    assert standing(done, [b"a", b"b", b"c"], "v1") == 3
    assert standing(done, [b"a", b"b", b"c"], "v1", retry_skipped=True) == 1


def test_a_ledger_whose_keys_do_not_chain_is_not_built_on() -> None:
    done = chain([b"a", b"b"], ["v1"] * 2)
    assert standing([done[0], replace(done[1], key=bytes(16))], [b"a", b"b"], "v1") == 1


@pytest.mark.parametrize(
    "changed",
    [
        replace(STEP, rows=STEP.rows[:-1]),
        replace(STEP, rows=(replace(STEP.rows[0], text="other"), *STEP.rows[1:])),
        replace(STEP, rows=(Row("0" * 16, STEP.rows[0].text), *STEP.rows[1:])),
        replace(STEP, statistics=STEP.statistics[:1]),
        replace(STEP, statistics=(replace(STEP.statistics[0], fact=Fact("habit", "item", "bread", {"n": 13})), STEP.statistics[1])),
        replace(STEP, person=()),
        replace(STEP, span=("2026-01-01", "2026-01-13")),
        replace(STEP, blocks=(*BLOCKS[:2], BLOCKS[2].with_statements((line("another order"),)))),
    ],
)
def test_every_byte_that_is_given_counts(changed: object) -> None:
    assert given_digest(changed) != given_digest(STEP)  # type: ignore[arg-type]


def test_the_user_s_name_and_lines_are_not_given() -> None:
    other = replace(STEP, user_id="bob", blocks=(BLOCKS[0].with_statements(()), *BLOCKS[1:]))
    assert given_digest(other) == given_digest(STEP)
    assert given_digest(STEP, ["documents"]) != given_digest(STEP)
