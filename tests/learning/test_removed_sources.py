"""A source that leaves the config, or gets another name, leaves what is learned."""

from __future__ import annotations

from pathlib import Path

import pytest

import memlearn

HEAD = "version: 1\nsources:\n"
ROWS = "user,time,item\n" + "".join(f"u{day % 3},2025-01-{day + 1:02d},tea\n" for day in range(28))


def source(name: str, file: str, mode: str) -> str:
    return f"  {name}: {{role: events, path: {file}, mode: {mode}, columns: {{user: user, time: time, item: item}}}}\n"


def content(config: Path) -> str:
    return memlearn.releases(config).releases[0].release_id.split("-")[1]


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["append", "snapshot"])
def test_what_is_left_out_of_the_config_is_as_if_it_had_never_been_there(tmp_path: Path, mode: str) -> None:
    (tmp_path / "shop.csv").write_text(ROWS, encoding="utf-8")
    (tmp_path / "web.csv").write_text(ROWS.replace("tea", "milk").replace("u2", "u9"), encoding="utf-8")
    config, fresh = tmp_path / "memlearn.yaml", tmp_path / "fresh.yaml"
    shop, web = source("shop", "shop.csv", mode), source("web", "web.csv", mode)
    config.write_text(HEAD + shop + web, encoding="utf-8")
    assert memlearn.learn(config).users == 4
    config.write_text(HEAD + shop, encoding="utf-8")
    assert [(one.source, one.reason) for one in memlearn.status(config).pending if one.source == "web"] == [("web", "gone")]
    report = memlearn.learn(config)
    assert (report.users, report.events) == (3, 28)
    assert any("1 source of events, 'web'" in warning for warning in report.warnings)
    fresh.write_text("store: fresh\n" + HEAD + shop, encoding="utf-8")
    memlearn.learn(fresh)
    assert content(config) == content(fresh)
    assert not memlearn.status(config).pending
    assert not any("'web'" in warning for warning in memlearn.learn(config).warnings)
    config.write_text(HEAD + shop + web, encoding="utf-8")
    assert memlearn.learn(config).events == 56


def test_a_source_with_another_name_counts_once(tmp_path: Path) -> None:
    (tmp_path / "shop.csv").write_text(ROWS, encoding="utf-8")
    config = tmp_path / "memlearn.yaml"
    config.write_text(HEAD + source("shop", "shop.csv", "append"), encoding="utf-8")
    memlearn.learn(config)
    config.write_text(HEAD + source("store", "shop.csv", "append"), encoding="utf-8")
    assert memlearn.learn(config).events == 28
