"""Batches of earlier runs, and the journals that tell of them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest

from memlearn.learning.agent.answers import Answers, Sent
from memlearn.learning.agent.batch_jobs import UNSENT, BatchJob, BatchJobs, Result
from memlearn.learning.agent.sender import Asked
from memlearn.llm.batches import BatchStatus
from memlearn.llm.messages import ChatReply
from memlearn.llm.model_error import ModelError
from memlearn.store.journal import JournalWriter, Place


class Provider:
    """Knows some batches and what came of them."""

    def __init__(self, batches: dict[str, dict[str, Result] | None]) -> None:
        self.batches = batches

    def line(self, name: str, content: bytes) -> bytes:
        raise AssertionError((name, content))

    async def submit(self, lines: Iterable[bytes], name: str) -> str:
        raise AssertionError((lines, name))

    async def find(self, _name: str) -> tuple[str, ...]:
        return tuple(self.batches)

    async def status(self, batch_id: str) -> BatchStatus:
        return BatchStatus(batch_id, "gone" if self.batches[batch_id] is None else "ended", "told")

    async def results(self, status: BatchStatus) -> dict[str, Result]:
        return self.batches[status.id] or {}


def sent(number: int) -> Sent:
    return Sent(Asked("anna", f"{number:064x}", 0), f"{number:032x}", number, Place("run-000001-0a0b0c.journal", 0), 10, 100)


def take_up(batches: dict[str, dict[str, Result] | None], numbers: int) -> dict[int, Result | None]:
    came: dict[int, Result | None] = {}

    async def take(results: Sequence[tuple[Sent, Result | None]]) -> None:
        assert came.keys().isdisjoint(one.number for one, _ in results)
        came.update({one.number: result for one, result in results})

    async def note(_name: str, _batch_id: str) -> None:
        raise AssertionError

    jobs = BatchJobs(Provider(batches), note, take, 2, 2, 0.01, lambda _told: None)
    asyncio.run(jobs.run([BatchJob("run-000001-0001-000", {f"r{number}": sent(number) for number in range(numbers)})]))
    return came


@pytest.mark.parametrize("order", [("gone", "there"), ("there", "gone")])
def test_half_of_a_job_that_is_gone_leaves_the_answers_of_the_other(order: tuple[str, str]) -> None:
    held: dict[str, dict[str, Result] | None] = {"there": {"r2": ChatReply("two"), "r3": ChatReply("three")}, "gone": None}
    came = take_up({name: held[name] for name in order}, 4)
    assert sorted(came) == [0, 1, 2, 3]
    assert (came[2], came[3]) == (ChatReply("two"), ChatReply("three"))
    for number in (0, 1):
        lost = came[number]
        assert isinstance(lost, ModelError)
        # Nobody can say whether they were carried out.
        assert lost.paid == "perhaps"


def test_what_was_never_sent_cost_nothing() -> None:
    assert take_up({}, 2) == {0: None, 1: None}


def test_what_a_batch_left_unanswered_is_known_to_be_unpaid() -> None:
    came = take_up({"there": {"r0": ChatReply("one")}}, 2)
    assert came[0] == ChatReply("one")
    lost = came[1]
    assert isinstance(lost, ModelError)
    assert lost.paid != "perhaps"


def test_answers_outlive_the_journal_that_asked(tmp_path: Path) -> None:
    """A damaged journal is removed; what a later one says about its requests is left out, and the rest is read."""
    intent = {"type": "intent", "user": "anna", "step": "ab", "turn": 0, "digest": "cd", "number": 0, "most": 5, "batch": "b", "size": 9}
    reply = {"type": "reply", "number": 0, "reply": ChatReply("yes").to_json(), "cost": 3, "sure": True}
    earlier, later = JournalWriter(tmp_path, "run-000001-000001"), JournalWriter(tmp_path, "run-000002-000002")
    earlier.append(intent)
    earlier.close()
    later.append({**reply, "of": earlier.path.name})
    later.append({**intent, "user": "ben"})
    later.append({**reply, "of": later.path.name})
    later.append({"type": "failed", "number": 7, "of": earlier.path.name, "kind": UNSENT, "message": "", "cost": 0, "sure": True})
    later.close()
    names = [earlier.path.name, later.path.name]
    assert [found.asked.user_id for found in Answers.read(tmp_path, names).found] == ["anna", "ben"]
    earlier.path.unlink()
    answers = Answers.read(tmp_path, names)
    assert [found.asked.user_id for found in answers.found] == ["ben"]
    assert answers.spent_before() == {"run-000002": (3, 0)}
