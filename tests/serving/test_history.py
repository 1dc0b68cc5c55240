from __future__ import annotations

from collections.abc import Callable
from typing import Any

from memlearn.serving import user_history


def test_each_release_says_what_came_and_what_went(shop: Any, anna: Any, person: Any, make_line: Callable[..., Any]) -> None:
    like = make_line("Likes dairy.", "likes", "category", "dairy")
    before = shop.publish({"bert": person()})
    first = shop.publish({"anna": anna, "bert": person()})
    second = shop.publish({"anna": person(lines=(*anna.lines, like))})
    third = shop.publish({"anna": person(lines=(like,)), "bert": person()}, as_of_us=2)
    last = shop.publish({"bert": person()})
    changes = user_history(shop.layout, "anna")
    habit = anna.lines[0]["text"]
    assert [(change.manifest.release_id, change.known, change.added, change.removed) for change in changes] == [
        (first.release_id, True, (habit,), ()),
        (second.release_id, True, ("Likes dairy.",), ()),
        (third.release_id, True, (), (habit,)),
        (last.release_id, False, (), ("Likes dairy.",)),
    ]
    assert user_history(shop.layout, "bert")[0].manifest.release_id == before.release_id
    assert user_history(shop.layout, "nobody") == ()


def test_a_damaged_manifest_is_passed_over(shop: Any, anna: Any, person: Any) -> None:
    damaged = shop.publish({"anna": person()})
    kept = shop.publish({"anna": anna})
    shop.layout.manifest(damaged.release_id).write_text("{")
    assert [change.manifest.release_id for change in user_history(shop.layout, "anna")] == [kept.release_id]
