from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memlearn.sources.config import MerchantConfig
from memlearn.sources.merchant_names import word_table
from memlearn.sources.merchants import normalise_merchants

PLAIN = MerchantConfig()


def named(*texts: str | None, config: MerchantConfig = PLAIN) -> list[tuple[str | None, str | None]]:
    return normalise_merchants(pl.Series(texts, dtype=pl.String), config).rows()


@pytest.mark.parametrize(
    ("raw", "merchant", "category"),
    [
        ("SQ *BLUE BOTTLE 0042 SF", "BLUE BOTTLE", "coffee"),
        ("TST* Joe's Pizza - 123 NY", "JOES PIZZA", "fast food"),
        ("PAYPAL *SPOTIFY", "SPOTIFY", "digital services"),
        ("PP*SPOTIFY 4029357733", "SPOTIFY", "digital services"),
        ("AMZN Mktp US*2K4AB1CD0", "AMAZON", "general retail"),
        ("UBER *EATS", "UBER EATS", "food delivery"),
        ("UBER *TRIP", "UBER TRIP", "transport"),
        ("STARBUCKS STORE #12345 SEATTLE WA", "STARBUCKS", "coffee"),
        ("Starbucks 08812", "STARBUCKS", "coffee"),
        ("REWE Markt GmbH-Zw//Berlin/DE", "REWE MARKT", "groceries"),
        ("TARGET T-2184 SAN FRANCISCO CA", "TARGET", "general retail"),
        ("POS PURCHASE 06/01 TRADER JOE'S #552  OAKLAND CA", "TRADER JOES", "groceries"),
        ("NETFLIX.COM 866-579-7172 CA", "NETFLIX", "digital services"),
        ("CARD 4412 XXXX1234 EDEKA", "EDEKA", "groceries"),
        ("Caf\u00e9\u200b Nero", "CAFE NERO", "coffee"),
        ("7-ELEVEN 34521", "7 ELEVEN", "general retail"),
        ("CITY FUEL 24", "CITY FUEL 24", "fuel"),
        ("MOTEL 6 #4411", "MOTEL 6", "travel"),
        ("DB VERTRIEB GMBH", "DB VERTRIEB", "rail"),
        ("KIM & SONS LTD", "KIM & SONS", None),
        ("ZYXW QRST", "ZYXW QRST", None),
        ("123456", None, None),
        ("***", None, None),
        ("", None, None),
        (None, None, None),
    ],
)
def test_raw_strings_become_merchants(raw: str | None, merchant: str | None, category: str | None) -> None:
    assert named(raw) == [(merchant, category)]


@pytest.mark.parametrize(
    "texts",
    [
        ("HOTEL BERLIN", "HOTEL PARIS"),
        ("BANK OF NEW YORK", "BANK OF BOSTON"),
        ("CAFE 21", "CAFE 22"),
        ("UBER *EATS", "UBER *TRIP"),
        ("GREEN MARKET", "GREEN MARKET CAFE"),
        ("SHELL", "SHELL BEACH DINER"),
        ("H&M", "H M"),
    ],
)
def test_different_merchants_stay_apart(texts: tuple[str, ...]) -> None:
    names = [merchant for merchant, _ in named(*texts)]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    "texts",
    [
        (
            "NORTHSIDE COFFEE 0042 BERLIN",
            "SQ *NORTHSIDE COFFEE",
            "Northside  Coffee #7",
            "NORTHSIDE COFFEE GMBH",
            "northside coffee 01.06.2025",
        ),
        ("KAUFHAUS MUELLER 123", "KAUFHAUS MUELLER BERLIN DE", "KAUFHAUS MUELLER   MUENCHEN"),
    ],
)
def test_spellings_of_one_merchant_meet(texts: tuple[str, ...]) -> None:
    assert len({merchant for merchant, _ in named(*texts)}) == 1


def test_config_comes_before_the_built_in_words() -> None:
    config = MerchantConfig(
        aliases={"Lidl sagt Danke": "LIDL"}, categories={"allbirds": "shoes", "coffee": "hot drinks", "Blue Bottle": "treats"}
    )
    assert named("LIDL SAGT DANKE 4711", "SP * ALLBIRDS", "NORTHSIDE COFFEE", "SQ *BLUE BOTTLE 0042 SF", config=config) == [
        ("LIDL", "groceries"),
        ("ALLBIRDS", "shoes"),
        ("NORTHSIDE COFFEE", "hot drinks"),
        ("BLUE BOTTLE", "treats"),
    ]


def test_the_word_table_is_wide_and_unambiguous() -> None:
    assert len(word_table()) >= 300
    assert len(set(word_table().values())) >= 25


@settings(deadline=None)
@given(
    st.lists(st.one_of(st.none(), st.text(max_size=30), st.from_regex(r"[A-Z*#' ]{3,12}[0-9]{0,6} [A-Z]{2}", fullmatch=True)), max_size=8)
)
def test_each_text_is_named_by_itself_alone(texts: list[str | None]) -> None:
    together = named(*texts)
    assert len(together) == len(texts)
    assert together == [named(text)[0] for text in texts]
    for merchant, _ in together:
        assert merchant is None or (merchant == merchant.strip() and any(character.isalpha() for character in merchant))
