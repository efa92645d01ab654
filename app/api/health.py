"""Whether the service lives, and whether it can work."""

from typing import Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from app.api.known import Known
from app.api.problems import RESPONSES
from app.api.wired import Wired

router = APIRouter(tags=["health"], responses=RESPONSES, dependencies=[Known])


class Health(BaseModel):
    """A word for whoever watches the service."""

    status: Literal["ok", "unavailable"]
    missing: list[str] = Field(description="What is wrong, each with the name of the part first.")


@router.get("/livez")
async def livez() -> Health:
    """Whether the process answers at all."""
    return Health(status="ok", missing=[])


@router.head("/livez", summary="Livez, without a body")
async def livez_head() -> None:
    """Whether the process answers at all."""


@router.get("/readyz", responses={503: {"model": Health}})
async def readyz(service: Wired, response: Response) -> Health:
    """Whether what the service needs is there; tells what is missing."""
    missing = []
    try:
        await service.database.read(lambda session: session.execute(text("SELECT 1")).all())
    except SQLAlchemyError as error:
        missing.append(f"database: it cannot be read: {error}")
    trouble = service.database.trouble
    if trouble is not None:
        missing.append(f"database: it cannot be written: {trouble}")
    if service.notices.closed:
        missing.append("stopping: nothing new is begun")
    elif not service.dispatcher.serving:
        missing.append("dispatcher: nothing that is queued is carried out")
    elif service.guard.stuck:
        missing.append("monitors: nothing that is due is checked")
    response.status_code = 503 if missing else 200
    return Health(status="unavailable" if missing else "ok", missing=missing)
