"""What turns texts into vectors, and LanceDB's registry of such functions, ours included."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from pydantic import PrivateAttr

from memlearn.errors import ConfigError
from memlearn.store.vectors.hashing import DEFAULT_DIMENSIONS, VERSION, embed_texts
from memlearn.store.vectors.vendor import EmbeddingFunction, TextEmbeddingFunction, get_registry, register

Vectors = npt.NDArray[np.float32]
BUILTIN = "memlearn-builtin"
REMOTE = "memlearn-remote"
_SHORTEST, _LONGEST = 64, 4096


class Embedder(Protocol):
    """Turns texts into vectors of length one."""

    @property
    def model_id(self) -> str:
        """Names everything that a vector depends on; vectors of different ids are never compared."""

    @property
    def dimensions(self) -> int:
        """Length of a vector."""

    @property
    def batch_size(self) -> int:
        """How many texts it takes at once."""

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Vectors of shape (texts, dimensions)."""


@register(BUILTIN)  # type: ignore[no-untyped-call]  # lancedb is typed in part
class BuiltinFunction(TextEmbeddingFunction):
    """Our own embedding, which needs no download, as LanceDB knows it."""

    dimensions: int = DEFAULT_DIMENSIONS
    version: int = VERSION

    def ndims(self) -> int:
        """Length of a vector."""
        return self.dimensions

    def generate_embeddings(self, texts: list[str] | npt.NDArray[Any], *_args: object, **_kwargs: object) -> list[Any]:
        """One vector for each text."""
        return list(embed_texts([str(text) for text in texts], self.dimensions))


@register(REMOTE)  # type: ignore[no-untyped-call]  # lancedb is typed in part
class RemoteFunction(TextEmbeddingFunction):
    """A model behind an HTTP interface, as LanceDB knows it.

    A table keeps the model's name only. Who opens it binds the client, which holds the address and the key.
    """

    model: str
    dimensions: int
    _embed: Callable[[Sequence[str]], Vectors] | None = PrivateAttr(default=None)

    def bind(self, embed: Callable[[Sequence[str]], Vectors]) -> RemoteFunction:
        """Give the function its client."""
        self._embed = embed
        return self

    def ndims(self) -> int:
        """Length of a vector."""
        return self.dimensions

    def generate_embeddings(self, texts: list[str] | npt.NDArray[Any], *_args: object, **_kwargs: object) -> list[Any]:
        """One vector for each text."""
        if self._embed is None:
            raise ConfigError(f"The embedding model {self.model!r} has no client here. Open the store with the config that names it.")
        return list(self._embed([str(text) for text in texts]))


class RegistryEmbedder:
    """An embedder over a function of LanceDB's registry: in batches, checked, of length one."""

    def __init__(self, function: EmbeddingFunction, model_id: str, *, batch_size: int = 256) -> None:
        """Wrap a function.

        Args:
            function: made by the registry.
            model_id: names everything that a vector depends on.
            batch_size: most texts handed to the function at once.
        """
        self.function = function
        self.model_id = model_id
        self.dimensions = int(function.ndims())
        self.batch_size = batch_size

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Vectors of shape (texts, dimensions).

        Raises:
            ConfigError: the function gives vectors of another length, or none.
        """
        if not texts:
            return np.empty((0, self.dimensions), dtype=np.float32)
        batches = [texts[at : at + self.batch_size] for at in range(0, len(texts), self.batch_size)]
        return np.concatenate([self._embed_batch(batch) for batch in batches])

    def _embed_batch(self, texts: Sequence[str]) -> Vectors:
        given: list[Any] = self.function.compute_source_embeddings(list(texts))
        # A function gives None for a text that it could not embed.
        found = sorted({0 if vector is None else len(vector) for vector in given})
        if len(given) != len(texts) or found != [self.dimensions]:
            raise ConfigError(
                f"The embedding model {self.model_id!r} gave {len(given)} vectors of length {found} for {len(texts)} texts; "
                f"expected length {self.dimensions}. Set `embeddings.dimensions` to the model's."
            )
        return unit_vectors(np.asarray(given, dtype=np.float64), self.model_id)


def builtin_embedder(dimensions: int = DEFAULT_DIMENSIONS) -> RegistryEmbedder:
    """The embedded default: no download, no network."""
    if dimensions % 8 or not _SHORTEST <= dimensions <= _LONGEST:
        raise ConfigError(
            f"The built-in embedding makes vectors of {_SHORTEST} to {_LONGEST} numbers, in steps of 8; {dimensions} is not. Set `embeddings.dimensions: 256`."
        )
    function = _make(BUILTIN, dimensions=dimensions)
    return RegistryEmbedder(function, f"{BUILTIN}-{VERSION}-{dimensions}", batch_size=16_384)


def remote_embedder(
    model_id: str, model: str, dimensions: int, embed: Callable[[Sequence[str]], Vectors], *, batch_size: int
) -> RegistryEmbedder:
    """A model behind an HTTP interface.

    Args:
        model_id: names everything that a vector depends on.
        model: the model's name.
        dimensions: length of its vectors.
        embed: the client.
        batch_size: most texts of one request.
    """
    function = _make(REMOTE, model=model, dimensions=dimensions)
    assert isinstance(function, RemoteFunction)
    return RegistryEmbedder(function.bind(embed), model_id, batch_size=batch_size)


def sentence_transformer_embedder(model: str, *, batch_size: int, dimensions: int | None = None) -> RegistryEmbedder:
    """A local sentence-transformers model, through LanceDB's own function.

    Raises:
        ConfigError: the package is not installed, or the model cannot be loaded or has other dimensions.
    """
    try:
        function = _make("sentence-transformers", name=model, device="cpu", normalize=True)
        embedder = RegistryEmbedder(function, f"sentence-transformers:{model}", batch_size=batch_size)
    except ImportError as error:
        raise ConfigError(
            "`embeddings.provider: sentence-transformers` needs a package that is not installed. "
            "Install it with `pip install sentence-transformers`, or use `provider: builtin`."
        ) from error
    except (OSError, ValueError, RuntimeError) as error:
        raise ConfigError(f"The sentence-transformers model {model!r} cannot be loaded: {error}") from error
    if dimensions is not None and dimensions != embedder.dimensions:
        raise ConfigError(f"The model {model!r} makes vectors of {embedder.dimensions} numbers; `embeddings.dimensions` says {dimensions}.")
    return embedder


def unit_vectors(vectors: npt.NDArray[np.float64], model_id: str) -> Vectors:
    """Scale vectors to length one.

    Raises:
        ConfigError: a vector is zero or holds something that is no number.
    """
    lengths = np.sqrt((vectors**2).sum(axis=1))
    if not np.all(np.isfinite(lengths)) or not np.all(lengths > 0):
        raise ConfigError(f"The embedding model {model_id!r} gave a vector that is zero or not finite. Use another model.")
    return np.asarray(vectors / lengths[:, None], dtype=np.float32)


def _make(alias: str, **arguments: object) -> EmbeddingFunction:
    made = get_registry().get(alias).create(**arguments)  # type: ignore[no-untyped-call]  # lancedb is typed in part
    assert isinstance(made, EmbeddingFunction)
    return made


def text_digest(text: str) -> str:
    """Digest under which the vector of a text is remembered."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
