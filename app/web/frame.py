"""What all pages have in common: their templates, the frame around them, who is shown them."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from http import HTTPStatus
from typing import Annotated, Any, Final
from urllib.parse import urlencode

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import Environment, PackageLoader, PrefixLoader, StrictUndefined, Template
from markupsafe import Markup

from app import __version__
from app.api.sessions import COOKIE, LASTS, Sessions
from app.domain.errors import FieldError
from app.reports import tables, units
from app.reports.visible import plain
from app.web import assets
from app.web.live import Live

#: What npm brought; without it a page is whole, but neither live nor to be zoomed.
_SCRIPTS: Final = ("vendor/htmx.min.js", "vendor/htmx-sse.js", "vendor/uplot.js")
#: Whose token the form of those carries who have not signed in.
NOBODY: Final = "nobody"
#: What was done, as the page says it that one is led to afterwards.
_DONE: Final = {
    "created": "Created.",
    "saved": "Saved.",
    "removed": "Removed.",
    "paused": "Paused.",
    "resumed": "Resumed.",
    "checked": "Checked.",
    "cancelled": "Cancelled.",
    "acknowledged": "Acknowledged.",
    "commented": "Your comment was added.",
    "resolved": "Resolved.",
    "sent": "Sent.",
    "again": "It will be sent again.",
    "labelled": "Labelled.",
    "announced": "The maintenance is announced.",
}


def _sessions(request: Request) -> Sessions:
    sessions: Sessions = request.app.state.sessions
    return sessions


Signed = Annotated[Sessions, Depends(_sessions)]


def render(
    request: Request, name: str, /, *, status: HTTPStatus = HTTPStatus.OK, **context: Any
) -> HTMLResponse:
    """A page in its frame, from a template of this floor; begins a session where there is none.

    Args:
        name: of the template, without `.html.j2`.
        context: what it shows; `title` is the frame's.
    """
    sessions = _sessions(request)
    session, cookie = request.scope.get("session_id"), None
    if session is None and not sessions.needed:
        session, cookie = sessions.begin()
    live: Live = request.app.state.live
    done = _DONE.get(request.query_params.get("done", ""))
    number = request.query_params.get("n", "")
    text = template(name).render(
        path=request.url.path,
        query=request.url.query,
        token=sessions.token(NOBODY if session is None else session),
        signs_in=sessions.needed,
        signed_in=sessions.needed and session is not None,
        standing=live.standing,
        done=f"{number}: {done}" if done and number.isdecimal() and len(number) < 6 else done,
        **context,
    )
    response = HTMLResponse(text, status_code=status, headers={"Cache-Control": "no-store"})
    if cookie is not None:
        carry(request, response, cookie)
    return response


def fragment(name: str, /, **context: Any) -> Markup:
    """A part of a page, from a template of this floor."""
    return Markup(template(name).render(**context))  # noqa: S704 -- the template escapes


def carry(request: Request, response: Response, cookie: str) -> None:
    """Let a browser keep a session."""
    response.set_cookie(
        COOKIE,
        cookie,
        max_age=LASTS,
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )


def gone_to(path: str, done: str | None = None, number: int | None = None) -> RedirectResponse:
    """Where to look after a form was carried out, so that reloading sends nothing again.

    Args:
        done: what was done, a word of `_DONE`, and of how many; that page tells it.
    """
    assert done is None or done in _DONE
    told = {"done": done, "n": number}
    query = urlencode({name: value for name, value in told.items() if value is not None})
    joined = path + ("&" if "?" in path else "?") + query if query else path
    return RedirectResponse(joined, status_code=HTTPStatus.SEE_OTHER)


def as_page(
    request: Request, status: HTTPStatus, detail: str, errors: Sequence[FieldError]
) -> HTMLResponse:
    """An error as a page."""
    return render(
        request, "error", status=status, title=status.phrase, detail=detail, errors=errors
    )


def template(name: str) -> Template:
    """A template by its name."""
    return _environment().get_template(f"pages/{name}.html.j2")


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PrefixLoader(
            {"pages": PackageLoader("app.web"), "reports": PackageLoader("app.reports")}
        ),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.globals |= _globals()
    environment.filters |= _filters()
    return environment


def _globals() -> Mapping[str, Any]:
    return {
        "asset": assets.address,
        "live": all(assets.there(name) for name in _SCRIPTS),
        "scripts": _SCRIPTS,
        "version": __version__,
    }


def _filters() -> Mapping[str, Any]:
    return {
        "duration": units.duration,
        "size": units.size,
        "span": units.span,
        "counts": tables.counts,
        "time": time_of,
        "plain": plain,
        "percent": units.percent,
    }


def time_of(at: datetime | None, *, short: bool = False) -> Markup:
    """An instant; the script writes it in the reader's zone, the UTC instant stays on hover."""
    if at is None:
        return Markup("–")
    utc = at.astimezone(UTC)
    exact = utc.isoformat(timespec="seconds").replace("+00:00", "Z")
    written = utc.strftime("%H:%M:%S" if short else "%Y-%m-%d %H:%M:%S")
    kind = Markup(' class="short"') if short else ""
    return Markup('<time datetime="{}" title="{}"{}>{} UTC</time>').format(
        exact, exact, kind, written
    )
