"""Arguments and options that several commands share."""

from __future__ import annotations

import csv
import signal
import threading
from typing import TYPE_CHECKING, Annotated

import typer

from memlearn.errors import UsageError

if TYPE_CHECKING:
    from memlearn.wiring.load import LoadedConfig

ConfigPath = Annotated[str, typer.Argument(metavar="CONFIG", help="The YAML config file.")]
Json = Annotated[bool, typer.Option("--json", help="Write one JSON document to standard output and nothing else.")]
Variables = Annotated[
    list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="Value for ${NAME} in the config; may be repeated.")
]


def load(path: str, settings: list[str] | None) -> LoadedConfig:
    """Load a config with the variables of `--set`.

    Raises:
        UsageError: a setting is not NAME=VALUE.
        ConfigError: the config is missing or wrong.
    """
    from memlearn.wiring.load import load_config

    _notice_interrupts()
    return load_config(path, parse_settings(settings))


def _notice_interrupts() -> None:
    """End whatever waits when Ctrl-C comes: the handler that Polars installs as it is imported lets calls of the system go on instead."""
    if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.siginterrupt(signal.SIGINT, True)


def split_users(users: list[str]) -> list[str]:
    """The ids of `--users`, once each.

    Raises:
        UsageError: a quote is not closed, or there is none.
    """
    try:
        names = [name.strip() for row in csv.reader(users, skipinitialspace=True, strict=True) for name in row if name.strip()]
    except csv.Error as error:
        raise UsageError(
            f"--users cannot be read: {error}. Quote an id with a comma or a quote as in CSV: --users '\"Doe, Ana\",U2'."
        ) from error
    if not names:
        raise UsageError("--users names no user. Write --users U1,U2.")
    return list(dict.fromkeys(names))


def parse_settings(settings: list[str] | None) -> dict[str, str]:
    """`["A=1", "B=x=y"]` as a mapping; the last one of a name counts.

    Raises:
        UsageError: a setting is not NAME=VALUE.
    """
    pairs = [setting.partition("=") for setting in settings or ()]
    for setting, (name, equals, _) in zip(settings or (), pairs, strict=True):
        if not equals or not name.isidentifier():
            raise UsageError(f"--set {setting!r}: write NAME=VALUE, where NAME is made of letters, digits and `_`.")
    return {name: value for name, _, value in pairs}
