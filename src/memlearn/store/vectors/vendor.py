"""The names that we use of LanceDB, imported without the client of its remote service, which takes longer than all the rest."""

from __future__ import annotations

import sys
from importlib.util import find_spec, module_from_spec
from typing import Any


def _put_off(package: str) -> None:
    """Let modules of a package be imported without running the package's own `__init__`, until a name of it is asked for."""
    spec = None if package in sys.modules else find_spec(package)
    if spec is None or spec.loader is None:
        return
    loader, module = spec.loader, module_from_spec(spec)

    def load(name: str) -> Any:
        del module.__getattr__
        loader.exec_module(module)
        return getattr(module, name)

    module.__getattr__ = load  # type: ignore[method-assign]
    sys.modules[package] = module


_put_off("lance_namespace_urllib3_client")

import lancedb  # noqa: E402
from lancedb.embeddings import EmbeddingFunction, EmbeddingFunctionConfig, TextEmbeddingFunction, get_registry, register  # noqa: E402
from lancedb.index import FTS  # noqa: E402

__all__ = ["FTS", "EmbeddingFunction", "EmbeddingFunctionConfig", "TextEmbeddingFunction", "get_registry", "lancedb", "register"]
