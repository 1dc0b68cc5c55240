"""`${NAME}` in texts."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from memlearn.wiring.variables import expand_tree

_PLAIN = st.text(alphabet=st.characters(blacklist_characters="$"))
_TREES = st.recursive(
    st.none() | st.booleans() | st.integers() | _PLAIN, lambda inner: st.lists(inner) | st.dictionaries(_PLAIN, inner), max_leaves=20
)


@given(_TREES)
def test_a_tree_without_references_stays_as_it_is(tree: object) -> None:
    assert expand_tree(tree, {"A": "x"}) == (tree, [])


@given(_PLAIN, _PLAIN, st.text(min_size=1))
def test_a_value_is_put_in_once_and_not_read_again(before: str, after: str, value: str) -> None:
    assert expand_tree([f"{before}${{A}}{after}"], {"A": value}) == ([f"{before}{value}{after}"], [])


def test_missing_ones_are_listed_with_their_place() -> None:
    tree, missing = expand_tree({"a": ["${X} and ${Y:-y}", "${Z}"]}, {})
    assert tree == {"a": ["${X} and y", "${Z}"]}
    assert missing == [(("a", 0), "X"), (("a", 1), "Z")]


def test_an_empty_variable_counts_unless_there_is_a_default() -> None:
    assert expand_tree("${A}|${A:-b}", {"A": ""}) == ("|b", [])
