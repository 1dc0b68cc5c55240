"""Grouping, the summary and the schedule's arguments; retries with a real Prefect server (slow)."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memlearn.wiring.reports import LearnReport
from memlearn_flows.summary import learn_summary
from memlearn_flows.tasks import MAX_TASKS, group_shards

ROOT = Path(__file__).parents[2]
ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT / "flows")])}

RETRIES = """
from prefect import flow
from memlearn.errors import BusyError, SourceError, TransientError
from memlearn_flows.tasks import as_task

tries = {"busy": 0, "network": 0, "wrong": 0, "always": 0}

def busy(): tries["busy"] += 1; return succeed_at(3, BusyError, "busy")
def network(): tries["network"] += 1; return succeed_at(2, TransientError, "network")
def wrong(): tries["wrong"] += 1; raise SourceError("no such column")
def always(): tries["always"] += 1; raise BusyError("held")

def succeed_at(count, error, name):
    if tries[name] < count:
        raise error("again")
    return name

@flow
def work():
    done = [as_task(f, f.__name__, delays=(0.1, 0.1))() for f in (busy, network)]
    for f in (wrong, always):
        try:
            as_task(f, f.__name__, delays=(0.1, 0.1))()
        except (SourceError, BusyError) as error:
            done.append(type(error).__name__)
    return done

print(work(), tries, busy.__name__)
"""


@given(st.lists(st.integers(min_value=0), unique=True, max_size=300), st.integers(min_value=1, max_value=100))
def test_groups_hold_every_shard_once_in_order(shards: list[int], most: int) -> None:
    groups = group_shards(shards, most)
    assert [shard for group in groups for shard in group] == shards
    assert len(groups) <= most
    sizes = [len(group) for group in groups]
    assert not sizes or (min(sizes) >= 1 and max(sizes) - min(sizes) <= 1)


def test_tasks_stay_few() -> None:
    assert len(group_shards(range(4096))) == MAX_TASKS
    assert group_shards([]) == []


def test_the_summary_is_a_table_with_warnings() -> None:
    report = LearnReport("run1", "r1", 3, 1000, 2, 5, 6, 7, 8, 1.25, published=False, warnings=("look at this",))
    text = learn_summary(report)
    assert "| release | `r1` (nothing new) |" in text
    assert "| events | 1,000 |" in text
    assert text.endswith("- look at this\n")
    assert "Warnings" not in learn_summary(LearnReport("run1", "r1", 3, 1000, 2, 5, 6, 7, 8, 1.25))


def test_a_schedule_for_a_wrong_config_is_refused_at_once(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "memlearn_flows.schedule", str(tmp_path / "none.yaml"), "--cron", "0 3 * * *"]
    done = subprocess.run(command, capture_output=True, text=True, env=ENVIRONMENT, check=False, timeout=60)
    assert done.returncode == 2
    assert "There is no config file" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_only_what_may_go_away_is_tried_again(tmp_path: Path) -> None:
    home = {"PREFECT_HOME": str(tmp_path), "HOME": str(tmp_path / "home")}
    script = tmp_path / "work.py"
    script.write_text(RETRIES, encoding="utf-8")
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, env=ENVIRONMENT | home, check=True, timeout=240)
    expected = "['busy', 'network', 'SourceError', 'BusyError'] {'busy': 3, 'network': 2, 'wrong': 1, 'always': 3} busy"
    assert done.stdout.strip().splitlines()[-1] == expected
    assert not (tmp_path / "home").exists()
