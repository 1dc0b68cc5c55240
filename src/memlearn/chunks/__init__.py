"""Chunks: immutable pieces of a user's events or of a document, with digests. Pure."""

from memlearn.chunks.config import ChunkConfig
from memlearn.chunks.events import chain_keys, cut_chunks, digest_chunks, row_tokens
from memlearn.chunks.tokens import estimate_tokens, token_estimate

__all__ = ["ChunkConfig", "chain_keys", "cut_chunks", "digest_chunks", "estimate_tokens", "row_tokens", "token_estimate"]
