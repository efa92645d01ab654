"""The strategies: which to take and why, what this machine measured, and what each is best for."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from sqlalchemy.orm import Session

from app.api.wired import Wired
from app.domain.advice import Advice
from app.domain.batch import MAX_TARGETS
from app.domain.fidelity import Pace
from app.domain.history import Group, grouped
from app.domain.question import Question
from app.engine.machine import cores
from app.reports import history
from app.services.advice import advised
from app.storage import measurements
from app.web.frame import render
from checkers import CATALOGUE

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

_TARGETS: Final = 100
# More runs than these say nothing that the newest do not, and take a page too long to read.
_MOST_RUNS: Final = 2000
_LONGEST: Final = 400
_TYPED: Final = ("targets", "since", "until", "label")


class _Asked(NamedTuple):
    """What an address asks for, as it stands in it, and what makes no sense in it by field."""

    targets: str
    since: str
    until: str
    label: str
    question: Question
    first: datetime | None
    end: datetime | None
    pair: tuple[str, str] | None
    faults: dict[str, str]

    @property
    def narrowed(self) -> bool:
        """Whether only some of the runs are asked for."""
        return bool(self.first or self.end or self.pair)


class _Seen(NamedTuple):
    advice: Advice
    groups: Sequence[Group]
    runs: int


@router.get("/strategies")
async def strategies(request: Request, service: Wired) -> Response:
    """Advice, history and the catalogue."""
    asked = asked_for(request)

    def read(session: Session) -> _Seen:
        runs = measurements.finished(
            session, since=asked.first, until=asked.end, label=asked.pair, most=_MOST_RUNS
        )
        return _Seen(advised(session, asked.question), grouped(runs), len(runs))

    found = await service.database.read(read)
    return render(
        request,
        "strategies",
        title="Strategies",
        asked=asked,
        advice=found.advice,
        history=history.body(found.groups) if found.groups else None,
        runs=found.runs,
        most_runs=_MOST_RUNS,
        most_targets=MAX_TARGETS,
        cores=asked.question.cores,
        catalogue=list(CATALOGUE.values()),
        paces=list(Pace),
    )


def asked_for(request: Request) -> _Asked:
    """What an address asks for; what makes no sense in it is told, and passed over."""
    given, faults = request.query_params, dict[str, str]()
    typed = {name: given.get(name, "").strip()[:_LONGEST] for name in _TYPED}
    targets = _TARGETS
    if typed["targets"]:
        targets = _whole(typed["targets"]) or _TARGETS
        if targets != _whole(typed["targets"]):
            faults["targets"] = f"is not a whole number from 1 to {MAX_TARGETS:,}"
    first, end = _day("since", typed["since"], faults), _day("until", typed["until"], faults)
    key, separator, value = typed["label"].partition("=")
    if typed["label"] and not (key and separator):
        faults["label"] = "is written name=value"
    pace = given.get("pace", "")
    return _Asked(
        targets=typed["targets"] or str(targets),
        since=typed["since"],
        until=typed["until"],
        label=typed["label"],
        question=Question(
            targets=targets,
            cores=cores(),
            cpu_bound="cpu_bound" in given,
            blocking_libraries="blocking_libraries" in given,
            pace=Pace(pace) if pace in set(Pace) else Pace.TRUTHFUL,
        ),
        first=first,
        # The day itself is meant as well.
        end=None if end is None else end + timedelta(days=1),
        pair=(key, value) if key and separator else None,
        faults=faults,
    )


def _whole(text: str) -> int | None:
    if not (text.isascii() and text.isdigit() and len(text) < 7):
        return None
    return int(text) if 1 <= int(text) <= MAX_TARGETS else None


def _day(name: str, text: str, faults: dict[str, str]) -> datetime | None:
    """The beginning of a day in UTC."""
    if not text:
        return None
    try:
        found = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        faults[name] = "is no day, written 2026-11-24"
        return None
    # So near to the end of all calendars there is no day after.
    return found if found.year < 9999 else None
