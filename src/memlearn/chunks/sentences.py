"""Sentences of a text, found without a model; the pieces join to the text."""

from __future__ import annotations

import re

# A mark that may end a sentence, with closing quotes and brackets, before white space; or the end of a line.
_BORDER = re.compile(r"[.!?…]+[\"'”’»)\]]*(?=\s)|\n+")
_ABBREVIATIONS = frozenset(
    "e.g i.e etc vs cf al approx no nos fig sec art ch vol inc ltd co corp bros mr mrs ms dr prof st jr sr dept est u.s u.k p.m a.m a.k.a "  # noqa: SIM905 - reads better as text
    "z.b d.h bzw ca usw ggf nr abs s.o s.u u.a dott sig sig.ra ing pag es ecc jan feb mar apr jun jul aug sep sept oct nov dec".split()
)
_LAST_WORD = re.compile(r"([\w.]+?)[.!?…]+[\"'”’»)\]]*$")
_OPENING = re.compile(r"\s+([\"'“‘«(\[]*)(\S)")


def split_sentences(text: str) -> list[str]:
    """Split a text into sentences; each keeps the white space that follows it, so that they join to the text.

    A line break ends a sentence. A full stop does not where it follows a known abbreviation, a single letter or
    a list number, or where the next word starts in lower case.
    """
    pieces: list[str] = []
    start = 0
    for match in _BORDER.finditer(text):
        end = match.end()
        if match.group()[0] != "\n" and not _ends_sentence(text[start:end], text, end):
            continue
        while end < len(text) and text[end].isspace():
            end += 1
        if end > start and text[start:end].strip():
            pieces.append(text[start:end])
            start = end
    if start < len(text):
        if pieces and not text[start:].strip():
            pieces[-1] += text[start:]
        else:
            pieces.append(text[start:])
    return pieces


def _ends_sentence(sentence: str, text: str, end: int) -> bool:
    follows = _OPENING.match(text, end)
    if follows and follows.group(2).islower():
        return False
    last = _LAST_WORD.search(sentence)
    if last is None or not sentence.rstrip("\"'”’»)]").endswith("."):
        return True
    word = last.group(1).lower()
    is_initial = len(word) == 1 and word.isalpha() and word != "i"
    # "1. Open the menu": the number of a list item.
    is_list_number = word.isdigit() and sentence.strip().rstrip(".") == word
    return not (word in _ABBREVIATIONS or is_initial or is_list_number)
