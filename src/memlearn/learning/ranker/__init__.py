"""The learned ranker: what it is trained on, and its training."""

RANKER_VERSION = "ranker-3"
"""Version of the features, the training and what is kept of it. A new one learns everybody anew, and does no step again."""
