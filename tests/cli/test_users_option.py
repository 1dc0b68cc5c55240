"""Ids of users on the command line, as they are, commas included."""

from __future__ import annotations

import pytest

from memlearn.cli.options import split_users as split
from memlearn.errors import UsageError


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        (["u1,u2"], ["u1", "u2"]),
        (["u1", " u2 , u1"], ["u1", "u2"]),
        (['"Doe, Ana",hugo'], ["Doe, Ana", "hugo"]),
        (['u1, "Doe, Ana"', '"Roe, Ben"'], ["u1", "Doe, Ana", "Roe, Ben"]),
        (['"the ""best"" one"'], ['the "best" one']),
        (['O"Neil'], ['O"Neil']),
    ],
)
def test_ids_are_separated_by_commas_and_quoted_where_they_hold_one(given: list[str], meant: list[str]) -> None:
    assert split(given) == meant


@pytest.mark.parametrize("given", [['"Doe, Ana'], [",", " "]])
def test_what_names_nobody_is_told_with_the_way_out(given: list[str]) -> None:
    with pytest.raises(UsageError, match="--users"):
        split(given)
