"""Chunks: immutable pieces of a user's events or of a document, with digests. Pure."""
