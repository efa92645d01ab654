"""`/probe`: asked by Prometheus as blackbox_exporter is, and answered as by it."""

import math
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from fastapi import APIRouter
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from app.api.problems import of_service_error
from app.api.wired import Service
from app.domain import probe
from app.domain.errors import Malformed, ServiceError
from app.domain.probed import judge
from app.reports import probe_text

router = APIRouter()

_PARAMETERS: Final = frozenset({"target", "module", "debug", "hostname"})
_TIMEOUT_FIELD: Final = "x-prometheus-scrape-timeout-seconds"
_MODULE: Final = "http_2xx"
_PATH: Final = "/probe"
_MOST_CHARACTERS: Final = 10_000
_SHOWN_CHARACTERS: Final = 100
_KEPT_BYTES: Final = 1024


async def probe_now(request: Request) -> Response:
    """Check a target by the rules of a module, and answer what Prometheus reads."""
    service: Service = request.app.state.service
    asked = _parameters(request)
    if not asked.get("target"):
        raise Malformed("The parameter target is missing: the URL that is to be probed.")
    name = asked.get("module") or _MODULE
    module = service.probing.modules.get(name)
    if module is None:
        raise Malformed(f'Unknown module "{_shown(name)}"')
    if module.unsupported is not None:
        raise Malformed(module.unsupported)
    timeout = probe.timeout_of(module, _scrape_timeout(request))
    target = probe.target_of(
        module,
        asked["target"],
        timeout=timeout,
        hostname=asked.get("hostname", ""),
        authorization=await service.probing.secret_of(module),
    )
    outcome = await service.probing.probe(target)
    probed = judge(module, outcome)
    if asked.get("debug") == "true":
        return PlainTextResponse(probe_text.debug(name, module, outcome, probed, timeout))
    return Response(probe_text.metrics(probed), media_type=probe_text.MEDIA_TYPE)


def _parameters(request: Request) -> Mapping[str, str]:
    """What is asked, each once.

    Raises:
        Malformed: a parameter is not known, is given twice, or is too long.
    """
    query: bytes = request.scope["query_string"]
    # Prometheus asks the same few questions again and again.
    return _kept(query) if len(query) <= _KEPT_BYTES else _read(query)


def _read(query: bytes) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for name, value in QueryParams(query).multi_items():
        if name not in _PARAMETERS:
            raise Malformed(f"The parameter {_shown(name)} is not known here.")
        if name in found:
            raise Malformed(f"The parameter {name} is given more than once.")
        if len(value) > _MOST_CHARACTERS:
            raise Malformed(f"The parameter {name} has more than {_MOST_CHARACTERS} characters.")
        found[name] = value
    return found


_kept = lru_cache(maxsize=4096)(_read)


def _scrape_timeout(request: Request) -> float | None:
    """How long Prometheus waits, in seconds; `None`: it does not say.

    Raises:
        Malformed: it is no number of seconds.
    """
    given = request.headers.get(_TIMEOUT_FIELD)
    if not given:
        return None
    try:
        seconds = float(given)
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds < math.inf:
        raise Malformed("X-Prometheus-Scrape-Timeout-Seconds is no number of seconds.")
    return seconds


def _shown(text: str) -> str:
    """As much of a caller's own words as an answer repeats."""
    visible = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
    return visible if len(visible) <= _SHOWN_CHARACTERS else visible[:_SHOWN_CHARACTERS] + "…"


class Shortcut:
    """Answers probes ahead of the router, whose way to a route costs as much as the check."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != _PATH or scope["method"] != "GET":
            await self._app(scope, receive, send)
            return
        try:
            response = await probe_now(Request(scope))
        except ServiceError as error:
            response = of_service_error(error, Request(scope))
        await response(scope, receive, send)


# Known to the router as well, for whoever asks in another way.
router.add_route(_PATH, probe_now, methods=["GET"])
