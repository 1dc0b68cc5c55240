"""The agent of a job: its texts, its client and its cap, from the config and the environment."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from memlearn.errors import UsageError
from memlearn.learning.agent.money import to_units
from memlearn.learning.agent.own_tools import load_tools
from memlearn.learning.agent.prompt import load_prompts
from memlearn.learning.agent.stage import Agent
from memlearn.wiring.load import LoadedConfig

if TYPE_CHECKING:
    from memlearn.learning.agent.batch_jobs import BatchEndpoint
    from memlearn.learning.agent.sender import Client


def make_agent(loaded: LoadedConfig, *, max_cost: float | None = None, retry_skipped: bool = False) -> Agent:
    """The configured agent.

    Args:
        loaded: a config with `manager: agent`.
        max_cost: most that the run may spend; default: that of the config.
        retry_skipped: do skipped steps again.

    Raises:
        ConfigError: a prompt or a tool cannot be used, or the endpoint needs a key that is not there.
        UsageError: there is a cap and no price.
    """
    config = loaded.config.learning.agent
    assert config is not None
    most = config.max_cost if max_cost is None else max_cost
    if most is not None and config.prices is None:
        raise UsageError("--max-cost needs the prices of the model: set `learning.agent.prices` in the config.")
    own = load_tools(config.tools, loaded.base)
    folder = None if config.prompts is None else loaded.base / config.prompts
    return Agent(
        config=config,
        prompts=load_prompts(folder),
        client=_client(loaded),
        batches=_batches,
        cap=None if most is None else to_units(most),
        retry_skipped=retry_skipped,
        operator_tools=tuple((tool.tool, tool) for tool in own),
        removed_tools=tuple(config.remove_tools),
        tool_sources=tuple(tool.source for tool in own),
    )


def _client(loaded: LoadedConfig) -> Callable[[], Client]:
    # The package behind it takes long to import; only a run that asks pays for it.
    def make() -> Client:
        from memlearn.llm.chat import ChatClient

        config = loaded.config.learning.agent
        assert config is not None
        return ChatClient(config, loaded.variables)

    return make


def _batches(client: Client) -> BatchEndpoint:
    from memlearn.llm.batches import BatchClient
    from memlearn.llm.chat import ChatClient

    assert isinstance(client, ChatClient)
    return BatchClient(client)
