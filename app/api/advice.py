"""Advice over REST: which strategy, and because of what."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from app.api.known import Known
from app.api.listed import PaceIn
from app.api.problems import RESPONSES
from app.api.wired import Wired
from app.domain.batch import MAX_TARGETS, Basis
from app.domain.fidelity import Pace
from app.domain.question import Question
from app.engine.machine import cores
from app.reports.units import milliseconds
from app.services import advice
from checkers import ClientName, StrategyName

router = APIRouter(prefix="/api/v1", tags=["strategies"], responses=RESPONSES, dependencies=[Known])


class ExpectedOut(BaseModel):
    """What so many targets would take, as measured: in proportion, process starts not counted."""

    wall_ms: float | None
    cpu_ms: float | None


class AdviceOut(BaseModel):
    """Which strategy, client and concurrency to take, and because of what."""

    strategy: StrategyName
    client: ClientName
    concurrency: int
    basis: Basis = Field(description="The guide, or what this machine has measured.")
    because: list[str]
    fastest: str | None = Field(description="As strategy+client; null without evidence.")
    cheapest: str | None
    most_truthful: str | None
    expected: ExpectedOut | None
    runs: list[str] = Field(description="The runs behind it.")


@router.get("/advice")
async def advise(
    service: Wired,
    targets: Annotated[int, Query(ge=1, le=MAX_TARGETS, description="How many.")] = 100,
    cpu_bound: Annotated[  # noqa: FBT002 -- a query parameter
        bool, Query(description="A check computes more than it waits.")
    ] = False,
    blocking_libraries: Annotated[  # noqa: FBT002 -- as above
        bool, Query(description="The library has to be one that blocks.")
    ] = False,
    pace: Annotated[
        PaceIn, Query(description="At which pace they are to be checked.")
    ] = "truthful",
) -> AdviceOut:
    """Which strategy to take: by the guide, or by what this machine has measured."""
    found = await advice.advise(
        service.database,
        Question(
            targets=targets,
            cores=cores(),
            cpu_bound=cpu_bound,
            blocking_libraries=blocking_libraries,
            pace=Pace(pace),
        ),
    )
    expected = found.expected_wall is not None
    return AdviceOut(
        strategy=found.strategy,
        client=found.client,
        concurrency=found.concurrency,
        basis=found.basis,
        because=list(found.because),
        fastest=found.fastest,
        cheapest=found.cheapest,
        most_truthful=found.most_truthful,
        expected=ExpectedOut(
            wall_ms=milliseconds(found.expected_wall), cpu_ms=milliseconds(found.expected_cpu)
        )
        if expected
        else None,
        runs=list(found.runs),
    )
