"""The top-level config: which parts there are; each part's own model stands beside the part."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator

from memlearn.chunks.config import ChunkConfig
from memlearn.evaluation.config import EvaluationConfig
from memlearn.learning.config import LearningConfig, SharedConfig
from memlearn.llm.config import EmbeddingConfig
from memlearn.memory import DEFAULT_BLOCKS, BlockSpec
from memlearn.memory.sensitive import SensitiveConfig
from memlearn.sources.config import MerchantConfig, MoneyConfig, Source, check_currency
from memlearn.sources.zones import check_zone
from memlearn.store.config import ReleaseConfig

SourceName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]


class Config(BaseModel):
    """Everything that a config file may say."""

    model_config = ConfigDict(extra="forbid", frozen=True, title="memlearn config")

    version: Literal[1] = Field(description="Version of this format; 1.")
    store: Path = Field(
        default=Path("store"),
        description="Folder that holds what is learned; relative to the config file. It is made if it is not there.",
    )
    timezone: str = Field(
        default="UTC", description="IANA zone of times without an offset, `Europe/Berlin` for example; a source may have its own."
    )
    currency: str = Field(
        default="EUR",
        description="ISO 4217 code of amounts without a currency. It must be written down where a source has amounts and no currency of its own.",
    )
    max_rejects: float = Field(
        default=0.02,
        ge=0,
        le=1,
        description="Largest share of a source's rows (0 to 1) that may be unusable; above it the run stops and changes nothing.",
    )
    sources: dict[SourceName, Source] = Field(min_length=1, description="Name → where data lies and what its columns mean.")
    merchants: MerchantConfig = Field(
        default_factory=MerchantConfig, description="How raw merchant strings become merchants and categories."
    )
    money: MoneyConfig = Field(default_factory=MoneyConfig, description="How several currencies are treated.")
    blocks: list[BlockSpec] = Field(
        default_factory=list,
        description="Blocks of memory that differ from the default ones or are added to them; the same label replaces the default block.",
    )
    shared: SharedConfig = Field(default_factory=SharedConfig, description="What is learned over all users.")
    chunks: ChunkConfig = Field(default_factory=ChunkConfig, description="Where events and documents are cut.")
    learning: LearningConfig = Field(default_factory=LearningConfig, description="How memory is learned.")
    embeddings: EmbeddingConfig = Field(default_factory=EmbeddingConfig, description="How texts become vectors for search by meaning.")
    sensitive: SensitiveConfig = Field(default_factory=SensitiveConfig, description="What is never stated about a user.")
    evaluation: EvaluationConfig = Field(default_factory=EvaluationConfig, description="How `memlearn evaluate` judges memory.")
    releases: ReleaseConfig = Field(default_factory=ReleaseConfig, description="Which published releases are kept.")

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        return check_zone(value)

    @field_validator("currency")
    @classmethod
    def _known_currency(cls, value: str) -> str:
        return check_currency(value)

    @property
    def block_specs(self) -> tuple[BlockSpec, ...]:
        """The default blocks, replaced and extended by the configured ones, in order."""
        configured = {spec.label: spec for spec in self.blocks}
        defaults = tuple(configured.pop(spec.label, spec) for spec in DEFAULT_BLOCKS)
        return defaults + tuple(configured.values())
