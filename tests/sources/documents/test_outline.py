from __future__ import annotations

from memlearn.sources.documents.outline import Outline, Part, build_sections, heading_text, tidy


def paths(title: str | None, *parts: Part) -> list[tuple[str, ...]]:
    return [section.headings for section in build_sections(Outline(title, parts), "Fallback")[1]]


def test_headings_make_a_path_and_a_higher_one_closes_deeper_ones() -> None:
    found = paths("T", Part(2, "A"), Part(0, "a"), Part(3, "B"), Part(0, "b"), Part(2, "C"), Part(0, "c"))
    assert found == [("T", "A"), ("T", "A", "B"), ("T", "C")]


def test_the_first_heading_that_opens_the_document_is_its_title() -> None:
    title, sections = build_sections(Outline(None, (Part(1, "Top"), Part(0, "x"), Part(2, "A"), Part(0, "y"))), "Fallback")
    assert title == "Top"
    assert [section.headings for section in sections] == [("Top",), ("Top", "A")]
    assert paths("Other", Part(1, "Top"), Part(0, "x")) == [("Other",)]


def test_several_first_level_headings_are_steps_of_the_path() -> None:
    assert paths("T", Part(1, "A"), Part(0, "a"), Part(1, "B"), Part(0, "b")) == [("T", "A"), ("T", "B")]


def test_sections_without_text_are_left_out_and_starts_count_in_the_joined_text() -> None:
    title, sections = build_sections(
        Outline(None, (Part(0, "ab"), Part(2, "Empty"), Part(2, "Full"), Part(0, "c"), Part(0, "d"))), "Fallback"
    )
    assert title == "Empty"
    assert [(section.text, section.start) for section in sections] == [("ab", 0), ("c\n\nd", 4)]


def test_no_heading_at_all_takes_the_fallback() -> None:
    assert build_sections(Outline(None, (Part(0, "x"),)), "Fallback")[0] == "Fallback"
    assert build_sections(Outline(None, ()), "Fallback") == ("Fallback", ())


def test_tidying() -> None:
    assert tidy(" a\u00a0\tb\u200b\n c\u202e ") == "a b c"
    assert heading_text(" Fair refunds. ") == "Fair refunds"
