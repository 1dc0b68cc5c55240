"""The generator makes the same files for the same seed, others for another, and the committed ones."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

DATA_FILES = 14
LIMIT_BYTES = 5_000_000


def generate(samples: Path, out: Path, *options: str, hash_seed: str = "0") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(samples / "generate.py"), str(out), *options]
    return subprocess.run(command, check=False, capture_output=True, text=True, env={"PYTHONHASHSEED": hash_seed})


def files_in(folder: Path) -> dict[str, Path]:
    return {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if path.is_file()}


def data_files(samples: Path) -> dict[str, Path]:
    """The committed files that the generator writes."""
    return {
        name: path for name, path in files_in(samples).items() if not name.endswith((".py", ".pyc", "README.md")) and "maker/" not in name
    }


@pytest.mark.slow
def test_the_committed_files_are_the_generators(samples: Path, tmp_path: Path, content: Callable[[Path], object]) -> None:
    done = generate(samples, tmp_path, "--seed", "7", "--users", "300")
    assert done.returncode == 0, done.stderr
    made, committed = files_in(tmp_path), data_files(samples)
    assert sorted(made) == sorted(committed)
    assert len([name for name in made if "/" not in name]) == DATA_FILES
    assert [name for name in made if content(made[name]) != content(committed[name])] == []


@pytest.mark.slow
def test_equal_seeds_give_equal_bytes_and_other_seeds_do_not(samples: Path, tmp_path: Path) -> None:
    for folder, seed, hash_seed in (("a", "11", "1"), ("b", "11", "2"), ("c", "12", "1")):
        assert generate(samples, tmp_path / folder, "--seed", seed, "--users", "40", hash_seed=hash_seed).returncode == 0
    first, second, other = (files_in(tmp_path / folder) for folder in "abc")
    assert sorted(first) == sorted(second) == sorted(other)
    assert [name for name in first if first[name].read_bytes() != second[name].read_bytes()] == []
    changed = {name for name in first if first[name].read_bytes() != other[name].read_bytes()}
    assert {name for name in first if name.startswith(("transactions", "wallet", "truth", "offer-", "customers"))} <= changed


def test_too_few_users_are_refused_with_the_numbers(samples: Path, tmp_path: Path) -> None:
    done = generate(samples, tmp_path / "none", "--users", "29")
    assert done.returncode != 0
    assert "29 users" in done.stderr
    assert "at least 30" in done.stderr


def test_the_samples_are_small_and_need_nothing_of_memlearn(samples: Path) -> None:
    assert sum(path.stat().st_size for path in data_files(samples).values()) < LIMIT_BYTES
    for source in [samples / "generate.py", *(samples / "maker").glob("*.py")]:
        tree = ast.parse(source.read_text(encoding="utf-8"))
        names = [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
        names += [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
        assert {name.split(".")[0] for name in names} <= {*sys.stdlib_module_names, "numpy", "pyarrow", "maker"}, source.name


@pytest.mark.parametrize("users", [30, 61])
def test_other_sizes_work(samples: Path, tmp_path: Path, users: int) -> None:
    done = generate(samples, tmp_path, "--seed", "3", "--users", str(users))
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"{users} users, ")
