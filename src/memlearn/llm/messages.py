"""What is said to a model and what it answers, apart from any vendor's types."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from json import dumps
from typing import Any, Literal

Role = Literal["system", "user", "assistant", "tool"]
Finish = Literal["stop", "length", "tool_calls", "refusal", "content_filter", "other"]


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call that the model asks for.

    Args:
        id: names the call, so that its result can be told.
        name: of the tool; whatever the model wrote.
        arguments: JSON, as far as the model kept to it.
    """

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a conversation.

    Args:
        role: who speaks.
        text: what is said; may be empty beside calls.
        calls: of an assistant: the calls it asks for.
        answers: of a tool: the id of the call that this is the result of.
    """

    role: Role
    text: str
    calls: tuple[ToolCall, ...] = ()
    answers: str | None = None

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        content: dict[str, Any] = {"role": self.role, "text": self.text}
        if self.calls:
            content["calls"] = [[call.id, call.name, call.arguments] for call in self.calls]
        if self.answers is not None:
            content["answers"] = self.answers
        return content


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool that is offered to the model.

    Args:
        name: unique.
        description: for the model.
        parameters: JSON Schema of the arguments, an object.
        text: all of it as JSON, written once, since each request has it.
    """

    name: str
    description: str
    parameters: Mapping[str, Any]
    text: str = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Write it down."""
        object.__setattr__(self, "text", dumps(self.to_json(), ensure_ascii=False, separators=(",", ":")))

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {"name": self.name, "description": self.description, "parameters": dict(self.parameters)}


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """Everything that has a bearing on the answer.

    Args:
        messages: in order.
        max_tokens: most tokens of the answer.
        tools: offered tools.
        schema: JSON Schema that the answer's text has to keep to; None: free text.
    """

    messages: tuple[Message, ...]
    max_tokens: int
    tools: tuple[Tool, ...] = ()
    schema: Mapping[str, Any] | None = None

    def digest(self, model: Mapping[str, Any]) -> str:
        """Digest of the request and of the settings of the model that it goes to: 32 hexadecimal digits."""
        content = [
            [message.to_json() for message in self.messages],
            self.max_tokens,
            [tool.text for tool in self.tools],
            None if self.schema is None else dict(self.schema),
            dict(model),
        ]
        text = dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return blake2b(text.encode(), digest_size=16).hexdigest()


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens as the provider counted them.

    Args:
        input: of the request, cached ones included.
        output: of the answer, hidden reasoning included.
        cached: of the request, taken from the provider's cache.
    """

    input: int
    output: int
    cached: int = 0


@dataclass(frozen=True, slots=True)
class ChatReply:
    """What the model answered.

    Args:
        text: its text; empty where it only called tools.
        calls: the tool calls it asks for, in order.
        finish: why it ended.
        usage: None where the provider does not say.
        model: the model that answered, as the provider names it.
    """

    text: str = ""
    calls: tuple[ToolCall, ...] = ()
    finish: Finish = "stop"
    usage: Usage | None = None
    model: str = field(default="")

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values; `of_json` gives it back."""
        usage = None if self.usage is None else [self.usage.input, self.usage.output, self.usage.cached]
        calls = [[call.id, call.name, call.arguments] for call in self.calls]
        return {"text": self.text, "calls": calls, "finish": self.finish, "usage": usage, "model": self.model}

    @classmethod
    def of_json(cls, data: Mapping[str, Any]) -> ChatReply:
        """A reply from what `to_json` gave."""
        usage = None if data["usage"] is None else Usage(*data["usage"])
        return cls(data["text"], tuple(ToolCall(*call) for call in data["calls"]), data["finish"], usage, data["model"])
