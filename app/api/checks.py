"""One check, now, over REST; nothing of it is stored."""

from fastapi import APIRouter, Request, Response
from pydantic import Field

from app.api.asked import Faults
from app.api.bodies import JSON, body_of, read_json
from app.api.how import how
from app.api.known import Known
from app.api.listed import ClientIn, StrategyIn
from app.api.problems import RESPONSES
from app.api.targets import TargetIn, one_target
from app.api.wired import Wired
from app.domain.fidelity import Pace
from app.reports.outcomes import CheckOut, encode
from app.services import checks

router = APIRouter(prefix="/api/v1", tags=["checks"], responses=RESPONSES, dependencies=[Known])

_EXAMPLE = {
    "url": "https://example.org/health",
    "timeout_seconds": 5,
    "expect": [{"of": "body", "op": "contains", "value": "ok"}],
}


class CheckIn(TargetIn):
    """A target, and how to check it."""

    strategy: StrategyIn = "async"
    client: ClientIn | None = Field(default=None, description="null: the strategy's own.")


@router.post(
    "/check",
    response_model=None,
    openapi_extra=body_of(CheckIn, _EXAMPLE),
    responses={
        200: {
            "description": "The outcome, with every expectation and what was found.",
            "content": {JSON: {"schema": {"$ref": "#/components/schemas/CheckOut"}}},
        }
    },
)
async def check(request: Request, service: Wired) -> Response:
    """Check one target now and answer its outcome."""
    asked = await read_json(request, CheckIn)
    faults = Faults()
    chosen = how(asked.strategy, asked.client, None, Pace.TRUTHFUL, 1, faults)
    if chosen is None:
        raise faults.error()
    outcome = await checks.check_now(
        service.engine, one_target(asked), chosen["strategy"], chosen["client"]
    )
    return Response(encode(CheckOut.with_findings(outcome)), media_type=JSON)
