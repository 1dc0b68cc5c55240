"""Shards that are rendered together say what they say alone."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from companies import make_company, site_of
from hypothesis import given
from hypothesis import strategies as st

from memlearn.learning.render import BUNDLE_USERS, RenderTask, bundle_shards, render_shards
from memlearn.learning.run import open_run
from memlearn.store.parts import read_part
from memlearn.store.release import open_release
from memlearn.wiring.jobs import make_job
from memlearn.wiring.load import load_config

TABLES = ("statements", "item_facts", "cited_rows", "persons", "bought", "offered")


@given(st.dictionaries(st.integers(0, 30), st.integers(0, BUNDLE_USERS * 2), max_size=12))
def test_bundles_keep_order_and_stay_small(sizes: dict[int, int]) -> None:
    shards = sorted(sizes)
    users = pl.DataFrame({"shard": pl.Series([shard for shard in shards for _ in range(sizes[shard])], dtype=pl.Int32)})
    bundles = bundle_shards(shards, users, 2)
    assert [shard for bundle in bundles for shard in bundle] == shards
    assert all(len(bundle) == 1 or sum(sizes[shard] for shard in bundle) <= BUNDLE_USERS for bundle in bundles)


@given(st.integers(0, 40), st.integers(1, 8))
def test_all_shards_are_bundled_two_by_two_where_every_worker_has_enough(shards: int, workers: int) -> None:
    bundles = bundle_shards(range(shards), None, workers)
    assert [shard for bundle in bundles for shard in bundle] == list(range(shards))
    assert all(len(bundle) <= 2 for bundle in bundles)
    assert len(bundles) >= min(shards, 2 * workers)


@pytest.mark.slow
def test_bundled_shards_render_to_the_same_parts(tmp_path: Path) -> None:
    site = site_of(tmp_path, make_company(7, users=6), learning={"shards": 3})
    parts = [_render(site.config, together=together) for together in (False, True)]
    for table in TABLES:
        alone, together = (part[table].sort(pl.all().exclude("rows", "passages")) for part in parts)
        assert alone.equals(together)
    assert len(parts[0]["statements"])
    site.learn()
    with open_release(site.layout) as release:
        assert release.users().height == parts[0]["users"].height


def _render(config: Path, *, together: bool) -> dict[str, pl.DataFrame]:
    """The parts that a run leaves, which is given up before it publishes."""
    with open_run(make_job(load_config(config))) as run:
        run.ingest()
        run.fold()
        run.share()
        shards = run.shard_ids()
        assert run.scope is not None
        assert run.to_render is not None
        assert len(shards) > 1
        for bundle in [shards] if together else [[shard] for shard in shards]:
            files = {shard: run.scope.files[shard] for shard in bundle}
            render_shards(run.job, run.tables.catalogue, RenderTask(files, run.folder, run.to_render, None))
        names = ("users", *TABLES)
        return {name: pl.concat([read_part(file) for file in sorted((run.folder / "parts" / name).iterdir())]) for name in names}
