"""Intents: the records that are on disk before a request is sent, saying who asks what and what it may cost."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import count
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from memlearn.learning.agent.sender import Asked, Journal
    from memlearn.llm.messages import ChatRequest


@dataclass(slots=True)
class Intents:
    """Makes the intents of one journal, numbered from 0.

    The system message, which all steps share, is written once for each journal and named by its digest.

    Args:
        journal: where the intents are going to be written.
    """

    journal: Journal
    _numbers: Any = field(init=False, default_factory=count)
    _texts: set[str] = field(init=False, default_factory=set)

    def make(self, asked: Asked, request: ChatRequest, digest: str, attempt: int, most: int) -> dict[str, Any]:
        """The record of one request, with a `number` of its own.

        Args:
            asked: names the request.
            request: what is sent.
            digest: of the request.
            attempt: from 0.
            most: units of money that it may cost.
        """
        system = request.messages[0].text
        name = blake2b(system.encode(), digest_size=8).hexdigest()
        if name not in self._texts:
            self._texts.add(name)
            schema = None if request.schema is None else dict(request.schema)
            self.journal.append(
                {"type": "text", "digest": name, "text": system, "tools": [tool.to_json() for tool in request.tools], "schema": schema}
            )
        return {
            "type": "intent",
            "number": next(self._numbers),
            "user": asked.user_id,
            "step": asked.step,
            "turn": asked.turn,
            "attempt": attempt,
            "digest": digest,
            "most": most,
            "system": name,
            "messages": [message.to_json() for message in request.messages[1:]],
        }
