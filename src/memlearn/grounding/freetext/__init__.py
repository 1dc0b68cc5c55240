"""Does a line that somebody wrote agree with what it cites? Read as English with typed quantities, and computed again on the user's rows."""

from memlearn.grounding.freetext.check import VERSION, Verdict, check_text
from memlearn.grounding.freetext.view import CitedEvidence, UserView, build_view

__all__ = ["VERSION", "CitedEvidence", "UserView", "Verdict", "build_view", "check_text"]
