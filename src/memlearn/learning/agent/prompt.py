"""The texts of a step's conversation. The unchanging part comes first, so that providers' prompt caches hit."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from memlearn.errors import ConfigError
from memlearn.learning.agent.step import StepInput
from memlearn.memory import Block, BlockSpec

_PLACEHOLDER = re.compile(r"\{\{(\w+)\}\}")
_NEEDED = {
    "system": ("blocks",),
    "step": ("lines", "rows"),
    "documents_system": ("blocks",),
    "documents_step": ("lines", "rows"),
}
_KNOWN = {
    "system": {"blocks", "form"},
    "step": {"lines", "person", "statistics", "rows", "first", "last"},
    "documents_system": {"blocks", "form"},
    "documents_step": {"lines", "place", "rows"},
}
_USERS, _DOCUMENTS = "", "documents_"
NONE = "(none)"


@dataclass(frozen=True, slots=True)
class Prompts:
    """Templates with `{{name}}` where something is filled in.

    Args:
        system: the system message, the same for all users; `{{blocks}}` and `{{form}}`.
        step: the message of a step; `{{lines}}`, `{{person}}`, `{{statistics}}`, `{{rows}}`, `{{first}}`, `{{last}}`; where documents are
            read `{{lines}}`, `{{place}}`, `{{rows}}`.
    """

    system: str
    step: str

    def system_text(self, specs: Sequence[BlockSpec], form: str) -> str:
        """The system message.

        Args:
            specs: the blocks that the model writes.
            form: instructions about the form of replies; may be empty.
        """
        blocks = "\n".join(
            f"- {spec.label} (at most {spec.limit} characters): {spec.description}" + (f" {spec.instructions}" if spec.instructions else "")
            for spec in specs
        )
        return _fill(self.system, {"blocks": blocks, "form": form}).strip()

    def step_text(self, step: StepInput) -> str:
        """The message that shows what a step is given."""
        return _fill(
            self.step,
            {
                "lines": lines_text(step.blocks),
                "person": "; ".join(step.person) or NONE,
                "place": "\n".join(step.person) or NONE,
                "statistics": numbered("s", [statistic.text for statistic in step.statistics]),
                "rows": numbered("r", [row.text for row in step.rows]),
                "first": step.span[0],
                "last": step.span[1],
            },
        ).strip()


def lines_text(blocks: Sequence[Block]) -> str:
    """The lines of blocks, numbered, with how much of its limit each block uses."""
    shown: list[str] = []
    for block in blocks:
        state = "read only" if block.spec.read_only else f"{len(block.value)} of {block.spec.limit} characters"
        shown.append(f"{block.label} ({state})" + (":" if block.statements else ": empty"))
        shown += [f"{block.label}.{at} {statement.text}" for at, statement in enumerate(block.statements, 1)]
    return "\n".join(shown)


def numbered(letter: str, texts: Sequence[str], first: int = 1) -> str:
    """Texts with their numbers, one a line."""
    return "\n".join(f"{letter}{at} {text}" for at, text in enumerate(texts, first)) or NONE


def load_prompts(folder: Path | None = None) -> Prompts:
    """The prompts for users' steps, of the package or of a folder of the user's own.

    Args:
        folder: holds some of `system.md`, `step.md`, `documents_system.md` and `documents_step.md`; what is missing there is taken
            from the package.

    Raises:
        ConfigError: a file cannot be read, or names what is not filled in, or lacks what must be.
    """
    return _load(folder, _USERS)


def load_document_prompts(folder: Path | None = None) -> Prompts:
    """The prompts for reading documents.

    Args and errors as of `load_prompts`.
    """
    return _load(folder, _DOCUMENTS)


def _load(folder: Path | None, of: str) -> Prompts:
    if folder is not None and not any((folder / f"{name}.md").is_file() for name in _NEEDED):
        names = ", ".join(repr(f"{name}.md") for name in _NEEDED)
        raise ConfigError(f"The folder of prompts {str(folder)!r} holds none of {names}.")
    return Prompts(_text(folder, f"{of}system"), _text(folder, f"{of}step"))


def _text(folder: Path | None, name: str) -> str:
    own = None if folder is None else folder / f"{name}.md"
    if own is None or not own.is_file():
        return files("memlearn.learning.agent").joinpath("prompts", f"{name}.md").read_text("utf-8")
    text = _read(own)
    _check(own, name, text)
    return text


def load_system(path: Path) -> str:
    """A system prompt from a file of any name.

    Raises:
        ConfigError: it cannot be read, or names what is not filled in, or lacks what must be.
    """
    text = _read(path)
    _check(path, "system", text)
    return text


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"The prompt {str(path)!r} cannot be read: {error}. It must be a text file in UTF-8.") from error


def _check(path: Path, name: str, text: str) -> None:
    found = _PLACEHOLDER.findall(text)
    unknown = sorted(set(found) - _KNOWN[name])
    if unknown:
        allowed = ", ".join(f"{{{{{known}}}}}" for known in sorted(_KNOWN[name]))
        raise ConfigError(f"The prompt {str(path)!r} names {{{{{unknown[0]}}}}}, which nothing fills in. It may name: {allowed}.")
    lacking = [needed for needed in _NEEDED[name] if needed not in found]
    if lacking:
        raise ConfigError(f"The prompt {str(path)!r} lacks {{{{{lacking[0]}}}}}; without it the model would not be shown that.")


def _fill(template: str, values: Mapping[str, str]) -> str:
    # One pass, so that nothing inside the values is taken for a placeholder.
    return _PLACEHOLDER.sub(lambda found: values[found[1]], template)
