from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import replace

import pytest
from given import BLOCKS, STEP, line

from memlearn.chunks.events import EMPTY_DIGEST
from memlearn.learning.agent.chain import Done, given_digest, standing
from memlearn.learning.agent.conversation import StepResult
from memlearn.learning.agent.money import CapReachedError
from memlearn.learning.agent.run import FinishedStep, Tally, UserSteps, do_users
from memlearn.learning.agent.sender import NotAnsweredError, Spent
from memlearn.learning.agent.step import StepInput
from memlearn.learning.agent.stepper import StopRunError

EMPTY = tuple(block.with_statements(()) if not block.spec.read_only else block for block in BLOCKS)


def user(name: str, chunks: int = 3) -> UserSteps:
    inputs = tuple(replace(STEP, user_id=name, chunk=chunk, rows=STEP.rows[chunk : chunk + 4]) for chunk in range(chunks))
    return UserSteps(name, inputs, EMPTY, EMPTY_DIGEST)


async def notes(_key: str, step: StepInput, spent: Spent) -> StepResult:
    """Adds a line that names the chunk."""
    spent.requests += 1
    await asyncio.sleep(0)
    habits = step.blocks[0]
    changed = habits.with_statements((*habits.statements, line(f"chunk {step.chunk}")))
    return StepResult((changed, *step.blocks[1:]), (), (), "done", 1)


async def one_by_one(works: Iterable[UserSteps]) -> AsyncIterator[UserSteps]:
    for work in works:
        await asyncio.sleep(0)
        yield work


def run(works: list[UserSteps], do: Callable[..., object] = notes, side_by_side: int = 4) -> tuple[Tally, list[FinishedStep]]:
    recorded: list[FinishedStep] = []

    async def record(step: FinishedStep) -> None:
        await asyncio.sleep(0)
        recorded.append(step)

    return asyncio.run(do_users(one_by_one(works), do, record, "v1", side_by_side=side_by_side)), recorded  # type: ignore[arg-type]


def test_steps_of_a_user_follow_each_other_and_build_on_each_other() -> None:
    tally, recorded = run([user(f"u{number}") for number in range(10)])
    assert tally == Tally({"done": 30})
    for number in range(10):
        mine = [step for step in recorded if step.user_id == f"u{number}"]
        assert [step.chunk for step in mine] == [0, 1, 2]
        assert mine[-1].blocks[0].value == "chunk 0\nchunk 1\nchunk 2"
        assert all(step.blocks[2] == BLOCKS[2] for step in mine)
        done = [Done(step.given, "v1", step.key) for step in mine]
        given = [given_digest(step) for step in user(f"u{number}").inputs]
        assert standing(done, given, "v1") == 3


def test_the_content_does_not_depend_on_how_many_work_side_by_side() -> None:
    works = [user(f"u{number}", number % 4) for number in range(12)]
    results = []
    for side_by_side in (1, 3, 64):
        _, recorded = run(works, side_by_side=side_by_side)
        results.append(sorted((step.user_id, step.chunk, step.key, step.blocks[0].value) for step in recorded))
    assert results[0] == results[1] == results[2]


def test_a_straggler_holds_nobody_up() -> None:
    others: list[str] = []
    all_others = asyncio.Event()

    async def slow_for_one(key: str, step: StepInput, spent: Spent) -> StepResult:
        if step.user_id == "u0":
            await all_others.wait()
        else:
            others.append(step.user_id)
            all_others.set() if len(others) == 27 else None
        return await notes(key, step, spent)

    tally, recorded = run([user(f"u{number}") for number in range(10)], slow_for_one, side_by_side=2)
    assert tally.steps == {"done": 30}
    assert [step.user_id for step in recorded[-3:]] == ["u0"] * 3


def test_a_step_without_an_answer_is_skipped_and_the_user_goes_on() -> None:
    async def fails_once(key: str, step: StepInput, spent: Spent) -> StepResult:
        if (step.user_id, step.chunk) == ("u1", 1):
            raise NotAnsweredError("No answer after 5 attempts.")
        return await notes(key, step, spent)

    tally, recorded = run([user("u0"), user("u1")], fails_once)
    assert tally == Tally({"done": 5, "skipped": 1})
    mine = [step for step in recorded if step.user_id == "u1"]
    assert [(step.outcome, step.reason) for step in mine] == [("done", None), ("skipped", "No answer after 5 attempts."), ("done", None)]
    assert mine[-1].blocks[0].value == "chunk 0\nchunk 2"


@pytest.mark.parametrize("error", [CapReachedError("the cap"), StopRunError("no key")])
def test_a_stop_lets_steps_under_way_end_and_names_who_is_unfinished(error: Exception) -> None:
    begun: list[str] = []

    async def stops(key: str, step: StepInput, spent: Spent) -> StepResult:
        begun.append(step.user_id)
        if len(begun) == 6:
            raise error
        return await notes(key, step, spent)

    tally, recorded = run([user(f"u{number}") for number in range(5)], stops, side_by_side=2)
    assert tally.stopped == str(error)
    finished = {name for name in (f"u{number}" for number in range(5)) if sum(step.user_id == name for step in recorded) == 3}
    assert set(tally.unfinished) == {f"u{number}" for number in range(5)} - finished
    assert 5 <= len(recorded) <= 6
    assert len(begun) <= 7


def test_an_endpoint_that_is_gone_is_not_asked_for_every_user() -> None:
    async def gone(_key: str, _step: StepInput, _spent: Spent) -> StepResult:
        await asyncio.sleep(0)
        raise NotAnsweredError("No answer.")

    tally, recorded = run([user(f"u{number}") for number in range(50)], gone)
    assert tally.stopped is not None
    assert "the endpoint seems to be gone" in tally.stopped
    assert len(recorded) < 12
    assert {step.key for step in recorded} == set(tally.withdrawn)
    assert {step.user_id for step in recorded} <= set(tally.unfinished)


def test_steps_skipped_before_another_was_answered_are_their_own_fault() -> None:
    async def half(key: str, step: StepInput, spent: Spent) -> StepResult:
        if int(step.user_id[1:]) % 2:
            raise NotAnsweredError("No answer.")
        return await notes(key, step, spent)

    tally, _ = run([user(f"u{number}", 1) for number in range(40)], half)
    assert tally == Tally({"done": 20, "skipped": 20})


def test_users_are_taken_one_after_another() -> None:
    taken: list[int] = []
    recorded: list[int] = []

    def works() -> object:
        for number in range(20):
            taken.append(number)
            assert number - len(recorded) <= 3
            yield user(f"u{number}", 1)

    async def record(_: FinishedStep) -> None:
        recorded.append(1)

    asyncio.run(do_users(one_by_one(works()), notes, record, "v1", side_by_side=3))  # type: ignore[arg-type]
    assert len(recorded) == len(taken) == 20


def test_lines_of_blocks_that_are_no_longer_configured_are_left_behind() -> None:
    old = (*EMPTY, EMPTY[0].with_statements((line("x"),)))
    renamed = (*EMPTY[:1], replace(old[-1], spec=EMPTY[0].spec.model_copy(update={"label": "gone"})))
    _, (step, *_) = run([replace(user("u0", 1), blocks=renamed)])
    assert [block.label for block in step.blocks] == ["habits", "changes", "notes"]
