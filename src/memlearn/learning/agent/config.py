"""Config of the agent manager: a model at an endpoint, and the budgets of its steps."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from memlearn.llm.config import ModelConfig

OPERATIONAL = (
    "base_url",
    "api_key_env",
    "timeout",
    "prices",
    "in_flight",
    "requests_per_minute",
    "tokens_per_minute",
    "attempts",
    "max_cost",
    "output_limit",
)
"""What has a bearing on time and money only, and none on what is learned."""


class AgentConfig(ModelConfig):
    """A language model that revises each user's blocks, chunk after chunk."""

    in_flight: int = Field(default=16, ge=1, le=4096, description="Most requests under way; fewer while the endpoint says it is too much.")
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
        description="Folder with `system.md`, `step.md` or both, used instead of our own; relative to the config file.",
    )
    max_cost: float | None = Field(
        default=None, ge=0, description="Most that one run may spend, in the currency of `prices`; the run stops before it could pass."
    )

    @model_validator(mode="after")
    def _check_cost(self) -> AgentConfig:
        if self.max_cost is not None and self.prices is None:
            raise ValueError("`max_cost` needs `prices`, without which nobody knows what a request costs")
        return self
