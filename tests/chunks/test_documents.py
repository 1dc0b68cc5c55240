from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from memlearn.chunks.documents import cut_passages, cut_text, slugify
from memlearn.chunks.sentences import split_sentences
from memlearn.chunks.tokens import estimate_tokens
from memlearn.records import Document, Section

words = st.text(alphabet="abcXYZäß€😀.,!?\"'()1 \n", min_size=1, max_size=400)


def document(*sections: tuple[tuple[str, ...], str]) -> Document:
    return Document("s:d.md", "s", "d.md", "T", "policy", tuple(Section(headings, text, 0) for headings, text in sections))


@given(words, st.integers(min_value=1, max_value=60))
def test_pieces_rejoin_and_keep_the_budget(text: str, budget: int) -> None:
    pieces = cut_text(text, budget)
    assert "".join(pieces) == text
    assert all(estimate_tokens(piece.rstrip()) <= budget for piece in pieces)


@given(words, st.integers(min_value=1, max_value=60))
def test_a_sentence_is_cut_only_where_it_exceeds_the_budget(text: str, budget: int) -> None:
    borders = {0}
    for piece in cut_text(text, budget):
        borders.add(max(borders) + len(piece))
    at = 0
    for paragraph in _paragraphs(text):
        for sentence in split_sentences(paragraph):
            inside = {border for border in borders if at < border < at + len(sentence)}
            assert not inside or estimate_tokens(sentence.rstrip()) > budget
            at += len(sentence)


def _paragraphs(text: str) -> list[str]:
    pieces, rest = [], text
    while "\n\n" in rest:
        end = rest.index("\n\n") + 2
        while end < len(rest) and rest[end] == "\n":
            end += 1
        pieces.append(rest[:end])
        rest = rest[end:]
    return [*pieces, rest] if rest else pieces


@given(words)
def test_sentences_rejoin(text: str) -> None:
    assert "".join(split_sentences(text)) == text


def test_sentences_end_where_a_reader_ends_them() -> None:
    text = 'Ask Dr. Low, e.g. by mail. It costs 12.50 EUR. "Really?" Yes! See p. 4 ff. and so on.\nNext line\nZ.B. so. Was it? yes'
    assert [sentence.strip() for sentence in split_sentences(text)] == [
        "Ask Dr. Low, e.g. by mail.",
        "It costs 12.50 EUR.",
        '"Really?"',
        "Yes!",
        "See p. 4 ff. and so on.",
        "Next line",
        "Z.B. so.",
        "Was it? yes",
    ]


def test_ids_name_the_headings_and_do_not_move_with_edits_elsewhere() -> None:
    before = cut_passages(document((("T",), "Intro."), (("T", "Age limits"), "Adults only."), (("T", "Age limits"), "Twice.")))
    after = cut_passages(document((("T",), "Intro. " + "More words. " * 200), (("T", "New"), "x"), (("T", "Age limits"), "Adults only.")))
    assert [passage.passage_id for passage in before] == ["s:d.md#/1", "s:d.md#age-limits/1", "s:d.md#age-limits/2"]
    assert before[1] in after
    assert len({passage.passage_id for passage in after}) == len(after)


def test_the_digest_covers_text_and_headings() -> None:
    digests = {cut_passages(document((("T", heading), text)))[0].digest for heading in ("A", "B") for text in ("x", "y")}
    assert len(digests) == 4


def test_headings_are_never_crossed_and_paragraphs_are_put_together() -> None:
    passages = cut_passages(document((("T", "A"), "One.\n\nTwo."), (("T", "B"), "Three.")), budget_tokens=50)
    assert [passage.text for passage in passages] == ["One.\n\nTwo.", "Three."]
    assert passages[0].headings == ("T", "A")


def test_slugs() -> None:
    assert slugify("Examples of full refunds we’d grant.") == "examples-of-full-refunds-we-d-grant"
    assert slugify("???") == "section"
    assert slugify("Größe & Maß") == "grösse-mass"
