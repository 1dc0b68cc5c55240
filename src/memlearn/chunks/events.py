"""Cut users' events into chunks, and digest them. Pure; whole shards at a time.

A chunk's boundary depends on earlier events only: row r of a user belongs to chunk floor(tokens before r / budget),
counted anew in every calendar period. So later events never move an earlier boundary, and a chunk passes its
budget by less than one row.
"""

from __future__ import annotations

from hashlib import blake2b

import numpy as np
import polars as pl
from numpy.typing import NDArray

from memlearn.chunks.config import ChunkConfig
from memlearn.chunks.tokens import token_estimate

# What a row costs beside its texts: number, time, kind, amount and separators.
ROW_TOKENS = 12
# Longer texts are shown cut, so they cost no more than this.
TEXT_TOKENS = 100

EMPTY_DIGEST = bytes(16)


def row_tokens(texts: list[str]) -> pl.Expr:
    """Tokens that a row takes by our estimate.

    Args:
        texts: string columns that are shown with the row.
    """
    shown = [pl.min_horizontal(token_estimate(pl.col(name)), pl.lit(TEXT_TOKENS)) for name in texts]
    return pl.sum_horizontal(pl.lit(ROW_TOKENS, dtype=pl.Int64), *shown)


def cut_chunks(user: NDArray[np.int64], month: NDArray[np.int64], tokens: NDArray[np.int64], config: ChunkConfig) -> NDArray[np.int64]:
    """Number the chunks of every user from 0.

    Args:
        user: dense user index of each row, ascending; rows of a user in their total order.
        month: local calendar month of each row, year * 12 + month - 1.
        tokens: estimated tokens of each row.
        config: budget and calendar.

    Returns:
        The chunk number of each row, starting at 0 for each user, without gaps.
    """
    if len(user) == 0:
        return np.zeros(0, dtype=np.int64)
    months = {"none": None, "month": 1, "quarter": 3, "year": 12}[config.calendar]
    starts = _starts(user)
    if months is not None:
        starts |= _starts(month // months)
    before = np.cumsum(tokens) - tokens
    group = np.cumsum(starts) - 1
    within = before - before[np.flatnonzero(starts)][group]
    new_chunk = starts | _starts(within // config.tokens)
    running = np.cumsum(new_chunk)
    first_of_user = np.flatnonzero(_starts(user))
    chunks: NDArray[np.int64] = running - running[first_of_user][np.cumsum(_starts(user)) - 1]
    return chunks


def _starts(values: NDArray[np.int64]) -> NDArray[np.bool_]:
    return np.concatenate(([True], values[1:] != values[:-1]))


def digest_chunks(row_digests: NDArray[np.uint64], bounds: NDArray[np.int64]) -> list[bytes]:
    """Digest the rows of each chunk, in order.

    Args:
        row_digests: one 64-bit digest for each row, covering everything that a step is shown of it.
        bounds: positions of the chunks' first rows, and the number of rows at the end; shape (chunks + 1,).

    Returns:
        One 16-byte BLAKE2b digest for each chunk.
    """
    data = memoryview(row_digests.astype("<u8").tobytes())
    edges = (bounds * 8).tolist()
    return [blake2b(data[edges[i] : edges[i + 1]], digest_size=16).digest() for i in range(len(edges) - 1)]


def chain_keys(users: list[int], digests: list[bytes], version: bytes) -> list[bytes]:
    """Key of each step: the digest of the state before, of everything it is given, and of the manager's version.

    The state after a step is a function of its key, so the key also serves as the digest of that state.

    Args:
        users: user index of each chunk, ascending; a user's chunks in order.
        digests: digest of each chunk.
        version: version of the manager that makes the step.
    """
    keys: list[bytes] = []
    before, last = EMPTY_DIGEST, -1
    for user, digest in zip(users, digests, strict=True):
        if user != last:
            before, last = EMPTY_DIGEST, user
        before = blake2b(before + digest + version, digest_size=16).digest()
        keys.append(before)
    return keys
