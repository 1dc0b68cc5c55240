"""What importing LanceDB does not import."""

from __future__ import annotations

import subprocess
import sys

import pytest

SCRIPT = """
import sys
import memlearn.store.vectors
from memlearn.store.vectors.vendor import lancedb
unused = [name for name in sys.modules if name.startswith("lance_namespace_urllib3_client.api.")]
assert not unused, unused
from lance_namespace_urllib3_client import TableApi
assert TableApi.__module__ == "lance_namespace_urllib3_client.api.table_api"
import lance_namespace_urllib3_client
assert lance_namespace_urllib3_client.__version__
print(lancedb.__version__)
"""


@pytest.mark.slow
def test_the_remote_client_is_imported_when_it_is_asked_for() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
