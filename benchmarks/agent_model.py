"""The scripted model of `benchmarks/agent.py`: a line from a statistic with every step, one edit in ten refused and then mended.

A pure function of the request. It keeps at most six lines of habits, replaces what goes on, and cites what it uses.
"""

from __future__ import annotations

import hashlib
import re

from memlearn.testing import Reply, Request, messages

_STATISTIC = re.compile(r"^(s\d+) (?:item|merchant|category|subcategory|department) (.+): (\d+) purchases on (\d+) days?, (\S+) to (\S+?)(?:,|$)")
_LINE = re.compile(r"^habits\.(\d+) (.*)$")
_KEPT = 6


def reply(request: Request) -> Reply:
    """What the model answers."""
    told = messages(request)
    step = next(str(message["content"]) for message in told if message["role"] == "user").splitlines()
    figures = [found.groups() for line in step if (found := _STATISTIC.match(line))]
    lines = [found.groups() for line in step if (found := _LINE.match(line))]
    mending = any(message["role"] == "assistant" for message in told)
    if not figures:
        return Reply(tool_calls=[("memory_finish_edits", {})])
    drawn = int.from_bytes(hashlib.blake2b("\n".join(step).encode(), digest_size=4).digest(), "little")
    name, key, purchases, *_ = figures[drawn % len(figures)]
    number = int(purchases) + (1 if drawn % 10 == 0 and not mending else 0)
    text = f"Bought {key} {number} times so far."
    old = next((at for at, line in lines if f" {key} " in line), None)
    place = {"line": int(old)} if old else {"line": 1} if len(lines) >= _KEPT else {}
    tool = "memory_replace" if place else "memory_insert"
    return Reply(tool_calls=[(tool, {"label": "habits", "text": text, "evidence": [name], **place}), ("memory_finish_edits", {})])
