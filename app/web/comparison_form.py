"""What a person fills in to compare strategies, as the request that the REST interface takes."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Final, NamedTuple

from fastapi import Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from app.api.bodies import checked
from app.api.comparisons import ComparisonIn
from app.api.problems import MAX_ERRORS
from app.domain.batch import MAX_TARGETS
from app.domain.comparison import DEFAULT_ROUNDS, MAX_ROUNDS, Comparison, ComparisonDraft
from app.domain.errors import FieldError
from app.storage import comparisons as comparison_rows
from app.storage import targets
from app.storage.database import Database
from app.web import contenders
from app.web.contenders import numbers
from app.web.entries import labels_in, labels_text, number
from app.web.forms import Form
from app.web.frame import render
from checkers import Target

#: By the beginning of a pointer into the request, the field that it was made of.
FIELDS: Final[Mapping[str, str]] = {
    "/urls": "urls",
    "/contenders": contenders.BOXES,
    "/baseline": "baseline",
    "/scale": "scale",
    "/rounds": "rounds",
    "/pace": "pace",
    "/per_host": "per_host",
    "/defaults/timeout_seconds": "timeout_seconds",
    "/defaults/method": "method",
    "/name": "name",
    "/labels": "labels",
}
METHODS: Final = ("GET", "HEAD")
_WHO: Final = {"threaded+requests", "async+aiohttp"}
# So many bad lines are told; whoever mends them sends the list again anyway.
_MOST_TOLD: Final = 10


class Wanted:
    """A comparison as it is asked for by a form.

    Args:
        known: how many targets are taken over from another; `None`: those that were typed.
    """

    def __init__(self, form: Form, known: int | None) -> None:
        self.form = form
        lines = enumerate(form.raw("urls").split("\n"), start=1)
        found = [(n, line.strip()) for n, line in lines if line.strip()]
        found = [(n, url) for n, url in found if not url.startswith("#")]
        self.line_numbers = [n for n, _ in found]
        self._urls = [url for _, url in found]
        self.taken_over = known is not None and not found

    def asked(self) -> dict[str, object]:
        """The request; what cannot be said in one is noted in the form."""
        form = self.form
        asked: dict[str, object] = {
            "contenders": contenders.asked_of(form),
            "baseline": form.text("baseline") or None,
            "rounds": number(form.text("rounds")),
            "pace": form.text("pace"),
            "per_host": number(form.text("per_host") or "0"),
            "defaults": _defaults(form),
            "labels": labels_in(form, "labels"),
        }
        if not self.taken_over:
            asked["urls"] = self._urls
        if form.text("name"):
            asked["name"] = form.text("name")
        if form.text("scale"):
            asked["scale"] = numbers(form.text("scale"))
        return asked


def _defaults(form: Form) -> dict[str, object]:
    found: dict[str, object] = {}
    if form.text("method"):
        found["method"] = form.text("method")
    if form.text("timeout_seconds"):
        found["timeout_seconds"] = number(form.text("timeout_seconds"))
    return found


async def draft_of(database: Database, wanted: Wanted) -> ComparisonDraft:
    """The comparison, complete.

    Raises:
        Invalid: it is refused; what was noted in the form is told as well as that.
        NotFound: the comparison whose targets it takes is gone.
    """
    over: list[Target] | None = None
    if wanted.taken_over:
        over = await database.read(lambda session: _targets(session, wanted))
    asked = wanted.asked()

    def complete() -> ComparisonDraft:
        return checked(json.dumps(asked).encode(), ComparisonIn).draft(over)

    # A hundred thousand URLs take a second to check; the event loop has others to answer.
    return await asyncio.to_thread(complete)


def _targets(session: Session, wanted: Wanted) -> list[Target]:
    _, list_id, _ = comparison_rows.load(session, wanted.form.text("targets_of"))
    return [item.target for item in targets.load_items(session, list_id)]


def by_line(errors: Sequence[FieldError], lines: Sequence[int]) -> list[FieldError]:
    """Errors with the number of the line that each bad URL stands in; the first few of these."""
    found, bad = list[FieldError](), 0
    for error in errors:
        _, _, index = error.pointer.partition("/urls/")
        if not index.isdecimal():
            found.append(error)
            continue
        bad += 1
        if bad <= _MOST_TOLD:
            found.append(FieldError("/urls", f"line {lines[int(index)]}: {error.detail}"))
    if bad > _MOST_TOLD:
        least = "at least " if len(errors) == MAX_ERRORS else ""
        found.append(FieldError("/urls", f"and {least}{bad - _MOST_TOLD} more"))
    return found


def fill_in(form: Form, comparison: Comparison) -> None:
    """Fill a form in as a comparison was asked for, to be changed; its targets are taken over."""
    form.put("targets_of", comparison.id)
    form.put("name", comparison.name or "")
    form.put("baseline", comparison.baseline or "")
    form.put("rounds", str(comparison.rounds))
    form.put("pace", comparison.pace.value)
    form.put("per_host", str(comparison.per_host))
    form.put("labels", labels_text(comparison.labels))
    if len(comparison.sizes) > 1:
        form.put("scale", ", ".join(map(str, comparison.sizes)))
    contenders.fill_in(form, comparison.contenders)


class _Counted(NamedTuple):
    """What a comparison would carry out."""

    labels: list[str]
    runs: int
    checks: int


def page_of(
    request: Request,
    form: Form,
    over: tuple[str, int] | None,
    draft: ComparisonDraft | None = None,
) -> Response:
    """The form, with what is wrong with it, or with what it would carry out."""
    if not form:
        form.put(contenders.BOXES, *sorted(_WHO))
    return render(
        request,
        "comparison_form",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK,
        title="New comparison",
        form=form,
        over=over,
        rows=contenders.ROWS,
        clients=contenders.CLIENTS,
        methods=METHODS,
        rounds=DEFAULT_ROUNDS,
        most_rounds=MAX_ROUNDS,
        most_targets=MAX_TARGETS,
        counted=None if draft is None else counted(draft),
    )


def counted(draft: ComparisonDraft) -> _Counted:
    """How many runs a comparison makes, its warm-up among them, and of how many checks."""
    each = len(draft.contenders) * (draft.rounds + 1)
    items = sum(draft.sizes) if draft.lab is None else draft.lab.items
    return _Counted(
        [contender.label for contender in draft.contenders],
        each * len(draft.sizes),
        each * items,
    )
