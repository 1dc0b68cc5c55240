"""Where the time of the agent's stage goes: the stacks of this process's threads, looked at many times a second."""

from __future__ import annotations

import sys
import threading
from collections import Counter
from types import FrameType, TracebackType
from typing import Self

_EVERY = 0.003
# What is innermost on a stack counts: a part of a file's path, and a function or nothing.
_PARTS = (
    ("world.py", "", "rows to check against"),
    ("check.py", "", "checks"),
    ("prompt.py", "", "requests made"),
    ("encoding.py", "", "requests made"),
    ("messages.py", "digest", "requests made"),
    ("messages.py", "to_json", "requests made"),
    ("chat.py", "", "client"),
    ("llm/processes.py", "", "client"),
    ("frames.py", "", "client"),
    ("stage.py", "_book", "books"),
    ("stage.py", "_settle", "books"),
    ("store/journal.py", "", "journal"),
    ("sender.py", "_write", "journal"),
    ("statistics/tell.py", "tell_statistics", "statistics"),
    ("work.py", "", "steps looked for"),
    ("inputs.py", "", "steps looked for"),
    ("rows.py", "", "steps looked for"),
    ("run.py", "", "else"),
)
_IDLE = ("selectors.py", "threading.py", "queue.py", "thread.py")


class Sampled:
    """Counts what the threads are at, while it is open; a context manager.

    A look costs the interpreter's lock for some microseconds, so figures of speed are hardly changed.
    """

    def __init__(self) -> None:
        self.shares: Counter[tuple[str, str]] = Counter()
        self.looks = 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)

    def __enter__(self) -> Self:
        """Begin."""
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        """End."""
        self._ended.set()
        self._thread.join()

    def _work(self) -> None:
        own = threading.get_ident()
        while not self._ended.wait(_EVERY):
            names = {thread.ident: thread.name for thread in threading.enumerate()}
            frames = {names.get(ident, "?"): frame for ident, frame in sys._current_frames().items() if ident != own}  # noqa: SLF001
            if not any("stage.py" in frame.f_code.co_filename for top in frames.values() for frame in _stack(top)):
                continue
            self.looks += 1
            for name, frame in frames.items():
                part = _part(frame)
                if part is not None:
                    self.shares["loop" if name == "MainThread" else "other threads", part] += 1

    def told(self) -> list[tuple[str, float]]:
        """Each thread's parts, as shares of the time, the largest first."""
        return [(f"{thread}: {part}", count / max(self.looks, 1)) for (thread, part), count in self.shares.most_common()]


def _stack(top: FrameType | None) -> list[FrameType]:
    frames = []
    while top is not None:
        frames.append(top)
        top = top.f_back
    return frames


def _part(top: FrameType) -> str | None:
    code = top.f_code
    if code.co_filename.endswith(_IDLE) or (code.co_filename.endswith("store/journal.py") and code.co_name == "_work"):
        return None
    for frame in _stack(top):
        for file, function, part in _PARTS:
            if frame.f_code.co_filename.endswith(file) and function in ("", frame.f_code.co_name) and "memlearn" in frame.f_code.co_filename:
                return part
    return None if "memlearn" not in "".join(frame.f_code.co_filename for frame in _stack(top)) else "else"
