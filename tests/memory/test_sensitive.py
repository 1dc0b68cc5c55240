"""Names that are never stated."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from memlearn.memory.sensitive import TOPICS, SensitiveConfig, is_sensitive
from memlearn.memory.sensitive_words import HARMLESS, WORDS


def judge(*names: str | None, **config: list[str]) -> list[bool]:
    return is_sensitive(pl.Series("name", names, dtype=pl.String), SensitiveConfig.model_validate(config)).to_list()


@pytest.mark.parametrize(
    "name",
    [
        "PHARMACY",
        "Stadt-Apotheke",
        "FARMACIA S. PIO",
        "Zahnärzte am Ring",
        "Hörgeräte Müller",
        "ANALGESICS",
        "Pregnancy test kits",
        "ST. MARY'S CHURCH",
        "Kirchengemeinde Nord",
        "Parteispende",
        "CONDOMS & MORE",
        "ETHNIC PERSONAL CARE",
        "OSPEDALE MAGGIORE",
        "FAMILY PLANNING",
    ],
)
def test_sensitive_in_three_languages(name: str) -> None:
    assert judge(name) == [True]


@pytest.mark.parametrize(
    "name",
    [
        "DRUG GM",
        "GREEN MARKET",
        "Christian Dior",
        "Church's Chicken",
        "Churchill Pub",
        "KOSHER SALT",
        "Essex Cafe",
        "Tierarzt Dr. Meier",
        "PARTY TRAYS",
        "HAIR CARE PRODUCTS",
        "Gayle's Bakery",
        "Dr Pepper",
        "TAMPONE/INCHIOSTRO",
        "",
    ],
)
def test_harmless_names_stay(name: str) -> None:
    assert judge(name) == [False]


def test_null_is_harmless_and_the_length_stays() -> None:
    assert judge(None, "clinic", None) == [False, True, False]
    assert judge() == []


def test_a_harmless_phrase_does_not_hide_a_sensitive_word() -> None:
    assert judge("Kosher salt, Bible shop") == [True]


def test_topics_words_and_exceptions_are_configured() -> None:
    assert judge("Pharmacy", "Bible Shop", topics=["religion"]) == [False, True]
    assert judge("Pharmacy", "anything", topics=[]) == [False, False]
    assert judge("Casino Royal", "Megacasino", "Casserole", words=["*casino"]) == [True, True, False]
    assert judge("PHARMACY", "Pharmacy 24", allow=["pharmacy"]) == [False, True]
    assert judge("A*B", "AXB", words=["*", "(", "a b"]) == [True, False]


@given(st.sampled_from([word for topic in TOPICS for word in WORDS[topic]]), st.sampled_from(["{}", "NEW {} 24", "x-{}/y"]))
def test_every_word_is_found_in_any_case_and_place(word: str, frame: str) -> None:
    name = frame.format(word.replace("*", ""))
    assert judge(name.upper(), name.title()) == [True, True]


@pytest.mark.parametrize("phrase", HARMLESS)
def test_every_harmless_phrase_is_harmless(phrase: str) -> None:
    assert judge(phrase.replace("*", "")) == [False]
