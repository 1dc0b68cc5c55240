"""A whole evaluation, stage by stage: learn and rank at each cut, run the baselines, judge.

Each stage leaves what it made in the evaluation's folder, so that stages may be called by a loop or by the tasks of a flow, and one that was done
is not done again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import polars as pl
from numpy.typing import NDArray

from memlearn.evaluation.asked import question_of
from memlearn.evaluation.completion import ORDER_DRAWS
from memlearn.evaluation.cuts import TimeCut
from memlearn.evaluation.judge import Bootstrap, Lists, judge
from memlearn.evaluation.learned import Ranked, rank_cut
from memlearn.evaluation.memory_quality import earlier_release, look_at_memory
from memlearn.evaluation.offers import CutSends, judge_offers
from memlearn.evaluation.results import Cut, Evaluation, MemoryQuality, Missing, OfferResults, Subject
from memlearn.evaluation.rivals import Rivals, choose_methods, run_method
from memlearn.evaluation.session import Session, words_of
from memlearn.grounding.verify import JudgeLines
from memlearn.learning.job import Job, digest
from memlearn.ranking.items import leading_level
from memlearn.records import LEVEL_PREFIX
from memlearn.store.release import Release

OURS = "memlearn"
# More items are no offers; scoring them all for everybody would take long.
MOST_OFFERS = 1_000
_TITLE = "memlearn"


def rank_at(session: Session, number: int) -> Ranked:
    """Learn as of one of the judged cuts and rank everybody, or take what was kept.

    Args:
        session: the evaluation.
        number: of the cut, from 0 on.
    """
    visits = session.visits
    return rank_cut(
        session.job,
        session.scratch,
        session.ground,
        session.judged[number],
        visits.items,
        visits.users,
        _sent_users(session, number),
        session.k,
        repeats=session.config.repeats,
    )


def _sent_users(session: Session, number: int) -> list[str]:
    """Who was sent offers after one of the judged cuts and before the next; nobody where there are too many offers to score all."""
    if session.sends is None or len(session.visits.items) > MOST_OFFERS:
        return []
    return _sent(session, number)["user_id"].unique().sort().to_list()


def _sent(session: Session, number: int) -> pl.DataFrame:
    """user_id, item, time_us, answered of the sends after one of the judged cuts and before the next."""
    assert session.sends is not None
    cuts = [one.cut for one in session.judged]
    until = cuts[number + 1].as_of_us if number + 1 < len(cuts) else cuts[number].until_us
    return session.sends.within(cuts[number].as_of_us, until, max(cut.until_us for cut in cuts))


def _offers(session: Session, ranked: Sequence[Ranked]) -> OfferResults | Missing | None:
    if session.sends is None:
        return None
    if len(session.visits.items) > MOST_OFFERS:
        return Missing(f"{len(session.visits.items):,} items may be recommended, and offers are judged among at most {MOST_OFFERS:,}")
    catalogue = session.ground.catalogue
    cuts = [_cut_sends(session, number, one.offers, catalogue) for number, one in enumerate(ranked)]
    config, draws = session.config.offers, session.config.draws
    return judge_offers(
        cuts, OURS, random=config.random, min_effective=config.min_effective, draws=draws, order_draws=min(draws, ORDER_DRAWS)
    )


def _cut_sends(session: Session, number: int, scores: pl.DataFrame, catalogue: pl.DataFrame) -> CutSends:
    assert session.sends is not None
    sends, items = _sent(session, number), len(catalogue)
    users = sends["user_id"].unique().sort()
    score = np.full((len(users), items), np.nan)
    known = scores.join(pl.DataFrame({"user_id": users}).with_row_index("row"), on="user_id")
    score[known["row"].to_numpy(), known["item"].to_numpy()] = known["score"].to_numpy()
    row = users.search_sorted(sends["user_id"]).to_numpy() if len(sends) else np.zeros(0, dtype=np.int64)
    time = sends["time_us"].to_numpy()[:, None]
    begun = catalogue["valid_from_us"].fill_null(np.iinfo(np.int64).min).to_numpy()
    ended = catalogue["valid_until_us"].fill_null(np.iinfo(np.int64).max).to_numpy()
    allowed = (begun[None] <= time) & (time < ended[None])
    return CutSends(sends, score[row], allowed, session.sends.known_at(session.judged[number].cut.as_of_us))


def method_names(session: Session) -> list[str]:
    """The baselines to run."""
    return choose_methods(session.config.baselines)[0]


def rank_baseline(session: Session, name: str, ranked: Sequence[Ranked]) -> Lists:
    """Tune a baseline and rank at the judged cuts, or take what was kept.

    Args:
        session: the evaluation.
        name: of the baseline.
        ranked: what memory ranked at each judged cut; RAG may retrieve as much as the memory of the first one takes.
    """
    config = session.config
    budgets = _budgets(session, ranked[0])
    rivals = Rivals(session.tuning, session.judged, _texts(session), budgets, config.tries, session.k, session.main, config.repeats)
    # RAG alone looks at the memory's size.
    cuts = [(one.cut, one.user.tolist()) for one in (*session.tuning, *session.judged)]
    sizes = budgets.tolist() if name == "rag" else None
    key = digest(session.ground.state, session.kinds, cuts, config.tries, session.k, session.main, config.repeats, sizes)
    return run_method(name, rivals, session.scratch.kept / "methods", key)


def _budgets(session: Session, ranked: Ranked) -> NDArray[np.int64]:
    """Bytes of each user's memory; of users that it does not hold yet the median."""
    median = int(np.median(list(ranked.bytes.values()))) if ranked.bytes else 0
    return np.array([ranked.bytes.get(user, median) for user in session.visits.users], dtype=np.int64)


def _texts(session: Session) -> list[str]:
    known = session.ground.catalogue
    text = pl.concat_str(pl.col("name"), pl.col("text").fill_null(""), separator=" ").str.strip_chars()
    return (
        known.select(pl.when(pl.col("name").is_null() & pl.col("text").is_null()).then("item_id").otherwise(text))
        .to_series()
        .fill_null("")
        .to_list()
    )


def look(session: Session, ranked: Sequence[Ranked]) -> MemoryQuality:
    """Look at the memory of the last judged cut."""
    last = session.judged[-1]
    users, items = session.visits.users, session.visits.items
    truth = pl.DataFrame(
        {"user_id": [users[last.user[row]] for row in last.truth.row], "item_id": [items[item] for item in last.truth.items]},
        schema={"user_id": pl.String, "item_id": pl.String},
    )
    return look_at_memory(
        session.job,
        ranked[-1].release_id,
        earlier_release([one.release_id for one in ranked]),
        truth,
        session.ground.items,
        stale_days=session.config.stale_days,
        draws=session.config.draws,
        judge_lines=None if session.job.agent is None else lambda release: _line_judge(session.job, release),
    )


def _line_judge(job: Job, release: Release) -> JudgeLines:
    @cache
    def make() -> JudgeLines:
        # Only where an agent wrote is it needed, and it takes long to import.
        from memlearn.learning.agent.recheck import LineJudge

        return LineJudge.of(job, release.manifest, job.layout)

    def judge(lines: pl.DataFrame) -> pl.DataFrame:
        return make()(lines)

    return judge


@dataclass(frozen=True, slots=True)
class Named:
    """How the evaluation is called in its report.

    Args:
        data: name of the data.
        config: path of the config.
        version: of memlearn.
        date: when, ISO 8601.
        looks: how many looks at the test period the log holds already.
    """

    data: str
    config: str
    version: str
    date: str
    looks: int = 0


def judge_all(
    session: Session, named: Named, ranked: Sequence[Ranked], baselines: Sequence[Lists], memory: MemoryQuality | None
) -> Evaluation:
    """Judge memory and the baselines by one truth.

    Args:
        session: the evaluation.
        named: how it is called.
        ranked: what memory ranked at each judged cut.
        baselines: lists of the baselines for the same rows.
        memory: the memory itself.
    """
    cuts = tuple(Cut(one.cut.name, *_bounds(session, one.cut), own.release_id) for one, own in zip(session.judged, ranked, strict=True))
    tiers: dict[str, int] = {}
    for own in ranked:
        for tier, count in own.tiers.items():
            tiers[tier] = tiers.get(tier, 0) + count
    ours = Lists(OURS, _TITLE, np.concatenate([own.ranked for own in ranked]), tiers=tiers or None)
    strangers = max(one.strangers for one in session.judged)
    return judge(
        Subject(named.data, named.config, named.version, named.date, session.final, cuts),
        question_of(session.judged, _category(session)),
        [ours, *baselines],
        ours=OURS,
        ks=tuple(session.config.ks),
        main=session.main,
        left_out={"no history before the cut, at most at one cut": strangers},
        notes=tuple(_notes(session, named)),
        memory=memory,
        offers=_offers(session, ranked),
        bootstrap=Bootstrap(draws=session.config.draws),
    )


def _bounds(session: Session, cut: TimeCut) -> tuple[str, str]:
    """From when to when the truth lies; in words where there is only an order."""
    if session.visits.moved:
        return cut.name, "that visit included"
    return _instant(cut.as_of_us), _instant(cut.until_us)


def _instant(us: int) -> str:
    return str(np.datetime64(us, "us").astype("datetime64[s]")) + "Z"


def _category(session: Session) -> NDArray[np.int64] | None:
    """The code of each item's category, negative where it has none; None where items have no levels."""
    items = session.ground.catalogue
    levels = {name.removeprefix(LEVEL_PREFIX): items[name] for name in items.columns if name.startswith(LEVEL_PREFIX)}
    chosen = leading_level({name: column.n_unique() - int(column.null_count() > 0) for name, column in levels.items()})
    if chosen is None:
        return None
    codes = levels[chosen].cast(pl.String).rank("dense").cast(pl.Int64).fill_null(0) - 1
    return codes.to_numpy()


def _notes(session: Session, named: Named) -> Iterator[str]:
    config, what = session.config, words_of(session.kinds)
    if config.truth == "next_visit" or session.visits.moved:
        yield f"The truth of a cut is all that a user has on their first day with {what} after it, up to the end of the period."
    else:
        yield f"The truth of a cut is all {what} of a user within {config.horizon_days} days after it, up to the end of the period."
    if not config.repeats:
        yield "What a user had before a cut is taken out of the truth and out of every ranking (`repeats: false`): only what is new to them counts."
    yield session.spacing
    if session.visits.outside:
        yield f"{session.visits.outside:,} rows of {what} are of items that may not be recommended or are in no source of items; they count nowhere."
    beyond = sum(one.beyond for one in session.judged)
    if beyond:
        yield f"{beyond:,} items of the truth were not valid at the cut, so that nothing could show them; they count nowhere."
    if session.tuning:
        told = ", ".join(one.cut.name for one in session.tuning)
        yield f"Baselines were tuned on earlier cuts ({told}), with at most {config.tries} settings each. Memory's ranker chooses its settings by itself, from its own past."
    else:
        yield "No user has any truth at the earlier cuts, so that baselines could not be tuned; each has its published settings."
    missing = choose_methods(config.baselines)[1]
    yield from missing.values()
    yield (
        "RAG may retrieve for each user as many bytes as all takes that the release of the first cut holds of the same user: text as UTF-8, eight bytes for each number."
    )
    if session.final:
        yield (
            "This is the first look at the test period of which the log beside the report knows."
            if not named.looks
            else (
                f"The log beside the report knows of {named.looks} earlier {'look' if named.looks == 1 else 'looks'} at test data; whoever changed settings since then chose them on it."
            )
        )
