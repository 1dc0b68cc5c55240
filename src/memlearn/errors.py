"""The one tree of errors that memlearn raises.

    MemlearnError
    ├── UsageError            wrong use: the caller asked for something that cannot be (exit code 2; of all others 1)
    │   └── ConfigError       a config file is missing, unreadable or invalid
    ├── UnknownUserError      a user that no release or ledger knows
    ├── UnknownRunError       a run that the ledger does not know, or that was not finished
    ├── InputError            the data handed in cannot be used; nothing was changed
    │   ├── SourceError       a source is missing, unreadable, empty or lacks a column
    │   ├── RejectLimitError  too many rows of a source were rejected
    │   └── ShrinkError       a snapshot source lost more rows than configured
    ├── StoreError            the store cannot be read or written
    │   ├── BusyError         another process holds what is needed
    │   ├── DamagedError      a file is not what its checksum says
    │   ├── FormatError       written by a newer memlearn
    │   └── NoReleaseError    nothing was published yet, or there is no such release
    ├── EditError             an edit of memory was refused; the message is written for who edits
    └── TransientError        worth another try (network, rate limits, a locked database)

A message says what, which (`!r`), the numbers, and the way out.
"""

from __future__ import annotations

__all__ = [
    "BusyError",
    "ConfigError",
    "DamagedError",
    "EditError",
    "FormatError",
    "InputError",
    "MemlearnError",
    "NoReleaseError",
    "RejectLimitError",
    "ShrinkError",
    "SourceError",
    "StoreError",
    "TransientError",
    "UnknownRunError",
    "UnknownUserError",
    "UsageError",
]


class MemlearnError(Exception):
    """Base of every error that memlearn raises on purpose."""

    exit_code = 1


class UsageError(MemlearnError):
    """The caller asked for something that cannot be."""

    exit_code = 2


class ConfigError(UsageError):
    """A config file is missing, unreadable or invalid."""


class UnknownUserError(MemlearnError):
    """No release or ledger knows this user."""


class UnknownRunError(MemlearnError):
    """The ledger does not know this run, or it was not finished."""


class InputError(MemlearnError):
    """The data handed in cannot be used; nothing was changed."""


class SourceError(InputError):
    """A source is missing, unreadable, empty or lacks a column."""


class RejectLimitError(InputError):
    """More rows of a source were rejected than the config allows."""


class ShrinkError(InputError):
    """A snapshot source lost more rows than the config allows."""


class StoreError(MemlearnError):
    """The store cannot be read or written."""


class BusyError(StoreError):
    """Another process holds what is needed."""


class DamagedError(StoreError):
    """A file is not what its checksum says."""


class FormatError(StoreError):
    """The file was written by a newer memlearn."""


class NoReleaseError(StoreError):
    """Nothing was published yet, or there is no such release."""


class EditError(MemlearnError):
    """An edit of memory was refused; the message is written for who edits.

    Args:
        message: what is wrong, and the way out.
        code: the sort of reason, in one word, for counting.
    """

    def __init__(self, message: str, code: str = "form") -> None:
        super().__init__(message)
        self.code = code


class TransientError(MemlearnError):
    """Worth another try: network, rate limits, a locked database."""
