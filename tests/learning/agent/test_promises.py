"""The promises of the fold hold with an agent as they do without: the same suite, with a scripted model behind HTTP."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import companies
import pytest
from models import note_taker
from promises import WHATEVER_THE_MANAGER, learning_again_does_nothing

from memlearn.testing import ModelServer


@pytest.fixture(scope="module")
def server() -> Iterator[ModelServer]:
    """A model that answers every request alike."""
    with ModelServer(note_taker) as server:
        yield server


@pytest.fixture
def _agent_everywhere(server: ModelServer, monkeypatch: pytest.MonkeyPatch) -> None:
    agent = {"model": "scripted", "base_url": server.base_url, "open_chunk": "always", "in_flight": 8}
    monkeypatch.setitem(companies.EVERYWHERE, "learning", {"manager": "agent", "agent": agent})


_CHECKS = [pytest.param(check, marks=() if check is learning_again_does_nothing else pytest.mark.slow) for check in WHATEVER_THE_MANAGER]


@pytest.mark.usefixtures("_agent_everywhere")
@pytest.mark.parametrize("check", _CHECKS, ids=[check.__name__ for check in WHATEVER_THE_MANAGER])
def test_promise(check: Callable[[Path, int], None], tmp_path: Path) -> None:
    check(tmp_path, 7)


@pytest.mark.slow
@pytest.mark.usefixtures("_agent_everywhere")
@pytest.mark.parametrize("seed", [23])
@pytest.mark.parametrize("check", WHATEVER_THE_MANAGER, ids=[check.__name__ for check in WHATEVER_THE_MANAGER])
def test_promise_often(check: Callable[[Path, int], None], tmp_path: Path, seed: int) -> None:
    check(tmp_path, seed)
