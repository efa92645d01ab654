"""Advice on which strategy to take, from what this machine has measured."""

from sqlalchemy.orm import Session

from app.domain.advice import Advice, by_evidence, by_guide
from app.domain.history import nearest_first
from app.domain.question import Question
from app.storage import measurements
from app.storage.database import Database


async def advise(database: Database, question: Question) -> Advice:
    """Which strategy, client and concurrency to take."""
    return await database.read(lambda session: advised(session, question))


def advised(session: Session, question: Question) -> Advice:
    """As `advise`, in a session: the evidence of the nearest size class that has any."""
    if question.cpu_bound:
        # Runs that wait say nothing of checks that compute; those of the laboratory do.
        found = by_evidence(question, measurements.of_computing_checks(session))
        return found or by_guide(question)
    for size in nearest_first(question.targets):
        found = by_evidence(question, measurements.of_class(session, size))
        if found is not None:
            return found
    return by_guide(question)
