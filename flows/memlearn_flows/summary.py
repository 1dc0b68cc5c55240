"""The summaries of runs in Markdown, for Prefect's page of artifacts."""

from __future__ import annotations

from memlearn.evaluation.report.figures import figure_main, figure_under, metric_title
from memlearn.wiring.reports import LearnReport
from memlearn.wiring.reports_evaluate import EvaluateReport


def learn_summary(report: LearnReport) -> str:
    """A learn run as a table, and what an operator should look at."""
    rows = {
        "release": f"`{report.release_id}`" + ("" if report.published else " (nothing new)"),
        "users": f"{report.users:,}",
        "events": f"{report.events:,}",
        "statements": f"{report.statements:,}",
        "steps done": f"{report.steps_done:,}",
        "steps reused": f"{report.steps_reused:,}",
        "rejected rows": f"{report.rejected_rows:,}",
        "refused edits": f"{report.refused_edits:,}",
        "learned up to": report.as_of or "-",
        "seconds": f"{report.seconds:.1f}",
    }
    if report.agent is not None:
        rows["agent's steps"] = (
            f"{report.agent.steps_done:,} done, {report.agent.steps_reused:,} reused, {report.agent.steps_skipped:,} skipped"
        )
        rows["agent's cost"] = f"{report.agent.cost} {report.agent.currency or ''}".strip()
    table = "\n".join(f"| {name} | {value} |" for name, value in rows.items())
    warnings = "".join(f"\n- {warning}" for warning in report.warnings)
    return f"# Learn run {report.run_id}\n\n| what | value |\n| --- | --- |\n{table}\n" + (
        f"\n## Warnings\n{warnings}\n" if warnings else ""
    )


def evaluate_summary(report: EvaluateReport) -> str:
    """An evaluation as sentences and a table."""
    evaluation = report.evaluation
    main = evaluation.protocol.main
    rows = "\n".join(
        f"| {one.title} | {figure_main(one.metrics[main])} | {figure_under(one.metrics[main])} |" for one in evaluation.methods
    )
    said = "\n\n".join(report.said)
    return f"# Evaluation of {evaluation.subject.data}\n\n{said}\n\n| method | {metric_title(main)} | interval |\n| --- | --- | --- |\n{rows}\n"
