"""A mapping may change after files were renamed: they are known by their content. Files that are gone are told, with a way out."""

from __future__ import annotations

from pathlib import Path

import pytest

import memlearn
from memlearn.errors import SourceError

HEAD = "version: 1\n{store}sources:\n  shop: {{role: events, path: 'in/*.csv', columns: {{user: user, time: time, item: item, key: key}}{more}}}\n"


def site(folder: Path, names: tuple[str, ...]) -> Path:
    (folder / "in").mkdir(parents=True)
    for number, name in enumerate(names):
        # The second file corrects a row of the first one, so that the order in which they came counts.
        rows = [f"k{day},u{day % 2},2025-0{number + 1}-{day + 1:02d},item{number},s{number}" for day in range(20)]
        (folder / "in" / name).write_text("key,user,time,item,shop\n" + "\n".join(rows) + "\n", encoding="utf-8")
    return folder / "memlearn.yaml"


def content(config: Path) -> str:
    return memlearn.releases(config).releases[0].release_id.split("-")[1]


@pytest.mark.slow
def test_renamed_files_are_read_again_in_the_order_in_which_they_came(tmp_path: Path) -> None:
    config, fresh = site(tmp_path / "one", ("a.csv", "b.csv")), site(tmp_path / "two", ("a.csv", "b.csv"))
    config.write_text(HEAD.format(store="", more=""), encoding="utf-8")
    memlearn.learn(config)
    (config.parent / "in" / "a.csv").rename(config.parent / "in" / "z-archived.csv")
    for file in (config, fresh):
        file.write_text(HEAD.format(store="", more=", attributes: {store: shop}"), encoding="utf-8")
        memlearn.learn(file)
    assert content(config) == content(fresh)
    assert not memlearn.status(config).pending


def test_files_that_are_gone_are_told_with_the_way_out(tmp_path: Path) -> None:
    config = site(tmp_path, ("a.csv", "b.csv"))
    config.write_text(HEAD.format(store="", more=""), encoding="utf-8")
    memlearn.learn(config)
    gone = config.parent / "in" / "a.csv"
    # Of the same size, and another content.
    (config.parent / "in" / "c.csv").write_bytes(gone.read_bytes().replace(b"item0", b"item9"))
    gone.unlink()
    config.write_text(HEAD.format(store="", more=", attributes: {store: shop}"), encoding="utf-8")
    with pytest.raises(SourceError, match=r"1 read earlier are gone, 'in/a\.csv' first.*undo the change, or begin anew .*`store`"):
        memlearn.learn(config)
    config.write_text(HEAD.format(store="store: anew\n", more=", attributes: {store: shop}"), encoding="utf-8")
    assert memlearn.learn(config).published
