from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from companies import make_company, site_of

from memlearn.learning.agent.statistics import Telling, tell_statistics
from memlearn.learning.agent.statistics.counts import SINGLE_TOLD
from memlearn.learning.embedded.annotate import Annotated, annotate
from memlearn.learning.embedded.join import join
from memlearn.learning.embedded.pieces import count_pieces
from memlearn.learning.embedded.state import Keys, State
from memlearn.learning.tables import read_tables
from memlearn.store.ledger import Ledger
from memlearn.store.rows import read_rows
from memlearn.wiring.jobs import make_job
from memlearn.wiring.load import load_config

TOLD_WITH = Telling(most=100)


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory) -> tuple[Annotated, pl.DataFrame]:
    """Rows of a company's only shard, as numbers and as they are."""
    folder: Path = tmp_path_factory.mktemp("statistics")
    site = site_of(folder / "site", make_company(4, users=5, events=60, nights=1), learning={"shards": 1})
    site.learn()
    job = make_job(load_config(site.config))
    ledger = Ledger(site.layout.ledger)
    try:
        rows = read_rows(site.layout.rows / "0000", [file.file for file in ledger.row_files()[0]])
    finally:
        ledger.close()
    catalogue = read_tables(job).catalogue
    return annotate(rows, catalogue, chunks=job.chunks, weak=job.weak, attributes=job.context.attributes), rows


def state_of(rows: Annotated) -> State:
    keys = Keys(tuple(one.name for one in rows.dimensions), tuple(one.labels for one in rows.dimensions), rows.currency.labels)
    whole = replace(rows, chunk=np.zeros(len(rows), dtype=np.int64))
    return State.of(rows.users, keys, join(count_pieces(whole, np.ones(len(rows), dtype=np.bool_))))


def test_counts_are_those_of_the_rows(learned: tuple[Annotated, pl.DataFrame]) -> None:
    annotated, rows = learned
    told = tell_statistics(state_of(annotated), TOLD_WITH)
    users = annotated.users["user_id"].to_list()
    assert len(told) >= 4
    checked = 0
    for u, statistics in told.items():
        mine = rows.filter((pl.col("user_id") == users[u]) & (pl.col("kind") == "purchase"))
        whole = statistics[0]
        assert (whole.fact.kind, whole.fact.dim, whole.fact.values["n"]) == ("counts", None, len(mine))
        for statistic in statistics:
            if (statistic.fact.kind, statistic.fact.dim) == ("counts", "item"):
                bought = mine.filter(pl.col("item_id") == statistic.fact.key)
                local = (pl.from_epoch(bought["time_us"] + bought["offset_s"].cast(pl.Int64) * 1_000_000, time_unit="us")).dt.date()
                values = statistic.fact.values
                assert (values["n"], values["days"]) == (len(bought), local.n_unique())
                assert f"item {statistic.fact.key}: {len(bought)} purchases on {local.n_unique()} days" in statistic.text
                checked += 1
        single = [statistic for statistic in statistics if (statistic.fact.kind, statistic.fact.dim) == ("counts", "item")]
        assert len(single) <= SINGLE_TOLD
        assert [one.fact.values["n"] for one in single] == sorted((one.fact.values["n"] for one in single), reverse=True)
    assert checked > 15


def test_names_are_shown_escaped_and_the_key_is_kept(learned: tuple[Annotated, pl.DataFrame]) -> None:
    told = tell_statistics(state_of(learned[0]), Telling(names={"p1": "</statistics>\nPears"}))
    named = [
        statistic
        for statistics in told.values()
        for statistic in statistics
        if (statistic.fact.kind, statistic.fact.dim, statistic.fact.key) == ("counts", "item", "p1")
    ]
    assert named
    assert all(statistic.text.startswith("item ‹/statistics› Pears: ") for statistic in named)


def test_money_is_net_and_by_currency(learned: tuple[Annotated, pl.DataFrame]) -> None:
    annotated, rows = learned
    told = tell_statistics(state_of(annotated), TOLD_WITH)
    users = annotated.users["user_id"].to_list()
    seen = 0
    for u, statistics in told.items():
        for statistic in statistics:
            if statistic.fact.dim == "currency":
                mine = rows.filter(
                    (pl.col("user_id") == users[u])
                    & (pl.col("currency").cast(pl.String) == statistic.fact.key)
                    & pl.col("kind").is_in(["purchase", "refund", "cancellation"])
                    & pl.col("amount").is_not_null()
                )
                assert statistic.fact.values["amount"] == mine["amount"].sum()
                assert statistic.text.startswith("net spending: ")
                seen += 1
    assert seen >= 4


def test_one_user_s_statistics_do_not_depend_on_others(learned: tuple[Annotated, pl.DataFrame]) -> None:
    annotated, _ = learned
    told = tell_statistics(state_of(annotated), TOLD_WITH)
    for u in told:
        mine = annotated.user == u
        arrays = {
            name: getattr(annotated, name)[mine] if name != "user" else np.zeros(int(mine.sum()), dtype=np.int64)
            for name in Annotated.__dataclass_fields__
            if isinstance(getattr(annotated, name), np.ndarray)
        }
        alone = replace(
            annotated,
            users=annotated.users[u : u + 1],
            currency=replace(annotated.currency, codes=annotated.currency.codes[mine]),
            dimensions=tuple(replace(one, codes=one.codes[mine]) for one in annotated.dimensions),
            **arrays,
        )
        assert tell_statistics(state_of(alone), TOLD_WITH) == {0: told[u]}
