"""`${NAME}` and `${NAME:-default}` in a config's texts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}")

Missing = list[tuple[tuple[str | int, ...], str]]


def expand_tree(tree: Any, variables: Mapping[str, str]) -> tuple[Any, Missing]:
    """Replace every reference in the texts of a tree of plain values.

    Args:
        tree: mappings, lists and scalars; keys are left as they are.
        variables: name → value.

    Returns:
        The tree with values put in, and (path, name) of each variable that is not set and has no default.
    """
    missing: Missing = []
    return _expand(tree, variables, (), missing), missing


def _expand(tree: Any, variables: Mapping[str, str], path: tuple[str | int, ...], missing: Missing) -> Any:
    if isinstance(tree, dict):
        return {key: _expand(value, variables, (*path, key), missing) for key, value in tree.items()}
    if isinstance(tree, list):
        return [_expand(value, variables, (*path, position), missing) for position, value in enumerate(tree)]
    if isinstance(tree, str):
        return _expand_text(tree, variables, path, missing)
    return tree


def _expand_text(text: str, variables: Mapping[str, str], path: tuple[str | int, ...], missing: Missing) -> str:
    def value(match: re.Match[str]) -> str:
        name, default = match.group(1), match.group(2)
        # As in a shell, `:-` also stands in for a variable that is set and empty.
        if variables.get(name) or (name in variables and default is None):
            return variables[name]
        if default is None:
            missing.append((path, name))
            return match.group(0)
        return str(default)

    return _REFERENCE.sub(value, text)
