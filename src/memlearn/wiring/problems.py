"""What is wrong in a config, in words: where, what was found, what is near, what to do."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from memlearn.wiring.wrong_values import SOURCE, describe_sources, describe_value, describe_version

Path = tuple[str | int, ...]
_ADDED: Mapping[Path, str] = {("version",): "`version: 1` as the first line"}
_TOP: Mapping[Path, Callable[[Any], str]] = {("version",): describe_version, ("sources",): describe_sources}


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem: the path of keys, and what is wrong there with the way out."""

    path: Path
    text: str

    @property
    def where(self) -> str:
        """The path as people write it: `sources.sales.columns.user`."""
        text = "".join(f"[{part + 1}]" if isinstance(part, int) else f".{part}" for part in self.path)
        return text.removeprefix(".") or "the file"


def nearest(word: str, known: Iterable[str]) -> str:
    """` Did you mean ...?` with the nearest known word, or nothing."""
    words = {candidate.lower(): candidate for candidate in known}
    found = difflib.get_close_matches(word.lower(), list(words), n=1, cutoff=0.6)
    return f" Did you mean {words[found[0]]!r}?" if found else ""


def from_validation(error: ValidationError, model: type[BaseModel], tree: Any) -> list[Problem]:
    """The problems that pydantic found, one for each place.

    Args:
        error: what pydantic raised.
        model: the model that was validated.
        tree: the plain values that it was validated against.
    """
    found: dict[Path, list[str]] = {}
    for detail in error.errors(include_url=False, include_context=True):
        path = _real_path(detail, tree)
        text = _describe(detail, path, model, tree)
        if text not in found.setdefault(path, []):
            found[path].append(text)
    return [Problem(path, " Or: ".join(texts)) for path, texts in found.items()]


def _real_path(detail: ErrorDetails, tree: Any) -> Path:
    """The error's place in the file: pydantic also names union members, which are not there."""
    path: list[str | int] = []
    current = tree
    location = detail["loc"]
    for position, part in enumerate(location):
        if (isinstance(current, Mapping) and part in current) or (
            isinstance(current, list) and isinstance(part, int) and part < len(current)
        ):
            current = current[part]  # type: ignore[index]
        elif not (detail["type"] == "missing" and position == len(location) - 1):
            continue
        path.append(part)
    return (*path, "role") if detail["type"] == "union_tag_invalid" else tuple(path)


def _describe(detail: ErrorDetails, path: Path, model: type[BaseModel], tree: Any) -> str:
    if path in _TOP and detail["type"] != "missing":
        return _TOP[path](detail["input"])
    return _describe_key(detail, path, model, tree) or _describe_found(detail)


def _describe_key(detail: ErrorDetails, path: Path, model: type[BaseModel], tree: Any) -> str | None:
    """What is wrong with a key; None: it is its value."""
    kind = detail["type"]
    if kind == "missing":
        return f"this key must be there. Add {_ADDED.get(path, 'it')}."
    if kind == "extra_forbidden":
        keys = _keys_at(model, path[:-1], tree)
        return f"there is no such key.{nearest(str(path[-1]), keys)} Keys here: {', '.join(sorted(keys))}."
    if kind == "union_tag_not_found":
        return "'role' is missing. Say what the source holds with `role: events`, items, offer_items, persons, statements or documents."
    if kind == "model_attributes_type" and path[:1] == ("sources",):
        return f"found {detail['input']!r}"[:80] + f", but a source is a mapping with `role`, for example {SOURCE}."
    return None


def _describe_found(detail: ErrorDetails) -> str:
    kind, found, context = detail["type"], detail["input"], detail.get("ctx", {})
    if kind in ("literal_error", "union_tag_invalid"):
        expected = str(context.get("expected", context.get("expected_tags", ""))).replace("'", "")
        allowed = [word.strip() for word in expected.replace(" or ", ", ").split(",")]
        value = str(context.get("tag", found))
        return f"{value!r} is not known.{nearest(value, allowed)} Allowed: {', '.join(allowed)}."
    if kind == "value_error":
        return detail["msg"].removeprefix("Value error, ").removesuffix(".") + "."
    told = describe_value(kind, found, context)
    if told is not None:
        return told
    reason = detail["msg"].removeprefix("Input ")
    shown = "nothing" if found is None else f"{found!r}"[:80]
    return f"found {shown}, but it {reason[:1].lower()}{reason[1:]}."


def _keys_at(model: type[BaseModel], path: Path, tree: Any) -> list[str]:
    """Names of the keys that the model allows at a path."""
    annotation: Any = model
    current = tree
    for part in path:
        annotation = _step(annotation, part, current)
        current = current[part]
    chosen = _choose(annotation, current)
    return list(chosen.model_fields) if chosen is not None else []


def _step(annotation: Any, part: str | int, current: Any) -> Any:
    model = _choose(annotation, current)
    if model is not None and isinstance(part, str) and part in model.model_fields:
        return model.model_fields[part].annotation
    arguments = get_args(annotation)
    return arguments[-1] if arguments else None


def _choose(annotation: Any, current: Any) -> type[BaseModel] | None:
    """The model that an annotation means for these values; a union is told apart by `role`."""
    if get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    members = get_args(annotation) if get_origin(annotation) in (Union, UnionType) else (annotation,)
    models = [member for member in members if isinstance(member, type) and issubclass(member, BaseModel)]
    role = current.get("role") if isinstance(current, Mapping) else None
    named = [member for member in models if "role" in member.model_fields and member.model_fields["role"].default == role]
    return next(iter(named or models), None)
