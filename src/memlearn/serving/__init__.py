"""Serving: a release, a user, a moment: recommendations and blocks. Never imports learning or Prefect."""

from memlearn.serving.history import Change, user_history
from memlearn.serving.memory import Answer, Memory, open_memory, stated_attributes, user_memory

__all__ = ["Answer", "Change", "Memory", "open_memory", "stated_attributes", "user_history", "user_memory"]
