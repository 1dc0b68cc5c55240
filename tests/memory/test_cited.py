"""Many cited rows in a few characters: the same rows come back, or none where the user's rows are others now."""

from __future__ import annotations

from hypothesis import assume, given
from hypothesis import strategies as st

from memlearn.memory.cited import count_named, is_name_of_rows, name_rows, rows_named

ROWS = tuple(f"{number * 7919:016x}" for number in range(300))
PLACES = {row: place for place, row in enumerate(ROWS, start=1)}
some = st.sets(st.sampled_from(ROWS), min_size=1)


def test_a_name_by_hand() -> None:
    name = name_rows([ROWS[129], *ROWS[:126]], PLACES)
    assert name.startswith("rows 1-126,130 #")
    assert count_named(name) == count_named(f"counts item p1; {name}; person") == 127
    assert count_named("counts") == count_named(None) == 0
    assert not is_name_of_rows("counts item rows 1-2 #00000000")


@given(cited=some)
def test_a_name_gives_the_rows_back_in_order(cited: set[str]) -> None:
    name = name_rows(sorted(cited, reverse=True), PLACES)
    assert is_name_of_rows(name)
    assert rows_named(name, ROWS) == tuple(row for row in ROWS if row in cited)
    assert count_named(name) == len(cited)


@given(cited=some, gone=st.sampled_from(ROWS))
def test_rows_that_moved_are_not_taken_for_those_that_were_named(cited: set[str], gone: str) -> None:
    assume(any(PLACES[row] >= PLACES[gone] for row in cited))
    rest = tuple(row for row in ROWS if row != gone)
    assert rows_named(name_rows(sorted(cited), PLACES), rest) == ()
