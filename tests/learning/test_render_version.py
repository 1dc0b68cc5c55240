"""An upgrade that words memory otherwise words everybody's anew, not only that of users with new rows."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

import memlearn
from memlearn.learning import scope
from memlearn.learning.embedded.render import profile

CONFIG = "version: 1\nsources:\n  app: {role: events, path: app.csv, columns: {user: user, time: time}}\n"


def words(config: Path, user: str) -> str:
    return memlearn.show(config, user).blocks[0].statements[0].text


def test_a_new_version_of_rendering_renders_everybody_and_does_no_step_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tmp_path / "memlearn.yaml"
    config.write_text(CONFIG, encoding="utf-8")
    (tmp_path / "app.csv").write_text("user,time\na,2025-01-02\nb,2025-01-03\n", encoding="utf-8")
    memlearn.learn(config)
    assert words(config, "a") == "1 purchase on 2 January 2025."
    monkeypatch.setattr(profile, "day_words", lambda day: day.cast(pl.Int32).cast(pl.Date).dt.strftime("%Y, %-d %B"))
    monkeypatch.setattr(scope, "RENDER_VERSION", "render-of-tomorrow")
    report = memlearn.learn(config)
    assert (report.published, report.steps_done) == (True, 0)
    assert [words(config, user) for user in ("a", "b")] == ["1 purchase on 2025, 2 January.", "1 purchase on 2025, 3 January."]
