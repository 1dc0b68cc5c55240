from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memlearn.sources.documents.markdown import parse_markdown, plain_inline
from memlearn.sources.documents.outline import SEPARATOR, Part, build_sections


def parts(text: str) -> list[tuple[int, str]]:
    return [(part.level, part.text) for part in parse_markdown(text).parts]


def test_front_matter_gives_the_title_and_is_no_text() -> None:
    outline = parse_markdown("---\ntitle: 'Refund policy.'\nlayout: page\n---\n\nMoney back.\n")
    assert outline.title == "Refund policy"
    assert outline.parts == (Part(0, "Money back."),)


@pytest.mark.parametrize("text", ["---\nno mapping here\n---\nText.", "---\n: : [broken\n---\nText."])
def test_what_only_looks_like_front_matter_is_kept(text: str) -> None:
    outline = parse_markdown(text)
    assert outline.title is None
    assert outline.parts[-1] == Part(0, "Text.")


def test_headings_of_both_kinds_and_their_levels() -> None:
    text = "Top\n===\nintro\n\nSecond\n------\n\n### Third ###\n#not a heading\n"
    assert parts(text) == [(1, "Top"), (0, "intro"), (2, "Second"), (3, "Third"), (0, "#not a heading")]


def test_a_code_fence_hides_headings_and_markup() -> None:
    text = "Before.\n```sh\n# a comment\n**not strong**\n```\nAfter."
    assert parts(text) == [(0, "Before."), (0, "    # a comment\n    **not strong**"), (0, "After.")]


def test_a_fence_that_is_never_closed_takes_the_rest() -> None:
    assert parts("~~~\n# x\n") == [(0, "    # x")]


@pytest.mark.parametrize(
    ("raw", "plain"),
    [
        ("[our team]({{ site.mail }})", "our team"),
        ('see [the *page*](a/b.md#c "title"), now', "see the page, now"),
        ("![a logo](x.png) and <https://a.b>", "a logo and https://a.b"),
        ("**Bold**, __also__, _soft_ and *this*", "Bold, also, soft and this"),
        ("snake_case_name and 2 * 3 * 4", "snake_case_name and 2 * 3 * 4"),
        ("use `a*b*c` here", "use a*b*c here"),
        ("our products* count", "our products count"),
        ("&lt;b&gt; &amp; \\*star\\*", "<b> & *star*"),
        ('<span class="x">12</span>34', "1234"),
        ("a note[^1] here", "a note here"),
        ("hidden\u200b word\u202e", "hidden word"),
    ],
)
def test_inline_markup_becomes_words(raw: str, plain: str) -> None:
    if "{{" in raw:
        assert parts(raw) == [(0, plain)]
    else:
        assert plain_inline(raw) == plain


def test_liquid_tags_go_and_their_text_stays() -> None:
    text = "{% include nav.html %}\nA {% if x %}b{% endif %} c.\n{% comment %}secret{% endcomment %}\n{: .note}\nD."
    assert parts(text) == [(0, "A b c."), (0, "D.")]


def test_reference_links_lose_their_definitions() -> None:
    assert parts("[Ask][support] or see [status].\n\n[support]: https://x.y\n[status]: https://z\n") == [(0, "Ask or see status.")]


def test_lists_keep_marks_depth_and_wrapped_lines() -> None:
    text = "* one\n  goes on\n* two\n    * deep\n\n* three\n\n1. first\n2) second\n"
    assert parts(text) == [(0, "- one goes on\n- two\n    - deep\n- three\n1. first\n2. second")]


def test_hard_wrapped_paragraphs_are_joined() -> None:
    assert parts("You must\nask first.\n\nThen act.") == [(0, "You must ask first."), (0, "Then act.")]


def test_quotations_tables_and_embedded_html() -> None:
    text = "> Say\n> this.\n\n| a | b |\n|---|---|\n| **1** | 2 |\n\n<table>\n\n<tr><td>x</td><td>y</td></tr>\n</table>\n\nEnd."
    assert parts(text) == [(0, "> Say this."), (0, "a | b\n1 | 2"), (0, "x | y"), (0, "End.")]


def test_a_rule_is_no_heading_and_comments_are_no_text() -> None:
    assert parts("A.\n\n---\n\n<!-- gone\n# gone -->B.\n\n* * *\n") == [(0, "A."), (0, "B.")]


@given(st.text(alphabet="#*-_[](){}<>|`~=\n !ab1.&\\", max_size=120))
def test_any_text_is_read_and_sections_cover_it(text: str) -> None:
    outline = parse_markdown(text)
    title, sections = build_sections(outline, "fallback")
    assert title
    whole = SEPARATOR.join(section.text for section in sections)
    assert [part.text for part in outline.parts if part.text and not part.level] == [
        piece for section in sections for piece in _pieces(section.text, outline.parts)
    ]
    for section in sections:
        assert whole[section.start : section.start + len(section.text)] == section.text


def _pieces(text: str, found: tuple[Part, ...]) -> list[str]:
    """Cut a section's text back into the parts that it was joined of."""
    pieces: list[str] = []
    for part in found:
        if (
            not part.level
            and part.text
            and text.startswith(part.text)
            and (len(text) == len(part.text) or text[len(part.text) :].startswith(SEPARATOR))
        ):
            pieces.append(part.text)
            text = text[len(part.text) + len(SEPARATOR) :]
            if not text:
                break
    return pieces
