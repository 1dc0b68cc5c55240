"""Quotations: whether the words that a statement quotes stand where it says, in a passage of a document."""

from __future__ import annotations

from memlearn.chunks.documents import Passage
from memlearn.memory import Fact


def quote_stands(fact: Fact, passage: Passage) -> bool:
    """True where the quotation that a `passage` fact claims stands in the passage at the place it names."""
    start, end, quote = (fact.values.get(name) for name in ("start", "end", "quote"))
    return (
        fact.kind == "passage"
        and fact.key == passage.passage_id
        and fact.values.get("document") == passage.document_id
        and fact.values.get("headings") == list(passage.headings)
        and isinstance(start, int)
        and isinstance(end, int)
        and isinstance(quote, str)
        and bool(quote)
        and 0 <= start < end <= len(passage.text)
        and passage.text[start:end] == quote
    )
