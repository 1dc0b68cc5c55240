"""Config of learning: who revises memory and how, and memory shared over users."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from memlearn.learning.agent.config import AgentConfig
from memlearn.learning.offers.config import OfferTraining
from memlearn.learning.ranker.config import RankerTraining


class LearningConfig(BaseModel):
    """How memory is learned: by the embedded manager, which needs no key and no network, or by an agent beside it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    manager: Literal["embedded", "agent"] = Field(
        default="embedded",
        description="Who revises memory: `embedded`, exact statistics without a language model; `agent`, a language model that is given them.",
    )
    agent: AgentConfig | None = Field(default=None, description="The model of `manager: agent`, its endpoint and its budgets.")
    workers: int = Field(default=2, ge=1, le=256, description="Shards worked on side by side, in threads.")
    shards: int | None = Field(
        default=None,
        ge=1,
        le=4096,
        description="Parts that users are divided into; a part must fit into memory. Default: chosen from the number of events at the first run.",
    )
    item_facts: int = Field(
        default=32,
        ge=0,
        le=1000,
        description="Most items and categories remembered per user beside the statements; and for the trained ranker as many bought items.",
    )
    ranker: RankerTraining = Field(default_factory=RankerTraining, description="How the ranker of what users buy is trained.")
    offers: OfferTraining = Field(
        default_factory=OfferTraining, description="How the ranker of offers, which are answered and not bought, is trained."
    )
    memory_bytes: int = Field(default=8192, ge=1024, le=1_048_576, description="Most bytes that a release stores per user.")
    on_manager_change: Literal["continue", "relearn"] = Field(
        default="continue",
        description="When a new version of the manager meets old steps: `continue` keeps them, `relearn` does them again (`--plan` tells what it costs). "
        "The embedded manager does them again in any case: its statistics must be of one version, and cost time only.",
    )

    @model_validator(mode="after")
    def _check(self) -> LearningConfig:
        if self.manager == "agent" and self.agent is None:
            raise ValueError("`manager: agent` needs `agent` with a `model`, for example `agent: {model: gpt-5-mini}`")
        return self


class SharedConfig(BaseModel):
    """What is learned over all users."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    min_users: int = Field(
        default=5, ge=1, description="Fewest users behind any figure that is shared over users; below it the figure is left out."
    )
