"""Server-Sent Events of all that moves: changes of status, incidents, what is said of them."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC
from functools import partial
from typing import Annotated, Final

from fastapi import APIRouter, Header
from fastapi.responses import StreamingResponse
from fastapi.sse import format_sse_event
from sqlalchemy.orm import Session

from app.api.known import Known
from app.api.problems import RESPONSES
from app.api.sse import SILENCE_SECONDS, STILL_HERE, described, told
from app.api.wired import Service, Wired
from app.services.notices import TRANSITIONS, heard
from app.storage import incidents
from app.storage.incidents import Told

router = APIRouter(prefix="/api/v1", tags=["events"], responses=RESPONSES, dependencies=[Known])

# Who was away for more than this reads everything anew.
_REPLAYED: Final = 1000
# At most so often is anything told to one client.
_BETWEEN_SECONDS: Final = 1.0
_DESCRIBED: Final = described(
    "`transitions` events; `reset` when too much was missed to be told again.",
    ["transitions", "reset"],
    "The last transition told of.",
)


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
    return told(_events(service, None if last is None else int(last)))


async def _events(service: Service, after: int | None) -> AsyncIterator[bytes]:
    newest = await service.database.read(incidents.last_transition)
    seen = newest if after is None else after
    with service.notices.watching(TRANSITIONS) as news:
        # Something at once, so that a client knows that it is heard.
        yield format_sse_event(comment="listening")
        if seen > newest:
            # Of another database, or a restored one.
            seen = newest
            yield _reset(seen)
        while not service.notices.closed:
            news.clear()
            found = await service.database.read(partial(_after, seen))
            if len(found) > _REPLAYED:
                seen = await service.database.read(incidents.last_transition)
                yield _reset(seen)
            elif found:
                seen = found[-1].id
                yield _transitions(found)
            await asyncio.sleep(_BETWEEN_SECONDS)
            if not await heard(news, SILENCE_SECONDS - _BETWEEN_SECONDS):
                yield STILL_HERE


def _after(seen: int, session: Session) -> list[Told]:
    return incidents.happened_since(session, seen, _REPLAYED + 1)


def _reset(last: int) -> bytes:
    return format_sse_event(event="reset", data_str="{}", id=str(last))


def _transitions(found: list[Told]) -> bytes:
    transitions = [
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
    data = json.dumps({"transitions": transitions})
    return format_sse_event(event="transitions", data_str=data, id=str(found[-1].id))
