"""What of the agent's lines about documents a release holds: each once, within the limit, and a line of each document first."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from memlearn.chunks.documents import Passage
from memlearn.learning.agent.documents.lines import Written, candidate_spec, document_blocks, with_candidates
from memlearn.learning.documents import quotation, titled
from memlearn.learning.shared import document_statements
from memlearn.memory import DEFAULT_BLOCKS, BlockSpec, Evidence, Fact, Statement

SENTENCE = "Customers may return unused items within {} days."


def passage(document: int, sentences: int = 4) -> Passage:
    text = " ".join(SENTENCE.format(10 * document + at) for at in range(sentences))
    name = f"rules:{document}.md"
    return Passage(f"{name}#/1", name, "rules", f"{document}.md", f"Rules {document}", "policy", (f"Rules {document}",), text, "0")


def line(of: Passage, at: int, document: int, status: str = "verified") -> Statement:
    quote = SENTENCE.format(10 * document + at)
    fact = Fact("passage", "passage", of.passage_id, quotation(of, of.text.index(quote), quote))
    text = titled(of.title, quote) if status == "verified" else f"Guess {document} {at}."
    return Statement(text, Evidence(passages=(of.passage_id,)), fact, "verified" if status == "verified" else "hypothesis")


def spec(limit: int, label: str = "policies") -> BlockSpec:
    return BlockSpec(label=label, description="Rules.", limit=limit, shared=True, read_only=True)


def test_every_document_has_a_line_before_any_has_two() -> None:
    passages = [passage(document) for document in range(3)]
    written = Written({"policies": tuple(tuple(line(of, at, number) for at in range(4)) for number, of in enumerate(passages))}, "d")
    chosen = written.choose(spec(5 * len(line(passages[0], 0, 0).text)), passages)
    assert [one.text[:7] for one in chosen] == ["Rules 0", "Rules 0", "Rules 1", "Rules 2"]


def test_verified_lines_come_first_where_room_is_scarce_and_stand_in_order() -> None:
    of = passage(0)
    lines = (line(of, 0, 0, "hypothesis"), line(of, 1, 0), line(of, 2, 0, "hypothesis"), line(of, 3, 0))
    written = Written({"policies": (lines,)}, "d")
    assert written.choose(spec(2000), [of]) == list(lines)
    assert [one.status for one in written.choose(spec(2 * len(lines[1].text) + 1), [of])] == ["verified", "verified"]


def test_what_a_changed_passage_no_longer_says_is_left_out() -> None:
    before, after = passage(0), passage(0, sentences=1)
    written = Written({"policies": ((line(before, 0, 0), line(before, 3, 0)),)}, "d")
    assert [one.text for one in written.choose(spec(2000), [after])] == [line(before, 0, 0).text]
    assert written.choose(spec(2000), []) == []


@given(limit=st.integers(50, 900), kept=st.lists(st.booleans(), min_size=12, max_size=12))
def test_lines_are_there_once_and_never_pass_the_limit(limit: int, kept: list[bool]) -> None:
    passages = [passage(document) for document in range(3)]
    held = [
        tuple(line(of, at, number, "verified" if kept[4 * number + at] else "hypothesis") for at in range(4)) for number, of in enumerate(passages)
    ]
    rows = document_statements(passages, [spec(limit)], Written({"policies": tuple(held)}, "d"))
    texts = rows["text"].to_list()
    assert len("\n".join(texts)) <= limit
    assert len(texts) == len(set(texts))
    # The agent's lines come first, in order of documents.
    own = {one.text for lines in held for one in lines}
    places = [text in own for text in texts]
    assert places == sorted(places, reverse=True)


def test_proposed_rules_come_last_and_only_where_there_are_any() -> None:
    of = passage(0)
    some, none = Written({"rule_candidates": ((line(of, 0, 0),),)}, "d"), Written({"rule_candidates": ((),)}, "d")
    assert [block.label for block in with_candidates(DEFAULT_BLOCKS, some)][-1] == "rule_candidates"
    assert with_candidates(DEFAULT_BLOCKS, none) == with_candidates(DEFAULT_BLOCKS, None) == DEFAULT_BLOCKS
    own = BlockSpec(label="rule_candidates", description="Of users.")
    assert candidate_spec([*DEFAULT_BLOCKS, own]) is None
    assert [[block.label for block in blocks] for blocks in document_blocks([*DEFAULT_BLOCKS, own]).values()] == [["policies"], ["guidelines"]]
    mine = spec(300, "rule_candidates")
    assert with_candidates([*DEFAULT_BLOCKS, mine], some) == (*DEFAULT_BLOCKS, mine)
