"""The batch API of a provider: many requests in one file, answered within a day at a lower price."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import httpx2
import openai

from memlearn.llm.chat import ChatClient, read_reply
from memlearn.llm.messages import ChatReply
from memlearn.llm.model_error import ModelError

State = Literal["waiting", "ended", "gone"]

_WAITING = ("validating", "in_progress", "finalizing", "cancelling")
_CROWDED = ("token_limit_exceeded", "request_limit_exceeded")
_RETRY_CODES = ("batch_expired", "batch_cancelled")
_SERVER = 500
_OK = 200


@dataclass(frozen=True, slots=True)
class BatchStatus:
    """How far a batch is.

    Args:
        id: of the batch.
        state: `waiting`: ask again later; `ended`: what there is of results can be read; `gone`: the provider does not know it.
        word: the provider's own word.
        done, failed, total: requests; zeros until the provider has counted them.
        output, errors: ids of the files of results.
        problem: what is wrong with the batch as a whole; empty where nothing is.
        bad_lines: numbers, from 1, of lines that made the batch fail as a whole, as far as the provider names them.
        crowded: True: too much is waiting at the provider already; the batch may be sent again when less is.
    """

    id: str
    state: State
    word: str
    done: int = 0
    failed: int = 0
    total: int = 0
    output: str | None = None
    errors: str | None = None
    problem: str = ""
    bad_lines: tuple[int, ...] = ()
    crowded: bool = False


class BatchClient:
    """Sends batches to the endpoint of a chat client. Belongs to the same event loop.

    Args:
        chat: whose endpoint, key and settings are used.
    """

    def __init__(self, chat: ChatClient) -> None:
        self._chat = chat

    def line(self, name: str, content: bytes) -> bytes:
        """One request as a line of a batch's file.

        Args:
            name: the request's own name, which its result bears; unique in a batch.
            content: from `ChatClient.encode`.
        """
        head = json.dumps({"custom_id": name, "method": "POST", "url": "/v1/chat/completions"}, separators=(",", ":"))
        return head[:-1].encode() + b',"body":' + content + b"}\n"

    async def submit(self, lines: Iterable[bytes], name: str) -> str:
        """Upload requests and begin their batch.

        Args:
            lines: from `line`.
            name: tells the batch apart, so that one that was begun just before a crash can be found again.

        Returns:
            The batch's id.

        Raises:
            ModelError: the provider does not take it; `rejected` where a file is too large or a limit is reached.
        """
        with self._chat.translated():
            client = self._chat.raw
            file = await client.files.create(file=(f"{name}.jsonl", b"".join(lines), "application/jsonl"), purpose="batch")
            batch = await client.batches.create(
                input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h", metadata={"memlearn": name}
            )
            return batch.id

    async def find(self, name: str, most: int = 100) -> tuple[str, ...]:
        """The batches of a name among the provider's last ones, oldest first.

        Raises:
            ModelError: the provider does not answer.
        """
        with self._chat.translated():
            page = await self._chat.raw.batches.list(limit=most)
            return tuple(batch.id for batch in reversed(page.data) if (batch.metadata or {}).get("memlearn") == name)

    async def status(self, batch_id: str) -> BatchStatus:
        """How far a batch is.

        Raises:
            ModelError: the provider does not answer.
        """
        with self._chat.translated():
            try:
                batch = await self._chat.raw.batches.retrieve(batch_id)
            except openai.NotFoundError:
                return BatchStatus(batch_id, "gone", "not found")
        counts = batch.request_counts
        errors = (batch.errors.data or []) if batch.errors else []
        return BatchStatus(
            batch_id,
            "waiting" if batch.status in _WAITING else "ended",
            str(batch.status),
            *((counts.completed, counts.failed, counts.total) if counts else (0, 0, 0)),
            batch.output_file_id,
            batch.error_file_id,
            "; ".join(str(error.message) for error in errors[:3]),
            tuple(error.line for error in errors if error.line is not None),
            any(error.code in _CROWDED for error in errors),
        )

    async def cancel(self, batch_id: str) -> None:
        """Ask the provider to stop a batch; what is answered by then can still be read.

        Raises:
            ModelError: the provider does not answer, or the batch has ended.
        """
        with self._chat.translated():
            await self._chat.raw.batches.cancel(batch_id)

    async def results(self, status: BatchStatus) -> dict[str, ChatReply | ModelError]:
        """What came of each request; requests that are missing were not answered, and may be sent again.

        Args:
            status: of a batch that has ended.

        Raises:
            ModelError: the provider does not answer.
        """
        found: dict[str, ChatReply | ModelError] = {}
        for file in (status.errors, status.output):
            if file is not None:
                found |= dict(read_results(await self._content(file)))
        return found

    async def _content(self, file: str) -> bytes:
        with self._chat.translated():
            answer = await self._chat.raw.get(f"/files/{file}/content", cast_to=httpx2.Response)
            return answer.content


def read_results(content: bytes) -> Iterator[tuple[str, ChatReply | ModelError]]:
    """Name and result of each line of a file of results; lines that cannot be read are passed over, so that they are asked again."""
    for line in content.splitlines():
        try:
            entry = json.loads(line)
            name = str(entry["custom_id"])
        except (ValueError, KeyError, TypeError, RecursionError):
            continue
        yield name, _result(entry)


def _result(entry: Mapping[str, Any]) -> ChatReply | ModelError:
    problem = entry.get("error")
    if problem:
        code = str(problem.get("code")) if isinstance(problem, Mapping) else ""
        said = str(problem.get("message")) if isinstance(problem, Mapping) else str(problem)
        return ModelError("server" if code in _RETRY_CODES else "rejected", f"In the batch: {said}")
    answer = entry.get("response")
    if not isinstance(answer, Mapping):
        return ModelError("malformed", "The batch has a line without a response.", paid="perhaps")
    status, body = answer.get("status_code"), answer.get("body")
    if status != _OK:
        said = str(body.get("error", body)) if isinstance(body, Mapping) else str(body)
        transient = isinstance(status, int) and (status == 429 or status >= _SERVER)  # noqa: PLR2004 - the protocol's numbers
        return ModelError("server" if transient else "rejected", f"In the batch: answered {status}: {said[:300]}")
    try:
        return read_reply(json.dumps(body).encode(), "the batch")
    except ModelError as error:
        return error
