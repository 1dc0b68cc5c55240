"""YAML with line numbers: plain values, and where each key stands in the file."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import yaml

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class YamlMap:
    """A parsed file.

    Args:
        tree: plain values.
        lines: path of keys and list positions → 1-based line.
        repeated: paths of keys that a mapping holds twice.
    """

    tree: Any
    lines: dict[Path, int]
    repeated: tuple[Path, ...]

    def line(self, path: Path) -> int:
        """Line of a path, or of the nearest part of it that is in the file."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


class _Loader(yaml.SafeLoader):
    """YAML as people expect it: `no` and `12:30` are text, dates stay text, only true and false are truth values."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 - the base class declares it so


_PLAIN = {
    "bool": (r"^(?:true|True|TRUE|false|False|FALSE)$", "tTfF"),
    "null": (r"^(?:~|null|Null|NULL|)$", ["~", "n", "N", ""]),
    "int": (r"^[-+]?(?:0|[1-9][0-9]*)$", "-+0123456789"),
    "float": (r"^[-+]?(?:(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?|[0-9]+[eE][-+]?[0-9]+)$", "-+.0123456789"),
}
for _tag, (_pattern, _first) in _PLAIN.items():
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(_pattern), list(_first))


def parse_yaml(text: str) -> YamlMap:
    """Parse one YAML document.

    Raises:
        yaml.YAMLError: the text is not YAML; the error knows the line.
    """
    lines: dict[Path, int] = {}
    repeated: list[Path] = []
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return YamlMap(None, {}, ())
        _walk(node, (), lines, repeated)
        return YamlMap(loader.construct_document(node), lines, tuple(repeated))
    finally:
        loader.dispose()


def _walk(node: yaml.Node, path: Path, lines: dict[Path, int], repeated: list[Path]) -> None:
    lines.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            name = str(key.value)
            if isinstance(key, yaml.ScalarNode):
                # Keys are names: `1: purchase` maps the text "1".
                key.tag = "tag:yaml.org,2002:str"
            if name in seen:
                repeated.append((*path, name))
            seen.add(name)
            lines[*path, name] = key.start_mark.line + 1
            _walk(value, (*path, name), lines, repeated)
    elif isinstance(node, yaml.SequenceNode):
        for position, value in enumerate(node.value):
            _walk(value, (*path, position), lines, repeated)
