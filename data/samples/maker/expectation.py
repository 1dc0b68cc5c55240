"""What is expected of a user, computed from the latent parameters alone: counts, shares, times, money."""

from __future__ import annotations

import numpy as np

from maker.latents import Component, Latent
from maker.purchases import AMOUNT_SIGMA
from maker.world import (
    ABROAD,
    CATEGORIES,
    CATEGORY_MEMBERS,
    CITY_NAMES,
    MERCHANTS,
    MONTH_STARTS,
    city_chances,
    noise_table,
)

NOISE = noise_table()
STARTS = np.array(MONTH_STARTS)
MEMBERSHIP = np.array([[index in CATEGORY_MEMBERS[name] for name in CATEGORIES] for index in range(len(MERCHANTS))], dtype=float)
ONLINE = np.array([merchant.online for merchant in MERCHANTS])
MEDIANS = np.array([merchant.median for merchant in MERCHANTS], dtype=float)
PLACES = (*CITY_NAMES, *ABROAD)


def overlap(first: int, last: int) -> np.ndarray:
    """Days of [first, last) in each month."""
    result: np.ndarray = np.clip(np.minimum(STARTS[1:], last) - np.maximum(STARTS[:-1], first), 0, None).astype(float)
    return result


def noise_counts(latent: Latent) -> np.ndarray:
    """Expected noise purchases: shape (12, merchants)."""
    days = overlap(latent.first, latent.last)
    result: np.ndarray = latent.noise * days[:, None] / days.sum() * NOISE
    return result


def component_counts(component: Component) -> np.ndarray:
    """Expected purchases of a component: shape (12, merchants)."""
    weights = np.array([MERCHANTS[index].weight for index in component.merchants])
    days = overlap(component.first, component.last)
    counts = np.zeros((12, len(MERCHANTS)))
    counts[:, list(component.merchants)] = component.count * np.outer(days / days.sum(), weights / weights.sum())
    return counts


def expected_counts(latent: Latent) -> np.ndarray:
    """Expected purchases: shape (12, merchants)."""
    result: np.ndarray = noise_counts(latent) + sum((component_counts(component) for component in latent.components), np.zeros((12, len(MERCHANTS))))
    return result


def to_categories(counts: np.ndarray) -> np.ndarray:
    """Sums over the merchants of each category; the last axis becomes the categories."""
    result: np.ndarray = counts @ MEMBERSHIP
    return result


def city_counts(latent: Latent) -> np.ndarray:
    """Expected purchases in shops by month and city of `PLACES`: shape (12, cities)."""
    homes = np.array([latent.new_home if latent.new_home and start >= latent.city_day else latent.home for start in MONTH_STARTS[:-1]])
    chances = np.zeros((12, len(PLACES)))
    chances[:, : len(CITY_NAMES)] = [city_chances(home) for home in homes]
    shops = noise_counts(latent)[:, ~ONLINE].sum(axis=1)
    away = np.zeros((12, len(PLACES)))
    for component in latent.components:
        counts = component_counts(component)
        if component.city is None:
            shops = shops + counts[:, ~ONLINE].sum(axis=1)
        else:
            away[:, PLACES.index(component.city)] += counts.sum(axis=1)
    result: np.ndarray = shops[:, None] * chances + away
    return result


def weekday_masses(latent: Latent) -> np.ndarray:
    """Latent chance of each weekday over all purchases."""
    total = latent.noise * latent.weekday
    for component in latent.components:
        mass = latent.weekday
        if component.kind in ("habit", "irregular", "coincidence"):
            mass = np.full(7, 1 / 7) if component.weekday is None else np.eye(7)[component.weekday]
        total = total + component.count * mass
    result: np.ndarray = total / total.sum()
    return result


def monthly_spend(latent: Latent) -> np.ndarray:
    """Expected gross EUR cents per month; purchases abroad in other currencies left out."""
    spread = float(np.exp(AMOUNT_SIGMA**2 / 2))
    total = noise_counts(latent) @ (MEDIANS * spread)
    for component in latent.components:
        if component.city in ABROAD:
            continue
        factor = component.amount_factor * (float(np.exp(0.1**2 / 2)) if component.kind == "habit" else spread)
        total = total + component_counts(component) @ (MEDIANS * factor)
    result: np.ndarray = total * np.where(STARTS[:-1] >= latent.spend_day, latent.spend_factor, 1.0)
    return result
