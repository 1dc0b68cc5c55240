"""A scripted model behind a real HTTP server, to try prompts, tools and failures without paying.

It speaks OpenAI's protocol on 127.0.0.1: chat completions with tools, streaming and structured output, embeddings, files and batches. A
script answers, faults come on demand, and everything is counted.
"""

from __future__ import annotations

from memlearn.testing.faults import BATCH_LINE, BATCHES, CHAT, EMBEDDINGS, Chance, Contains, Every, Fault, Nth
from memlearn.testing.process import Control, ServerProcess
from memlearn.testing.prompts import read_prompt
from memlearn.testing.script import (
    Reply,
    Request,
    Script,
    Sequence,
    ToolCall,
    echo,
    last_user_text,
    messages,
    silent,
    text_of,
    tool_names,
    tool_results,
    turn,
    wants_json,
)
from memlearn.testing.server import ModelServer
from memlearn.testing.settings import BatchRules, RateLimit

__all__ = [
    "BATCHES",
    "BATCH_LINE",
    "CHAT",
    "EMBEDDINGS",
    "BatchRules",
    "Chance",
    "Contains",
    "Control",
    "Every",
    "Fault",
    "ModelServer",
    "Nth",
    "RateLimit",
    "Reply",
    "Request",
    "Script",
    "Sequence",
    "ServerProcess",
    "ToolCall",
    "echo",
    "last_user_text",
    "messages",
    "read_prompt",
    "silent",
    "text_of",
    "tool_names",
    "tool_results",
    "turn",
    "wants_json",
]
