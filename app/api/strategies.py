"""The catalogue of strategies over REST."""

from fastapi import APIRouter
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from app.api.history import GroupOut
from app.api.known import Known
from app.api.problems import RESPONSES
from app.api.wired import Wired
from app.domain.history import Group, grouped
from app.storage import measurements
from checkers import CATALOGUE, ClientName, StrategyName

router = APIRouter(prefix="/api/v1", tags=["strategies"], responses=RESPONSES, dependencies=[Known])


class StrategyOut(BaseModel):
    """A strategy: what it is best for, what it costs, where it ends."""

    name: StrategyName
    summary: str
    best_for: str
    parallelism: str
    memory: str
    switching: str
    scalability: str
    limits: str
    clients: list[ClientName]
    default_client: ClientName
    default_concurrency: int
    max_concurrency: int
    measured: list[GroupOut] = Field(
        description="What finished runs of this machine came to, by client and size class."
    )


class Catalogue(BaseModel):
    """Every strategy of this version."""

    items: list[StrategyOut]


@router.get("/strategies")
async def strategies(service: Wired) -> Catalogue:
    """The strategies, how to choose, and what each came to on this machine so far."""

    def measured(session: Session) -> list[Group]:
        return grouped(measurements.finished(session, since=None, until=None, label=None))

    groups = await service.database.read(measured)
    return Catalogue(
        items=[
            StrategyOut(
                name=entry.name,
                summary=entry.summary,
                best_for=entry.best_for,
                parallelism=entry.parallelism,
                memory=entry.memory,
                switching=entry.switching,
                scalability=entry.scalability,
                limits=entry.limits,
                clients=list(entry.clients),
                default_client=entry.clients[0],
                default_concurrency=entry.concurrency,
                max_concurrency=entry.max_concurrency,
                measured=[GroupOut.of(group) for group in groups if group.strategy is entry.name],
            )
            for entry in CATALOGUE.values()
        ]
    )
