"""Opinions, motives, moods and plans: no row says so, so none of them may ever count as checked."""

from __future__ import annotations

from .book import Book, statistic

_SAID = (
    "Seems to enjoy cooking at home.",
    "Probably has a dog.",
    "Likely works from home most of the week.",
    "Appears to be planning a big trip.",
    "Values quality over price.",
    "Is in a good mood when paying for coffee.",
    "Feels at home in bookshops.",
    "May be saving up for a new laptop.",
    "Is the kind of person who hates queues.",
    "Buys gifts because a friend's birthday is near.",
    "Wants to eat more healthily.",
    "Will most likely switch to another supermarket soon.",
    "Trusts small neighbourhood shops more than chains.",
    "Goes running to unwind after stressful days.",
    "Would appreciate a personal thank-you note.",
    "Lives with a partner and two children.",
    "Is environmentally conscious.",
    "Prefers the train for reasons of comfort.",
    "Regrets the most expensive purchase of the year.",
    "Has recently changed jobs.",
    "Is getting bored of the same restaurants.",
    "Would never miss a good bargain.",
    "Enjoys the atmosphere of the bakery around the corner.",
    "Is a morning person at heart.",
    "Shops for elderly parents.",
    "Has a sweet tooth.",
    "Is loyal to brands that treat customers well.",
    "Plans to redecorate the living room next year.",
    "Drives an old car.",
    "Reads crime novels rather than biographies.",
    "Finds the app easy to use.",
    "Looks forward to the summer holidays.",
)


def write(book: Book) -> None:
    """One opinion each of the users of whom least was told."""
    book.begin("uncheckable")
    users = sorted(book.world.users, key=lambda user: (book.told[user], user))
    for text, user_id in zip(_SAID, users, strict=False):
        rows = book.world.of(user_id, "purchase")
        cites = [*rows[:6]] if len(text) % 3 else [statistic(None, None)]
        book.untold(user_id, text, cites)
        book.told[user_id] += 1
