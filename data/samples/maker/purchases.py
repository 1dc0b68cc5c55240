"""Draws purchases, refunds and cancellations from the latent parameters."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from maker.latents import BASE_RETURN, MISSED, Component, Latent
from maker.world import ABROAD, CITY_NAMES, DAYS, FIRST_DAY, MERCHANTS, city_chances, month_of, noise_table

BERLIN = ZoneInfo("Europe/Berlin")
NOISE_SUMS = np.cumsum(noise_table(), axis=1)
CITY_SUMS = {home: np.cumsum(city_chances(home)) for home in CITY_NAMES}
CANCELLED = 0.006
AMOUNT_SIGMA = 0.35


@dataclass(frozen=True, slots=True)
class Event:
    """One valid row of the truth.

    Args:
        key: key of the exported row; "" where the export has none.
        when: local time in Berlin, whole minutes.
        kind: purchase, refund or cancellation.
        amount: minor units, positive also for refunds.
        part: component that it was drawn from, or "noise".
        refers_to: key of the purchase that it gives back, "" where the export does not say.
    """

    user_id: str
    when: datetime
    kind: str
    merchant: int
    city: str
    amount: int
    currency: str
    part: str
    key: str = ""
    refers_to: str = ""
    export: str = "cards"
    original: int = -1


def draw_events(latents: list[Latent], rng: np.random.Generator) -> list[Event]:
    """All valid events, by time, with keys."""
    events: list[Event] = []
    for latent in latents:
        events.extend(_draw_user_events(latent, rng))
    return _with_keys(events, rng)


def _draw_user_events(latent: Latent, rng: np.random.Generator) -> list[Event]:
    drawn: list[tuple[int, int, Component | None]] = []
    for _ in range(latent.noise):
        day = _day(latent, latent.first, latent.last, rng)
        drawn.append((day, _pick(NOISE_SUMS[month_of(day)], rng), None))
    for component in latent.components:
        drawn.extend((day, merchant, component) for day, merchant in _component_days(component, latent, rng))
    purchases = [_purchase(latent, day, merchant, component, rng) for day, merchant, component in drawn]
    purchases.sort(key=lambda event: (event.when, event.merchant, event.amount))
    return purchases + _give_backs(latent, purchases, rng)


def _pick(sums: np.ndarray, rng: np.random.Generator) -> int:
    """An index, by cumulated chances."""
    return min(int(np.searchsorted(sums, rng.random(), side="right")), len(sums) - 1)


def _day(latent: Latent, first: int, last: int, rng: np.random.Generator) -> int:
    """A day in [first, last), by the user's weekdays."""
    highest = float(latent.weekday.max())
    while True:
        day = int(rng.integers(first, last))
        if rng.random() * highest <= latent.weekday[(FIRST_DAY.weekday() + day) % 7]:
            return day


def _component_days(component: Component, latent: Latent, rng: np.random.Generator) -> list[tuple[int, int]]:
    weights = np.array(component.weights or [MERCHANTS[index].weight for index in component.merchants])
    weights = weights / weights.sum()
    if component.kind == "habit":
        days = _habit_days(component, rng)
    elif component.kind == "coincidence":
        days = [component.first, component.first + int(component.interval)]
    elif component.kind == "irregular":
        days = _irregular_days(component, rng)
    else:
        days = [_day(latent, component.first, component.last, rng) for _ in range(int(component.count))]
    return [(day, component.merchants[_pick(np.cumsum(weights), rng)]) for day in days]


def _habit_days(component: Component, rng: np.random.Generator) -> list[int]:
    """Renewals with jitter; in whole weeks on a fixed weekday where the user has a weekday profile."""
    start = component.first + float(rng.uniform(0, component.interval if component.first == 0 else min(component.interval, 6)))
    if component.weekday is not None:
        start = component.first + (component.weekday - FIRST_DAY.weekday() - component.first) % 7
    days, now = [], start
    while now < component.last:
        if rng.random() >= MISSED:
            days.append(int(now))
        step = component.interval
        if component.weekday is None:
            step += float(np.clip(rng.normal(0, component.jitter), -2.5 * component.jitter, 2.5 * component.jitter))
        now += max(step, 0.8)
    return days


def _irregular_days(component: Component, rng: np.random.Generator) -> list[int]:
    """Exponential gaps: often, but at no interval."""
    gaps = rng.exponential(1.0, int(component.count) + 1)
    places = np.cumsum(gaps)[:-1] / gaps.sum()
    return [int(component.first + place * (component.last - component.first)) for place in places]


def _purchase(latent: Latent, day: int, merchant: int, component: Component | None, rng: np.random.Generator) -> Event:
    hour = _pick(np.cumsum(latent.hour), rng)
    when = datetime.combine(FIRST_DAY + timedelta(days=day), time(hour, int(rng.integers(0, 60))), tzinfo=BERLIN)
    city, currency, rate = _place(latent, day, merchant, component, rng)
    sigma = 0.1 if component is not None and component.kind == "habit" else AMOUNT_SIGMA
    factor = component.amount_factor if component is not None else 1.0
    euros = MERCHANTS[merchant].median / 100 * factor * float(np.exp(rng.normal(0, sigma))) * rate
    if day >= latent.spend_day:
        euros *= latent.spend_factor
    digits = 0 if currency == "JPY" else 2
    amount = max(1, round(euros * 10**digits))
    part = component.kind if component is not None else "noise"
    wallet = latent.wallet and currency == "EUR" and merchant not in latent.return_rates and rng.random() < 0.2
    return Event(latent.user_id, when, "purchase", merchant, city, amount, currency, part, export="wallet" if wallet else "cards")


def _place(latent: Latent, day: int, merchant: int, component: Component | None, rng: np.random.Generator) -> tuple[str, str, float]:
    """City, currency and units of the currency per EUR."""
    if component is not None and component.city is not None:
        currency, rate = ABROAD.get(component.city, ("EUR", 1.0))
        return component.city, currency, rate
    if MERCHANTS[merchant].online:
        usd = component is None and rng.random() < 0.04
        return "", "USD" if usd else "EUR", ABROAD["New York"][1] if usd else 1.0
    home = latent.new_home if latent.new_home is not None and day >= latent.city_day else latent.home
    return CITY_NAMES[_pick(CITY_SUMS[home], rng)], "EUR", 1.0


def _give_backs(latent: Latent, purchases: list[Event], rng: np.random.Generator) -> list[Event]:
    """Refunds and cancellations; a planted return rate gives back exactly its share of the purchases, chosen at random."""
    end = datetime.combine(FIRST_DAY + timedelta(days=DAYS), time(0), tzinfo=BERLIN)
    chosen: set[int] = set()
    for merchant, rate in latent.return_rates.items():
        mine = [n for n, event in enumerate(purchases) if event.merchant == merchant and event.when < end - timedelta(days=25)]
        chosen |= {int(n) for n in rng.choice(mine, round(rate * len(mine)), replace=False)}
    backs = []
    for number, event in enumerate(purchases):
        if event.export == "wallet":
            continue
        if number in chosen or (event.merchant not in latent.return_rates and rng.random() < BASE_RETURN):
            minutes = int(rng.integers(3 * 1440, 20 * 1440))
            backs.append(replace(event, when=_later(event.when, minutes), kind="refund", original=number))
        elif rng.random() < CANCELLED:
            backs.append(replace(event, when=_later(event.when, int(rng.integers(5, 240))), kind="cancellation", original=number))
    return [event for event in backs if event.when < end]


def _later(when: datetime, minutes: int) -> datetime:
    """Minutes later, never between 2 and 6 o'clock, when a local time may be ambiguous."""
    later = (when.replace(tzinfo=None) + timedelta(minutes=minutes)).replace(tzinfo=BERLIN)
    return later.replace(hour=9) if 0 < later.hour < 6 else later


def _with_keys(events: list[Event], rng: np.random.Generator) -> list[Event]:
    """Number the card rows in the order of booking and let refunds name their purchase; one in ten does not say it."""
    order = sorted(range(len(events)), key=lambda n: (events[n].when, events[n].user_id, events[n].kind, n))
    keys = [""] * len(events)
    number = 480_112_000
    for n in order:
        number += int(rng.integers(1, 9))
        keys[n] = f"TX{number}" if events[n].export == "cards" else ""
    starts: dict[str, int] = {}
    for n, event in enumerate(events):
        starts.setdefault(event.user_id, n)
    keyed = []
    for n in order:
        event = events[n]
        named = event.original >= 0 and (event.kind == "cancellation" or rng.random() >= 0.1)
        refers = keys[starts[event.user_id] + event.original] if named else ""
        keyed.append(replace(event, key=keys[n], refers_to=refers))
    return keyed

