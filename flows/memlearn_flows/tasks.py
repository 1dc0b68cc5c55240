"""How functions become Prefect tasks: which errors are tried again, and how shards are grouped."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from prefect import Task, task
from prefect.cache_policies import NO_CACHE

from memlearn.errors import BusyError, TransientError

if TYPE_CHECKING:
    from prefect.client.schemas.objects import State, TaskRun

P = ParamSpec("P")
R = TypeVar("R")

# A task costs Prefect 20 to 70 ms; shards are grouped so that this stays small beside the work.
MAX_TASKS = 64
RETRY_SECONDS = (2.0, 10.0, 30.0)


def as_task(function: Callable[P, R], name: str, *, delays: Sequence[float] = RETRY_SECONDS) -> Task[P, R]:
    """Make a task of a function, which stays callable without Prefect.

    Args:
        function: takes and returns ids and paths, never clients or tables.
        name: as Prefect's pages show it.
        delays: seconds to wait before each further try.
    """
    return task(
        name=name,
        retries=len(delays),
        retry_delay_seconds=list(delays),
        retry_condition_fn=is_worth_retrying,
        persist_result=False,
        cache_policy=NO_CACHE,
    )(function)


def is_worth_retrying(_task: Task[..., Any], _run: TaskRun, state: State[Any]) -> bool:
    """Retry what may go away by itself: the network, a locked file. Anything else would fail again."""
    try:
        state.result()
    except (TransientError, BusyError):
        return True
    except Exception:  # noqa: BLE001 - whatever else it is, it is not worth another try
        return False
    return False


def group_shards(shards: Sequence[int], most: int = MAX_TASKS) -> list[list[int]]:
    """Divide shards into at most `most` groups of nearly equal size, in order; none of them is empty."""
    count = min(most, len(shards))
    return [list(shards[len(shards) * group // count : len(shards) * (group + 1) // count]) for group in range(count)]
