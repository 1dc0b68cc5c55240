"""The promises of the fold, as checks that hold for every manager: the same rows give the same memory, however they came."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

from companies import BEGIN, Company, Delivery, Site, make_company, scratch_of, site_of


def _varied(seed: int, **settings: object) -> Company:
    random = Random(seed)
    shape = {"users": random.choice([2, 4, 7]), "events": random.choice([15, 40]), "days": random.choice([40, 150, 400])}
    return make_company(seed, **{**shape, **settings})  # type: ignore[arg-type]


def _when(row: dict[str, str]) -> datetime:
    return datetime.fromisoformat(row["at"] if "at" in row else row["day"])


def _zone(seed: int) -> str:
    return ["Europe/Berlin", "America/New_York", "UTC"][seed % 3]


def nights_are_one_run(folder: Path, seed: int) -> None:
    company = _varied(seed, nights=Random(seed).choice([2, 4]))
    chunks = {"tokens": 300}
    nightly = Site(folder / "nightly", {"timezone": _zone(seed), "chunks": chunks}).set_up(company)
    for night in company.nights:
        nightly.deliver(*night)
        nightly.learn()
    once = site_of(folder / "once", company, timezone=_zone(seed), chunks=chunks)
    once.learn()
    assert nightly.content() == once.content()
    assert nightly.digest() == once.digest()
    # Corrected and deleted rows leave nothing behind.
    scratch = scratch_of(folder / "scratch", company, timezone=_zone(seed), chunks=chunks)
    scratch.learn()
    assert scratch.digest() == once.digest()


def order_of_arrival_does_not_matter(folder: Path, seed: int) -> None:
    random = Random(seed)
    company = _varied(seed, nights=3, changes=False)
    shuffled = [[replace(part, rows=tuple(random.sample(part.rows, len(part.rows)))) for part in night] for night in company.nights]
    random.shuffle(shuffled)
    late = Site(folder / "late").set_up(company)
    for night in shuffled:
        late.deliver(*night)
        late.learn()
    once = site_of(folder / "once", company)
    once.learn()
    assert late.content() == once.content()
    assert late.digest() == once.digest()


def chunk_boundaries_do_not_matter(folder: Path, seed: int) -> None:
    company = _varied(seed)
    one = site_of(folder / "one", company, chunks={"tokens": 1_000_000, "calendar": "none"})
    one.learn()
    random = Random(seed)
    many = Site(
        folder / "many", {"chunks": {"tokens": random.choice([100, 200, 1000]), "calendar": random.choice(["none", "month", "quarter"])}}
    )
    many.set_up(company)
    # Closed chunks are taken over from the nights before.
    steps = []
    for night in company.nights:
        many.deliver(*night)
        steps.append(many.learn())
    assert many.content() == one.content()
    assert steps[-1].steps_done + steps[-1].steps_reused > len(company.users)


def learning_again_does_nothing(folder: Path, seed: int) -> None:
    site = site_of(folder / "site", _varied(seed))
    first = site.learn()
    assert first.published
    again = site.learn()
    assert (again.published, again.release_id, again.steps_done) == (False, first.release_id, 0)
    assert again.steps_reused == first.steps_done
    assert again.run_id != first.run_id


def workers_and_shards_do_not_matter(folder: Path, seed: int) -> None:
    company = _varied(seed)
    found = set()
    for workers, shards in ((1, 1), (2, 3), (4, 7)):
        site = site_of(folder / f"{workers}-{shards}", company, learning={"workers": workers, "shards": shards})
        site.learn()
        found.add(site.digest())
    assert len(found) == 1


def as_of_is_learning_what_was_before(folder: Path, seed: int) -> None:
    company = _varied(seed, changes=False, events=40, days=150)
    moment = BEGIN + timedelta(days=Random(seed).randrange(60, 140))
    whole = site_of(folder / "whole", company, chunks={"tokens": 200})
    whole.learn()
    before = whole.learn(as_of=moment.isoformat())
    assert before.steps_reused > 0
    early = Site(folder / "early", {"chunks": {"tokens": 200}}).set_up(company)
    for source, rows in company.final.items():
        early.deliver(Delivery(source, "all", tuple(row for row in rows if _when(row) < moment)))
    early.learn()
    assert whole.content() == early.content()
    again = whole.learn()
    assert again.steps_done == 0
    now = site_of(folder / "now", company, chunks={"tokens": 200})
    now.learn()
    assert whole.digest() == now.digest()


def named_users_only(folder: Path, seed: int) -> None:
    company = _varied(seed, nights=2, users=4, events=40)
    site = Site(folder / "site").set_up(company)
    site.deliver(*company.nights[0])
    site.learn()
    before = site.content()
    site.deliver(*company.nights[1])
    named = company.users[0]
    site.learn(users=[named])
    after = site.content()
    for table, rows in before.items():
        others = [[row for row in each if row.get("user_id", "") != named] for each in (rows, after[table])]
        assert others[0] == others[1]
    # Their time comes with the next run, and shared memory's too.
    site.learn()
    once = site_of(folder / "once", company)
    once.learn()
    assert site.digest() == once.digest()


def given_facts_change(folder: Path, seed: int) -> None:
    company = _varied(seed)
    site = site_of(folder / "site", company)
    site.learn()
    # A source of statements may not be empty; this one is about nobody.
    nobody = {"customer": "nobody", "at": "2025-03-02", "stance": "likes", "dim": "item", "key": "p1"}
    changed = replace(company, persons=({"customer": company.users[0], "age": "65+", "tier": "basic"},), notes=(nobody,))
    other = site_of(folder / "other", changed)
    other.learn()
    for name in ("persons.csv", "notes.csv"):
        (site.folder / name).write_bytes((other.folder / name).read_bytes())
    site.learn()
    assert site.content() == other.content()
    assert site.digest() == other.digest()


# The boundaries of chunks are no matter to the embedded manager alone: an agent reads chunk after chunk.
WHATEVER_THE_MANAGER = (
    nights_are_one_run,
    order_of_arrival_does_not_matter,
    learning_again_does_nothing,
    workers_and_shards_do_not_matter,
    as_of_is_learning_what_was_before,
    named_users_only,
    given_facts_change,
)
PROMISES = (*WHATEVER_THE_MANAGER[:2], chunk_boundaries_do_not_matter, *WHATEVER_THE_MANAGER[2:])
