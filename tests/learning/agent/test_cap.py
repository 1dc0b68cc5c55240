"""The cap is hard: by the endpoint's own count, whatever the prices, the requests, the faults and how many are under way."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any

import pytest

from memlearn.learning.agent.money import CapReachedError, Purse, Rates
from memlearn.learning.agent.pace import Pace
from memlearn.learning.agent.sender import Asked, NotAnsweredError, Sender, Spent
from memlearn.llm.chat import ChatClient
from memlearn.llm.config import ModelConfig, Prices
from memlearn.llm.messages import ChatReply, ChatRequest, Message
from memlearn.store.journal import JournalWriter
from memlearn.testing import Every, Fault, ModelServer, Reply, Request

FAULTS: tuple[Any, ...] = ("500", "429", "reset", "half_json", "wrong_types", "empty", "refusal")


def babble(request: Request) -> Reply:
    """An answer of a length of its own, up to the limit."""
    random = Random(str(request["messages"]))
    return Reply("word " * random.randrange(0, int(request["max_tokens"]) + 1))


def paid(counts: Mapping[str, Any], rates: Rates) -> int:
    """What the endpoint charges for all that it carried out, whether its answers arrived or not."""
    plain = counts["prompt_tokens"] - counts["cached_tokens"]
    return int(plain * rates.input + counts["cached_tokens"] * rates.cached + counts["completion_tokens"] * rates.output)


def spend(server: ModelServer, folder: Path, number: int) -> tuple[int, int, int, list[tuple[int, Any]]]:
    """One plan: the cap, what the endpoint charges, what we count, and of each request what it may cost and what came of it."""
    random = Random(number)
    prices = Prices(
        input=random.choice([0, random.uniform(0.01, 30)]),
        cached_input=random.choice([None, random.uniform(0, 3)]),
        output=random.uniform(0, 100),
    )
    rates = Rates.of(prices)
    faults = [Fault(random.choice(FAULTS), Every(random.randrange(2, 7))) for _ in range(random.randrange(3))]
    server.reset()
    server.set_faults(faults)
    requests = [
        ChatRequest((Message("system", "Be brief."), Message("user", f"{at} " * random.randrange(1, 80))), random.randrange(1, 60))
        for at in range(random.randrange(4, 24))
    ]
    client = ChatClient(ModelConfig(model="scripted", base_url=server.base_url, timeout=5), {})
    most = [rates.most(len(client.encode(request)), request.max_tokens) for request in requests]
    cap = int(sum(most) * random.uniform(0, 1.2))
    purse = Purse(cap)
    journal = JournalWriter(folder, f"plan-{number}")
    pace = Pace(random.choice([1, 3, 16]))
    sender = Sender(client, {}, journal, lambda *_: None, pace, purse, rates, attempts=random.randrange(1, 4), backoff=0.001)

    async def together() -> list[Any]:
        try:
            asked = (sender.ask(Asked("u", f"{at:032x}", 0), request, Spent()) for at, request in enumerate(requests))
            return await asyncio.gather(*asked, return_exceptions=True)
        finally:
            await client.close()

    with closing(journal):
        results = asyncio.run(together())
    assert purse.reserved == 0
    return cap, paid(server.counts(), rates), purse.spent, list(zip(most, results, strict=True))


def check_plans(folder: Path, numbers: range) -> None:
    reached = 0
    with ModelServer(babble) as server:
        for number in numbers:
            cap, charged, counted, results = spend(server, folder, number)
            assert charged <= counted <= cap
            odd = [result for _, result in results if not isinstance(result, ChatReply | CapReachedError | NotAnsweredError)]
            assert not odd
            stopped = [most for most, result in results if isinstance(result, CapReachedError)]
            # Whatever stopped did not fit beside what was spent; what others had only reserved stops nobody.
            assert all(counted + most > cap for most in stopped)
            reached += bool(stopped)
    assert 0 < reached < len(numbers)


@pytest.mark.slow
def test_spending_never_passes_the_cap(tmp_path: Path) -> None:
    check_plans(tmp_path, range(1000, 1020))


@pytest.mark.slow
def test_spending_never_passes_the_cap_over_two_hundred_plans(tmp_path: Path) -> None:
    check_plans(tmp_path, range(200))
