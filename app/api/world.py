"""Server-Sent Events of all that moves: changes of status, incidents, what is said of them."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC
from functools import partial
from typing import Annotated, Any, Final

from fastapi import APIRouter, Header
from fastapi.responses import StreamingResponse
from fastapi.sse import format_sse_event
from sqlalchemy.orm import Session

from app.api.known import Known
from app.api.problems import RESPONSES
from app.api.wired import Service, Wired
from app.services.notices import TRANSITIONS, heard
from app.storage import incidents
from app.storage.incidents import Told

router = APIRouter(prefix="/api/v1", tags=["events"], responses=RESPONSES, dependencies=[Known])

_MEDIA_TYPE: Final = "text/event-stream"
_HEADERS: Final = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
# Who was away for more than this reads everything anew.
_REPLAYED: Final = 1000
# At most so often is anything told to one client, and at least so often is anything said.
_BETWEEN_SECONDS: Final = 1.0
_SILENCE_SECONDS: Final = 15.0
_DESCRIBED: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "`transitions` events; `reset` when too much was missed to be told again.",
        "content": {
            _MEDIA_TYPE: {
                "schema": {
                    "type": "object",
                    "properties": {
                        "event": {"type": "string", "enum": ["transitions", "reset"]},
                        "id": {"type": "string", "description": "The last transition told of."},
                        "data": {"type": "string", "description": "JSON."},
                    },
                }
            }
        },
    }
}


@router.get("/events", response_model=None, responses=_DESCRIBED)
async def events(
    service: Wired,
    last: Annotated[
        str | None,
        Header(
            alias="Last-Event-ID",
            description="Tell again what came after this one.",
            pattern=r"^[0-9]{1,18}$",
        ),
    ] = None,
) -> StreamingResponse:
    """What moves, as it does, at most one message a second: what came between stands together."""
    stream = _events(service, None if last is None else int(last))
    return StreamingResponse(stream, media_type=_MEDIA_TYPE, headers=_HEADERS)


async def _events(service: Service, after: int | None) -> AsyncIterator[bytes]:
    newest = await service.database.read(incidents.last_transition)
    told = newest if after is None else after
    with service.notices.watching(TRANSITIONS) as news:
        # Something at once, so that a client knows that it is heard.
        yield format_sse_event(comment="listening")
        if told > newest:
            # Of another database, or a restored one.
            told = newest
            yield _reset(told)
        while not service.notices.closed:
            news.clear()
            found = await service.database.read(partial(_after, told))
            if len(found) > _REPLAYED:
                told = await service.database.read(incidents.last_transition)
                yield _reset(told)
            elif found:
                told = found[-1].id
                yield _transitions(found)
            await asyncio.sleep(_BETWEEN_SECONDS)
            if not await heard(news, _SILENCE_SECONDS - _BETWEEN_SECONDS):
                yield format_sse_event(comment="still here")


def _after(told: int, session: Session) -> list[Told]:
    return incidents.happened_since(session, told, _REPLAYED + 1)


def _reset(last: int) -> bytes:
    return format_sse_event(event="reset", data_str="{}", id=str(last))


def _transitions(found: list[Told]) -> bytes:
    told = [
        {
            "id": str(each.id),
            "at": each.happened.at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
            "type": each.happened.entry.value,
            "monitor": None
            if each.monitor is None
            else {"id": each.monitor, "key": each.monitor_key},
            "incident": each.incident,
            "before": each.happened.before,
            "status": each.happened.status,
            "reason": each.happened.reason,
            "text": each.happened.text,
            "author": each.happened.author,
        }
        for each in found
    ]
    data = json.dumps({"transitions": told})
    return format_sse_event(event="transitions", data_str=data, id=str(found[-1].id))
