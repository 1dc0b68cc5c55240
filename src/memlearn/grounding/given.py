"""Facts that are not computed but given: persons, operators' stances, quotations from documents."""

from __future__ import annotations

import json

import polars as pl

from memlearn.chunks.documents import Passage
from memlearn.grounding.quotes import quote_stands
from memlearn.grounding.words import clean, denies, figures, in_order, says
from memlearn.memory import Fact

_STANCE_WORDS = {"likes": r"\blikes?\b", "avoids": r"\bavoids?\b", "needs": r"\bneeds?\b"}


def _beside(facts: pl.DataFrame, given: pl.DataFrame, on: list[str]) -> pl.DataFrame:
    """Put beside each fact the last of what is given about the same."""
    return facts.join(given.unique(on, keep="last", maintain_order=True), on=on, how="left", maintain_order="left")


def person_reasons(facts: pl.DataFrame, persons: pl.DataFrame) -> pl.Series:
    """Why facts about given attributes do not hold; null where they do."""
    given = persons.select("user_id", pl.col("attribute").alias("key"), pl.col("value").alias("given"))
    placed = _beside(facts, given, ["user_id", "key"])
    attribute, shown = pl.col("key").str.replace_all("_", " "), clean(pl.col("c_value"))
    text = pl.col("text")
    reason = (
        pl.when(pl.col("dim") != "person")
        .then(pl.lit("it is about no attribute of a person"))
        .when(pl.col("c_value").ne_missing(pl.col("given")))
        .then(
            pl.concat_str(
                pl.lit("value is "),
                pl.col("c_value").fill_null("nothing"),
                pl.lit(" in the statement, "),
                pl.col("given").fill_null("nothing"),
                pl.lit(" as given"),
            )
        )
        .when(~(says(text, attribute) & says(text, shown)) | (figures(text) != figures(in_order(attribute, shown))))
        .then(pl.lit("the text does not say what the fact says"))
        .when(denies(text, [attribute, shown]))
        .then(pl.lit("the text denies what the fact says"))
    )
    return placed.select(reason.alias("reason"))["reason"]


def stance_reasons(facts: pl.DataFrame, stances: pl.DataFrame) -> pl.Series:
    """Why facts about what an operator stated do not hold; null where they do."""
    kept = stances.filter(pl.col("stance").is_not_null()).select(
        "user_id", "dim", "key", pl.col("stance").alias("kept"), _instant(pl.col("stance_until_us")).alias("kept_until")
    )
    placed = _beside(facts, kept, ["user_id", "dim", "key"])
    lower = pl.col("text").str.to_lowercase()
    others = [(pl.col("c_stance") != stance) & lower.str.contains("^" + word) for stance, word in _STANCE_WORDS.items()]
    own = lower.str.ends_with("(stated).")
    # Worded by us: the verb, the name and the end; an operator's own words are taken as they are.
    until = pl.col("c_until").str.slice(0, 10).str.to_date("%Y-%m-%d", strict=False).dt.strftime("%-d %B %Y").str.to_lowercase()
    meant = figures(in_order(pl.col("called"), until.fill_null("")))
    reason = (
        pl.when(~pl.col("operator"))
        .then(pl.lit("no operator stated it"))
        .when(pl.col("kept").is_null())
        .then(pl.lit("no such stance is kept"))
        .when(pl.col("c_stance").ne_missing(pl.col("kept")))
        .then(
            pl.concat_str(
                pl.lit("stance is "), pl.col("c_stance").fill_null("nothing"), pl.lit(" in the statement, "), "kept", pl.lit(" as stated")
            )
        )
        .when(pl.col("c_until").ne_missing(pl.col("kept_until")))
        .then(
            pl.concat_str(
                pl.lit("until is "),
                pl.col("c_until").fill_null("nothing"),
                pl.lit(" in the statement, "),
                pl.col("kept_until").fill_null("nothing"),
                pl.lit(" as stated"),
            )
        )
        .when(pl.any_horizontal(others) | (own & (~says(pl.col("text"), pl.col("name")) | (figures(pl.col("text")) != meant))))
        .then(pl.lit("the text does not say what the fact says"))
    )
    return placed.select(reason.alias("reason"))["reason"]


def _instant(time_us: pl.Expr) -> pl.Expr:
    return pl.from_epoch(time_us.cast(pl.Int64), time_unit="us").dt.strftime("%Y-%m-%dT%H:%M:%SZ")


def quotation_reasons(facts: pl.DataFrame, passages: pl.DataFrame) -> pl.Series:
    """Why quotations do not hold; null where they do. There are at most some hundred of them."""
    known = {row["passage_id"]: Passage(**{**row, "headings": tuple(row["headings"] or ())}) for row in passages.iter_rows(named=True)}
    rows = facts.select("key", "fact", "text", "passages").iter_rows(named=True)
    return pl.Series(
        "reason", [_quotation_reason(row["key"], row["fact"], row["text"], row["passages"] or [], known) for row in rows], dtype=pl.String
    )


def _quotation_reason(key: str | None, text_of_fact: str, text: str, cited: list[str], known: dict[str, Passage]) -> str | None:
    passage = known.get(key or "")
    if passage is None:
        return f"there is no passage {key!r}"
    values = json.loads(text_of_fact)
    fact = Fact(values.pop("kind"), values.pop("dim"), values.pop("key"), values)
    if not quote_stands(fact, passage):
        return f"the quotation does not stand in passage {key!r} where the fact says"
    title = passage.title.capitalize() if passage.title.isupper() else passage.title
    if text not in (values["quote"], f"{title}: {values['quote']}"):
        return "the text is not the quotation"
    return None if cited in ([], [key]) else "it cites another passage"
