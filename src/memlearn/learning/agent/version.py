"""The agent's version: a digest of everything but the user's data that its edits depend on."""

from __future__ import annotations

import json
from collections.abc import Sequence
from hashlib import blake2b
from typing import Any

from memlearn.learning.agent.check import VERSION as CHECKER
from memlearn.learning.agent.config import AgentConfig
from memlearn.learning.agent.prompt import Prompts
from memlearn.learning.agent.rows import ESCAPING
from memlearn.learning.agent.statistics import STATISTICS
from memlearn.llm.messages import Tool
from memlearn.memory import BlockSpec

CONVERSATION = 1
"""Version of how a step's conversation is held and its edits are applied."""


def agent_version(config: AgentConfig, prompts: Prompts, specs: Sequence[BlockSpec], tools: Sequence[Tool], sources: Sequence[str] = (), *, checker: str = CHECKER) -> str:
    """Version of an agent, such as `agent-0123456789ab`; steps of another version are told apart by it.

    Args:
        config: model and budgets.
        prompts: its texts.
        specs: the blocks that it writes.
        tools: that it is offered.
        sources: digests of the functions behind tools of the operator.
        checker: version of what judges its lines.
    """
    content = {
        "conversation": CONVERSATION,
        "checker": checker,
        "escaping": ESCAPING,
        "statistics": STATISTICS,
        "model": model_settings(config),
        "turns": config.turns,
        "window": config.window,
        "prompts": [prompts.system, prompts.step],
        "blocks": [[spec.label, spec.description, spec.limit, spec.instructions] for spec in specs],
        "tools": [[tool.name, tool.description, dict(tool.parameters)] for tool in tools],
        **({"sources": list(sources)} if sources else {}),
    }
    text = json.dumps(content, ensure_ascii=False, sort_keys=True)
    return f"agent-{blake2b(text.encode(), digest_size=6).hexdigest()}"


def model_settings(config: AgentConfig) -> dict[str, Any]:
    """What an answer depends on beside the request: the model and its options, whatever the endpoint."""
    return {"model": config.model, "options": config.options, "replies": config.replies, "max_tokens": config.max_tokens}
