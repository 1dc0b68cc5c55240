"""Makes what several tests share importable, `tests/support`, learns the samples once for all, and chooses Hypothesis' examples.

A run of the tests tries the same examples every time, so that what fails, fails for everybody. To look for new ones:
`HYPOTHESIS_PROFILE=explore python -m pytest`, which `make soak` does.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from memlearn.wiring.load import LoadedConfig

# No deadline: how long an example takes tells how busy the machine is.
settings.register_profile("same", derandomize=True, max_examples=50, deadline=None)
settings.register_profile("explore", max_examples=300, print_blob=True, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))

sys.path.insert(0, str(Path(__file__).parent / "support"))


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Names a file's bytes by their number; all of them make a name that no terminal shows, and that a time stamp in them changes."""
    return f"{argname}-{len(val)}-bytes" if isinstance(val, bytes) and len(val) > 20 else None


@pytest.fixture(scope="session")
def learned_samples(tmp_path_factory: pytest.TempPathFactory) -> LoadedConfig:
    """The config of the committed samples, with a store that holds a release learned from them; not to be changed."""
    # Some tests of the session load no memlearn at all.
    import memlearn
    from memlearn.wiring.load import load_config

    store = tmp_path_factory.mktemp("samples") / "store"
    loaded = load_config(Path(__file__).parents[1] / "configs" / "sample.yaml", {"SAMPLE_STORE": str(store)})
    memlearn.learn(loaded)
    return loaded
