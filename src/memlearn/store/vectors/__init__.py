"""The vector store: searchable passages and items, block values, and the embedders that LanceDB's registry knows.

The only place that imports LanceDB.
"""

from memlearn.store.vectors.embedder import Embedder, RegistryEmbedder, builtin_embedder, remote_embedder, sentence_transformer_embedder
from memlearn.store.vectors.store import PASSAGE_SCHEMA, TABLES, Cleaned, VectorStore
from memlearn.store.vectors.texts import Written

__all__ = [
    "PASSAGE_SCHEMA",
    "TABLES",
    "Cleaned",
    "Embedder",
    "RegistryEmbedder",
    "VectorStore",
    "Written",
    "builtin_embedder",
    "remote_embedder",
    "sentence_transformer_embedder",
]
