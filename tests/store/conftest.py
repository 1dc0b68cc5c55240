"""A small company whose memory is written as segments and published: what most store tests start from."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl
import pytest

from memlearn.store import (
    USER_TABLES,
    USERS_SCHEMA,
    Manifest,
    ReleaseDraft,
    SegmentInfo,
    StoreLayout,
    publish_release,
    with_content,
    write_shared_segment,
    write_user_segment,
)
from memlearn.store.parts import write_part

Memory = Mapping[str, Sequence[str]]
"""For each user the texts of their statements."""


def user_frames(memory: Memory) -> dict[str, pl.DataFrame]:
    """The user tables of a memory; every text also makes an item fact and a cited row."""
    lines = [(user, line, text) for user, texts in memory.items() for line, text in enumerate(texts, 1)]
    users = [
        {"user_id": user, "steps": 1, "events": len(texts), "first_us": 1, "last_us": 9, "state_digest": "ab" * 16}
        for user, texts in memory.items()
    ]
    statements = [
        {
            "user_id": user, "label": "habits", "line": line, "text": text, "kind": "habit", "dim": "item", "key": text.split()[0] if text else "",
            "fact": json.dumps({"kind": "habit", "dim": "item", "key": text, "days": line}), "rows": [f"{line:016x}"],
            "statistic": None, "passages": [], "operator": False, "status": "verified",
        }
        for user, line, text in lines
    ]  # fmt: skip
    facts = [
        {
            "user_id": user, "dim": "item", "key": text, "n": line, "days": 2, "first_us": 1, "last_us": 9, "every_days": 1.5, "strength": 0.25,
            "lift": None, "shown": 0, "answered": 0, "stance": None, "stance_until_us": None,
        }
        for user, line, text in lines
    ]  # fmt: skip
    rows = [
        {
            "user_id": user, "row_id": f"{line:016x}", "source": "till", "time_us": line, "offset_s": 0, "has_clock": True, "kind": "purchase",
            "label": text, "text": None, "amount": 250, "currency": "EUR", "quantity": 1000,
        }
        for user, line, text in lines
    ]  # fmt: skip
    persons = [{"user_id": user, "attribute": "region", "value": "north"} for user in memory]
    bought = [
        {
            "user_id": user, "visits": len(texts), "purchases": len(texts), "different": len(texts), "first_day": 1, "last_day": 9, "last_size": 1,
            "items": sorted(texts), "item_visits": [1] * len(texts), "item_first_day": [1] * len(texts), "item_last_day": [9] * len(texts),
            "item_faded": [1000] * 3 * len(texts),
        }
        for user, texts in memory.items()
    ]  # fmt: skip
    offered = [
        {"user_id": user, "items": texts, "sent": [1] * len(texts), "answered": [-1] * len(texts)}
        for user, texts in memory.items()
        if len(texts) > 1
    ]
    made = {"statements": statements, "item_facts": facts, "cited_rows": rows, "persons": persons, "bought": bought, "offered": offered}
    frames = {table: pl.DataFrame(made[table], schema=USER_TABLES[table]) for table in USER_TABLES}
    return {"users": pl.DataFrame(users, schema=USERS_SCHEMA), **frames}


def shared_frames(trend: str = "Tea is popular") -> dict[str, pl.DataFrame]:
    """Shared tables with two user blocks and one shared block."""
    labels = ["habits", "offers", "trends"]
    statement = USER_TABLES["statements"].copy()
    statement.pop("user_id")
    row = {
        "label": "trends",
        "line": 1,
        "text": trend,
        "kind": "popular",
        "rows": [],
        "passages": [],
        "statistic": "popularity",
        "operator": False,
        "status": "verified",
    }
    return {
        "blocks": pl.DataFrame(
            {
                "label": labels,
                "description": ["d"] * 3,
                "limit": [500] * 3,
                "read_only": [False, False, True],
                "shared": [False, False, True],
            }
        ),
        "items": pl.DataFrame({"item_id": ["tea", "rye"], "level_brand": ["a", "b"]}),
        "shared_statements": pl.DataFrame([row], schema=statement),
    }


@dataclass
class Company:
    """Writes segments into a store and publishes them."""

    layout: StoreLayout
    parts: Path
    written: int = field(default=0)

    def write_parts(self, frames: Mapping[str, pl.DataFrame], pieces: int = 1) -> dict[str, list[Path]]:
        """Write tables as parts, with the users' digests where they are left out."""
        if frames["users"]["content_digest"].null_count():
            frames = with_content(frames)
        files: dict[str, list[Path]] = {}
        for table, frame in frames.items():
            for piece in range(pieces):
                self.written += 1
                path = self.parts / f"{table}-{self.written}.arrow"
                write_part(frame[piece::pieces], path)
                files.setdefault(table, []).append(path)
        return files

    def segment(self, memory: Memory, removed: Sequence[str] = ()) -> SegmentInfo:
        """A user segment that holds `memory`."""
        return write_user_segment(self.layout, self.write_parts(user_frames(memory)), removed)

    def publish(self, *segments: SegmentInfo, trend: str = "Tea is popular", as_of_us: int = 1, switch: bool = True) -> Manifest:
        """Publish user segments with a shared one."""
        shared = write_shared_segment(self.layout, shared_frames(trend))
        draft = ReleaseDraft("run-1", as_of_us, "config", segments, shared, lance={"blocks": 3}, row_files=("rows/0/base.parquet",))
        return publish_release(self.layout, draft, switch=switch)

    def release(self, memory: Memory, **options: object) -> Manifest:
        """Publish `memory` as one full segment."""
        return self.publish(self.segment(memory), **options)  # type: ignore[arg-type]


@pytest.fixture
def new_company(tmp_path: Path) -> Callable[[str], Company]:
    """Makes companies with stores of their own."""

    def make(name: str) -> Company:
        parts = tmp_path / f"{name}-parts"
        parts.mkdir()
        layout = StoreLayout(tmp_path / name)
        layout.create()
        return Company(layout, parts)

    return make


@pytest.fixture
def company(new_company: Callable[[str], Company]) -> Company:
    """One company with an empty store."""
    return new_company("store")


@pytest.fixture
def frames_of() -> Callable[[Memory], dict[str, pl.DataFrame]]:
    """The user tables of a memory."""
    return user_frames


@pytest.fixture
def start_python() -> Callable[..., subprocess.Popen[str]]:
    """Starts a Python process that can import memlearn."""

    def start(script: str, *arguments: str) -> subprocess.Popen[str]:
        path = os.pathsep.join(entry for entry in sys.path if entry)
        environment = {**os.environ, "PYTHONPATH": path}
        command = [sys.executable, "-c", script, *arguments]
        return subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    return start
