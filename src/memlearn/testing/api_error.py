"""An error as OpenAI's protocol gives it: a status and a body with message, type, param and code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from memlearn.errors import MemlearnError

_TYPES = {
    401: "authentication_error",
    403: "permission_error",
    429: "requests",
    500: "server_error",
    502: "server_error",
    503: "server_error",
}


class ApiError(MemlearnError):
    """Answered to the client in place of what it asked for.

    Args:
        status: HTTP status.
        message: for whom reads the client's traceback.
        code: machine-readable reason, as `context_length_exceeded`.
        param: the parameter that is wrong.
        headers: further headers of the answer.
    """

    def __init__(
        self, status: int, message: str, *, code: str | None = None, param: str | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code
        self.param = param
        self.headers = dict(headers or {})

    def body(self) -> dict[str, Any]:
        """The JSON of the answer."""
        kind = _TYPES.get(self.status, "invalid_request_error")
        return {"error": {"message": self.message, "type": kind, "param": self.param, "code": self.code}}
