"""What the agent is told of a user's rows so far, counted exactly, so that a model never has to do arithmetic."""

from memlearn.learning.agent.statistics.hidden import hidden_keys, private_rows
from memlearn.learning.agent.statistics.layout import Telling
from memlearn.learning.agent.statistics.tell import STATISTICS, tell_statistics

__all__ = ["STATISTICS", "Telling", "hidden_keys", "private_rows", "tell_statistics"]
