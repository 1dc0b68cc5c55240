"""What no row can show: motives, moods, plans, households and opinions."""

from __future__ import annotations

from corpus.book import Book
from corpus.words import name
from corpus.world import Group

_SAYINGS = (
    "Seems to treat {shop} as a small reward after a long day.",
    "Loves the atmosphere at {shop}.",
    "Would probably switch away from {shop} if a cheaper place opened nearby.",
    "Buys at {shop} for the whole family.",
    "Is planning to buy less at {shop} next year.",
    "Thinks that {shop} is overpriced, but goes there all the same.",
    "Prefers to shop at {shop} because it lies on the way to work.",
    "Was recommended {shop} by a colleague.",
    "The {goods} purchases are presumably presents for friends.",
    "Feels guilty about how much goes on {goods}.",
    "Careful with money and compares prices before every {goods} purchase.",
    "Will go back to {shop} within the next two weeks.",
    "A friendly, easy-going person who enjoys {goods}.",
    "Pays at {shop} on behalf of an employer.",
    "Most likely has a loyalty card of {shop}.",
    "Values quality over price when it comes to {goods}.",
)


def write(book: Book) -> None:
    """Tell each of somebody else, who does go there."""
    book.begin("hunch")
    groups = [group for group in book.world.merchants if 4 <= group.n <= 20]
    step = len(groups) // len(_SAYINGS)
    for place, saying in enumerate(_SAYINGS):
        group: Group = groups[place * step]
        text = saying.format(shop=name(group.key or ""), goods=group.rows[0].category)
        book.untold(group.user_id, text, group.rows)
