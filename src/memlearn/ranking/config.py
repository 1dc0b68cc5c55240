"""Settings of ranking: how many items are looked at, and how much each feature counts."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class Weights(BaseModel):
    """What one unit of each feature adds to the score; features lie in 0..1, `answers` and `season` in -1..1."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    due: float = Field(default=2.0, description="Bought at a regular interval, and the interval is nearly or fully over.")
    liked: float = Field(default=2.0, description="Much of what the user buys has a key that the item has, more than for others.")
    stated: float = Field(default=3.0, description="An operator stated that the user likes or needs it.")
    answers: float = Field(default=4.0, description="The user answers such offers more, or less, than all users answer offers.")
    goes: float = Field(default=0.6, description="Bought together with, or next after, what the user buys.")
    season: float = Field(default=0.8, description="The user buys it in some months of the year, and this is, or is not, one of them.")
    popular: float = Field(default=0.6, description="Many users buy it, pay there or answer it.")
    new: float = Field(default=0.3, description="New to the catalogue or to the user, and near to what they like.")
    rested: float = Field(default=-1.5, description="Just bought, long before it is due again.")
    answered: float = Field(default=-0.8, description="An offer that the user has answered every time it was shown.")


class RankingConfig(BaseModel):
    """How items are chosen and ordered."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    candidates: int = Field(default=400, ge=1, description="Most items that are scored for one answer.")
    per_key: int = Field(default=40, ge=1, description="Most candidates that one key (a category, a merchant) brings in.")
    per_category: int = Field(
        default=4, ge=1, description="Most items of one category in an answer, as long as others are left to fill it."
    )
    per_merchant: int = Field(
        default=2, ge=1, description="Most items of one merchant in an answer, as long as others are left to fill it."
    )
    per_kind: int = Field(
        default=2, ge=1, description="Most items of one key of the finest level in an answer, as long as others are left to fill it."
    )
    personal_signals: int = Field(
        default=3, ge=1, description="Things known of the user that bear on items, from which on an answer is called personal."
    )
    new_days: int = Field(default=28, ge=0, description="For so many days after its validity begins an item is new.")
    after_days: int = Field(default=14, ge=0, description="For so many days after a purchase what is often bought next counts.")
    min_users: int = Field(default=5, ge=2, description="Fewest users behind a figure of a segment.")
    segment_users: int = Field(default=30, ge=2, description="Fewest users of a segment.")
    merchant_levels: tuple[str, ...] = Field(
        default=("merchant", "partner"),
        description="Levels of the catalogue that name the merchant at whom an offer holds; the first one there is used.",
    )
    same_dims: dict[str, str] = Field(
        default={"merchant_category": "category"},
        description="Other names of dimensions, as operators may write them, and the dimension meant.",
    )
    weights: Weights = Field(default_factory=Weights, description="How much each feature counts.")
