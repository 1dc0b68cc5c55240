"""The names that we use of LanceDB, imported without what takes most of the time: the client of its service, and checks of its classes."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec, module_from_spec
from typing import Any, TypeVar

Method = TypeVar("Method", bound=Callable[..., Any])


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


@contextmanager
def _overrides_unchecked() -> Iterator[None]:
    """Let classes be made without comparing each method's signature with the one it overrides, as LanceDB has it done before Python 3.12."""
    if find_spec("overrides") is None:
        yield
        return
    import overrides

    def mark(method: Method) -> Method:
        method.__override__ = True  # type: ignore[attr-defined]
        return method

    checked = overrides.override
    overrides.override = mark  # type: ignore[assignment]
    try:
        yield
    finally:
        overrides.override = checked


_put_off("lance_namespace_urllib3_client")
with _overrides_unchecked():
    import lancedb
    from lancedb.embeddings import EmbeddingFunction, EmbeddingFunctionConfig, TextEmbeddingFunction, get_registry, register
    from lancedb.index import FTS

__all__ = ["FTS", "EmbeddingFunction", "EmbeddingFunctionConfig", "TextEmbeddingFunction", "get_registry", "lancedb", "register"]
