"""The trained ranker of offers: how likely a user is to answer one, from what was sent to them and answered before."""

from memlearn.ranking.offers.applies import AFFINITY, NOTHING, Applies, Bought
from memlearn.ranking.offers.features import Attribute, Encoding, Features, feature_names, make_features, raising
from memlearn.ranking.offers.figures import PRIOR, Counts, OfferFigures, rates_of
from memlearn.ranking.offers.model import Logistic, Model
from memlearn.ranking.offers.ranker import OfferRanker
from memlearn.ranking.offers.sends import MINUTE_US, NEVER, Sends, of_one_user

__all__ = [
    "AFFINITY",
    "MINUTE_US",
    "NEVER",
    "NOTHING",
    "PRIOR",
    "Applies",
    "Attribute",
    "Bought",
    "Counts",
    "Encoding",
    "Features",
    "Logistic",
    "Model",
    "OfferFigures",
    "OfferRanker",
    "Sends",
    "feature_names",
    "make_features",
    "of_one_user",
    "raising",
    "rates_of",
]
