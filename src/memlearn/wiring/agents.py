"""The agent of a job: its texts, its client and its cap, from the config and the environment."""

from __future__ import annotations

import os
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
from memlearn.llm.processes import ClientProcesses
from memlearn.wiring.load import LoadedConfig

if TYPE_CHECKING:
    from memlearn.learning.agent.batch_jobs import BatchEndpoint
    from memlearn.learning.agent.sender import Client

# With fewer under way, sending takes little of a core; a process of its own takes a second to start and 60 MB.
_MANY_IN_FLIGHT = 32


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
    """Makes the client: one of this process where it sends batches, for which the time of sending is nothing."""

    def make() -> Client:
        processes = 0 if config.mode == "batch" else count_processes(config, usable_cores())
        if processes:
            return ClientProcesses(config, loaded.variables, processes)
        # The package behind it takes long to import; only a run that asks pays for it.
        from memlearn.llm.chat import ChatClient

        return ChatClient(config, loaded.variables)

    return make


def count_processes(config: AgentConfig, cores: int) -> int:
    """How many processes send requests; 0: the run's own does.

    Args:
        config: of the agent.
        cores: that this process may use.
    """
    if config.processes is not None:
        return config.processes
    return 1 if cores > 1 and config.in_flight >= _MANY_IN_FLIGHT else 0


def usable_cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _batches(client: Client) -> BatchEndpoint:
    from memlearn.llm.batches import BatchClient
    from memlearn.llm.chat import ChatClient

    chat = client.local if isinstance(client, ClientProcesses) else client
    assert isinstance(chat, ChatClient)
    return BatchClient(chat)
