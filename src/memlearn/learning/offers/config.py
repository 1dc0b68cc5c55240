"""Config of training the ranker of offers."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class OfferTraining(BaseModel):
    """How the ranker of offers, which are shown or sent and answered, is trained; it takes no part where there are none."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    train: bool = Field(
        default=False,
        description="True trains a ranker of offers in every run that learns everybody, which takes seconds; False orders offers by fixed weights alone.",
    )
    users: int = Field(
        default=20_000, ge=5_000, description="Users to learn from, about; with more users one in so many is sampled, by a stable hash."
    )
    sends: int = Field(default=32, ge=1, le=200, description="Latest sends remembered per user, each with when it was answered.")
    bought: int = Field(
        default=128,
        ge=1,
        le=1000,
        description="Where it is known what offers apply to (`role: offer_items`): most bought items remembered per user, instead of `item_facts`, where that is more.",
    )
    answer_days: int = Field(
        default=30,
        ge=1,
        description="For so many days after a send a redemption answers it; a later send of the same offer to the same user ends that sooner.",
    )
    sensitive: bool = Field(
        default=False,
        description="True lets the ranker see attributes of persons that are declared `sensitive`; they are never told as a reason.",
    )
