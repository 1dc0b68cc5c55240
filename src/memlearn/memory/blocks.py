"""Blocks and their specs, as in MemGPT/Letta: a label, a description, a limit and lines of text."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from pydantic import BaseModel, ConfigDict, Field, field_validator

from memlearn.memory.statements import Statement


class BlockSpec(BaseModel):
    """What a block of memory is for and how much it may hold."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    label: str = Field(pattern=r"^[a-z][a-z0-9_]{0,39}$", description="Name of the block, unique.")
    description: str = Field(min_length=1, description="What belongs in the block; read by people and by the agent.")
    limit: int = Field(default=1000, ge=50, le=20_000, description="Most characters that the block's value may hold.")
    read_only: bool = Field(default=False, description="True: only the learn run itself writes it, no agent and no API.")
    shared: bool = Field(default=False, description="True: one block for all users (trends, policies, guidelines).")
    instructions: str = Field(default="", description="Extra instructions for the memory manager about this block.")

    @field_validator("description", "instructions")
    @classmethod
    def _strip(cls, value: str) -> str:
        return value.strip()


DEFAULT_BLOCKS: tuple[BlockSpec, ...] = (
    BlockSpec(label="profile", description="Who the user is: what is given about them, how active they are, what they spend.", limit=700),
    BlockSpec(label="preferences", description="What the user likes more than others do, and what they avoid.", limit=1000),
    BlockSpec(label="habits", description="What the user does regularly: how often, on which days, at which hours, in which season.", limit=1000),
    BlockSpec(label="offers", description="How the user answers offers and coupons, and how they react to prices.", limit=700),
    BlockSpec(label="changes", description="What is changing: what is new, what has stopped, where the user moved.", limit=700),
    BlockSpec(label="trends", description="What is popular, in season, and bought together, over all users.", limit=2000, shared=True, read_only=True),
    BlockSpec(label="policies", description="What the policy documents require, with the passages they come from.", limit=4000, shared=True, read_only=True),
    BlockSpec(label="guidelines", description="How to speak to users, with the passages it comes from.", limit=4000, shared=True, read_only=True),
)


@dataclass(frozen=True, slots=True)
class Block:
    """A labelled part of memory: its spec and its lines.

    The value is the lines' texts joined by line breaks; it never holds more characters than the limit.
    """

    spec: BlockSpec
    statements: tuple[Statement, ...] = field(default=())

    @property
    def label(self) -> str:
        """The block's name."""
        return self.spec.label

    @property
    def value(self) -> str:
        """The text of the block, one statement a line."""
        return "\n".join(statement.text for statement in self.statements)

    def with_statements(self, statements: tuple[Statement, ...]) -> Block:
        """The same block with other lines."""
        return replace(self, statements=statements)
