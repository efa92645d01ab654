"""How schemathesis sends the bodies that are rows, and what becomes of what it has measured."""

import os
from collections import Counter
from typing import Any, Final

import requests
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


@schemathesis.hook
def after_call(
    _context: schemathesis.HookContext,
    case: schemathesis.Case[Any],
    response: schemathesis.Response,
) -> None:
    """Let so many of what is measured come to their end; the others have given their answer.

    Cancelled they are read like those that ended, and no process is started for them any more.
    """
    if case.method != "POST" or case.path not in _MEASURED or response.status_code != _ACCEPTED:
        return
    _begun[case.path] += 1
    if _TO_THE_END is not None and _begun[case.path] > int(_TO_THE_END):
        (where,) = response.headers["location"]
        here = response.request.url
        assert here is not None
        cancelled = requests.delete(requests.compat.urljoin(here, where), timeout=60)
        assert cancelled.status_code < _FAILED, cancelled.text


_MEASURED: Final = ("/api/v1/comparisons", "/api/v1/experiments")
_SCHEDULES: Final = "/api/v1/schedules"
_ACCEPTED: Final = 202
_FAILED: Final = 500
# How many of each come to their end; all, if nothing is said.
_TO_THE_END: Final = os.environ.get("SCHEMA_MEASURED")
_begun: Counter[str] = Counter()
