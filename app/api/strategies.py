"""The catalogue of strategies over REST."""

from fastapi import APIRouter
from pydantic import BaseModel

from app.api.known import Known
from app.api.problems import RESPONSES
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
    measured: None = None


class Catalogue(BaseModel):
    """Every strategy of this version."""

    items: list[StrategyOut]


@router.get("/strategies")
async def strategies() -> Catalogue:
    """The strategies, and how to choose. `measured` stays null until this machine has evidence."""
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
            )
            for entry in CATALOGUE.values()
        ]
    )
