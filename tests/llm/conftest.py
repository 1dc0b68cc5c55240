from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="session")
def embedding_server() -> ModuleType:
    """The loopback server; loaded by path, since tests are no package."""
    path = Path(__file__).with_name("embedding_server.py")
    spec = importlib.util.spec_from_file_location("embedding_server", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # Dataclasses look their module up by name.
    import sys

    sys.modules["embedding_server"] = module
    spec.loader.exec_module(module)
    return module
