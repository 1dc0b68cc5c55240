"""What is wrong with a single value of a config, in plain words instead of pydantic's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

_SHOWN = 80
SOURCE = "`shop: {role: events, path: shop.csv, columns: {user: customer, time: bought_at}}`"
_VERSION = 1

# By the type of pydantic's error; `{text}` is the value as a text.
_BELONGS = {
    "string_type": "a text belongs here. Write {text} in quotes",
    "bool_parsing": "true or false belongs here",
    "bool_type": "true or false belongs here",
    "path_type": "the name of a folder belongs here",
    **dict.fromkeys(("int_type", "int_parsing", "int_from_float"), "a whole number belongs here, such as 5"),
    **dict.fromkeys(("float_type", "float_parsing"), "a number belongs here, such as 0.5"),
    **dict.fromkeys(("list_type", "tuple_type"), "a list belongs here. Write [{text}] for one entry"),
    **dict.fromkeys(
        ("dict_type", "model_type", "model_attributes_type"),
        "a mapping belongs here. Write `name: value`, one a line and indented, or `{{name: value}}`",
    ),
    **dict.fromkeys(
        ("date_type", "date_parsing", "date_from_datetime_parsing", "date_from_datetime_inexact"), "a day belongs here, such as 2025-01-31"
    ),
}


def describe_value(kind: str, found: Any, context: Mapping[str, Any]) -> str | None:
    """What belongs in the place of a value; None where there is nothing better to say than pydantic does.

    Args:
        kind: the type of pydantic's error.
        found: the value.
        context: what pydantic knows beside it.
    """
    if found is None and kind in _BELONGS:
        return "nothing stands here. Give it a value, or remove the key."
    if kind in _BELONGS:
        shown = repr(found)[:_SHOWN]
        if isinstance(found, Mapping) and kind == "list_type":
            return f"found {shown}, but a list belongs here. Begin each entry with `- `."
        share = _share(found) if kind == "float_parsing" else ""
        return f"found {shown}, but {_BELONGS[kind].format(text=_written(found))}.{share}"
    make = _SPECIAL.get(kind)
    return None if make is None else make(found, context)


def describe_sources(found: Any) -> str:
    """What is wrong with `sources` that name no source."""
    what = f"found {found!r}"[:_SHOWN] + ", but every source has a name" if found else "there is no source"
    return (
        f"{what}. Add one below it, indented by two blanks, for example {SOURCE}; `memlearn init DIR` writes a whole config to start from."
    )


def describe_version(found: Any) -> str:
    """What is wrong with a `version` that is not the one that this memlearn reads."""
    number = int(found) if isinstance(found, str) and found.isdigit() else found
    if isinstance(number, int) and number > _VERSION:
        return f"this config has version {number}; this memlearn reads version {_VERSION}. Upgrade memlearn, or write the config for version {_VERSION}."
    if found != number:
        return f"found the text {found!r}. Write `version: {_VERSION}`, without quotes."
    return f"{found!r} is no version. Write `version: {_VERSION}`."


def _written(found: Any) -> str:
    return repr(str(found))[:_SHOWN]


def _share(found: Any) -> str:
    number = str(found).rstrip(" %").replace(",", ".")
    if not str(found).endswith("%") or not number.replace(".", "", 1).isdigit():
        return ""
    return f" Write {float(number) / 100:g} for {number} %."


def _empty(found: Any, context: Mapping[str, Any]) -> str:
    least = context.get("min_length", 1)
    return f"it has {len(found)} entries; at least {least} must be there. Add {'one' if least == 1 else 'more'}."


def _pattern(found: Any, context: Mapping[str, Any]) -> str:
    marks = "digits, `_` and `-`" if "_-" in str(context.get("pattern")) else "digits and `_`"
    return f"{str(found)[:_SHOWN]!r} is not a name: small letters, {marks}, a letter first, at most 40."


def _length(found: Any, context: Mapping[str, Any]) -> str | None:
    if context.get("max_length", context.get("min_length")) != 1:
        return None
    return f'found {found!r}, but a single character belongs here; a tab is written "\\t".'


_SPECIAL: Mapping[str, Callable[[Any, Mapping[str, Any]], str | None]] = {
    "too_short": _empty,
    "string_pattern_mismatch": _pattern,
    "string_too_long": _length,
    "string_too_short": _length,
}
