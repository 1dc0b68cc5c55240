"""Work that is done side by side: by tasks, of which one failure ends the others, and by threads beside the event loop."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

# After so long a thread lets another one go on; usual are 5 ms, after each of which an answer that has come waits for another one's work.
_SWITCH_SECONDS = 0.001


@asynccontextmanager
async def together() -> AsyncIterator[asyncio.TaskGroup]:
    """A group of tasks; the first error of any of them is raised as it is, not as one of a group, so that whoever handles it knows it."""
    try:
        async with asyncio.TaskGroup() as group:
            yield group
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None


@contextmanager
def quick_turns() -> Iterator[None]:
    """Threads that work beside the event loop hold it up for a moment only."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(_SWITCH_SECONDS)
    try:
        yield
    finally:
        sys.setswitchinterval(usual)
