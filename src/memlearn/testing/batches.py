"""Batches: their states, and their work, which is done when somebody asks how far it is."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from memlearn.testing.api_error import ApiError
from memlearn.testing.batch_input import Line, Problem, read_lines
from memlearn.testing.files import FileStore
from memlearn.testing.prompts import digest_of, read_prompt
from memlearn.testing.settings import BatchRules

ENDPOINTS = ("/v1/chat/completions", "/v1/embeddings")
FINAL = frozenset({"completed", "failed", "expired", "cancelled"})
WINDOW_SECONDS = 86_400
# This part of a batch's time goes by before it is finalizing.
_WORK_SHARE = 0.8
_LINES_BEFORE_OTHERS = 32
_UNDONE = {
    "expired": ("batch_expired", "This request could not be executed before the completion window expired."),
    "cancelled": ("batch_cancelled", "This request was not executed because the batch was cancelled."),
}

Execute = Callable[[str, Mapping[str, Any]], tuple[int, dict[str, Any]]]
"""Carries a request of a batch out: path and body to status and body."""


@dataclass(slots=True)
class Batch:
    """One batch; `fate` is a fault's kind, or None for one that ends well."""

    record: dict[str, Any]
    began: float
    fate: str | None
    lines: list[Line]
    problems: list[Problem]
    tokens: int
    polls: int = 0
    done: list[dict[str, Any]] = field(default_factory=list)
    failed: list[dict[str, Any]] = field(default_factory=list)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def status(self) -> str:
        """The state it is in."""
        return str(self.record["status"])

    @property
    def executed(self) -> int:
        """Lines that are carried out."""
        return len(self.done) + len(self.failed)


class BatchStore:
    """Batches in memory.

    Args:
        files: where input comes from and output goes.
        rules: time and limits.
        execute: carries out one line.
        clock: seconds that go by evenly.
        wall: seconds since 1970.
    """

    def __init__(
        self, files: FileStore, rules: BatchRules, execute: Execute, clock: Callable[[], float], wall: Callable[[], float]
    ) -> None:
        self._files = files
        self._rules = rules
        self._execute = execute
        self._clock = clock
        self._wall = wall
        self._batches: dict[str, Batch] = {}

    def create(self, body: Mapping[str, Any], fate: str | None) -> dict[str, Any]:
        """Begin a batch.

        Args:
            body: the request.
            fate: `batch_failed`, `batch_expired` or None.

        Raises:
            ApiError: the request is wrong, or the input file unknown.
        """
        endpoint, file_id = body.get("endpoint"), str(body.get("input_file_id"))
        if endpoint not in ENDPOINTS:
            raise ApiError(400, f"Invalid value: {endpoint!r}. Supported values are: {', '.join(ENDPOINTS)}.", param="endpoint")
        if body.get("completion_window") != "24h":
            raise ApiError(400, "Invalid value for 'completion_window': the one supported value is '24h'.", param="completion_window")
        content = self._files.content(file_id)
        lines, problems = read_lines(content, endpoint, self._rules)
        record = self._record(endpoint, file_id, body.get("metadata"))
        tokens = sum(read_prompt(endpoint, line.body).tokens for line in lines) if self._rules.max_enqueued_tokens is not None else 0
        problems = problems or self._problems_of_size(tokens, fate)
        self._batches[record["id"]] = Batch(record, self._clock(), fate, lines, problems, tokens)
        return record

    async def retrieve(self, batch_id: str) -> dict[str, Any]:
        """State of a batch; asking brings it forward.

        Raises:
            ApiError: there is none (404).
        """
        batch = self._get(batch_id)
        async with batch.lock:
            batch.polls += 1
            await self._advance(batch)
        return batch.record

    async def cancel(self, batch_id: str) -> dict[str, Any]:
        """Cancel a batch; it is `cancelling` until it is asked for again.

        Raises:
            ApiError: there is none (404), or it is over (409).
        """
        batch = self._get(batch_id)
        async with batch.lock:
            if batch.status in FINAL:
                raise ApiError(409, f"Cannot cancel a batch with status '{batch.status}'.")
            self._enter(batch, "cancelling")
        return batch.record

    def records(self, limit: int, after: str | None) -> dict[str, Any]:
        """Some batches, newest first.

        Args:
            limit: how many at most.
            after: begin behind this one.
        """
        every = list(reversed(self._batches))
        start = every.index(after) + 1 if after in every else 0
        part = every[start : start + limit]
        data = [self._batches[batch_id].record for batch_id in part]
        ends = {"first_id": part[0] if part else None, "last_id": part[-1] if part else None}
        return {"object": "list", "data": data, **ends, "has_more": start + limit < len(every)}

    async def _advance(self, batch: Batch) -> None:
        if batch.status in FINAL:
            return
        if batch.problems:
            batch.record["errors"] = {"object": "list", "data": [problem.json() for problem in batch.problems]}
            self._enter(batch, "failed")
            return
        if batch.status == "cancelling":
            self._finish(batch, "cancelled")
            return
        gone_by = self._gone_by(batch)
        if batch.status == "validating":
            self._enter(batch, "in_progress")
        await self._work(batch, gone_by)
        if gone_by >= 1:
            self._finish(batch, "expired" if batch.fate == "batch_expired" else "completed")
        elif gone_by >= _WORK_SHARE and batch.fate is None:
            self._enter(batch, "finalizing")

    def _gone_by(self, batch: Batch) -> float:
        """Share of the batch's time that is over."""
        if self._rules.seconds is not None:
            return (self._clock() - batch.began) / self._rules.seconds if self._rules.seconds else 1.0
        return batch.polls / self._rules.polls if self._rules.polls else 1.0

    async def _work(self, batch: Batch, gone_by: float) -> None:
        share = min(1.0, gone_by / _WORK_SHARE)
        target = len(batch.lines) * share * (self._rules.expire_share if batch.fate == "batch_expired" else 1.0)
        for at in range(batch.executed, math.floor(target + 1e-9)):
            line = batch.lines[at]
            status, body = self._execute(batch.record["endpoint"], line.body)
            answer = {"status_code": status, "request_id": f"req_{digest_of(batch.record['id'], line.custom_id)}", "body": body}
            (batch.done if status < 400 else batch.failed).append(_output(batch, line, answer, None))  # noqa: PLR2004
            if at % _LINES_BEFORE_OTHERS == 0:
                await asyncio.sleep(0)
        self._count(batch)

    def _finish(self, batch: Batch, status: str) -> None:
        code, message = _UNDONE.get(status, ("", ""))
        undone = [_output(batch, line, None, {"code": code, "message": message}) for line in batch.lines[batch.executed :]]
        batch.failed += undone
        batch.record["output_file_id"] = self._write(batch, "output", batch.done)
        batch.record["error_file_id"] = self._write(batch, "error", batch.failed)
        self._count(batch)
        self._enter(batch, status)

    def _write(self, batch: Batch, kind: str, outputs: list[dict[str, Any]]) -> str | None:
        """Write an output file; its order is not that of the input, as nobody may rely on it."""
        if not outputs:
            return None
        ordered = sorted(outputs, key=lambda output: str(output["id"]))
        content = "".join(json.dumps(output, ensure_ascii=False) + "\n" for output in ordered).encode("utf-8", "surrogatepass")
        record = self._files.add(f"{batch.record['id']}_{kind}.jsonl", "batch_output", content, int(self._wall()))
        return str(record["id"])

    def _count(self, batch: Batch) -> None:
        batch.record["request_counts"] = {"total": len(batch.lines), "completed": len(batch.done), "failed": len(batch.failed)}

    def _enter(self, batch: Batch, status: str) -> None:
        if batch.status != status:
            batch.record["status"] = status
            batch.record[f"{status}_at"] = int(self._wall())

    def _record(self, endpoint: str, file_id: str, metadata: object) -> dict[str, Any]:
        now = int(self._wall())
        moments = ("in_progress", "finalizing", "completed", "failed", "expired", "cancelling", "cancelled")
        return {
            "id": f"batch_{digest_of(file_id, str(len(self._batches)))[:24]}",
            "object": "batch",
            "endpoint": endpoint,
            "errors": None,
            "input_file_id": file_id,
            "completion_window": "24h",
            "status": "validating",
            "output_file_id": None,
            "error_file_id": None,
            "created_at": now,
            "expires_at": now + WINDOW_SECONDS,
            **{f"{moment}_at": None for moment in moments},
            "request_counts": {"total": 0, "completed": 0, "failed": 0},
            "metadata": metadata,
        }

    def _problems_of_size(self, tokens: int, fate: str | None) -> list[Problem]:
        if fate == "batch_failed":
            return [Problem("invalid_request", "The batch was made to fail.")]
        most = self._rules.max_enqueued_tokens
        waiting = sum(batch.tokens for batch in self._batches.values() if batch.status not in FINAL)
        if most is not None and waiting + tokens > most:
            told = f"Enqueued token limit reached. Limit: {most} enqueued tokens; {waiting} are enqueued, the batch has {tokens}."
            return [Problem("token_limit_exceeded", f"{told} Please try again once some in_progress batches have been completed.")]
        return []

    def _get(self, batch_id: str) -> Batch:
        found = self._batches.get(batch_id)
        if found is None:
            raise ApiError(404, f"No batch found with id '{batch_id}'.", param="id")
        return found


def _output(batch: Batch, line: Line, answer: dict[str, Any] | None, error: dict[str, str] | None) -> dict[str, Any]:
    batch_request = f"batch_req_{digest_of(batch.record['id'], line.custom_id)[:24]}"
    return {"id": batch_request, "custom_id": line.custom_id, "response": answer, "error": error}
