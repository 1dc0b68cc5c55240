"""Config of the store: what is kept of old releases."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class GateConfig(BaseModel):
    """What a new configuration must show before it is served in place of the one that is."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    margin: float = Field(
        default=0.02,
        ge=0,
        le=1,
        description="By which share of the current configuration's NDCG the new one may be worse: the low end of the 95 % interval of its lift must not lie below.",
    )
    min_users: int = Field(
        default=20, ge=2, description="Fewest users with truth by whom the two are compared; with fewer the release is refused."
    )


class ReleaseConfig(BaseModel):
    """Which published releases are kept."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    keep: int = Field(default=5, ge=1, description="Releases that `release gc` keeps, the current one included.")
    gate: GateConfig | None = Field(
        default=None,
        description="With it, `{}` for example, the first release of a changed config is served only where it is not worse than the current config on "
        "the validation period, and keeps what must hold; else it is kept aside as refused.",
    )
