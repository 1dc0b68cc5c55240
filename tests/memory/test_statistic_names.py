"""Names of statistics hold any dimension and any key of any source, alone and among others."""

from __future__ import annotations

import polars as pl
from hypothesis import example, given
from hypothesis import strategies as st

from memlearn.memory.cited import count_named, is_name_of_rows
from memlearn.memory.statistic_names import join_names, name_statistic, read_name, split_names, unescaped

odd = st.text(st.sampled_from("; \\ab\n,#-") | st.characters(exclude_categories=["Cs"]), max_size=12)
names = st.tuples(st.sampled_from(["counts", "moved", "offers"]), odd, odd)


def test_names_by_hand() -> None:
    assert name_statistic("weekdays") == "weekdays"
    assert name_statistic("counts", "merchant", "BLUE BOTTLE") == "counts merchant BLUE BOTTLE"
    assert name_statistic("counts", "merchant", "Salt; Pepper") == r"counts merchant Salt;\ Pepper"
    assert name_statistic("counts", "shop floor", "1") == r"counts shop\ floor 1"
    assert join_names([]) is None
    assert split_names(None) == []


@given(st.lists(names))
@example([("counts", "shop", "; "), ("counts", "", ";"), ("moved", "a;", "\\"), ("moved", "a; ", " b"), ("counts", "b\\ ", "\\; ")])
def test_every_key_comes_back(written: list[tuple[str, str, str]]) -> None:
    told = [name_statistic(*one) for one in written]
    kept = split_names(join_names(told))
    assert kept == list(dict.fromkeys(told))
    assert [read_name(name) for name in kept] == list(dict.fromkeys(written))


@given(odd, odd)
def test_a_column_is_read_alike(dim: str, key: str) -> None:
    rest = name_statistic("counts", dim, key).removeprefix("counts ")
    assert pl.select(unescaped(pl.lit(rest))).item() == f"{dim} {key}"


def test_a_key_names_no_rows() -> None:
    evidence = join_names([name_statistic("counts", "merchant", "ACME; rows 1-99 #00000000; person")])
    assert count_named(evidence) == 0
    assert not any(is_name_of_rows(name) or name == "person" for name in split_names(evidence))
