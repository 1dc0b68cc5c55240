"""Grounding: do published facts hold? Each one is executed again on the rows it was computed from, apart from how it was learned."""

from memlearn.grounding.check import CONTRADICTED, SOURCE_GONE, VERIFIED, check_facts
from memlearn.grounding.population import sum_population
from memlearn.grounding.quotes import quote_stands
from memlearn.grounding.tables import FactTables, Settings
from memlearn.grounding.verify import FactProblem, VerifyResult, verify_release

__all__ = [
    "CONTRADICTED",
    "SOURCE_GONE",
    "VERIFIED",
    "FactProblem",
    "FactTables",
    "Settings",
    "VerifyResult",
    "check_facts",
    "quote_stands",
    "sum_population",
    "verify_release",
]
