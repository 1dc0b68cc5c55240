"""Totals over the users of a release."""

from __future__ import annotations

from collections.abc import Sequence

from memlearn.duck import fetch, open_database
from memlearn.store.layout import StoreLayout
from memlearn.store.manifest import SegmentInfo
from memlearn.store.segments import winners_query


def count_segments(layout: StoreLayout, segments: Sequence[SegmentInfo], shared: SegmentInfo) -> dict[str, int]:
    """Steps, events and statements over the users that count; the shared statements included.

    Args:
        layout: the store.
        segments: user segments, oldest first.
        shared: the shared segment.
    """
    with open_database(memory_limit="700MB") as connection:
        for index, segment in enumerate(segments):
            connection.execute(f"attach '{_quoted(layout, segment)}' as s{index} (read_only)")
        connection.execute(f"attach '{_quoted(layout, shared)}' as shared (read_only)")
        connection.execute(f"create temp table winner as select segment, user_no, steps, events from ({winners_query(len(segments))})")
        sums = fetch(
            connection, "select coalesce(sum(steps), 0)::bigint as steps, coalesce(sum(events), 0)::bigint as events from winner"
        ).row(0, named=True)
        lines = fetch(connection, "select count(*) as n from shared.shared_statements").item()
        for index in range(len(segments)):
            lines += fetch(
                connection,
                f"select count(*) as n from s{index}.statements t join winner w on w.segment = {index} and w.user_no = t.user_no",
            ).item()
    return {"steps": int(sums["steps"]), "events": int(sums["events"]), "statements": int(lines)}


def _quoted(layout: StoreLayout, segment: SegmentInfo) -> str:
    return str(layout.segment(segment.file)).replace("'", "''")
