"""Whether the service lives, and whether it can work."""

from typing import Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from app.api.known import Known
from app.api.problems import RESPONSES
from app.api.wired import Wired

router = APIRouter(tags=["health"], responses=RESPONSES, dependencies=[Known])


class Health(BaseModel):
    """A word for whoever watches the service."""

    status: Literal["ok", "unavailable"]
    missing: list[str]


@router.get("/livez")
async def livez() -> Health:
    """Whether the process answers at all."""
    return Health(status="ok", missing=[])


@router.get("/readyz", responses={503: {"model": Health}})
async def readyz(service: Wired, response: Response) -> Health:
    """Whether what the service needs is there; tells what is missing."""
    missing = []
    try:
        await service.database.read(lambda session: session.execute(text("SELECT 1")).all())
    except SQLAlchemyError:
        missing.append("database")
    if not service.dispatcher.serving:
        missing.append("dispatcher")
    response.status_code = 503 if missing else 200
    return Health(status="unavailable" if missing else "ok", missing=missing)
