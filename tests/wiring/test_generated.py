"""What is generated from the models is current and complete."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from memlearn.wiring.config import Config
from memlearn.wiring.reference import config_reference
from memlearn.wiring.schema import config_schema

ROOT = Path(__file__).parents[2]


def models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
        for field in annotation.model_fields.values():
            yield from models(field.annotation)
    for argument in get_args(annotation):
        yield from models(argument)


def test_the_committed_schema_is_current() -> None:
    committed = json.loads((ROOT / "configs/memlearn.schema.json").read_text(encoding="utf-8"))
    assert committed == config_schema(), "run `make docs`"


def test_the_committed_reference_is_current() -> None:
    assert (ROOT / "docs/config.md").read_text(encoding="utf-8") == config_reference(), "run `make docs`"


@pytest.mark.parametrize("model", sorted(set(models(Config)), key=lambda model: model.__name__), ids=lambda model: model.__name__)
def test_every_field_is_described_and_nothing_unknown_is_taken(model: type[BaseModel]) -> None:
    assert model.__doc__
    assert model.model_config["extra"] == "forbid"
    for name, field in model.model_fields.items():
        assert field.description or name in {"role", "columns"}, f"{model.__name__}.{name}"


def test_the_schema_lets_a_variable_stand_for_a_number() -> None:
    allowed = config_schema()["properties"]["max_rejects"]["anyOf"]
    assert {"type": "number", "minimum": 0, "maximum": 1} in allowed
    assert any(choice["type"] == "string" for choice in allowed)


def test_links_of_the_reference_lead_to_its_headings() -> None:
    text = config_reference()
    headings = {line[3:].lower().replace(" ", "-") for line in text.splitlines() if line.startswith("## ")}
    targets = {part.split(")")[0] for part in text.split("](#")[1:]}
    assert targets
    assert targets <= headings
