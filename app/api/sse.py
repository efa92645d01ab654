"""Server-Sent Events, as all answers that go on tell them (WHATWG HTML, section 9.2)."""

from collections.abc import AsyncIterator, Sequence
from typing import Any, Final

from fastapi.responses import StreamingResponse
from fastapi.sse import format_sse_event

#: At least so often is anything said, in seconds.
SILENCE_SECONDS: Final = 15.0
#: Said when there is nothing to say.
STILL_HERE: Final = format_sse_event(comment="still here")

_MEDIA_TYPE: Final = "text/event-stream"
# A proxy that gathers an answer before it hands it on would hold every event back.
_HEADERS: Final = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


def told(events: AsyncIterator[bytes]) -> StreamingResponse:
    """An answer of events."""
    return StreamingResponse(events, media_type=_MEDIA_TYPE, headers=_HEADERS)


def described(what: str, names: Sequence[str], id_: str) -> dict[int | str, dict[str, Any]]:
    """The answer as the OpenAPI document has it.

    Args:
        what: is told.
        names: the events that there are.
        id_: what the id of an event is.
    """
    event = {
        "type": "object",
        "properties": {
            "event": {"type": "string", "enum": list(names)},
            "id": {"type": "string", "description": id_},
            "data": {"type": "string", "description": "JSON."},
        },
    }
    return {200: {"description": what, "content": {_MEDIA_TYPE: {"schema": event}}}}
