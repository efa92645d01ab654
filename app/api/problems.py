"""Errors as RFC 9457 problems. This module alone knows which code is which HTTP status."""

from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final, Protocol

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from sqlalchemy.exc import OperationalError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from app.domain.errors import FieldError, ServiceError

logger = structlog.get_logger(__name__)

MEDIA_TYPE: Final = "application/problem+json"
#: So many errors are listed of one request; the rest would only be long.
MAX_ERRORS: Final = 100

_FOR_PROGRAMS: Final = ("/api/", "/metrics", "/probe")

_STATUS_OF_CODE: Final[Mapping[str, HTTPStatus]] = {
    "malformed": HTTPStatus.BAD_REQUEST,
    "unauthorized": HTTPStatus.UNAUTHORIZED,
    "not_found": HTTPStatus.NOT_FOUND,
    "conflict": HTTPStatus.CONFLICT,
    "request_timeout": HTTPStatus.REQUEST_TIMEOUT,
    "too_large": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "unsupported_media_type": HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    "invalid": HTTPStatus.UNPROCESSABLE_ENTITY,
    "unknown_host": HTTPStatus.MISDIRECTED_REQUEST,
    "foreign_origin": HTTPStatus.FORBIDDEN,
    "unavailable": HTTPStatus.SERVICE_UNAVAILABLE,
}
_CODE_OF_STATUS: Final = {
    HTTPStatus.BAD_REQUEST: "malformed",
    HTTPStatus.NOT_FOUND: "not_found",
    HTTPStatus.METHOD_NOT_ALLOWED: "method_not_allowed",
    HTTPStatus.SERVICE_UNAVAILABLE: "unavailable",
}


class FieldProblem(BaseModel):
    """One thing wrong with a request."""

    pointer: str
    detail: str


class Problem(BaseModel):
    """An error (RFC 9457). `code` is for programs, `detail` for people."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: list[FieldProblem]


#: What every route may answer, for the OpenAPI document.
RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    status: {
        "description": description,
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    for status, description in (
        ("4XX", "The request cannot be done as it stands."),
        ("5XX", "The service cannot do it now."),
    )
}


def problem(
    request: Request | None,
    status: HTTPStatus,
    code: str,
    detail: str,
    errors: Sequence[FieldError] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """The response of an error: JSON, or a page for who asked for one."""
    if request is not None and wants_page(request):
        as_page: AsPage = request.app.state.as_page
        response = as_page(request, status, detail, errors)
        response.headers.update(headers or {})
        return response
    return JSONResponse(
        {
            "type": f"urn:tercet:problem:{code}",
            "title": status.phrase,
            "status": status.value,
            "detail": detail,
            "code": code,
            "errors": [error._asdict() for error in errors[:MAX_ERRORS]],
        },
        status_code=status.value,
        media_type=MEDIA_TYPE,
        headers=dict(headers or {}),
    )


def wants_page(request: Request) -> bool:
    """Whether a browser opens a page, or sends a form of one."""
    accepted = request.headers.get("accept", "")
    return "text/html" in accepted and not request.url.path.startswith(_FOR_PROGRAMS)


def pointer_to(location: Iterable[int | str]) -> str:
    """An RFC 6901 pointer to a place in a JSON document; the empty one is the whole document."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in location)


class AsPage(Protocol):
    """Writes an error as a page for people."""

    def __call__(
        self, request: Request, status: HTTPStatus, detail: str, errors: Sequence[FieldError]
    ) -> Response: ...


def install(app: FastAPI, as_page: AsPage) -> None:
    """Answer every error as a problem, and to a browser that opens a page as a page."""
    app.state.as_page = as_page
    app.add_exception_handler(ServiceError, _service_error)
    app.add_exception_handler(RequestValidationError, _parameters_invalid)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(OperationalError, _database_trouble)
    app.add_exception_handler(Exception, _unforeseen)


def of_service_error(error: ServiceError, request: Request | None = None) -> Response:
    """A service's word as a response."""
    status = _STATUS_OF_CODE[error.code]
    headers = {"WWW-Authenticate": "Bearer"} if status is HTTPStatus.UNAUTHORIZED else None
    return problem(request, status, error.code, error.detail, error.errors, headers)


async def _service_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, ServiceError)
    return of_service_error(error, request)


async def _parameters_invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    errors = [
        # The first part says where it stood: query, path or header.
        FieldError(pointer_to(found["loc"][1:]), f"{found['loc'][0]}: {found['msg']}")
        for found in error.errors()
    ]
    return problem(
        request, HTTPStatus.UNPROCESSABLE_ENTITY, "invalid", "A parameter is not valid.", errors
    )


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    status = HTTPStatus(error.status_code)
    code = _CODE_OF_STATUS.get(status, status.name.lower())
    headers = dict(error.headers or {})
    if status is HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = ", ".join(_methods_at(request))
    return problem(request, status, code, f"{status.description or status.phrase}.", (), headers)


def _methods_at(request: Request) -> list[str]:
    """Every method a path has (RFC 9110, 10.2.1); the router names those of its first route."""
    routes: Iterable[BaseRoute] = request.app.state.routes
    fits = [
        route
        for route in routes
        if isinstance(route, Route) and route.path_regex.match(request.url.path)
    ]
    # A path that is written out is itself, and nothing that a parameter could stand for.
    written_out = [route for route in fits if route.path == request.url.path]
    return sorted(method for route in written_out or fits for method in route.methods or ())


async def _database_trouble(request: Request, error: Exception) -> Response:
    assert isinstance(error, OperationalError)
    logger.error("database_trouble", path=request.url.path, error=str(error.orig))
    return problem(
        request,
        HTTPStatus.SERVICE_UNAVAILABLE,
        "unavailable",
        f"The database cannot do it now: {error.orig}.",
        headers={"Retry-After": "5"},
    )


async def _unforeseen(request: Request, error: Exception) -> Response:
    logger.error("request_failed", path=request.url.path, exc_info=error)
    return problem(
        request,
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "internal_error",
        "The service met a fault of its own; its log says more.",
    )
