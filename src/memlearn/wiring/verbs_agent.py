"""The verbs of the agent: what its steps were, and a run again without a request."""

from __future__ import annotations

from memlearn.errors import UnknownUserError
from memlearn.learning.agent.names import document_name
from memlearn.learning.agent.told import read_by_agent, tell_steps
from memlearn.learning.agent.unpublished import read_unpublished
from memlearn.learning.lock import learning
from memlearn.store.ledger import Ledger
from memlearn.store.namesakes import did_you_mean
from memlearn.wiring.jobs import make_job
from memlearn.wiring.load import LoadedConfig
from memlearn.wiring.reports_agent import ExchangeView, RefusedCall, ReplayReport, StepsReport, StepView, UnpublishedView


def steps(loaded: LoadedConfig, user_id: str, *, full: bool = False) -> StepsReport:
    """The step history of a user, or of a document.

    Args:
        loaded: the config.
        user_id: the user; where no user of this id was read, the document, as `<source>:<path>`.
        full: tell requests and answers too.

    Raises:
        BusyError: a learn run works on this store.
        UnknownUserError: no agent has read this user.
    """
    job = make_job(loaded)
    with learning(job):
        ledger = Ledger(job.layout.ledger)
        try:
            journals = job.layout.journals if full else None
            name = user_id
            told = tell_steps(ledger, name, journals)
            if not told:
                name = document_name(user_id)
                told = tell_steps(ledger, name, journals)
            meant = "" if told else did_you_mean(read_by_agent(ledger, user_id))
            _, unpublished = read_unpublished(ledger, name)
        finally:
            ledger.close()
    if not told:
        way_out = meant or " Check the spelling."
        raise UnknownUserError(
            f"No agent has read user {user_id!r}.{way_out} Ids are compared exactly. Steps are kept where `learning.manager` is `agent`."
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
                refused=tuple(RefusedCall(one.call, one.reason, one.code, one.mended) for one in step.refused),
                requests=step.requests,
                cost=step.cost,
                perhaps=step.perhaps,
                exchanges=tuple(ExchangeView(one.turn, one.asked, one.answered) for one in step.exchanges),
            )
            for step in told
        ),
        tuple(UnpublishedView(line.label, line.text, line.reason) for line in unpublished),
    )


def replay(loaded: LoadedConfig, run_id: str) -> ReplayReport:
    """Rebuild what a run published, from its rows and the journals, without a request.

    Args:
        loaded: the config.
        run_id: the run.

    Raises:
        BusyError: a learn run works on this store.
        UsageError: there is nothing to replay: the config has no agent, or it is not that of the run.
        UnknownRunError: there is no such run, or it was not finished.
        NoReleaseError: what it published, or what that was built on, is not kept any more.
    """
    from memlearn.learning.agent.replay import replay as run_again

    found = run_again(make_job(loaded), run_id)
    return ReplayReport(
        found.run_id, found.release_id, found.content_digest, found.again, found.answers, found.problem is None, found.problem, found.booked
    )
