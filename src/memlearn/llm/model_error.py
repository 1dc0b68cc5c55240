"""What goes wrong between us and a model's endpoint, in one type. Knows no vendor, so that it loads at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from memlearn.errors import MemlearnError

Kind = Literal["rate_limit", "server", "timeout", "connection", "malformed", "process", "context_length", "unsupported", "rejected", "access"]
Paid = Literal["no", "perhaps"]


class ModelError(MemlearnError):
    """An endpoint gave no answer that can be used.

    Args:
        kind: what is wrong: `rate_limit`, `server`, `timeout`, `connection` and `malformed` are worth another try, and so is
            `process`, which is no fault of the endpoint: the process of ours that had sent it is gone; `context_length`: the
            request is too long; `unsupported`: the endpoint does not take tools or schemas; `rejected`: it does not take the request;
            `access`: key, model or address are refused.
        message: in words, with the way out.
        retry_after: seconds after which the endpoint wants to be asked again; None where it does not say.
        paid: whether the request may have been charged.
    """

    def __init__(self, kind: Kind, message: str, *, retry_after: float | None = None, paid: Paid = "no") -> None:
        super().__init__(message)
        self.kind = kind
        self.retry_after = retry_after
        self.paid = paid

    @property
    def transient(self) -> bool:
        """Whether the same request may be answered later."""
        return self.kind in ("rate_limit", "server", "timeout", "connection", "malformed", "process")

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values; `of_json` gives it back."""
        return {"kind": self.kind, "message": str(self), "retry_after": self.retry_after, "paid": self.paid}

    @classmethod
    def of_json(cls, data: Mapping[str, Any]) -> ModelError:
        """An error from what `to_json` gave."""
        return cls(data["kind"], data["message"], retry_after=data["retry_after"], paid=data["paid"])
