"""Config of the store: what is kept of old releases."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class ReleaseConfig(BaseModel):
    """Which published releases are kept."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    keep: int = Field(default=5, ge=1, description="Releases that `release gc` keeps, the current one included.")
