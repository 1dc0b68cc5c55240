"""Config of training the ranker."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class RankerTraining(BaseModel):
    """How the ranker of what users buy is trained; it takes no part where nothing that may be recommended is bought."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    train: bool = Field(
        default=True,
        description="True trains a ranker in runs that learn everybody, which takes up to half a minute; False orders items by fixed weights alone.",
    )
    users: int = Field(
        default=20_000, ge=5_000, description="Users to learn from, about; with more users one in so many is sampled, by a stable hash."
    )
    visits: int = Field(default=20_000, ge=200, description="Visits to learn from, at most about.")
