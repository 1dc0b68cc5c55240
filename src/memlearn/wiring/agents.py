"""The agent of a job: its texts, its client and its cap, from the config and the environment."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from memlearn.errors import UsageError
from memlearn.learning.agent.config import AgentConfig
from memlearn.learning.agent.money import to_units
from memlearn.learning.agent.own_tools import load_tools
from memlearn.learning.agent.prompt import load_document_prompts, load_prompts, load_system
from memlearn.learning.agent.stage import Agent
from memlearn.wiring.load import LoadedConfig

if TYPE_CHECKING:
    from memlearn.learning.agent.batch_jobs import BatchEndpoint
    from memlearn.learning.agent.sender import Client


def make_agent(
    loaded: LoadedConfig,
    *,
    max_cost: float | None = None,
    retry_skipped: bool = False,
    model: str | None = None,
    prompt: Path | None = None,
    priced: bool = False,
) -> Agent:
    """The configured agent, or one of another model or system prompt.

    Args:
        loaded: a config with an agent.
        max_cost: most that the run may spend; default: that of the config.
        retry_skipped: do skipped steps again.
        model: another model at the same endpoint, with its own prices.
        prompt: file of another system prompt.
        priced: it must have prices, since what it spends is capped.

    Raises:
        ConfigError: a prompt or a tool cannot be used, or the endpoint needs a key that is not there.
        UsageError: there is a cap and no price.
    """
    config = _config(loaded, model)
    cap = cap_of(loaded, max_cost)
    if (priced or cap is not None) and config.prices is None:
        where = "prices" if model is None else f"other_prices` with {model!r} in `learning.agent"
        raise UsageError(f"--max-cost needs the prices of the model: set `learning.agent.{where}` in the config.")
    own = load_tools(config.tools, loaded.base)
    folder = None if config.prompts is None else loaded.base / config.prompts
    prompts = load_prompts(folder)
    return Agent(
        config=config,
        prompts=prompts if prompt is None else replace(prompts, system=load_system(prompt)),
        client=_client(loaded, config),
        batches=_batches,
        cap=cap,
        retry_skipped=retry_skipped,
        operator_tools=tuple((tool.tool, tool) for tool in own),
        removed_tools=tuple(config.remove_tools),
        tool_sources=tuple(tool.source for tool in own),
        documents=load_document_prompts(folder),
    )


def cap_of(loaded: LoadedConfig, max_cost: float | None) -> int | None:
    """Units of money that may be spent, as asked for or as configured; None: no cap."""
    config = loaded.config.learning.agent
    most = max_cost if max_cost is not None or config is None else config.max_cost
    return None if most is None else to_units(most)


def _config(loaded: LoadedConfig, model: str | None) -> AgentConfig:
    config = loaded.config.learning.agent
    assert config is not None
    if model is None or model == config.model:
        return config
    return config.model_copy(update={"model": model, "prices": config.other_prices.get(model)})


def _client(loaded: LoadedConfig, config: AgentConfig) -> Callable[[], Client]:
    # The package behind it takes long to import; only a run that asks pays for it.
    def make() -> Client:
        from memlearn.llm.chat import ChatClient

        return ChatClient(config, loaded.variables)

    return make


def _batches(client: Client) -> BatchEndpoint:
    from memlearn.llm.batches import BatchClient
    from memlearn.llm.chat import ChatClient

    assert isinstance(client, ChatClient)
    return BatchClient(client)
