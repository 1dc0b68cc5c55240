"""Reading a config file: YAML, variables, validation, and messages that say where and what to do."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from memlearn.errors import ConfigError
from memlearn.learning.agent.config import OPERATIONAL
from memlearn.sources.passwords import redacted
from memlearn.wiring.checks import check_config
from memlearn.wiring.config import Config
from memlearn.wiring.problems import Problem, from_validation
from memlearn.wiring.variables import expand_tree
from memlearn.wiring.yaml_map import YamlMap, parse_yaml

# Where the data lies, how many threads work on it and how it is judged is not what is learned.
_WITHOUT_EFFECT = {"store", "releases", "evaluation"}
_WITHOUT_EFFECT_LEARNING = {"workers", "shards"}
_LOCATION = ("path", "sql", "database")


@dataclass(frozen=True, slots=True)
class LoadedConfig:
    """A valid config and where it came from.

    Args:
        config: the config; `store` is an absolute path.
        path: the file, absolute.
        base: its folder; relative paths in the config start here.
        digest: of everything in it that has a bearing on what is learned; the same on every machine.
        variables: values for `${NAME}`: the environment, and over it what was set for this load.
        kept: what the digest is of, as JSON and without passwords; a release holds the one it came of.
        databases: of the sources, as they are written in the file.
    """

    config: Config
    path: Path
    base: Path
    digest: str
    variables: Mapping[str, str]
    kept: str = ""
    databases: tuple[str, ...] = ()


def load_config(path: str | Path, variables: Mapping[str, str] | None = None) -> LoadedConfig:
    """Read and check a config file.

    Args:
        path: the YAML file.
        variables: values for `${NAME}` that come before those of the environment.

    Raises:
        ConfigError: the file is missing, unreadable or wrong; the message lists every problem with its line.
    """
    file = Path(path)
    parsed = _parse(file)
    known = {**os.environ, **(variables or {})}
    tree, missing = expand_tree(parsed.tree, known)
    problems = [Problem(at, f"variable {name!r} is not set. Set it in the environment or with --set {name}=VALUE.") for at, name in missing]
    problems += [Problem(at, "this key is there twice. Keep one of them.") for at in parsed.repeated]
    try:
        config = Config.model_validate(tree)
    except ValidationError as error:
        # A problem that a missing variable causes is reported once.
        where = {problem.path for problem in problems}
        problems += [problem for problem in from_validation(error, Config, tree) if problem.path not in where]
        raise ConfigError(_message(file, parsed, problems)) from None
    problems += check_config(config)
    if problems:
        raise ConfigError(_message(file, parsed, problems))
    absolute = file.resolve()
    resolved = config.model_copy(update={"store": absolute.parent / config.store.expanduser()})
    effective = _effective(config, parsed.tree)
    databases = tuple(source["database"] for source in effective["sources"].values() if source.get("database"))
    return LoadedConfig(resolved, absolute, absolute.parent, _digest(effective), known, _kept(effective), databases)


def _parse(file: Path) -> YamlMap:
    if file.is_dir():
        raise ConfigError(f"{str(file)!r} is a folder. Name the config file in it, for example {str(file / 'memlearn.yaml')!r}.")
    try:
        text = file.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise ConfigError(f"There is no config file {str(file)!r}.{_others(file)} Make one with `memlearn init DIR`.") from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{str(file)!r} is not UTF-8 text (byte {error.start}). Save it as UTF-8.") from None
    except OSError as error:
        raise ConfigError(f"{str(file)!r} cannot be read: {error.strerror}.") from error
    try:
        parsed = parse_yaml(text)
    except RecursionError:
        raise ConfigError(f"{str(file)!r} is nested too deeply, or an anchor in it holds itself.") from None
    except yaml.YAMLError as error:
        raise ConfigError(_yaml_message(file, error)) from None
    if not isinstance(parsed.tree, dict):
        found = "is empty" if parsed.tree is None else f"holds {'a list' if isinstance(parsed.tree, list) else 'a single value'}"
        raise ConfigError(f"{str(file)!r} {found}; a config is a mapping that begins with `version: 1`. Make one with `memlearn init DIR`.")
    return parsed


def _others(file: Path) -> str:
    """The YAML files that are there instead, if there are any."""
    folder = file.parent
    names = sorted(other.name for other in folder.glob("*.y*ml"))[:5] if folder.is_dir() else []
    return f" The folder has: {', '.join(names)}." if names else ""


def _yaml_message(file: Path, error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    reason = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error)
    at = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
    return f"{str(file)!r}{at}: this is not YAML: {reason}. {_yaml_way_out(reason)}"


def _yaml_way_out(reason: str) -> str:
    if "'\\t'" in reason:
        return "Indent with blanks, not with tabs."
    if "escape character" in reason:
        return "Write paths with '/', or in single quotes."
    return "Check the indentation, put a blank behind each ':' of a key, and quote texts that hold ': ', '#' or begin with '*' or '%'."


def _message(file: Path, parsed: YamlMap, problems: Sequence[Problem]) -> str:
    ordered = sorted(problems, key=lambda problem: (parsed.line(problem.path), problem.where, problem.text))
    lines = [f"line {parsed.line(problem.path)}, {problem.where}: {problem.text}" for problem in ordered]
    if len(lines) == 1:
        return f"{str(file)!r}, {lines[0]}"
    return f"{str(file)!r} has {len(lines)} problems:\n" + "\n".join(f"  {line}" for line in lines)


def _effective(config: Config, written: dict[str, Any]) -> dict[str, Any]:
    """What has a bearing on what is learned; locations count as written, so that secrets and folders stay out."""
    effective = config.model_dump(mode="json", exclude=_WITHOUT_EFFECT)
    for name in _WITHOUT_EFFECT_LEARNING:
        effective["learning"].pop(name)
    agent = effective["learning"].pop("agent")
    if config.learning.manager == "agent":
        effective["learning"]["agent"] = {name: value for name, value in agent.items() if name not in OPERATIONAL}
    for name, source in effective["sources"].items():
        source.update({key: written["sources"][name][key] for key in _LOCATION if key in written["sources"][name]})
    return effective


def _digest(effective: dict[str, Any]) -> str:
    text = json.dumps(effective, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def _kept(effective: dict[str, Any]) -> str:
    """The same to keep, without passwords that stand in it as they are."""
    sources = {
        name: {**source, "database": redacted(source["database"])} if source.get("database") else source
        for name, source in effective["sources"].items()
    }
    return json.dumps({**effective, "sources": sources}, sort_keys=True, ensure_ascii=False)
