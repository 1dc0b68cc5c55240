"""What users bought, as integers; see `memlearn.ranking.history`."""

from memlearn.ranking.history import History, make_history, split_at, split_last

__all__ = ["History", "make_history", "split_at", "split_last"]
