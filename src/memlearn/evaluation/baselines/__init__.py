"""What memory is compared with: published methods that see the whole history, each in its strong form, and their tuning.

Every method is `fit(history, parameters) -> Scorer`. Ties between scores are broken by the ranker, by popularity and then by code.
"""

from memlearn.evaluation.baselines.methods import METHODS, Method
from memlearn.evaluation.baselines.rag import make_rag
from memlearn.evaluation.baselines.scorer import NEVER, Scorer
from memlearn.evaluation.baselines.tune import Try, Tuned, tune, tune_over

__all__ = ["METHODS", "NEVER", "Method", "Scorer", "Try", "Tuned", "make_rag", "tune", "tune_over"]
