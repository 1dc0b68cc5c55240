"""Assembles truth.json.gz and truth-events.csv.gz."""

from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import numpy as np

from maker import facts
from maker.descriptors import MISSPELT
from maker.expectation import PLACES, expected_counts, monthly_spend, to_categories
from maker.exports import utc
from maker.facts import NAMES, Entry
from maker.files import LACKING_OFFERS, write_csv
from maker.latents import BASE_ANSWER, BASE_RETURN, Latent
from maker.offers import Exposure, Offer
from maker.purchases import CANCELLED, Event
from maker.world import CATEGORIES, HOURS, MERCHANTS, MONTHS, NEVER_EXPECTED, POPULATION_SEASONS, SENSITIVE_CATEGORIES, UBIQUITOUS, iso_day

EVENT_COLUMNS = ("key", "user_id", "local_time", "utc_time", "kind", "merchant", "category", "city", "amount_minor", "currency", "refers_to", "part", "export")
OFFER_DIMS = ("category", "value_band", "partner", "item")


def write_truth_events(path: Path, events: list[Event]) -> None:
    """Every event that really happened, one line each, with what it was drawn from."""
    rows = []
    for e in events:
        merchant = MERCHANTS[e.merchant]
        when = (f"{e.when:%Y-%m-%dT%H:%M}", f"{utc(e.when):%Y-%m-%dT%H:%MZ}")
        amount = e.amount if e.kind == "purchase" else -e.amount
        rows.append([e.key, e.user_id, *when, e.kind, merchant.name, merchant.category, e.city, str(amount), e.currency, e.refers_to, e.part, e.export])
    write_csv(path, EVENT_COLUMNS, rows)


def build_truth(latents: list[Latent], events: list[Event], offers: list[Offer], exposures: list[Exposure],
                persons: dict[str, Any], stances: dict[str, Any]) -> dict[str, Any]:  # fmt: skip
    """The truth but for the expected counts of the files."""
    population, shares = _population(latents)
    shown: dict[str, list[Exposure]] = defaultdict(list)
    done: dict[str, list[Event]] = defaultdict(list)
    for exposure in exposures:
        shown[exposure.user_id].append(exposure)
    for event in events:
        done[event.user_id].append(event)
    by_id = {offer.offer_id: offer for offer in offers}
    users = {
        latent.user_id: _user(latent, shares, done[latent.user_id], shown[latent.user_id], by_id)
        | {"person": persons.get(latent.user_id, {}), "stances": stances.get(latent.user_id, [])}
        for latent in latents
    }
    population["mean_answer"] = round(float(np.mean([exposure.chance for exposure in exposures])), 5) if exposures else None
    return {"parameters": parameters(), "population": population, "users": users}


def _population(latents: list[Latent]) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Pooled latent shares over all users, the seasons, and the base rates."""
    totals = [np.sum(parts, axis=0) for parts in zip(*(facts.shares_of(latent) for latent in latents), strict=True)]
    shares = {dim: total / total.sum() for dim, total in zip(("merchant", "merchant_category", "city"), totals, strict=True)}
    monthly = np.sum([to_categories(expected_counts(latent)) for latent in latents], axis=0)
    population = {
        "merchant_share": _named(NAMES, shares["merchant"]),
        "category_share": _named(CATEGORIES, shares["merchant_category"]),
        "city_share": _named(PLACES, shares["city"]),
        "category_month_mass": {name: [round(float(v), 5) for v in monthly[:, n] / monthly[:, n].sum()] for n, name in enumerate(CATEGORIES) if name},
        "months": list(MONTHS),
        "seasons": POPULATION_SEASONS,
        "hour": [round(float(value), 5) for value in HOURS],
        "base_answer": BASE_ANSWER,
        "base_return": BASE_RETURN,
        "base_cancelled": CANCELLED,
        "ubiquitous_merchants": list(UBIQUITOUS),
        "sensitive_categories": list(SENSITIVE_CATEGORIES),
        "never_expected_categories": list(NEVER_EXPECTED),
        "sensitive_attributes": ["church_tax"],
        "merchants": {merchant.name: merchant.category for merchant in MERCHANTS},
        "misspelt": {name: list(spellings) for name, spellings in MISSPELT.items()},
        "offers_not_in_the_catalogue": list(LACKING_OFFERS),
    }
    return population, shares


def _named(names: tuple[str, ...], values: np.ndarray) -> dict[str, float]:
    return {name: round(float(value), 6) for name, value in zip(names, values, strict=True) if name and value > 0}


def _user(latent: Latent, shares: dict[str, np.ndarray], events: list[Event], shown: list[Exposure], offers: dict[str, Offer]) -> dict[str, Any]:
    merchants, categories, cities = facts.shares_of(latent)
    counts = expected_counts(latent)
    planted = [n for n in range(len(MERCHANTS)) if any(n in component.merchants for component in latent.components)]
    return {
        "traits": list(latent.traits),
        "expected_purchases": round(float(merchants.sum()), 3),
        "noise_share": round(latent.noise / float(merchants.sum()), 4),
        "merchant_share": _named(NAMES, merchants / merchants.sum()),
        "category_share": _named(CATEGORIES, categories / categories.sum()),
        "city_share": _named(PLACES, cities / cities.sum()),
        "monthly_planted": {NAMES[n]: [round(float(v), 3) for v in counts[:, n]] for n in planted},
        "monthly_spend": [round(float(v)) for v in monthly_spend(latent)],
        "home_city": latent.home,
        "likes": facts.likes(latent, shares),
        "habits": facts.habits(latent),
        "time": facts.time_habits(latent),
        "seasons": facts.seasons(latent),
        **facts.changes(latent),
        "returns": facts.returns(latent),
        "spending_change": facts.spending_change(latent),
        "offer_response": _responses(latent, shown, offers),
        "decoys": [_decoy(component) for component in latent.components if component.kind in ("irregular", "one_week", "coincidence", "travel")],
        "books": _books(events),
    }


def _decoy(component: Any) -> Entry:
    days = {"from": iso_day(component.first), "to": iso_day(component.last - 1)}
    return {"kind": component.kind, "merchants": [NAMES[n] for n in component.merchants], "category": component.category, "count": component.count, **days}


def _responses(latent: Latent, shown: list[Exposure], offers: dict[str, Offer]) -> dict[str, Any]:
    """Latent chance of an answer over the exposures that took place, by key; and the facts that follow."""
    cells: dict[tuple[str | None, str | None], list[Exposure]] = defaultdict(list)
    for exposure in shown:
        offer = offers[exposure.offer_id]
        cells[(None, None)].append(exposure)
        for level, value in zip(OFFER_DIMS, (offer.category, offer.value_band, offer.partner, offer.offer_id), strict=True):
            if value:
                cells[(level, value)].append(exposure)
    answers: list[Entry] = []
    ignores: list[Entry] = []
    table: list[Entry] = []
    for (dim, key), cell in sorted(cells.items(), key=lambda pair: (pair[0][0] or "", pair[0][1] or "")):
        chance, count = float(np.mean([e.chance for e in cell])), len(cell)
        entry = {"dim": dim, "key": key, "chance": round(chance, 5), "shown": count, "answered": sum(e.answered is not None for e in cell)}
        table.append(entry)
        single = dim in ("category", "value_band")
        covered = {"covered_by_all": latent.answers in ("all", "none") and dim is not None}
        if chance >= facts.ANSWERS_TRUE:
            answers.append(entry | covered | {"expected": single and chance >= facts.ANSWERS_EXPECTED and count >= facts.ANSWERS_COUNT})
        if chance <= facts.IGNORES_TRUE:
            ignores.append(entry | covered | {"expected": single and chance <= facts.IGNORES_EXPECTED and count >= facts.IGNORES_COUNT})
    return {"type": latent.answers, "cells": table, "answers": answers, "ignores": ignores}


def _books(events: list[Event]) -> dict[str, Any]:
    """Bookkeeping over the events that really happened; gross purchases, what was given back, and net, in minor units."""
    kinds = Counter(event.kind for event in events)
    bought = [event for event in events if event.kind == "purchase"]
    money: dict[str, dict[str, int]] = {}
    for event in events:
        entry = money.setdefault(event.currency, {"gross": 0, "given_back": 0, "net": 0})
        sign = 1 if event.kind == "purchase" else -1
        entry["gross" if sign > 0 else "given_back"] += event.amount
        entry["net"] += sign * event.amount
    monthly = Counter(f"{event.when:%Y-%m}" for event in bought)
    return {
        "purchases": kinds["purchase"], "refunds": kinds["refund"], "cancellations": kinds["cancellation"],
        "days": len({event.when.date() for event in bought}),
        "first": min(event.when for event in bought).isoformat(), "last": max(event.when for event in bought).isoformat(),
        "money": money, "monthly_purchases": [monthly[month] for month in MONTHS],
    }  # fmt: skip


def parameters() -> dict[str, Any]:
    """When a published fact counts as correct and when a fact must be found, per kind; fixed before any learner was run."""
    kinds = {
        "person": ("the attribute has this value", "every attribute in `person`"),
        "activity": ("the numbers agree with truth-events.csv.gz over the fact's window", "every user"),
        "spending": ("the numbers agree with truth-events.csv.gz over the fact's window", "every user, main currency"),
        "likes": (f"latent lift >= {facts.LIKES_TRUE} and expected count >= 2", f"latent lift >= {facts.LIKES_EXPECTED}, expected count of lasting parts >= {facts.LIKES_COUNT}; a habit of the same key covers it"),
        "habit": (f"planted interval, support >= {facts.HABIT_SUPPORT}; stated interval within 25 % or 1.5 days", f"active at the end, expected count >= {facts.HABIT_EXPECTED}, at most 10 % other purchases there"),
        "time_habit": (f"latent mass of the slot >= {facts.TIME_TRUE} and >= {facts.TIME_LIFT} times the population's", f"mass >= {facts.TIME_EXPECTED}, same ratio, 40 purchases; slots weekend, weekday, morning 6-11, midday 11-17, evening 17-24"),
        "season": (f"mass of the months >= {facts.SEASON_TRUE}; stated months overlap the listed ones by half", f"mass >= {facts.SEASON_EXPECTED}, expected count >= {facts.SEASON_COUNT}, category level"),
        "offer_answers": (f"mean latent chance >= {facts.ANSWERS_TRUE}", f"chance >= {facts.ANSWERS_EXPECTED} and shown >= {facts.ANSWERS_COUNT}; dims category and value_band"),
        "offer_ignores": (f"mean latent chance <= {facts.IGNORES_TRUE}", f"chance <= {facts.IGNORES_EXPECTED} and shown >= {facts.IGNORES_COUNT}; dims category and value_band"),
        "returns": (f"latent rate >= {facts.RETURNS_TRUE} (user as a whole: >= {4 * BASE_RETURN})", f"merchant level, rate >= {facts.RETURNS_EXPECTED}, expected count >= {facts.RETURNS_COUNT}"),
        "moved": ("listed; stated month within 1 of the listed one", "every planted move; cities with 12 expected purchases on both sides"),
        "started": (f"listed: expected daily rate inside >= {facts.CHANGE_RATIO} times outside; month within 1", f"planted habit, expected count >= {facts.CHANGE_COUNT}, not part of a move"),
        "stopped": (f"listed: expected daily rate inside >= {facts.CHANGE_RATIO} times outside; month within 1", f"planted habit, expected count >= {facts.CHANGE_COUNT}, not part of a move, user still there"),
        "spending_change": (f"ratio of expected monthly spend between the fact's windows >= {facts.SPEND_TRUE} or its inverse, same direction", f"planted factor, ratio >= {facts.SPEND_EXPECTED} or its inverse"),
        "stance": ("listed in `stances`", "listed and not ended"),
    }  # fmt: skip
    return {
        "min_support": {kind: {"true_at": true_at, "expected_at": expected_at} for kind, (true_at, expected_at) in kinds.items()},
        "numbers": {name.lower(): value for name, value in vars(facts).items() if name.isupper() and isinstance(value, int | float)},
        "not_listed_is_wrong": ["habit", "season", "moved", "started", "stopped", "returns", "stance"],
        "year": [iso_day(0), iso_day(364)],
        "timezone": "Europe/Berlin",
    }
