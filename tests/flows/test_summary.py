"""The summary of a run tells what the agent did, where there is one."""

from __future__ import annotations

from memlearn.wiring.reports import LearnReport
from memlearn.wiring.reports_agent import AgentReport
from memlearn_flows.summary import learn_summary

PLAIN = LearnReport("run-000001", "r000001-0", 2, 20, 0, 4, 0, 9, 0, 1.5)
AGENT = AgentReport(1200, 3, 2, 1, "0.25", "0", 0, currency="USD", stopped="The cap is reached.")


def test_steps_and_cost_of_the_agent_are_told() -> None:
    text = learn_summary(LearnReport.of_json({**PLAIN.to_json(), "agent": AGENT.to_json(), "warnings": ["The agent stopped."]}))
    assert "| agent's steps | 1,200 done, 3 reused, 2 skipped |" in text
    assert "| agent's cost | 0.25 USD |" in text
    assert "- The agent stopped." in text


def test_without_an_agent_nothing_is_said_of_it() -> None:
    assert "agent" not in learn_summary(PLAIN)
