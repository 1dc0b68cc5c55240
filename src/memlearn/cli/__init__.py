"""The command line: parses arguments, calls the verbs, renders their reports."""

from memlearn.cli.app import main

__all__ = ["main"]
