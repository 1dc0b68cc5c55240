"""Which embedder the config names."""

from __future__ import annotations

from collections.abc import Mapping

from memlearn.llm.config import EmbeddingConfig
from memlearn.store.vectors import RegistryEmbedder, builtin_embedder, remote_embedder, sentence_transformer_embedder
from memlearn.store.vectors.hashing import DEFAULT_DIMENSIONS


def make_embedder(config: EmbeddingConfig, environment: Mapping[str, str]) -> RegistryEmbedder:
    """Make the embedder that the config names, through LanceDB's registry.

    Args:
        config: the config's `embeddings`.
        environment: holds the key of an endpoint.

    Raises:
        ConfigError: the key, the package or the model is missing, or dimensions do not fit.
        TransientError: the endpoint was asked for the length of its vectors and did not answer.
    """
    if config.provider == "openai":
        # The client takes most of a second to import.
        from memlearn.llm.embeddings import EmbeddingClient

        client = EmbeddingClient(config, environment)
        return remote_embedder(client.model_id, config.model_name, client.dimensions, client.embed, batch_size=config.batch_size)
    if config.provider == "sentence-transformers":
        assert config.model is not None
        return sentence_transformer_embedder(config.model, batch_size=config.batch_size, dimensions=config.dimensions)
    return builtin_embedder(config.dimensions or DEFAULT_DIMENSIONS)
