"""How schemathesis sends the bodies that are rows."""

from typing import Any

import schemathesis

from app.domain.comparison import MAX_ROUNDS


@schemathesis.serializer("text/csv", "application/x-ndjson")
def as_text(_context: schemathesis.SerializationContext, value: Any) -> bytes:
    """Rows are text already; what is made up to be wrong is sent as it looks."""
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "replace")


@schemathesis.hook
def before_call(
    _context: schemathesis.HookContext, case: schemathesis.Case[Any], _kwargs: dict[str, Any]
) -> None:
    """Let what is measured be measured once: its events are told until it has ended."""
    body = case.body
    if case.path.startswith(_SCHEDULES) and isinstance(body, dict):
        body = body.get("comparison")
    elif case.method != "POST" or case.path not in _MEASURED:
        return
    if isinstance(body, dict):
        rounds = body.get("rounds")
        if isinstance(rounds, int) and not isinstance(rounds, bool) and 1 < rounds <= MAX_ROUNDS:
            body["rounds"] = 1


_MEASURED = ("/api/v1/comparisons", "/api/v1/experiments")
_SCHEDULES = "/api/v1/schedules"
