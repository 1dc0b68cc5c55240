"""The verbs of the agent: what its steps were."""

from __future__ import annotations

from memlearn.errors import UnknownUserError
from memlearn.learning.agent.told import tell_steps
from memlearn.learning.lock import learning
from memlearn.store.ledger import Ledger
from memlearn.wiring.jobs import make_job
from memlearn.wiring.load import LoadedConfig
from memlearn.wiring.reports import ExchangeView, RefusedCall, StepsReport, StepView


def steps(loaded: LoadedConfig, user_id: str, *, full: bool = False) -> StepsReport:
    """The step history of a user.

    Args:
        loaded: the config.
        user_id: the user.
        full: tell requests and answers too.

    Raises:
        BusyError: a learn run works on this store.
        UnknownUserError: no agent has read this user.
    """
    job = make_job(loaded)
    with learning(job):
        ledger = Ledger(job.layout.ledger)
        try:
            told = tell_steps(ledger, user_id, job.layout.journals if full else None)
        finally:
            ledger.close()
    if not told:
        raise UnknownUserError(
            f"No agent has read user {user_id!r}. Check the spelling; ids are compared exactly. Steps are kept where `learning.manager` is `agent`."
        )
    return StepsReport(
        user_id,
        tuple(
            StepView(
                chunk=step.chunk,
                run_id=step.run_id,
                version=step.version,
                outcome=step.outcome,
                reason=step.reason,
                events=step.events,
                accepted=step.accepted,
                refused=tuple(RefusedCall(call, reason, mended) for call, reason, mended in step.refused),
                requests=step.requests,
                cost=step.cost,
                perhaps=step.perhaps,
                exchanges=tuple(ExchangeView(one.turn, one.asked, one.answered) for one in step.exchanges),
            )
            for step in told
        ),
    )
