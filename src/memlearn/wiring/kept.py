"""The config that a release holds, the one it came of: all that has a bearing on memory, without passwords; and that config loaded again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pydantic import ValidationError

from memlearn.errors import ConfigError
from memlearn.learning.agent.config import OPERATIONAL
from memlearn.learning.job import digest
from memlearn.sources.passwords import redacted
from memlearn.wiring.config import Config
from memlearn.wiring.load import LoadedConfig
from memlearn.wiring.problems import from_validation
from memlearn.wiring.variables import expand_tree


def load_kept(kept: str, today: LoadedConfig, release_id: str) -> LoadedConfig:
    """The config that a release came of, to be learned with beside the one of today.

    What has no bearing on memory, where locations lie and passwords are those of today.

    Args:
        kept: `LoadedConfig.kept` as the release holds it.
        today: the config as it is now.
        release_id: of the release, for messages.

    Raises:
        ConfigError: it cannot be used any more: this version does not know a setting, or a variable is not set.
    """
    tree: dict[str, Any] = json.loads(kept)
    _fill_passwords(tree, today)
    agent = today.config.learning.agent
    if tree["learning"].get("agent") is not None and agent is not None:
        own = agent.model_dump(mode="json")
        tree["learning"]["agent"] |= {name: own[name] for name in OPERATIONAL if name in own}
    expanded, missing = expand_tree(tree, today.variables)
    try:
        if missing:
            raise ConfigError(_message(release_id, f"the variable {missing[0][1]!r} is not set."))
        config = Config.model_validate(expanded)
    except ValidationError as error:
        [first, *_] = from_validation(error, Config, expanded)
        raise ConfigError(_message(release_id, f"{first.where}: {first.text}")) from error
    own_ways = {name: getattr(today.config, name) for name in ("store", "evaluation", "releases")}
    workers = {name: getattr(today.config.learning, name) for name in ("workers", "shards")}
    config = config.model_copy(update={**own_ways, "learning": config.learning.model_copy(update=workers)})
    return replace(today, config=config, digest=digest(kept), kept=kept)


def _message(release_id: str, what: str) -> str:
    return f"The config that release {release_id!r} came of cannot be used any more: {what}"


def _fill_passwords(tree: Mapping[str, Any], today: LoadedConfig) -> None:
    """Put in the passwords that the file of today has for the same databases."""
    known = {redacted(name): name for name in today.databases}
    for source in tree["sources"].values():
        if source.get("database") in known:
            source["database"] = known[source["database"]]
