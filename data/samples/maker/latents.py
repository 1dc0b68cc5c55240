"""Latent parameters of the users: what the truth states and the events are drawn from."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from maker.world import (
    CATEGORIES,
    CATEGORY_MEMBERS,
    CITIES,
    CITY_NAMES,
    DAYPARTS,
    DAYS,
    HOURS,
    MERCHANT_INDEX,
    MERCHANTS,
    MONTH_STARTS,
    SEASONS,
    SENSITIVE_CATEGORIES,
    UBIQUITOUS,
)

LONG_INTERVALS = (9, 10, 11, 12, 13, 15, 16, 17, 18, 19, 20, 22, 24, 25, 26, 27, 30)
ALL_INTERVALS = (2, 3, 4, 5, 6, 8, *LONG_INTERVALS)
SEASON_CATEGORIES = ("sports", "books", "clothing", "home", "shoes", "pets", "entertainment")
RETURN_MERCHANTS = ("URBAN THREADS", "SOHLE SIEBEN", "GADGETBAY", "WOHNIDEE")
BASE_RETURN = 0.01
BASE_ANSWER = 0.35
MISSED = 0.03


@dataclass(slots=True)
class Component:
    """Purchases of one user that are not noise.

    Args:
        kind: habit, preference, season, returns, irregular, one_week, coincidence or travel.
        merchants: indices of the merchants; with `weights`, or all alike.
        first: first day; `last`: day after the last one.
        count: expected number of purchases.
        interval: days between two purchases; habits only.
        jitter: standard deviation of the interval in days.
        city: where, if not at home.
        amount_factor: on the merchant's median amount.
        weekday: the fixed day of the week, Monday 0; habits of users with a weekday profile only.
    """

    kind: str
    merchants: tuple[int, ...]
    first: int
    last: int
    count: float
    interval: float = 0.0
    jitter: float = 0.0
    weights: tuple[float, ...] = ()
    city: str | None = None
    amount_factor: float = 1.0
    weekday: int | None = None

    @property
    def category(self) -> str:
        """Category of the first merchant."""
        return MERCHANTS[self.merchants[0]].category


@dataclass(slots=True)
class Latent:
    """All latent parameters of one user."""

    user_id: str
    traits: tuple[str, ...]
    home: str
    new_home: str | None
    city_day: int
    weekday: np.ndarray
    hour: np.ndarray
    time_profile: str | None
    spend_factor: float
    spend_day: int
    first: int
    last: int
    noise: int = 0
    components: list[Component] = field(default_factory=list)
    moved: list[tuple[int, int, int]] = field(default_factory=list)
    return_rates: dict[int, float] = field(default_factory=dict)
    answers: str = "base"
    wallet: bool = False


def draw_latents(count: int, rng: np.random.Generator) -> list[Latent]:
    """Draw `count` users; the last two differ only in the case of their ids."""
    ids = [f"C{10000 + 7 * index + int(rng.integers(0, 7))}" for index in range(count)]
    if count >= 2:
        ids[-1] = ids[0].lower()
    return [_draw_user(user_id, index, rng) for index, user_id in enumerate(ids)]


def _draw_user(user_id: str, index: int, rng: np.random.Generator) -> Latent:
    traits = _draw_traits(rng)
    if index == 2:
        traits = {"injected"}
    profile = _draw_profile(traits, rng)
    home = str(rng.choice(CITY_NAMES, p=np.array(list(CITIES.values()))))
    new_home, city_day = None, DAYS
    if "city" in traits:
        new_home = str(rng.choice([name for name in CITY_NAMES if name != home]))
        city_day = MONTH_STARTS[int(rng.integers(4, 9))]
    spend = "spending" in traits
    first, last = 0, DAYS
    if "joined" in traits:
        first = int(rng.integers(75, 120))
    if "left" in traits:
        last = int(rng.integers(240, 275))
    weekday, hour = _time_masses(profile)
    latent = Latent(
        user_id=user_id, traits=tuple(sorted(traits)), home=home, new_home=new_home, city_day=city_day,
        weekday=weekday, hour=hour, time_profile=profile,
        spend_factor=float(rng.choice([0.35, 2.6])) if spend else 1.0,
        spend_day=MONTH_STARTS[int(rng.integers(4, 9))] if spend else DAYS,
        first=first, last=last, wallet=bool(rng.random() < 0.35),
    )  # fmt: skip
    latent.answers = str(rng.choice(["picky", "price", "base", "all", "none", "few"], p=[0.33, 0.24, 0.23, 0.04, 0.05, 0.11]))
    _draw_components(latent, rng)
    _draw_noise(latent, rng)
    return latent


def _draw_traits(rng: np.random.Generator) -> set[str]:
    """Traits of a user; at most one of those that change over time, so that the truth stays unambiguous."""
    if rng.random() < 0.11:
        return {"random"}
    traits = set()
    change = rng.choice(
        ["", "moved", "started", "stopped", "city", "spending", "joined", "left"],
        p=[0.22, 0.16, 0.15, 0.15, 0.09, 0.15, 0.05, 0.03],
    )
    if change:
        traits.add(str(change))
    for trait, chance in (("steady", 0.55), ("preference", 0.55), ("season", 0.16), ("returns", 0.13), ("irregular", 0.1),
                          ("one_week", 0.1), ("coincidence", 0.12), ("travel", 0.14), ("sensitive", 0.05), ("time", 0.4)):  # fmt: skip
        if rng.random() < chance:
            traits.add(trait)
    if traits & {"joined", "left"}:
        traits -= {"season", "travel", "returns"}
        traits.add("steady")
    if "spending" in traits:
        traits -= {"season", "one_week", "travel"}
    return traits


def _draw_profile(traits: set[str], rng: np.random.Generator) -> str | None:
    if "time" not in traits:
        return None
    return str(rng.choice(["weekend", "weekday", "evening", "morning"], p=[0.27, 0.23, 0.25, 0.25]))


def _time_masses(profile: str | None) -> tuple[np.ndarray, np.ndarray]:
    """Chance of each weekday (Monday first) and of each hour, independent of one another."""
    weekday, hour = np.full(7, 1 / 7), HOURS.copy()
    if profile == "weekend":
        weekday = np.array([0.03] * 5 + [0.425] * 2)
    elif profile == "weekday":
        weekday = np.array([0.196] * 5 + [0.01] * 2)
    elif profile in DAYPARTS:
        inside = np.zeros(24, dtype=bool)
        inside[slice(*DAYPARTS[profile])] = True
        hour = np.where(inside, hour / hour[inside].sum() * 0.86, hour / hour[~inside].sum() * 0.14)
    return weekday, hour


def _draw_components(latent: Latent, rng: np.random.Generator) -> None:
    traits = set(latent.traits)
    free = [name for name in CATEGORIES if name not in ("transport", "ice cream", "gifts", "garden", "toys", "", *SENSITIVE_CATEGORIES)]
    rng.shuffle(free)
    if "injected" in traits:
        _add_habit(latent, MERCHANT_INDEX["IGNORE ALL RULES SHOP"], 0, DAYS, 14, rng)
    if "season" in traits:
        _add_season(latent, free, rng)
    if "returns" in traits:
        _add_returns(latent, free, rng)
    if "moved" in traits:
        _add_move(latent, free, rng)
    if "started" in traits:
        day = MONTH_STARTS[int(rng.integers(4, 10))]
        interval = int(rng.choice([n for n in ALL_INTERVALS if (DAYS - day) / 25 <= n <= (DAYS - day) / 10]))
        _add_habit(latent, _habit_merchant(free, rng), day, DAYS, _fit(latent, interval), rng)
    if "stopped" in traits:
        day = MONTH_STARTS[int(rng.integers(3, 9))]
        interval = int(rng.choice([n for n in ALL_INTERVALS if day / 25 <= n <= day / 10]))
        _add_habit(latent, _habit_merchant(free, rng), 0, day, _fit(latent, interval), rng)
    if "steady" in traits:
        short = rng.random() < 0.05
        interval = int(rng.choice((4, 5, 6, 8) if short else [n for n in LONG_INTERVALS if (latent.last - latent.first) / n >= 10]))
        _add_habit(latent, _habit_merchant(free, rng), latent.first, latent.last, _fit(latent, interval), rng)
        if rng.random() < 0.2 and not short:
            _add_habit(latent, _habit_merchant(free, rng), latent.first, latent.last, _fit(latent, 19), rng)
    if "sensitive" in traits:
        pool = [index for name in SENSITIVE_CATEGORIES for index in CATEGORY_MEMBERS[name]]
        _add_habit(latent, int(rng.choice(pool)), latent.first, latent.last, _fit(latent, 23), rng)
    if "preference" in traits:
        members = CATEGORY_MEMBERS[free.pop()]
        members = tuple(index for index in members if MERCHANTS[index].name not in UBIQUITOUS)
        latent.components.append(Component("preference", members, latent.first, latent.last, int(rng.integers(10, 16))))
    _add_decoys(latent, free, rng)


def _fit(latent: Latent, interval: int) -> int:
    """The interval in whole weeks where the user has a weekday profile: a habit then keeps its day of the week."""
    if latent.time_profile in ("weekend", "weekday"):
        return max(7, 7 * round(interval / 7))
    return interval


def _habit_merchant(free: list[str], rng: np.random.Generator) -> int:
    members = [index for index in CATEGORY_MEMBERS[free.pop()] if MERCHANTS[index].name not in UBIQUITOUS]
    return int(rng.choice(members))


def _add_habit(latent: Latent, merchant: int, first: int, last: int, interval: int, rng: np.random.Generator) -> None:
    jitter = round(max(0.25, float(rng.uniform(0.06, 0.16)) * interval), 2)
    factor = round(float(rng.uniform(0.7, 1.5)), 2)
    count = (last - first) / interval * (1 - MISSED)
    weekday = None
    if latent.time_profile in ("weekend", "weekday"):
        weekday, jitter = int(rng.choice([5, 6] if latent.time_profile == "weekend" else [0, 1, 2, 3, 4])), 0.0
    latent.components.append(Component("habit", (merchant,), first, last, count, interval, jitter, amount_factor=factor, weekday=weekday))


def _add_move(latent: Latent, free: list[str], rng: np.random.Generator) -> None:
    category = next(name for name in reversed(free) if len([i for i in CATEGORY_MEMBERS[name] if MERCHANTS[i].name not in UBIQUITOUS]) >= 2)
    free.remove(category)
    members = [index for index in CATEGORY_MEMBERS[category] if MERCHANTS[index].name not in UBIQUITOUS]
    old, new = (int(index) for index in rng.choice(members, 2, replace=False))
    day = MONTH_STARTS[int(rng.integers(4, 9))]
    interval = _fit(latent, int(rng.choice([8, 9, 10, 11, 12, 13])))
    _add_habit(latent, old, 0, day, interval, rng)
    _add_habit(latent, new, day, DAYS, interval, rng)
    latent.moved.append((old, new, day))


def _add_season(latent: Latent, free: list[str], rng: np.random.Generator) -> None:
    category = next(name for name in free if name in SEASON_CATEGORIES and name not in SEASONS)
    free.remove(category)
    start, width = int(rng.integers(2, 7)), int(rng.integers(2, 4))
    members = CATEGORY_MEMBERS[category]
    latent.components.append(Component("season", members, MONTH_STARTS[start], MONTH_STARTS[start + width], int(rng.integers(11, 17))))


def _add_returns(latent: Latent, free: list[str], rng: np.random.Generator) -> None:
    names = [name for name in RETURN_MERCHANTS if MERCHANTS[MERCHANT_INDEX[name]].category in free]
    merchant = MERCHANT_INDEX[str(rng.choice(names))]
    free.remove(MERCHANTS[merchant].category)
    latent.components.append(Component("returns", (merchant,), 0, DAYS, int(rng.integers(15, 23))))
    latent.return_rates[merchant] = round(float(rng.uniform(0.25, 0.4)), 3)


def _add_decoys(latent: Latent, free: list[str], rng: np.random.Generator) -> None:
    """What looks like a habit, a season or a change, and is none."""
    first, last = latent.first, latent.last
    if "irregular" in latent.traits:
        latent.components.append(Component("irregular", (_habit_merchant(free, rng),), first, last, int(rng.integers(9, 15))))
    if "one_week" in latent.traits:
        day = int(rng.integers(first + 20, last - 40))
        latent.components.append(Component("one_week", CATEGORY_MEMBERS[free.pop()], day, day + 7, int(rng.integers(5, 8))))
    if "coincidence" in latent.traits:
        day, gap = int(rng.integers(first, last - 70)), int(rng.choice([7, 14, 30]))
        latent.components.append(Component("coincidence", (_habit_merchant(free, rng),), day, day + gap + 1, 2, gap))
    if "travel" in latent.traits:
        day = int(rng.integers(first + 10, last - 20))
        city = str(rng.choice(["London", "New York", "Tokyo", "Hamburg", "Köln"]))
        shops = tuple(MERCHANT_INDEX[name] for name in ("HOTEL MERIDIAN", "BURGER DEPOT", "SUSHI KAWA", "METROLINE", "RIDEWELL TAXI", "BLUE BOTTLE"))
        latent.components.append(Component("travel", shops, day, day + 7, int(rng.integers(5, 9)), city=city))


def _draw_noise(latent: Latent, rng: np.random.Generator) -> None:
    """Noise is 30 to 60 % of the purchases where the user has any other, and enough to reach a support of 44."""
    planted = sum(component.count for component in latent.components)
    if "random" in latent.traits:
        planted = 0.0
    share = float(rng.uniform(0.3, 0.48))
    wanted = planted * share / (1 - share)
    latent.noise = max(round(wanted), 44 - int(planted), 16)
    if not latent.components:
        latent.noise = int(rng.integers(45, 75))
