"""Settings of `memlearn evaluate`; the defaults fit most data, so that nothing need be set by hand."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Truth = Literal["next_visit", "horizon"]
Wanted = Literal["purchase", "redemption", "click", "view"]


class OfferEvaluationConfig(BaseModel):
    """What is known of how offers were sent, for the evaluation of other choices."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    random: bool = Field(
        default=False,
        description="True states that each offer was drawn at random, evenly, among those valid when it was sent. Only then can another choice "
        "of offers be judged from the log.",
    )
    answer_days: int = Field(
        default=30,
        ge=1,
        description="For so many days after a send a redemption answers it; a later send of the same offer to the same user ends that sooner.",
    )
    min_effective: float = Field(
        default=100.0, ge=1, description="Smallest effective sample size (Kish), in sends, with which an estimate is shown."
    )


class EvaluationConfig(BaseModel):
    """How `memlearn evaluate` judges memory; nothing here changes what is learned."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    protocol: Literal["auto", "time", "last_visit"] = Field(
        default="auto",
        description="time: cuts in time, the same for all users; last_visit: the last visit of each user, for data whose times are only an order; "
        "auto: last_visit where every user's visits are numbered without gaps from the same day on, else time.",
    )
    cuts: int = Field(default=4, ge=1, le=60, description="Cuts in time of the validation period, and as many of the test period after it.")
    every: Literal["auto", "day", "week", "month"] = Field(
        default="auto",
        description="How far cuts lie apart; they are the first moments of days, of weeks (Mondays) or of months. auto: months where the periods then take up at most "
        "half of the time that the data covers, else weeks, else days.",
    )
    truth: Truth = Field(
        default="next_visit",
        description="What is foreseen: next_visit: what the user buys on the first day after the cut on which they buy; horizon: all that they buy within `horizon_days`.",
    )
    horizon_days: int = Field(default=30, ge=1, description="Days after a cut that count with `truth: horizon`.")
    kinds: list[Wanted] = Field(
        default_factory=list,
        description="Which events count as wanting an item. Default: purchases, or, where these name no item that may be recommended, redemptions.",
    )
    repeats: bool = Field(
        default=True,
        description="False: what a user had before a cut is taken out of the truth and of every ranking, so that only what is new to them counts.",
    )
    ks: list[int] = Field(default=[10, 20], min_length=1, description="Lengths of the lists that are judged; the first one is spoken of.")
    baselines: list[str] | None = Field(
        default=None,
        description="Names of the baselines to compare with, `[popularity, tifu_knn]` for example; default: all that can be run.",
    )
    tries: int = Field(default=12, ge=1, description="Settings that are tried for each baseline.")
    max_users: int = Field(
        default=20_000,
        ge=1,
        description="Most users that are judged at a cut; where there are more, a fixed sample of them by a hash of their ids.",
    )
    draws: int = Field(default=10_000, ge=100, description="Draws of the bootstrap over users.")
    stale_days: int = Field(default=180, ge=1, description="A statement whose newest evidence is older counts as stale.")
    offers: OfferEvaluationConfig = Field(default_factory=OfferEvaluationConfig, description="How offers were sent.")

    @model_validator(mode="after")
    def _known(self) -> Self:
        if min(self.ks) < 1 or len(set(self.ks)) < len(self.ks):
            raise ValueError(f"`ks` is {self.ks}; give different numbers of at least 1.")
        return self
