"""`__all__` of every module is sorted and says exactly what is there; importing the package takes no time."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = [ROOT / "src/memlearn", ROOT / "flows/memlearn_flows"]
FILES = sorted(file for source in SOURCES for file in source.rglob("*.py"))


def exports(tree: ast.Module) -> list[str] | None:
    for node in tree.body:
        if isinstance(node, ast.Assign) and [ast.unparse(target) for target in node.targets] == ["__all__"]:
            return list(ast.literal_eval(node.value))
    return None


def reexports(tree: ast.Module) -> set[str]:
    nodes = [part for node in tree.body for part in (node.body if isinstance(node, ast.If) else [node])]
    ours = [node for node in nodes if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("memlearn")]
    return {alias.asname or alias.name for node in ours for alias in node.names}


def order(name: str) -> tuple[int, str]:
    """Constants, then classes, then functions, as ruff sorts them."""
    return (0 if name.isupper() else 1 if name[0].isupper() else 2, name)


def module_name(file: Path) -> str:
    source = next(source for source in SOURCES if file.is_relative_to(source))
    parts = file.relative_to(source.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@pytest.mark.parametrize("file", FILES, ids=module_name)
def test_all_is_sorted_and_exact(file: Path) -> None:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    names = exports(tree)
    if file.name == "__init__.py" and reexports(tree):
        assert names is not None, "a package that re-exports names them in __all__"
        assert set(names) == reexports(tree)
    if names is None:
        return
    assert names == sorted(set(names), key=order)
    module = importlib.import_module(module_name(file))
    assert [name for name in names if not hasattr(module, name)] == []


@pytest.mark.parametrize("file", FILES, ids=module_name)
def test_every_file_says_what_it_holds(file: Path) -> None:
    assert ast.get_docstring(ast.parse(file.read_text(encoding="utf-8")))


def test_importing_the_package_loads_nothing_heavy() -> None:
    script = "import sys, memlearn; print([m for m in ('polars', 'duckdb', 'lancedb', 'pydantic', 'prefect', 'openai') if m in sys.modules])"
    environment = {"PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=environment, check=True, timeout=60)
    assert done.stdout.strip() == "[]"
