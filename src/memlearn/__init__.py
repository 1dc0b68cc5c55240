"""memlearn: learn per-user memory from company data offline, and recommend from it in real time.

    import memlearn

    report = memlearn.learn("memlearn.yaml")
    view = memlearn.show("memlearn.yaml", "anna")
    answer = memlearn.recommend("memlearn.yaml", "anna", k=5)

The names below are loaded when they are first used, so that `import memlearn` takes no time.
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from memlearn.errors import MemlearnError
    from memlearn.wiring.load import LoadedConfig, load_config
    from memlearn.wiring.verbs import (
        diff_releases,
        evaluate,
        gc,
        learn,
        promote,
        recommend,
        releases,
        replay,
        rollback,
        show,
        status,
        steps,
        try_agent,
        verify,
    )

__all__ = [
    "LoadedConfig",
    "MemlearnError",
    "diff_releases",
    "evaluate",
    "gc",
    "learn",
    "load_config",
    "promote",
    "recommend",
    "releases",
    "replay",
    "rollback",
    "show",
    "status",
    "steps",
    "try_agent",
    "verify",
]

# Polars hands freed memory back at once and takes it again for the next shard, which costs a twelfth of a learn. Its allocator
# reads this when Polars is loaded; what the environment says already is left alone.
os.environ.setdefault("_RJEM_MALLOC_CONF", "dirty_decay_ms:10000,muzzy_decay_ms:10000")

_HOMES = {
    "LoadedConfig": "memlearn.wiring.load",
    "MemlearnError": "memlearn.errors",
    "load_config": "memlearn.wiring.load",
}
_VERBS = "memlearn.wiring.verbs"


def __getattr__(name: str) -> Any:
    """Load a public name from where it lives."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES.get(name, _VERBS)), name)


def __dir__() -> list[str]:
    """The public names."""
    return sorted(__all__)
