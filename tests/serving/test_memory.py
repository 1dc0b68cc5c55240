from __future__ import annotations

import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest

from memlearn.errors import DamagedError, NoReleaseError, UnknownUserError, UsageError
from memlearn.ranking import RankingConfig
from memlearn.serving import Answer, open_memory

NOW = 20_000 * 86_400_000_000


def ask(shop: Any, user: str = "anna", k: int = 10, **options: Any) -> Answer:
    with open_memory(shop.layout) as memory:
        return memory.recommend(user, k, **options)


def test_what_is_due_comes_first_with_the_statement_and_its_evidence(shop: Any, anna: Any) -> None:
    manifest = shop.publish({"anna": anna})
    answer = ask(shop)
    assert (answer.user_id, answer.release_id, answer.tier, answer.at_us, answer.note) == (
        "anna",
        manifest.release_id,
        "personal",
        NOW,
        None,
    )
    first = answer.items[0]
    assert (first.item_id, first.name) == ("beans", "Espresso beans")
    assert first.reason == "Due now: Buys espresso beans about every 10 days."
    assert first.evidence == {"rows": ["00000000000000aa"], "statistic": "habit_of_user"}
    assert {item.item_id for item in answer.items} == {"beans", "milk", "bread", "kefir"}


def test_the_default_moment_is_where_learning_ended(shop: Any, anna: Any) -> None:
    shop.publish({"anna": anna})
    assert ask(shop) == ask(shop, at_us=NOW)
    assert "gone" not in {item.item_id for item in ask(shop).items}


def test_avoids_dairy_removes_it_and_without_it_dairy_is_back(shop: Any, anna: Any, person: Any, avoiding: Callable[..., Any]) -> None:
    shop.publish({"anna": person(facts=(*anna.facts, avoiding("category", "dairy")), lines=anna.lines)})
    assert {item.item_id for item in ask(shop).items} == {"beans", "bread"}
    shop.publish({"anna": anna})
    assert {item.item_id for item in ask(shop).items} == {"beans", "bread", "milk", "kefir"}


def test_a_hypothesis_excludes_nothing(shop: Any, person: Any, make_line: Callable[..., Any]) -> None:
    said = make_line("May not like dairy.", "stance", "category", "dairy", stance="avoids", until=None)
    shop.publish({"sure": person(lines=(said,)), "unsure": person(lines=({**said, "status": "hypothesis"},))})
    assert "milk" not in {item.item_id for item in ask(shop, "sure").items}
    assert "milk" in {item.item_id for item in ask(shop, "unsure").items}


def test_an_unknown_user_gets_what_is_popular_and_a_note(shop: Any, anna: Any) -> None:
    shop.publish({"anna": anna})
    answer = ask(shop, "Anna", 2)
    assert answer.tier == "popular"
    assert [item.item_id for item in answer.items] == ["milk", "bread"]
    assert answer.note is not None
    assert "knows no user 'Anna'" in answer.note


def test_a_user_of_whom_little_is_known_gets_what_their_segment_buys(
    shop: Any, person: Any, make_fact: Callable[..., Any], make_line: Callable[..., Any]
) -> None:
    given = {"region": "north", "faith": "any"}
    stated = make_line("Region: north.", "person", "person", "region", value="north")
    people = {f"n{number}": person(facts=(make_fact("kefir"),), given=given, lines=(stated,)) for number in range(6)}
    people |= {"new": person(given=given, lines=(stated,)), "silent": person(given=given)}
    shop.publish(people)
    with open_memory(shop.layout, config=RankingConfig(segment_users=5)) as memory:
        answer = memory.recommend("new", 1)
        # Nothing may be said of an attribute that no line states, so it makes no segment either.
        assert memory.recommend("silent", 1).tier == "popular"
    assert answer.tier == "segment"
    assert answer.items[0].item_id == "kefir"
    assert answer.items[0].reason == "Popular with users of region north: bought by 6 users."
    with open_memory(shop.layout, config=RankingConfig(segment_users=50)) as memory:
        assert memory.recommend("new", 1).tier == "popular"


def test_a_figure_of_too_few_users_of_a_segment_is_not_used(
    shop: Any, person: Any, make_fact: Callable[..., Any], make_line: Callable[..., Any]
) -> None:
    stated = make_line("Region: north.", "person", "person", "region", value="north")
    facts = [(make_fact("kefir"),)] * 4 + [()] * 5
    shop.publish({f"n{number}": person(facts=own, given={"region": "north"}, lines=(stated,)) for number, own in enumerate(facts)})
    with open_memory(shop.layout, config=RankingConfig(segment_users=5, min_users=5)) as memory:
        answer = memory.recommend("n8", 1)
    assert (answer.tier, answer.items[0].reason) == ("popular", "Popular: bought by 41 users.")


def test_the_answer_needs_nothing_but_the_release(shop: Any, anna: Any) -> None:
    shop.publish({"anna": anna})
    before = ask(shop)
    kept = {"segments", "releases", "CURRENT"}
    for path in shop.layout.root.iterdir():
        if path.name not in kept:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    shutil.rmtree(shop.parts)
    assert ask(shop) == before


def test_an_open_memory_keeps_its_release_and_answers_many_threads(shop: Any, anna: Any, person: Any) -> None:
    first = shop.publish({"anna": anna})
    with open_memory(shop.layout, warm=True) as memory:
        alone = memory.recommend("anna", 3)
        shop.publish({"anna": person()})
        answers: list[Answer] = []
        threads = [threading.Thread(target=lambda: answers.append(memory.recommend("anna", 3))) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert answers == [alone] * 8
    assert alone.release_id == first.release_id
    assert ask(shop, k=3).release_id != first.release_id


def test_blocks_come_in_order_empty_ones_too_and_shared_ones_last(shop: Any, anna: Any) -> None:
    shop.publish({"anna": anna})
    with open_memory(shop.layout) as memory:
        blocks = memory.blocks("anna")
        with pytest.raises(UnknownUserError, match="knows no user 'bert'"):
            memory.blocks("bert")
    assert [(block.label, block.value) for block in blocks] == [
        ("preferences", ""),
        ("habits", "Buys espresso beans about every 10 days."),
        ("trends", "Popular: milk."),
    ]


def test_wrong_use_is_said(shop: Any, anna: Any) -> None:
    with pytest.raises(NoReleaseError, match="Nothing is published"):
        open_memory(shop.layout)
    manifest = shop.publish({"anna": anna})
    with pytest.raises(UsageError, match="0 items were asked for"):
        ask(shop, k=0)
    shop.layout.segment(manifest.shared_segment.file).write_bytes(b"no")
    with pytest.raises(DamagedError):
        open_memory(shop.layout)


def test_serving_imports_neither_learning_nor_prefect() -> None:
    script = "import sys, memlearn.serving; print([name for name in sys.modules if name.startswith(('memlearn.learning', 'prefect'))])"
    done = subprocess.run(
        [sys.executable, "-c", script], env={"PYTHONPATH": ":".join(sys.path)}, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
