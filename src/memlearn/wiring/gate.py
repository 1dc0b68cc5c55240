"""The gate before a release of a changed config: both configs are learned as of the same cuts and compared, and the lists are checked.

Works in the evaluation's folder beside the store; the store itself is only read, until the release is promoted or refused.
"""

from __future__ import annotations

from contextlib import ExitStack

import numpy as np
import polars as pl

from memlearn.errors import BusyError, ConfigError, InputError, SourceError, UsageError
from memlearn.evaluation.gate import Verdict, broken_rules, compare_configurations, together
from memlearn.evaluation.scratch import Scratch, evaluating, scratch_of
from memlearn.evaluation.session import Session, open_session
from memlearn.evaluation.visits import sampled
from memlearn.learning.job import Report
from memlearn.serving import open_memory
from memlearn.store import StoreLayout, current_release_id, kept_config, open_release, promote, refuse_release
from memlearn.store.gc import collect_garbage
from memlearn.wiring.cleaning import clean_store
from memlearn.wiring.jobs import make_job
from memlearn.wiring.kept import load_kept
from memlearn.wiring.load import LoadedConfig

# Beside what an evaluation of the new config leaves; the current one's has a folder of its own.
_CURRENT = "current"
_RELEASES_KEPT = 2


def decide(loaded: LoadedConfig, release_id: str, current_id: str, *, max_cost: float | None, report: Report) -> str | None:
    """Promote a release that was kept aside, or refuse it.

    Args:
        loaded: the new config; it asks for a gate.
        release_id: the new release.
        current_id: the one that is served, learned with another config.
        max_cost: most that an agent may spend at each cut.
        report: told stage, done, total and a word.

    Returns:
        Why it was refused; None where it is served now.

    Raises:
        BusyError: an evaluation is at work, or another process changes the releases; the release stays aside without a verdict.
    """
    layout = StoreLayout(loaded.config.store)
    report("gate", 0, 2, "checking what would be shown")
    verdicts = [_lists(loaded, layout, release_id)]
    report("gate", 1, 2, "comparing with the current config")
    verdicts.append(_compared(loaded, layout, current_id, max_cost, report))
    if current_release_id(layout) != current_id:
        verdicts.append(Verdict(False, f"Meanwhile {current_release_id(layout)!r} is served, which it was not compared with."))
    verdict = together(verdicts)
    report("gate", 2, 2, "passed" if verdict.passed else "refused")
    if verdict.passed:
        promote(layout, release_id)
        return None
    refuse_release(layout, release_id, verdict.reason)
    return verdict.reason


def _lists(loaded: LoadedConfig, layout: StoreLayout, release_id: str) -> Verdict:
    """Check what the new release would show now."""
    config = loaded.config.evaluation
    with open_release(layout, release_id) as release:
        users = release.users()["user_id"].sort()
        chosen = users.filter(pl.Series(sampled(users.to_list(), config.max_users)))
        requests = pl.DataFrame({"user_id": chosen, "at_us": np.full(len(chosen), release.manifest.as_of_us)})
        with open_memory(layout, release_id, warm=True) as memory:
            lists = memory.rank(requests, max(config.ks))
        return broken_rules(release, lists.join(requests, on="user_id").select("user_id", "at_us", "item_id"))


def _compared(loaded: LoadedConfig, layout: StoreLayout, current_id: str, max_cost: float | None, report: Report) -> Verdict:
    gate = loaded.config.releases.gate
    assert gate is not None, "only who asks for a gate comes here"
    kept = kept_config(layout, current_id)
    if kept is None:
        return Verdict(
            False,
            f"Release {current_id!r} does not hold the config that it came of, because an earlier version of memlearn published it, so it cannot be compared with.",
        )
    root = scratch_of(layout)
    with ExitStack() as stack:
        stack.enter_context(evaluating(root))
        own = Scratch(root.root / _CURRENT)
        own.kept.mkdir(parents=True, exist_ok=True)
        try:
            before = load_kept(kept, loaded, current_id)
            new, current = (_session(one, folder, max_cost, report) for one, folder in ((loaded, root), (before, own)))
            verdict = compare_configurations(new, current, gate.margin, gate.min_users)
        except BusyError:
            raise
        except (ConfigError, InputError, SourceError, UsageError) as error:
            return Verdict(False, f"The two configurations cannot be compared: {error}")
        for session in (new, current):
            collect_garbage(session.job.layout, _RELEASES_KEPT)
            clean_store(session.job.layout)
    return verdict


def _session(loaded: LoadedConfig, folder: Scratch, max_cost: float | None, report: Report) -> Session:
    spending = max_cost if loaded.config.learning.manager == "agent" else None
    job = make_job(loaded, max_cost=spending, report=report)
    return open_session(job, loaded.config.evaluation, folder, loaded.config.timezone, final=False)
