"""The input file of a batch: its lines, and what makes a batch fail before it begins."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from memlearn.testing.settings import BatchRules

MOST_ERRORS = 20


@dataclass(frozen=True, slots=True)
class Line:
    """A request of a batch."""

    custom_id: str
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a batch fails: code, message, and the line (from 1), where it is one."""

    code: str
    message: str
    line: int | None = None

    def json(self) -> dict[str, Any]:
        """As an entry of `errors.data`."""
        return {"code": self.code, "message": self.message, "param": None, "line": self.line}


def read_lines(content: bytes, endpoint: str, rules: BatchRules) -> tuple[list[Line], list[Problem]]:
    """The requests of an input file, and what is wrong with it; requests may be used only where nothing is.

    Args:
        content: JSON Lines.
        endpoint: path that every request must name.
        rules: limits.
    """
    raw = [(number, text) for number, text in enumerate(content.splitlines(), start=1) if text.strip()]
    if not raw:
        return [], [Problem("empty_file", "The input file is empty. Please ensure that the batch contains at least one request.")]
    if len(raw) > rules.max_requests:
        told = f"The batch input file contains {len(raw)} requests; the maximum is {rules.max_requests}. Split it into several batches."
        return [], [Problem("too_many_tasks", told)]
    lines: list[Line] = []
    problems: list[Problem] = []
    known: set[str] = set()
    models: set[str] = set()
    for number, text in raw:
        found = _read_line(text, number, endpoint, known, models)
        if isinstance(found, Line):
            lines.append(found)
        elif len(problems) < MOST_ERRORS:
            problems.append(found)
    return lines, problems


def _read_line(text: bytes, number: int, endpoint: str, known: set[str], models: set[str]) -> Line | Problem:
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        return Problem("invalid_json_line", "This line is not parseable as a JSON object.", number)
    custom_id, body = value.get("custom_id"), value.get("body")
    if not isinstance(custom_id, str) or not custom_id or not isinstance(body, dict):
        return Problem("missing_required_parameter", "A line needs 'custom_id', 'method', 'url' and 'body'.", number)
    if value.get("method") != "POST" or value.get("url") != endpoint:
        return Problem(
            "url_mismatch", f"The URL {value.get('url')!r} of this line does not match the endpoint {endpoint!r} of the batch.", number
        )
    if custom_id in known:
        return Problem("duplicate_custom_id", f"The custom_id {custom_id!r} of this line is a duplicate of another line's.", number)
    known.add(custom_id)
    models.add(str(body.get("model")))
    if len(models) > 1:
        return Problem("model_mismatch", f"A batch must use one model; this line and others name {sorted(models)!r}.", number)
    return Line(custom_id, body)
