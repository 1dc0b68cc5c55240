"""What operators state: told as they state it, sensitive or not, and never a ground for saying more."""

from __future__ import annotations

from datetime import timedelta

import pytest
from companies import BEGIN, Delivery, Site, make_company, write_csv

import memlearn
from memlearn.store import open_release

NOTES = ("customer", "at", "stance", "dim", "key", "words")
PHARMACY = "SONNEN APOTHEKE"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """Anna and u4 buy at the pharmacy every week; of Anna an operator states what she needs and avoids, of u4 nothing."""
    settings = {"sources": {"notes": {"columns": {"text": "words"}}}}
    company = make_company(5, users=4, events=30, nights=1)
    made = Site(tmp_path_factory.mktemp("stances") / "site", settings).set_up(company)
    made.deliver(*company.nights[0])
    days = [(BEGIN + timedelta(days=day)).date().isoformat() for day in range(0, 147, 7)]
    rows = [{"who": who, "day": day, "line": f"{PHARMACY} 0042 BERLIN", "total": "9.00"} for who in ("Anna", "u4") for day in days]
    made.deliver(Delivery("till", "pharmacy", tuple(rows)))
    notes = [
        ("needs", "merchant", PHARMACY, ""),
        ("likes", "category", "health", "Asked for offers on cough medicine."),
        ("avoids", "category", "coffee", ""),
        ("avoids", "item", "o2", "Is diabetic; no dairy offers."),
    ]
    write_csv(
        made.folder / "notes.csv",
        NOTES,
        [
            {"customer": "Anna", "at": "2025-03-02", "stance": stance, "dim": dim, "key": key, "words": words}
            for stance, dim, key, words in notes
        ],
    )
    memlearn.learn(made.config)
    return made


def test_an_operator_may_name_what_is_sensitive(site: Site) -> None:
    blocks = memlearn.show(site.config, "Anna").blocks
    stated = {one.text: one for block in blocks for one in block.statements if one.fact is not None and one.fact["kind"] == "stance"}
    assert set(stated) == {
        f"Needs {PHARMACY} (stated).",
        "Asked for offers on cough medicine.",
        "Avoids coffee (stated).",
        "Is diabetic; no dairy offers.",
    }
    assert all(one.evidence["operator"] and one.status == "verified" for one in stated.values())
    assert memlearn.verify(site.config).contradicted == 0


@pytest.mark.parametrize("user", ["Anna", "u4"])
def test_nothing_is_inferred_about_it(site: Site, user: str) -> None:
    words = ("apotheke", "pharmacy", "health", "diabetic", "medicine")
    with open_release(site.layout) as release:
        record = release.user(user)
    assert record is not None
    learned = [one for one in record.statements if one.kind != "stance"]
    assert learned
    assert [one.text for one in learned if any(word in one.text.casefold() for word in words)] == []
    known = [fact for fact in record.item_facts if any(word in fact.key.casefold() for word in words)]
    assert [(fact.stance, fact.n) for fact in known if fact.n] == []
    assert {fact.stance for fact in known} == ({"needs", "likes"} if user == "Anna" else set())


def test_what_is_avoided_is_not_recommended_and_not_a_reason(site: Site) -> None:
    answer = memlearn.recommend(site.config, "Anna", k=100)
    shown = {item.item_id for item in answer.items}
    assert shown
    assert shown & {"p1", "o1", "o2"} == set()
    assert [item.reason for item in answer.items if "diabetic" in item.reason or "Avoids" in item.reason] == []
    assert {"p1", "o2"} <= {item.item_id for item in memlearn.recommend(site.config, "u4", k=100).items}
