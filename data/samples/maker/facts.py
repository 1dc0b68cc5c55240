"""The facts that are true of a user, by kind, and which of them must be found."""

from __future__ import annotations

from typing import Any

import numpy as np

from maker.expectation import (
    PLACES,
    city_counts,
    component_counts,
    expected_counts,
    monthly_spend,
    noise_counts,
    to_categories,
    weekday_masses,
)
from maker.latents import BASE_RETURN, Component, Latent
from maker.world import CATEGORIES, DAYPARTS, DAYS, HOURS, MERCHANTS, MONTHS, NEVER_EXPECTED, iso_day, month_of

Entry = dict[str, Any]
NAMES = tuple(merchant.name for merchant in MERCHANTS)

LIKES_TRUE, LIKES_EXPECTED, LIKES_COUNT = 1.5, 2.5, 9.0
HABIT_SUPPORT, HABIT_EXPECTED = 6.0, 10.0
SEASON_TRUE, SEASON_EXPECTED, SEASON_COUNT = 0.6, 0.75, 10.0
TIME_TRUE, TIME_EXPECTED, TIME_LIFT = 0.5, 0.7, 1.3
ANSWERS_TRUE, ANSWERS_EXPECTED, ANSWERS_COUNT = 0.6, 0.85, 10
IGNORES_TRUE, IGNORES_EXPECTED, IGNORES_COUNT = 0.12, 0.02, 10
RETURNS_TRUE, RETURNS_EXPECTED, RETURNS_COUNT = 0.08, 0.2, 14
SPEND_TRUE, SPEND_EXPECTED = 1.3, 1.8
CHANGE_COUNT, CHANGE_RATIO = 8.0, 4.0


def _unexpected(category: str) -> bool:
    return category in NEVER_EXPECTED


def shares_of(latent: Latent) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Expected counts over the year by merchant, category and city."""
    counts = expected_counts(latent)
    return counts.sum(axis=0), to_categories(counts).sum(axis=0), city_counts(latent).sum(axis=0)


def habits(latent: Latent) -> list[Entry]:
    """Purchases at a regular interval, of a merchant and of a category that one merchant makes up."""
    counts, noise = expected_counts(latent), noise_counts(latent)
    found = []
    for component in latent.components:
        if component.kind != "habit":
            continue
        merchant = component.merchants[0]
        others = float(counts[:, merchant].sum() - component.count)
        active = component.last == DAYS
        base = {
            "interval_days": component.interval, "jitter_days": component.jitter, "from": iso_day(component.first), "to": iso_day(component.last - 1),
            "count": round(component.count, 2), "active": active, "weekday": component.weekday,
        }  # fmt: skip
        expected = active and component.count >= HABIT_EXPECTED and others <= 0.1 * component.count and not _unexpected(component.category)
        found.append({"dim": "merchant", "key": NAMES[merchant], "category": component.category, "others": round(others, 2), **base, "expected": expected})
        place = CATEGORIES.index(component.category)
        rest = float(to_categories(counts)[:, place].sum() - component.count)
        if component.category and rest <= 0.3 * component.count:
            found.append({"dim": "merchant_category", "key": component.category, "others": round(rest, 2), **base, "expected": False})
    for old, _, _ in latent.moved:
        found.append(_moved_category(latent, old, noise))
    return found


def _moved_category(latent: Latent, old: int, noise: np.ndarray) -> Entry:
    """A habit that moved from one merchant to another goes on as a habit of the category."""
    parts = [part for part in latent.components if part.kind == "habit" and part.category == MERCHANTS[old].category]
    place = CATEGORIES.index(MERCHANTS[old].category)
    return {
        "dim": "merchant_category", "key": MERCHANTS[old].category, "interval_days": parts[0].interval, "jitter_days": parts[0].jitter,
        "from": iso_day(0), "to": iso_day(DAYS - 1), "count": round(sum(part.count for part in parts), 2), "active": True, "weekday": parts[0].weekday,
        "others": round(float(to_categories(noise)[:, place].sum()), 2), "expected": False,
    }  # fmt: skip


def likes(latent: Latent, population: dict[str, np.ndarray]) -> list[Entry]:
    """Keys whose latent share is larger than the population's."""
    merchants, categories, cities = shares_of(latent)
    settled = sum((component_counts(c).sum(axis=0) for c in latent.components if _settled(c)), np.zeros(len(MERCHANTS)))
    in_habit = {c.merchants[0] for c in latent.components if c.kind == "habit"}
    found = []
    for dim, keys, counts, lasting in (
        ("merchant", NAMES, merchants, settled),
        ("merchant_category", CATEGORIES, categories, to_categories(settled)),
        ("city", PLACES, cities, np.zeros(len(PLACES))),
    ):
        share = counts / counts.sum()
        lift = share / np.where(population[dim] > 0, population[dim], np.inf)
        for place in np.flatnonzero((lift >= LIKES_TRUE) & (counts >= 2)):
            key = keys[place]
            secret = dim != "city" and _unexpected(MERCHANTS[place].category if dim == "merchant" else key)
            expected = bool(lift[place] >= LIKES_EXPECTED and lasting[place] >= LIKES_COUNT and not secret)
            covered = any(index == place if dim == "merchant" else MERCHANTS[index].category == key for index in in_habit) and dim != "city"
            entry = {"dim": dim, "key": key, "share": share[place], "population_share": population[dim][place], "lift": lift[place], "count": counts[place]}
            found.append({name: round(v, 5) if not isinstance(v, str) else v for name, v in entry.items()} | {"expected": expected, "covered_by_habit": covered})
    return [entry for entry in found if entry["key"]]


def _settled(component: Component) -> bool:
    """A component that makes a preference which must be found: it lasts and goes on."""
    return component.kind in ("habit", "preference", "irregular") and component.last == DAYS


def seasons(latent: Latent) -> list[Entry]:
    """Categories, and merchants in them, that the user buys in a few months only."""
    counts = expected_counts(latent)
    found = []
    for component in latent.components:
        if component.kind != "season":
            continue
        window = slice(month_of(component.first), month_of(component.last - 1) + 1)
        months = list(MONTHS[window])
        for dim, key, monthly in [("merchant_category", component.category, to_categories(counts)[:, CATEGORIES.index(component.category)])] + [
            ("merchant", NAMES[index], counts[:, index]) for index in component.merchants
        ]:
            mass, count = float(monthly[window].sum() / monthly.sum()), float(monthly[window].sum())
            if mass >= SEASON_TRUE and count >= 3:
                expected = dim == "merchant_category" and mass >= SEASON_EXPECTED and count >= SEASON_COUNT
                found.append({"dim": dim, "key": key, "months": months, "mass": round(mass, 4), "count": round(count, 2), "expected": expected})
    return found


def changes(latent: Latent) -> dict[str, list[Entry]]:
    """What moved, started and stopped."""
    moved = [
        {"dim": "merchant", "category": MERCHANTS[old].category, "from": NAMES[old], "to": NAMES[new], "month": MONTHS[month_of(day)], "expected": True}
        for old, new, day in latent.moved
    ]
    if latent.new_home is not None:
        shops, month = city_counts(latent), month_of(latent.city_day)
        enough = min(shops[:month, PLACES.index(latent.home)].sum(), shops[month:, PLACES.index(latent.new_home)].sum()) >= 12
        moved.append({"dim": "city", "from": latent.home, "to": latent.new_home, "month": MONTHS[month], "expected": bool(enough)})
    started: list[Entry] = []
    stopped: list[Entry] = []
    for component in latent.components:
        if component.kind in ("habit", "season", "preference"):
            started.extend(_edge(latent, component, component.first, "started"))
            stopped.extend(_edge(latent, component, component.last, "stopped"))
    if latent.new_home is not None:
        since = MONTHS[month_of(latent.city_day)]
        started.append({"dim": "city", "key": latent.new_home, "month": since, "expected": False})
        stopped.append({"dim": "city", "key": latent.home, "month": since, "expected": False})
    return {"moved": moved, "started": started, "stopped": stopped}


def _edge(latent: Latent, component: Component, day: int, kind: str) -> list[Entry]:
    """The start or the end of a component inside the user's time, where the rate of a key changes by it."""
    if day <= latent.first if kind == "started" else day >= DAYS:
        return []
    if kind == "started" and component.kind == "season":
        return []
    counts = expected_counts(latent)
    rows = [("merchant", NAMES[index], counts[:, index]) for index in component.merchants]
    if component.category:
        rows.append(("merchant_category", component.category, to_categories(counts)[:, CATEGORIES.index(component.category)]))
    left = "left" in latent.traits
    found = []
    for dim, key, monthly in rows:
        if kind == "started":
            inside, outside = _daily(monthly, day, component.last), _daily(monthly, latent.first, day)
        else:
            inside, outside = _daily(monthly, component.first, day), _daily(monthly, day, DAYS)
        if inside < CHANGE_RATIO * outside or component_counts(component).sum() < HABIT_SUPPORT:
            continue
        shifted = any(component.merchants[0] in (old, new) for old, new, _ in latent.moved)
        must = dim == "merchant" and component.kind == "habit" and not shifted and not left and not _unexpected(component.category)
        enough = component.count >= CHANGE_COUNT
        month = MONTHS[min(month_of(min(day, DAYS - 1)), 11)]
        found.append({"dim": dim, "key": key, "month": month, "daily_inside": round(inside, 4), "daily_outside": round(outside, 4), "expected": bool(must and enough)})
    return found


def _daily(monthly: np.ndarray, first: int, last: int) -> float:
    """Expected purchases per day over whole months touched by [first, last)."""
    months = slice(month_of(first), month_of(last - 1) + 1)
    return float(monthly[months].sum()) / max(last - first, 1)


def time_habits(latent: Latent) -> Entry:
    """Latent chances over the week and the day, independent of one another, and the slots that stand out."""
    weekday, hour = weekday_masses(latent), latent.hour
    slots = {"weekend": (float(weekday[5:].sum()), 2 / 7), "weekday": (float(weekday[:5].sum()), 5 / 7)}
    slots |= {name: (float(hour[slice(*span)].sum()), float(HOURS[slice(*span)].sum())) for name, span in DAYPARTS.items()}
    total = float(expected_counts(latent).sum())
    facts = [
        {"slot": name, "mass": round(mass, 4), "population_mass": round(base, 4), "expected": bool(mass >= TIME_EXPECTED and mass >= TIME_LIFT * base and total >= 40)}
        for name, (mass, base) in slots.items()
        if mass >= TIME_TRUE and mass >= TIME_LIFT * base
    ]
    return {"profile": latent.time_profile, "weekday": [round(float(v), 5) for v in weekday], "hour": [round(float(v), 5) for v in hour], "facts": facts}


def returns(latent: Latent) -> list[Entry]:
    """Merchants, categories and users as a whole with an unusual share of purchases given back."""
    counts = expected_counts(latent).sum(axis=0)
    rates = np.full(len(MERCHANTS), BASE_RETURN)
    for merchant, rate in latent.return_rates.items():
        rates[merchant] = rate
    found: list[Entry] = []
    for merchant in latent.return_rates:
        expected = bool(rates[merchant] >= RETURNS_EXPECTED and counts[merchant] >= RETURNS_COUNT)
        found.append({"dim": "merchant", "key": NAMES[merchant], "rate": round(float(rates[merchant]), 4), "count": round(float(counts[merchant]), 2), "expected": expected})
        place = CATEGORIES.index(MERCHANTS[merchant].category)
        total = float(to_categories(counts)[place])
        found.append({"dim": "merchant_category", "key": CATEGORIES[place], "rate": round(float(to_categories(counts * rates)[place]) / total, 4), "count": round(total, 2), "expected": False})
        found.append({"dim": None, "key": None, "rate": round(float(counts @ rates / counts.sum()), 4), "count": round(float(counts.sum()), 2), "expected": False})
    return [entry for entry in found if entry["rate"] >= (4 * BASE_RETURN if entry["dim"] is None else RETURNS_TRUE)]


def spending_change(latent: Latent) -> Entry | None:
    """The month where spending changes by a factor; None where the user has none."""
    if latent.spend_factor == 1.0:
        return None
    money, month = monthly_spend(latent), month_of(latent.spend_day)
    ratio = float(money[month:].mean() / money[:month].mean())
    expected = max(ratio, 1 / ratio) >= SPEND_EXPECTED
    return {"month": MONTHS[month], "factor": latent.spend_factor, "ratio": round(ratio, 4), "expected": bool(expected)}
