"""Small companies made from a seed: rows of several sources in deliveries, and what a learn run makes of them."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import polars as pl
import yaml

import memlearn
from memlearn.store import StoreLayout, open_release
from memlearn.store.tables import SHARED_TABLES, USER_TABLES
from memlearn.wiring.reports import LearnReport

Row = dict[str, str]
# Settings that every site has, whatever its own are; a fixture may add to them.
EVERYWHERE: dict[str, Any] = {}
BEGIN = datetime.fromisoformat("2025-03-01")
SHOP_COLUMNS = ("customer", "at", "no", "receipt", "product", "what", "paid", "money", "pieces", "off", "of_receipt", "gone", "branch")
TILL_COLUMNS = ("who", "day", "line", "total")
APP_COLUMNS = ("customer", "at", "id", "offer", "what")
PRODUCTS = {
    "p1": ("Espresso beans", "food", "coffee"),
    "p2": ("Rye bread", "food", "bakery"),
    "p3": ("Oat milk", "food", "dairy"),
    "p4": ("Bin bags", "home", "household"),
    "p5": ("Light bulb", "home", "household"),
    "o1": ("2 for 1 on coffee", "food", "coffee"),
    "o2": ("Dairy week", "food", "dairy"),
    "o3": ("Household deal", "home", "household"),
}
MERCHANTS = ("SQ *BLUE BOTTLE 0042 SF", "LIDL SAGT DANKE 1182", "SHELL 0042 BERLIN", "PAYPAL *STREAMLY")


@dataclass(frozen=True)
class Delivery:
    """Rows of one source that arrive together, in a file of that name."""

    source: str
    name: str
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Company:
    """Nights in order of arrival, each with its deliveries; and what is given about users and items.

    Args:
        nights: what arrives in each night.
        final: the rows that count in the end, for each source: corrected ones as corrected, deleted ones left out.
        persons, notes: rows of the sources of persons and operator statements.
    """

    nights: tuple[tuple[Delivery, ...], ...]
    final: dict[str, tuple[Row, ...]]
    persons: tuple[Row, ...] = ()
    notes: tuple[Row, ...] = ()

    @property
    def users(self) -> list[str]:
        """All users with a row in the end."""
        return sorted({row.get("customer") or row["who"] for rows in self.final.values() for row in rows})


def make_company(seed: int, *, users: int = 4, events: int = 40, nights: int = 3, changes: bool = True, days: int = 150) -> Company:
    """A company with habits, ties in time, refunds that name rows, late rows, and, where wanted, corrections and deletions."""
    random = Random(seed)
    names = ["anna", "Anna", "José", "u4", "17", "u6", "u7"][:users]
    shop = [row for name in names for row in _purchases(random, name, events, days)]
    for number, row in enumerate(shop):
        row["receipt"] = f"k{number}"
    shop += _refunds(random, shop, days)
    till = [row for name in names for row in _till(random, name, days)]
    app = _exposures(random, names, days)
    dated = [("shop", row, _when(row["at"])) for row in shop]
    dated += [("till", row, _when(row["day"])) for row in till] + [("app", row, _when(row["at"])) for row in app]
    span = timedelta(days=days) / nights
    arrivals: list[tuple[int, str, Row]] = []
    # Equal lines without a key arrive together: what comes again in another delivery is the same row.
    chosen: dict[tuple[str, ...], int] = {}
    for source, row, when in dated:
        night = min(nights - 1, int((when - BEGIN) / span)) if nights > 1 else 0
        late = random.random() < 0.04
        arrives = chosen.setdefault(tuple(row.values()), random.randint(night, nights - 1) if late else night)
        arrivals.append((arrives, source, row))
    final = {name: [row for _, source, row in arrivals if source == name] for name in ("shop", "till", "app")}
    if changes:
        arrivals += _changes(random, arrivals, final, nights)
    return Company(_as_nights(arrivals, nights), {name: tuple(rows) for name, rows in final.items()}, *_given(random, names))


def _purchases(random: Random, name: str, events: int, days: int) -> list[Row]:
    liked, every = random.choice(["p1", "p2", "p3", "p4"]), random.choice([5, 7, 9])
    hour = random.choice([8, 12, 18])
    rows = []
    for day in range(random.randint(0, 5), days, every):
        at = BEGIN + timedelta(days=day + random.choice([0, 0, 0, 1, -1]), hours=hour)
        rows.append(_purchase(random, name, max(at, BEGIN), liked))
    while len(rows) < events:
        at = BEGIN + timedelta(days=random.randrange(days), hours=random.choice([0, 8, 12, 23]), minutes=random.choice([0, 0, 30]))
        rows.append(_purchase(random, name, at, random.choice(["p1", "p2", "p3", "p4", "p5", "unknown"])))
    return rows


def _purchase(random: Random, name: str, at: datetime, product: str) -> Row:
    return {
        "customer": name,
        "at": at.isoformat(timespec="minutes"),
        "no": str(random.randrange(2)),
        "product": product,
        "what": "sale",
        "paid": f"{random.randrange(100, 3000) / 100:.2f}",
        "money": random.choice(["EUR", "EUR", "EUR", "USD", "JPY"]),
        "pieces": random.choice(["1", "2", ""]),
        "off": random.choice(["", "", "0.50"]),
        "of_receipt": "",
        "gone": "",
        "branch": random.choice(["north", "south", ""]),
    }


def _refunds(random: Random, shop: list[Row], days: int) -> list[Row]:
    rows = []
    for number, row in enumerate(random.sample(shop, len(shop) // 12)):
        at = min(_when(row["at"]) + timedelta(days=random.randrange(40)), BEGIN + timedelta(days=days))
        names = random.choice([row["receipt"], row["receipt"], "nowhere"])
        refund = {**row, "at": at.isoformat(timespec="minutes"), "what": "return", "of_receipt": names, "receipt": f"r{number}"}
        rows.append({**refund, "product": random.choice([row["product"], ""]), "branch": ""})
    return rows


def _till(random: Random, name: str, days: int) -> list[Row]:
    often = random.choice(MERCHANTS)
    rows = []
    for _ in range(random.choice([0, 12, 25])):
        day = (BEGIN + timedelta(days=random.randrange(days))).date().isoformat()
        row = {"who": name, "day": day, "line": random.choice([often, often, *MERCHANTS]), "total": f"{random.randrange(1, 4)}.00"}
        # The same line twice on one day is two purchases.
        rows += [row] * random.choice([1, 1, 1, 2])
    return rows


def _exposures(random: Random, names: list[str], days: int) -> list[Row]:
    rows = []
    for name in names:
        answers = random.choice(["o1", "o2", "o3"])
        for _ in range(10):
            at = BEGIN + timedelta(days=random.randrange(days), hours=9)
            offer = random.choice(["o1", "o2", "o3"])
            rows.append({"customer": name, "at": at.isoformat(timespec="minutes"), "id": f"a{len(rows)}", "offer": offer, "what": "shown"})
            if offer == answers:
                rows.append(
                    {**rows[-1], "at": (at + timedelta(hours=2)).isoformat(timespec="minutes"), "id": f"a{len(rows)}", "what": "used"}
                )
    return rows


def _changes(random: Random, arrivals: list[tuple[int, str, Row]], final: dict[str, list[Row]], nights: int) -> list[tuple[int, str, Row]]:
    """Corrections and deletions of rows of the shop; none arrives in the night of the row it changes."""
    out = []
    candidates = [(night, row) for night, source, row in arrivals if source == "shop" and night < nights - 1]
    for night, row in random.sample(candidates, len(candidates) // 10):
        later = random.randint(night + 1, nights - 1)
        place = final["shop"].index(row)
        if random.random() < 0.5:
            out.append((later, "shop", {**row, "gone": "1"}))
            del final["shop"][place]
            continue
        at = max(BEGIN, _when(row["at"]) + timedelta(days=random.choice([-20, 0, 0, 3])))
        changed = {**row, "product": random.choice(["p1", "p5"]), "paid": "7.77", "at": at.isoformat(timespec="minutes")}
        out.append((later, "shop", changed))
        final["shop"][place] = changed
    return out


def _as_nights(arrivals: list[tuple[int, str, Row]], nights: int) -> tuple[tuple[Delivery, ...], ...]:
    out = []
    for night in range(nights):
        parts = {source: tuple(row for at, of, row in arrivals if at == night and of == source) for source in ("shop", "till", "app")}
        out.append(tuple(Delivery(source, f"{night:02d}", rows) for source, rows in parts.items() if rows))
    return tuple(out)


def _given(random: Random, names: list[str]) -> tuple[tuple[Row, ...], tuple[Row, ...]]:
    persons = tuple(
        {"customer": name, "age": random.choice(["18-29", "30-49", ""]), "tier": random.choice(["gold", "basic"])} for name in names
    )
    notes = ({"customer": names[0], "at": "2025-03-02", "stance": "avoids", "dim": "category", "key": "dairy"},)
    return persons, notes


def _when(text: str) -> datetime:
    return datetime.fromisoformat(text)


_SOURCES: dict[str, dict[str, Any]] = {
    "shop": {
        "role": "events",
        "path": "in/shop-*.csv",
        "columns": {
            "user": "customer",
            "time": "at",
            "sequence": "no",
            "key": "receipt",
            "item": "product",
            "kind": "what",
            "amount": "paid",
            "currency": "money",
            "quantity": "pieces",
            "discount": "off",
            "refers_to": "of_receipt",
            "deleted": "gone",
        },
        "kinds": {"sale": "purchase", "return": "refund"},
        "attributes": {"branch": "branch"},
    },
    "till": {
        "role": "events",
        "path": "in/till-*.csv",
        "columns": {"user": "who", "time": "day", "text": "line", "amount": "total"},
        "merchants": True,
        "not_evidence_for": ["discounts"],
    },
    "app": {
        "role": "events",
        "path": "in/app-*.csv",
        "columns": {"user": "customer", "time": "at", "key": "id", "item": "offer", "kind": "what"},
        "kinds": {"shown": "exposure", "used": "redemption"},
    },
    "items": {
        "role": "items",
        "path": "items.csv",
        "columns": {"item": "id", "name": "name"},
        "levels": {"department": "department", "category": "category"},
    },
    "persons": {"role": "persons", "path": "persons.csv", "user": "customer", "attributes": {"age": "age", "tier": "tier"}},
    "notes": {
        "role": "statements",
        "path": "notes.csv",
        "columns": {"user": "customer", "time": "at", "stance": "stance", "dim": "dim", "key": "key"},
    },
}
_COLUMNS = {"shop": SHOP_COLUMNS, "till": TILL_COLUMNS, "app": APP_COLUMNS}


@dataclass
class Site:
    """A folder with a config, the files that arrived, and a store."""

    folder: Path
    settings: dict[str, Any] = field(default_factory=dict)

    def set_up(self, company: Company) -> Site:
        """Write the catalogue, persons and notes; nothing has arrived yet."""
        (self.folder / "in").mkdir(parents=True)
        items = [{"id": key, "name": name, "department": top, "category": fine} for key, (name, top, fine) in PRODUCTS.items()]
        write_csv(self.folder / "items.csv", ("id", "name", "department", "category"), items)
        write_csv(self.folder / "persons.csv", ("customer", "age", "tier"), company.persons)
        write_csv(self.folder / "notes.csv", ("customer", "at", "stance", "dim", "key"), company.notes)
        # Every source has a file from the first night on.
        for source, columns in _COLUMNS.items():
            write_csv(self.folder / "in" / f"{source}-none.csv", columns, [])
        return self

    def deliver(self, *deliveries: Delivery) -> None:
        """Files arrive."""
        for delivery in deliveries:
            write_csv(self.folder / "in" / f"{delivery.source}-{delivery.name}.csv", _COLUMNS[delivery.source], delivery.rows)

    @property
    def config(self) -> Path:
        """The config file, written anew with the settings there are."""
        tree = {
            "version": 1,
            "store": "store",
            "timezone": "Europe/Berlin",
            "currency": "EUR",
            "shared": {"min_users": 2},
            "sources": _SOURCES,
        }
        path = self.folder / "memlearn.yaml"
        path.write_text(yaml.safe_dump(_merged(_merged(tree, EVERYWHERE), self.settings), sort_keys=False), encoding="utf-8")
        return path

    @property
    def layout(self) -> StoreLayout:
        """Its store."""
        return StoreLayout(self.folder / "store")

    def learn(self, **arguments: Any) -> LearnReport:
        """Learn what is there now."""
        return memlearn.learn(self.config, **arguments)

    def digest(self) -> str:
        """Content digest of the current release."""
        with open_release(self.layout) as release:
            return release.manifest.content_digest

    def content(self) -> dict[str, list[dict[str, Any]]]:
        """Everything that a reader of the current release sees, table by table."""
        with open_release(self.layout) as release:
            tables: dict[str, pl.DataFrame] = {"users": release.users().select("user_id", "events", "first_us", "last_us")}
            tables |= {name: release.table(name) for name in USER_TABLES}
            tables |= {name: release.shared(name) for name in SHARED_TABLES}
            return {name: table.to_dicts() for name, table in tables.items()}


def site_of(folder: Path, company: Company, **settings: Any) -> Site:
    """A site where everything arrived at once."""
    site = Site(folder, settings).set_up(company)
    for night in company.nights:
        site.deliver(*night)
    return site


def scratch_of(folder: Path, company: Company, **settings: Any) -> Site:
    """A site that only ever saw the rows that count in the end."""
    site = Site(folder, settings).set_up(replace(company))
    site.deliver(*(Delivery(source, "all", rows) for source, rows in company.final.items()))
    return site


def write_csv(path: Path, columns: tuple[str, ...], rows: Any) -> None:
    """A CSV file with a header."""
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    path.write_text(text.getvalue(), encoding="utf-8")


def _merged(tree: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    out = dict(tree)
    for name, value in over.items():
        out[name] = _merged(out[name], value) if isinstance(value, dict) and isinstance(out.get(name), dict) else value
    return out
