"""Config of chunks: where a user's events and a document are cut."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class ChunkConfig(BaseModel):
    """Where a user's events are cut into chunks, and documents into passages."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tokens: int = Field(
        default=8000, ge=100, le=1_000_000, description="Size at which a chunk of events ends, in estimated tokens (four bytes each)."
    )
    calendar: Literal["none", "month", "quarter", "year"] = Field(
        default="none", description="End a chunk also where this part of the calendar ends, in event time."
    )
    passage_tokens: int = Field(default=220, ge=30, le=8000, description="Most estimated tokens of one passage of a document.")
