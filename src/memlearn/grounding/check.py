"""Check facts: execute each one again on the rows, and compare its values, its condition, its evidence and its text."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import polars as pl

from memlearn.grounding.against import SHARED_DEFINITIONS, population_of, shared_figures
from memlearn.grounding.claims import arguments_fit, month_number, parse_facts, to_claims
from memlearn.grounding.given import person_reasons, quotation_reasons, stance_reasons
from memlearn.grounding.measure import measure
from memlearn.grounding.population import sum_population
from memlearn.grounding.tables import FactTables
from memlearn.grounding.texts import SHARED_WORDINGS, USER_WORDINGS, Wording, add_names, disagreements
from memlearn.grounding.values import USER_DEFINITIONS, Definition, contradiction

VERIFIED, CONTRADICTED, SOURCE_GONE = "verified", "contradicted", "source_gone"

_OPTIONAL = {"rows": pl.List(pl.String()), "passages": pl.List(pl.String()), "operator": pl.Boolean()}
_Reasons = Callable[[pl.DataFrame], pl.Series]


def check_facts(facts: pl.DataFrame, tables: FactTables) -> pl.DataFrame:
    """Check many facts at once.

    Args:
        facts: user_id (null for facts about all users), label, text, fact (JSON), and where there are any rows (ids cited),
            passages (ids cited), operator.
        tables: what they are checked against; `rows` must hold all rows of every user that a fact is about.

    Returns:
        `facts` in their order, with `outcome` (`verified`, `contradicted` or `source_gone`) and `reason` (null where verified).
    """
    parsed = _parsed(facts, tables)
    shared = pl.col("user_id").is_null()
    if not parsed.select((shared & (pl.col("kind") != "passage")).any() | pl.col("kind").is_in(_POPULATION_KINDS).any()).item():
        sums = None
    elif tables.population is not None:
        sums = tables.population
    else:
        dims = parsed.filter(shared & pl.col("kind").is_in(["with", "after"]))["dim"].drop_nulls().to_list()
        sums = sum_population(tables, dims)
    judged = pl.concat(
        [
            _user_facts(parsed.filter(~shared & pl.col("known")), tables, sums),
            _shared_facts(parsed.filter(shared & pl.col("known")), tables, sums),
        ]
    )
    found = parsed.select("claim", "kind", "known").join(judged, on="claim", how="left", maintain_order="left")
    unknown = (
        pl.when(pl.col("kind").is_null())
        .then(pl.lit("it is no fact"))
        .otherwise(pl.concat_str(pl.lit("a fact of kind "), "kind", pl.lit(" has other arguments")))
    )
    reason = pl.when(pl.col("known")).then(pl.col("reason")).otherwise(unknown)
    gone = pl.col("gone").fill_null(value=False)
    outcome = pl.when(gone).then(pl.lit(SOURCE_GONE)).when(reason.is_null()).then(pl.lit(VERIFIED)).otherwise(pl.lit(CONTRADICTED))
    return facts.with_columns(found.select(outcome.alias("outcome"), reason.alias("reason")))


_POPULATION_KINDS = [kind for kind, definition in USER_DEFINITIONS.items() if definition.population]


def _parsed(facts: pl.DataFrame, tables: FactTables) -> pl.DataFrame:
    given = facts.with_columns(pl.lit(None, dtype).alias(name) for name, dtype in _OPTIONAL.items() if name not in facts.columns)
    given = given.select("user_id", "text", "fact", *_OPTIONAL).with_columns(pl.int_range(pl.len(), dtype=pl.Int64).alias("claim"))
    given = given.with_columns(pl.col("user_id", "text").cast(pl.String), pl.col("operator").fill_null(value=False))
    parsed = given.join(parse_facts(given), on="claim", maintain_order="left")
    parsed = parsed.with_columns(
        arguments_fit(pl.col("user_id").is_null()).fill_null(value=False).alias("known"), month_number("c_month").alias("month")
    )
    named = parsed.with_columns(pl.coalesce("c_from", "c_other").alias("other_key"))
    return add_names(named, tables.items)


def _user_facts(facts: pl.DataFrame, tables: FactTables, sums: pl.DataFrame | None) -> pl.DataFrame:
    computed = facts.filter(pl.col("kind").is_in(list(USER_DEFINITIONS)))
    figures = measure(to_claims(computed), tables)
    population = (
        pl.Series("population", [None] * len(computed), dtype=pl.Float64)
        if sums is None
        else population_of(computed, sums, tables.settings.min_users)
    )
    measured = computed.join(figures, on="claim", how="left", maintain_order="left").with_columns(population)
    parts = [_judge(measured, kind, USER_DEFINITIONS[kind], USER_WORDINGS[kind], tables) for kind in USER_DEFINITIONS]
    given: Mapping[str, _Reasons] = {
        "person": lambda part: person_reasons(part, tables.persons),
        "stance": lambda part: stance_reasons(part, tables.stances),
    }
    parts += [_plain(facts.filter(pl.col("kind") == kind), reasons) for kind, reasons in given.items()]
    return pl.concat(parts)


def _shared_facts(facts: pl.DataFrame, tables: FactTables, sums: pl.DataFrame | None) -> pl.DataFrame:
    parts = [_plain(facts.filter(pl.col("kind") == "passage"), lambda part: quotation_reasons(part, tables.passages))]
    if sums is not None:
        measured = shared_figures(facts, sums, tables.settings.min_users)
        parts += [_judge(measured, kind, SHARED_DEFINITIONS[kind], SHARED_WORDINGS[kind], tables) for kind in SHARED_DEFINITIONS]
    return pl.concat(parts)


def _plain(facts: pl.DataFrame, reasons: _Reasons) -> pl.DataFrame:
    return facts.select("claim", reasons(facts).alias("reason"), pl.lit(value=False).alias("gone"))


def _judge(measured: pl.DataFrame, kind: str, definition: Definition, wording: Wording, tables: FactTables) -> pl.DataFrame:
    """claim, reason, gone of the facts of one kind."""
    facts = measured.filter(pl.col("kind") == kind)
    if facts.is_empty():
        return pl.DataFrame(schema={"claim": pl.Int64, "reason": pl.String, "gone": pl.Boolean})
    texts = disagreements(facts, wording)
    cited = [pl.lit(None, pl.String)]
    gone = pl.lit(value=definition.population and not tables.complete)
    without: pl.Expr = pl.when(gone).then(pl.lit("rows of some users are gone, so that sums over all users cannot be taken"))
    if "gone_row" in facts.columns:
        nothing = pl.col("user_n").is_null() & pl.lit(not tables.complete)
        gone = gone | pl.col("gone_row").is_not_null() | nothing
        away = (
            pl.when(nothing)
            .then(pl.lit("the rows that the user was learned from are not there"))
            .otherwise(pl.lit("rows are gone: ") + pl.col("gone_row"))
        )
        without = pl.coalesce(away, without)
        cited = [
            pl.when(pl.col("missing_row").is_not_null()).then(pl.concat_str(pl.lit("the user has no row "), "missing_row")),
            pl.when(pl.col("foreign_row").is_not_null()).then(pl.concat_str(pl.lit("row "), "foreign_row", pl.lit(" is not about it"))),
        ]
    reason = pl.coalesce(without, contradiction(definition), *cited, texts)
    return facts.select("claim", reason.cast(pl.String).alias("reason"), gone.alias("gone"))
