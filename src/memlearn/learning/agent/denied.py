"""Suppositions that deny what the cited rows hold, also where it is named by a part of its name: no pizza, where the cited rows hold Pizza Pronto."""

from __future__ import annotations

import re

from memlearn.errors import EditError
from memlearn.grounding.freetext import UserView
from memlearn.grounding.freetext.clause import name_mask
from memlearn.grounding.freetext.elements import Name
from memlearn.grounding.freetext.tokens import fold_words
from memlearn.grounding.freetext.view import Mask

_BOUGHT = r"(?:buys?|bought|purchased?|purchases|orders?|ordered|gets?|got|eats?|ate|drinks?|drank|uses?|used|visits?|visited|goes to|went to|been to|shops? at|shopped at|shopped for)"
_DENIAL = re.compile(
    rf"\b(?:no|zero|not an?y?|never (?:\w+ly )?{_BOUGHT}(?: an?y?)?|never an?y?|(?:does|do|did|has|have|had) (?:not|never) {_BOUGHT}(?: an?y?)?"
    r"|avoids?|avoided|shuns?|shunned|steers clear of|stays away from|without an?y?)(?: (?:single|the|of|at|from))* (?P<what>[\w ]+?)"
    r"(?: (?:at all|whatsoever|whatever|altogether|ever|so far|to date|entirely|completely|bought|purchased|purchases?|is bought|was bought|were bought))* *(?:[.!;,]|$)",
)
_MOST_WORDS = 4


def require_not_denied(text: str, view: UserView, cited: Mask) -> None:
    """Nothing that the cited rows show as bought is said not to be.

    Args:
        text: the line, or a piece of it.
        view: the user's rows.
        cited: rows that count as cited.

    Raises:
        EditError: it is; the message says under which name.
    """
    plain = re.sub(r"n['’]t\b", " not", text.lower())
    for found in _DENIAL.finditer(plain):
        words = fold_words(found["what"])
        if not 0 < len(words) <= _MOST_WORDS:
            continue
        held = _held(words, view, cited & view.of_kinds(("purchase",)))
        if held is not None:
            raise EditError(
                f"The line denies {found['what'].strip()!r}, and the cited rows hold purchases of {held!r}. Correct it, or leave it out.",
                "contradiction",
            )


def _held(words: tuple[str, ...], view: UserView, bought: Mask) -> str | None:
    """A name that holds all the words, of rows that were bought."""
    wanted = [{word, word + "s", word.removesuffix("s")} for word in words]
    for name in view.names:
        if all(forms & set(name) for forms in wanted) and (name_mask(Name("", view.names[name]), view) & bought).any():
            return " ".join(name)
    return None
