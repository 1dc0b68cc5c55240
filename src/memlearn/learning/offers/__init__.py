"""The learned ranker of offers: what it is trained on, and its training."""

OFFERS_VERSION = "offers-4"
"""Version of the features, the training and what is kept of it. A new one learns everybody anew, and does no step again."""
