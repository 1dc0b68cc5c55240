"""What a learn run is given: the store, the sources and the settings of every part."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from memlearn.chunks import ChunkConfig
from memlearn.learning.config import LearningConfig, SharedConfig
from memlearn.memory import BlockSpec
from memlearn.memory.sensitive import SensitiveConfig
from memlearn.sources.config import DocumentSource, EventSource, ItemSource, OfferItemSource, PersonSource, Source, StatementSource
from memlearn.sources.context import SourceContext
from memlearn.store.layout import StoreLayout

if TYPE_CHECKING:
    from memlearn.learning.agent.stage import Agent
    from memlearn.store.vectors import Embedder

MANAGER_VERSION = "embedded-5"
"""Version of everything between rows and pieces: annotation, chunk cutting, counting, joining."""
RENDER_VERSION = "render-12"
"""Version of everything between states and a release: what is judged telling, and its words. A new one renders everybody anew, and does no step again."""

Report = Callable[[str, int, int, str], None]


@dataclass(frozen=True, slots=True)
class Job:
    """Everything that a run needs, and nothing that changes while it runs.

    Args:
        layout: the store.
        sources: the config's sources.
        context: settings that all sources share.
        blocks: block specs, the shared ones included.
        shared: settings of shared memory.
        chunks: how events are cut.
        learning: settings of the manager.
        sensitive: what is never stated.
        config_digest: digest of everything in the config that has a bearing on memory.
        embedder: makes the embedder of passages and items.
        agent: the agent that revises memory beside the embedded manager; None: there is none.
        as_of_us: learn events before this instant only; None for all.
        users: learn these users only; None for all.
        report: told stage, done, total and a word.
        kept_config: all of the config that has a bearing on memory, as JSON, without passwords; a release holds the one it came of.
    """

    layout: StoreLayout
    sources: Mapping[str, Source]
    context: SourceContext
    blocks: tuple[BlockSpec, ...]
    shared: SharedConfig
    chunks: ChunkConfig
    learning: LearningConfig
    sensitive: SensitiveConfig
    config_digest: str
    embedder: Callable[[], Embedder]
    agent: Agent | None = None
    as_of_us: int | None = None
    users: tuple[str, ...] | None = None
    report: Report = field(default=lambda *_: None)
    kept_config: str = ""

    @property
    def agent_blocks(self) -> tuple[BlockSpec, ...]:
        """The blocks that an agent writes: each user's own."""
        return tuple(spec for spec in self.blocks if not spec.shared and not spec.read_only)

    @property
    def agent_version(self) -> str:
        """The version of the agent's steps; empty where there is none."""
        return "" if self.agent is None else self.agent.version(self.agent_blocks)

    @property
    def events(self) -> dict[str, EventSource]:
        """The event sources."""
        return {name: source for name, source in self.sources.items() if isinstance(source, EventSource)}

    @property
    def items(self) -> dict[str, ItemSource]:
        """The item sources."""
        return {name: source for name, source in self.sources.items() if isinstance(source, ItemSource)}

    @property
    def persons(self) -> dict[str, PersonSource]:
        """The person sources."""
        return {name: source for name, source in self.sources.items() if isinstance(source, PersonSource)}

    @property
    def statements(self) -> dict[str, StatementSource]:
        """The sources of operator statements."""
        return {name: source for name, source in self.sources.items() if isinstance(source, StatementSource)}

    @property
    def offer_items(self) -> dict[str, OfferItemSource]:
        """The sources of what offers apply to."""
        return {name: source for name, source in self.sources.items() if isinstance(source, OfferItemSource)}

    @property
    def documents(self) -> dict[str, DocumentSource]:
        """The document sources."""
        return {name: source for name, source in self.sources.items() if isinstance(source, DocumentSource)}

    @property
    def levels(self) -> tuple[str, ...]:
        """Names of the catalogue's levels, coarse to fine, over all item sources."""
        return tuple(dict.fromkeys(level for source in self.items.values() for level in source.levels))

    @property
    def weak(self) -> dict[str, Sequence[str]]:
        """What each event source is no evidence for."""
        return {name: source.not_evidence_for for name, source in self.events.items() if source.not_evidence_for}


def digest(*parts: Any) -> str:
    """A short digest of values that have a faithful `repr`."""
    return blake2b(repr(parts).encode(), digest_size=16).hexdigest()
