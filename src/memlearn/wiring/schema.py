"""The config's JSON Schema, for editors that complete and check YAML."""

from __future__ import annotations

from typing import Any

from memlearn.wiring.config import Config


def config_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a config file.

    Numbers and truth values also take a text that is one `${NAME}`, since variables are put in before the check.
    """
    schema = Config.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **_with_variables(schema)}


def _with_variables(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_with_variables(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    changed = {key: _with_variables(value) for key, value in schema.items()}
    if schema.get("type") in ("number", "integer", "boolean"):
        limits = {key: changed.pop(key) for key in ("type", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum") if key in changed}
        changed["anyOf"] = [limits, {"type": "string", "pattern": r"^\$\{[A-Za-z_][A-Za-z0-9_]*(:-[^}]*)?\}$"}]
    return changed
