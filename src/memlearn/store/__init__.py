"""The store: ledger, row store, vectors and releases."""

from memlearn.store.apart import LearnedApart, read_apart
from memlearn.store.content import digest_users, with_content
from memlearn.store.diff import ReleaseDiff, diff_releases
from memlearn.store.gc import GcReport, Pins, collect_garbage, pinned
from memlearn.store.layout import StoreLayout
from memlearn.store.manifest import RELEASE_FORMAT, LearnedRows, Manifest, SegmentInfo
from memlearn.store.release import Release, open_release
from memlearn.store.segments import compact, needs_compaction, stack_segments, write_shared_segment, write_user_segment
from memlearn.store.switch import (
    ReleaseDraft,
    ReleaseEntry,
    current_release_id,
    kept_config,
    list_releases,
    promote,
    publish_release,
    refusal,
    refuse_release,
    rollback,
)
from memlearn.store.tables import SHARED_TABLES, USER_TABLES, USERS_SCHEMA
from memlearn.store.users import Bought, CitedRow, ItemFact, Offered, StatementRecord, UserRecord

__all__ = [
    "RELEASE_FORMAT",
    "SHARED_TABLES",
    "USERS_SCHEMA",
    "USER_TABLES",
    "Bought",
    "CitedRow",
    "GcReport",
    "ItemFact",
    "LearnedApart",
    "LearnedRows",
    "Manifest",
    "Offered",
    "Pins",
    "Release",
    "ReleaseDiff",
    "ReleaseDraft",
    "ReleaseEntry",
    "SegmentInfo",
    "StatementRecord",
    "StoreLayout",
    "UserRecord",
    "collect_garbage",
    "compact",
    "current_release_id",
    "diff_releases",
    "digest_users",
    "kept_config",
    "list_releases",
    "needs_compaction",
    "open_release",
    "pinned",
    "promote",
    "publish_release",
    "read_apart",
    "refusal",
    "refuse_release",
    "rollback",
    "stack_segments",
    "with_content",
    "write_shared_segment",
    "write_user_segment",
]
