"""Config of the agent manager: a model at an endpoint, and the budgets of its steps."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, field_validator, model_validator

from memlearn.llm.config import ModelConfig, Prices

OPERATIONAL = (
    "base_url",
    "api_key_env",
    "timeout",
    "prices",
    "other_prices",
    "in_flight",
    "processes",
    "requests_per_minute",
    "tokens_per_minute",
    "attempts",
    "max_cost",
    "output_limit",
    "mode",
    "batch",
)
"""What has a bearing on time and money only, and none on what is learned."""


class BatchConfig(BaseModel):
    """How requests go to the provider's batch API."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    requests: int = Field(default=50_000, ge=1, le=1_000_000, description="Most requests of one batch.")
    megabytes: float = Field(default=100.0, gt=0, le=10_000, description="Largest file of one batch, in millions of bytes.")
    at_once: int = Field(default=4, ge=1, le=1000, description="Most batches that are with the provider together.")
    poll_seconds: float = Field(default=30.0, gt=0, le=3600, description="Longest pause between two looks at a batch.")


Removable = Literal["memory_insert", "memory_replace", "memory_delete", "memory_rethink", "search_history", "search_passages"]
"""Built-in tools that need not be offered; a step cannot do without the one that ends it."""
_END = "memory_finish_edits"
_WRITERS = frozenset({"memory_insert", "memory_replace", "memory_rethink"})
_NO_ARGUMENTS: dict[str, JsonValue] = {"type": "object", "properties": {}}
_ARGUMENT_TYPES = ("string", "integer", "number", "boolean", "array", "object")


class ToolConfig(BaseModel):
    """A tool of your own: a Python function that turns a call of the model into edits. It is trusted code and runs in our process."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(
        pattern=r"^[a-z][a-z0-9_]{0,59}$", description="Name that the model calls it by; the name of a built-in tool replaces that one."
    )
    description: str = Field(min_length=1, max_length=2000, description="What it does and when to call it, told to the model.")
    parameters: dict[str, JsonValue] = Field(
        default_factory=lambda: dict(_NO_ARGUMENTS),
        description="JSON Schema of its arguments: `type: object`, `properties` each with a `type`, and `required`.",
    )
    function: str = Field(
        pattern=r"^[^:]+:[A-Za-z_][A-Za-z0-9_]*$",
        description="`package.module:function` of an installed package, or `file.py:function` relative to the config file.",
    )

    @field_validator("name")
    @classmethod
    def _not_the_end(cls, value: str) -> str:
        if value == _END:
            raise ValueError(f"`{_END}` ends a step and cannot be replaced; choose another name")
        return value

    @field_validator("parameters")
    @classmethod
    def _an_object(cls, value: dict[str, JsonValue]) -> dict[str, JsonValue]:
        properties = value.get("properties", {})
        if value.get("type") != "object" or not isinstance(properties, dict):
            raise ValueError("the schema has to be of an object: `{type: object, properties: {...}, required: [...]}`")
        for name, schema in properties.items():
            if not isinstance(schema, dict) or schema.get("type") not in _ARGUMENT_TYPES:
                raise ValueError(f"the argument `{name}` needs a `type`, one of {', '.join(_ARGUMENT_TYPES)}")
        if "tool" in properties:
            raise ValueError("an argument may not be called `tool`, which names the tool itself where replies are JSON; rename it")
        required = value.get("required", [])
        if not isinstance(required, list) or any(name not in properties for name in required):
            raise ValueError("`required` has to be a list of names of `properties`")
        return {**value, "properties": properties}


class AgentConfig(ModelConfig):
    """A language model that revises each user's blocks, chunk after chunk."""

    mode: Literal["direct", "batch"] = Field(
        default="direct",
        description="`direct`: requests are sent one by one, side by side; `batch`: by the provider's batch API, cheaper and within a day for each wave.",
    )
    batch: BatchConfig = Field(default_factory=BatchConfig, description="Limits of batches, for `mode: batch`.")
    in_flight: int = Field(default=16, ge=1, le=4096, description="Most requests under way; fewer while the endpoint says it is too much.")
    processes: int | None = Field(
        default=None,
        ge=0,
        le=64,
        description="Processes that do nothing but send requests, for many in flight; 0: the run's own process sends them; "
        "default: 1 where `in_flight` is at least 32 and there are two cores, else 0. Batches are always sent by the run's own.",
    )
    requests_per_minute: float | None = Field(default=None, gt=0, description="Most requests a minute; default: any number.")
    tokens_per_minute: float | None = Field(
        default=None, gt=0, description="Most tokens of requests and answers a minute, by our fixed estimate; default: any number."
    )
    attempts: int = Field(
        default=5, ge=1, le=50, description="How often a request is sent before its step is recorded as skipped and the user's fold goes on."
    )
    turns: int = Field(default=4, ge=1, le=50, description="Most requests of one step; the last one is announced.")
    window: int = Field(
        default=400_000,
        ge=4000,
        description="Most characters of one request; where a conversation would pass it, older turns are summed up.",
    )
    statistics: int = Field(
        default=40, ge=1, le=400, description="Most statistics that a step is shown; of each kind the most telling ones come first."
    )
    open_chunk: Literal["settled", "always", "never"] = Field(
        default="settled",
        description="When a user's last chunk, which may still grow, is read: `settled` once nothing was added for `settle_days`, "
        "`always` with every run, `never` before it is full.",
    )
    settle_days: int = Field(
        default=30, ge=0, le=3660, description="Days after a user's last event, by the newest event of all users, at which the last chunk counts as settled."
    )
    prompts: Path | None = Field(
        default=None,
        description="Folder with any of `system.md`, `step.md`, `documents_system.md` and `documents_step.md`, used instead of our own; relative to the config file.",
    )
    tools: list[ToolConfig] = Field(default_factory=list, description="Tools of your own, offered beside the built-in ones; trusted code.")
    remove_tools: list[Removable] = Field(default_factory=list, description="Built-in tools that are not offered to the model.")
    other_prices: dict[str, Prices] = Field(
        default_factory=dict, description="Prices of other models at this endpoint, by name, for `memlearn try --model`."
    )
    max_cost: float | None = Field(
        default=None, ge=0, description="Most that one run may spend, in the currency of `prices`; the run stops before it could pass."
    )

    @model_validator(mode="after")
    def _check_tools(self) -> AgentConfig:
        names = [tool.name for tool in self.tools]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"`tools` has two tools named {twice[0]!r}; rename one of them")
        if not names and set(self.remove_tools) >= _WRITERS:
            raise ValueError("`remove_tools` leaves nothing that writes a line; keep one of them, or add one of your own under `tools`")
        return self

    @model_validator(mode="after")
    def _check_cost(self) -> AgentConfig:
        if self.max_cost is not None and self.prices is None:
            raise ValueError("`max_cost` needs `prices`, without which nobody knows what a request costs")
        return self
