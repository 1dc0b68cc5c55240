"""Scripted models: pure functions of the request, that keep a user's memory after a fashion."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from companies import Company, Site

from memlearn.testing import ModelServer, Reply, Request, messages

_ROW = re.compile(r"^(r\d+) (\S+)(?: \d\d:\d\d)? ?(.*)$")
_STATISTIC = re.compile(r"^(s\d+) (.*)$")
_LINE = re.compile(r"^preferences\.(\d+) (.*)$")
_KEPT = 4


def note_taker(request: Request) -> Reply:
    """Notes the chunk's last row, keeps the newest lines only, and mends what was refused; one edit in ten cites nothing at first."""
    told = messages(request)
    step = next(message["content"] for message in told if message["role"] == "user").splitlines()
    rows = [found.groups() for line in step if (found := _ROW.match(line))]
    lines = [found.groups() for line in step if (found := _LINE.match(line))]
    mending = any(message["role"] == "assistant" for message in told)
    wrong = not mending and digest(step) % 10 == 0
    last, day, what = rows[-1]
    item = what.split(" [")[0].split(";")[0]
    evidence = ["r999999"] if wrong else [last]
    text = f"Bought {item} on {day}."
    calls: list[tuple[str, Mapping[str, Any]]] = []
    if len(lines) >= _KEPT:
        calls.append(("memory_delete", {"label": "preferences", "line": 1, "evidence": ["preferences.1"]}))
    if not any(text == old for _, old in lines) or mending:
        calls.append(("memory_insert", {"label": "preferences", "text": text, "evidence": evidence}))
    if mending:
        # What was not refused is done already.
        calls = calls[-1:]
    return Reply(tool_calls=(*calls, ("memory_finish_edits", {})))


def digest(lines: Sequence[str]) -> int:
    """A number that depends on the lines alone."""
    return int.from_bytes(hashlib.blake2b("\n".join(lines).encode(), digest_size=4).digest(), "little")


def agent_site(folder: Path, company: Company, server: ModelServer, **agent: Any) -> Site:
    """A site whose first night has arrived, with an agent at a scripted server, that has not learned yet."""
    settings = {
        "model": "scripted",
        "base_url": server.base_url,
        "open_chunk": "always",
        "prices": {"input": 1.0, "output": 2.0},
        **agent,
    }
    site = Site(folder, {"chunks": {"tokens": 300}, "learning": {"manager": "agent", "agent": settings}}).set_up(company)
    site.deliver(*company.nights[0])
    return site
