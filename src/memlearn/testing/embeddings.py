"""Vectors that depend on the text alone: texts that share words lie near one another."""

from __future__ import annotations

import base64
import hashlib
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from memlearn.testing.api_error import ApiError
from memlearn.testing.prompts import Prompt


def embed(prompt: Prompt, default_dimensions: int) -> dict[str, Any]:
    """The answer to a request for embeddings.

    Raises:
        ApiError: there is no input, or an empty one.
    """
    body = prompt.body
    texts = _texts(body.get("input"))
    size = int(body.get("dimensions") or default_dimensions)
    vectors = [vector(text, size) for text in texts]
    encoded = body.get("encoding_format") == "base64"
    data = [
        {"object": "embedding", "index": at, "embedding": base64.b64encode(row.tobytes()).decode() if encoded else row.tolist()}
        for at, row in enumerate(vectors)
    ]
    return {
        "object": "list",
        "data": data,
        "model": body.get("model"),
        "usage": {"prompt_tokens": prompt.tokens, "total_tokens": prompt.tokens},
    }


def vector(text: str, dimensions: int) -> npt.NDArray[np.float32]:
    """The vector of a text, of length 1."""
    total = np.sum([_word(word, dimensions) for word in text.lower().split() or [text]], axis=0, dtype=np.int64)
    length = float(np.sqrt(np.sum(total * total)))
    return (total / (length or 1.0)).astype("<f4")


@lru_cache(maxsize=65_536)
def _word(word: str, dimensions: int) -> npt.NDArray[np.int8]:
    return np.frombuffer(hashlib.shake_128(word.encode("utf-8", "surrogatepass")).digest(dimensions), dtype=np.int8)


def _texts(given: object) -> list[str]:
    """Inputs as texts; lists of token numbers are taken as they are written."""
    if isinstance(given, str):
        parts: list[Any] = [given]
    elif isinstance(given, list) and given and all(isinstance(part, int) for part in given):
        parts = [given]
    else:
        parts = given if isinstance(given, list) else []
    texts = [part if isinstance(part, str) else " ".join(map(str, part)) for part in parts]
    if not texts or not all(texts):
        raise ApiError(400, "'$.input' is invalid. Please check the API reference.", param="input")
    return texts
