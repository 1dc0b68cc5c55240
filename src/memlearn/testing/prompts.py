"""What a request amounts to: its digest, the text of its prompt, its tokens, and what a provider's prompt cache holds of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

CHARS_PER_TOKEN = 4
CACHE_TOKENS = 128
_CACHE_CHARS = CACHE_TOKENS * CHARS_PER_TOKEN
_CACHE_MOST = 1_000_000
_PROMPT_FIELDS = ("tools", "response_format", "messages")

_canonical = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode


@dataclass(frozen=True, slots=True)
class Prompt:
    """A request as the model sees it.

    Args:
        body: the JSON body.
        text: tools, response format and messages as compact JSON: what is counted and cached.
        digest: of endpoint and body; the same for equal JSON, whatever the order of its keys.
    """

    body: Mapping[str, Any]
    text: str
    digest: str

    @property
    def tokens(self) -> int:
        """Tokens of the prompt."""
        return count_tokens(len(self.text))


def count_tokens(chars: int) -> int:
    """Tokens of a text of so many characters: a fourth, rounded up."""
    return -(-chars // CHARS_PER_TOKEN)


def digest_of(*parts: str | bytes) -> str:
    """Hexadecimal digest of some parts."""
    state = hashlib.blake2b(digest_size=16)
    for part in parts:
        # A lone surrogate is legal in JSON.
        raw = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        state.update(len(raw).to_bytes(8, "little"))
        state.update(raw)
    return state.hexdigest()


def read_prompt(path: str, body: Mapping[str, Any]) -> Prompt:
    """Prompt and digest of a request.

    Args:
        path: the endpoint's path, as `/v1/chat/completions`.
        body: the JSON body.
    """
    rest = _canonical({key: value for key, value in body.items() if key not in _PROMPT_FIELDS})
    if "messages" in body:
        # Tools come first: that is the order in which providers read and cache a prompt.
        text = "".join([_canonical(body[field]) for field in _PROMPT_FIELDS if body.get(field)])
    else:
        text = _canonical(body.get("input", ""))
    return Prompt(body, text, digest_of(path, rest, text))


class PromptCache:
    """Which beginnings of prompts were sent before, in blocks of 128 tokens."""

    def __init__(self) -> None:
        self._known: set[int] = set()

    def take(self, prompt: Prompt) -> int:
        """Tokens at the beginning of the prompt that an earlier prompt to the same model begins with; the prompt is known from now on."""
        if len(self._known) > _CACHE_MOST:
            self._known.clear()
        cached, known, key = 0, True, hash(prompt.body.get("model"))
        for at in range(0, len(prompt.text) - _CACHE_CHARS + 1, _CACHE_CHARS):
            key = hash((key, prompt.text[at : at + _CACHE_CHARS]))
            known = known and key in self._known
            cached += CACHE_TOKENS * known
            self._known.add(key)
        return cached

    def clear(self) -> None:
        """Forget all."""
        self._known.clear()
