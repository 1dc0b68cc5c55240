"""The endpoints beside completions: models, files and batches."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from memlearn.testing.api_error import ApiError
from memlearn.testing.batches import BatchStore
from memlearn.testing.completions import CREATED
from memlearn.testing.exchange import Answer, Exchange, json_answer
from memlearn.testing.faults import BATCHES
from memlearn.testing.files import FileStore

_LISTED = 20

Handler = Callable[[Exchange, str, str | None], Awaitable[Answer]]
"""Answers a request, given the id in its path and the fate of a batch that it creates."""


class Resources:
    """Answers requests for models, files and batches.

    Args:
        models: names that are listed.
        files: the files.
        batches: the batches.
        wall: seconds since 1970.
    """

    def __init__(self, models: tuple[str, ...], files: FileStore, batches: BatchStore, wall: Callable[[], float]) -> None:
        self._models = models
        self._files = files
        self._batches = batches
        self._wall = wall
        self._handlers: dict[str, Handler] = {
            "GET /v1/models": self._list_models,
            "GET /v1/models/{id}": self._model,
            "POST /v1/files": self._upload,
            "GET /v1/files": self._list_files,
            "GET /v1/files/{id}": self._file,
            "GET /v1/files/{id}/content": self._content,
            "DELETE /v1/files/{id}": self._delete,
            BATCHES: self._create_batch,
            "GET /v1/batches": self._list_batches,
            "GET /v1/batches/{id}": self._batch,
            "POST /v1/batches/{id}/cancel": self._cancel,
        }

    async def answer(self, endpoint: str, exchange: Exchange, part: str, fate: str | None) -> Answer:
        """Answer a request.

        Args:
            endpoint: method and path, with `{id}` for the id in it.
            exchange: the request.
            part: the id in its path.
            fate: of a batch that it creates: `batch_failed`, `batch_expired` or None.

        Raises:
            ApiError: it is refused, or there is no such endpoint.
        """
        handler = self._handlers.get(endpoint)
        if handler is None:
            raise ApiError(404, f"Invalid URL ({exchange.method} {exchange.path})")
        return await handler(exchange, part, fate)

    async def _list_models(self, _exchange: Exchange, _part: str, _fate: str | None) -> Answer:
        return json_answer({"object": "list", "data": [_model(name) for name in self._models]})

    async def _model(self, _exchange: Exchange, part: str, _fate: str | None) -> Answer:
        if part not in self._models:
            raise ApiError(
                404, f"The model '{part}' does not exist or you do not have access to it.", code="model_not_found", param="model"
            )
        return json_answer(_model(part))

    async def _upload(self, exchange: Exchange, _part: str, _fate: str | None) -> Answer:
        return json_answer(self._files.upload(exchange.header(b"content-type"), exchange.body, int(self._wall())))

    async def _list_files(self, _exchange: Exchange, _part: str, _fate: str | None) -> Answer:
        return json_answer(self._files.records())

    async def _file(self, _exchange: Exchange, part: str, _fate: str | None) -> Answer:
        return json_answer(self._files.record(part))

    async def _content(self, _exchange: Exchange, part: str, _fate: str | None) -> Answer:
        return Answer(self._files.content(part), content_type="application/octet-stream")

    async def _delete(self, _exchange: Exchange, part: str, _fate: str | None) -> Answer:
        return json_answer(self._files.delete(part))

    async def _create_batch(self, exchange: Exchange, _part: str, fate: str | None) -> Answer:
        return json_answer(self._batches.create(exchange.json(), fate))

    async def _list_batches(self, exchange: Exchange, _part: str, _fate: str | None) -> Answer:
        limit = exchange.query("limit") or ""
        return json_answer(self._batches.records(int(limit) if limit.isdecimal() else _LISTED, exchange.query("after")))

    async def _batch(self, _exchange: Exchange, part: str, _fate: str | None) -> Answer:
        return json_answer(await self._batches.retrieve(part))

    async def _cancel(self, _exchange: Exchange, part: str, _fate: str | None) -> Answer:
        return json_answer(await self._batches.cancel(part))


def _model(name: str) -> dict[str, object]:
    return {"id": name, "object": "model", "created": CREATED, "owned_by": "memlearn"}
