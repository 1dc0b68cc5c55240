"""Does a line that somebody wrote agree with what it cites? Read as English with typed quantities, and computed again on the user's rows."""

from memlearn.grounding.freetext.check import VERSION, Reason, Verdict, check_text
from memlearn.grounding.freetext.view import CitedEvidence, KnownNames, UserView, build_view

__all__ = ["VERSION", "CitedEvidence", "KnownNames", "Reason", "UserView", "Verdict", "build_view", "check_text"]
