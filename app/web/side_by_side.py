"""Comparisons and experiments as pages show them: listed, watched as they go on, read at the end.

Both are rounds of contenders; what they differ in is a `Kind`.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from fastapi import Request
from fastapi.responses import Response, StreamingResponse
from fastapi.sse import format_sse_event
from sqlalchemy.orm import Session

from app.api import sse
from app.api.wired import Service
from app.domain.batch import RunStatus
from app.domain.comparison import WARM_UP, Comparison, Turn, schedule
from app.domain.errors import NotFound
from app.domain.recommendation import listed as in_words
from app.domain.recommendation import measured_rounds
from app.reports import html, tables, words
from app.services.notices import heard
from app.services.reports import Report
from app.web.frame import fragment, render

_A_PAGE: Final = 20
# More runs than these take a list too long to read; the page of one tells what they came to.
_MOST_RUNS: Final = 500
_ANSWERS_KEPT: Final = 2000
# At most so often does an open page hear of its rounds.
_BETWEEN_SECONDS: Final = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What the pages of comparisons and of experiments differ in.

    Attributes:
        word: what one is called.
        heading: of the list.
        lead: what they are for, in a sentence.
        page: some of them, newest first, and where the next page begins.
        figures: one with what its rounds came to so far, quickly read.
        report: one with everything.
        answers: of those that have ended, by id: they stay, and working one out takes 5 to 50 ms.
    """

    path: str
    word: str
    heading: str
    lead: str
    page: Callable[[Session, int, int | None], tuple[list[Comparison], int | None]]
    figures: Callable[[Session, str], Report]
    report: Callable[[Session, str], Report]
    answers: dict[str, str] = field(default_factory=dict)

    def at(self, public_id: str) -> str:
        """Where the page of one is."""
        return f"{self.path}/{public_id}"


class _Entry(NamedTuple):
    """A line of the list."""

    comparison: Comparison
    title: str
    over: str
    answer: str


class _Step(NamedTuple):
    """One turn of the round that is under way: `done`, `now` or `later`."""

    turn: Turn
    stands: str


async def listed(request: Request, service: Service, kind: Kind, before: int | None) -> Response:
    """The page that lists all of a kind."""

    def read(session: Session) -> tuple[list[_Entry], int | None]:
        found, following = kind.page(session, _A_PAGE, before)
        return [_entry(session, kind, each) for each in found], following

    entries, following = await service.database.read(read)
    return render(
        request,
        "comparisons",
        title=kind.heading,
        kind=kind,
        entries=entries,
        before=before,
        following=following,
    )


def _entry(session: Session, kind: Kind, comparison: Comparison) -> _Entry:
    answer = kind.answers.get(comparison.id) or _answer(session, kind, comparison)
    return _Entry(comparison, words.titled(comparison), over(comparison), answer)


def _answer(session: Session, kind: Kind, comparison: Comparison) -> str:
    runs = len(comparison.contenders) * len(comparison.sizes) * comparison.rounds
    if runs > _MOST_RUNS:
        return "Its page says what its many rounds came to."
    found = kind.figures(session, comparison.id)
    answer = words.answer(found)
    if found.comparison.finished_at is not None:
        if len(kind.answers) >= _ANSWERS_KEPT:
            kind.answers.clear()
        kind.answers[comparison.id] = answer
    return answer


def over(comparison: Comparison) -> str:
    """What a comparison is carried out over, in few words."""
    if comparison.lab is not None:
        return f"{comparison.lab.items:,} items of {comparison.lab.workload}"
    sizes = in_words([f"{size:,}" for size in comparison.sizes])
    return f"{sizes} {'target' if sizes == '1' else 'targets'}"


async def shown(request: Request, service: Service, kind: Kind, public_id: str) -> Response:
    """The page of one: its rounds while it goes on, its report once it has ended."""

    def read(session: Session) -> Report:
        # What single outcomes say is weighed once it has ended, and takes its time until then.
        found = kind.figures(session, public_id)
        ended = found.comparison.finished_at is not None
        return kind.report(session, public_id) if ended else found

    report = await service.database.read(read)
    comparison = report.comparison
    ended = comparison.finished_at is not None
    return render(
        request,
        "comparison",
        title=words.title(report),
        kind=kind,
        comparison=comparison,
        over=over(comparison),
        rounds=None if ended else rounds(report),
        report=await asyncio.to_thread(html.body, report) if ended else None,
    )


def stands(status: RunStatus) -> str:
    """The part of a page that says how one stands."""
    return fragment("cells/run_status", status=status)


def rounds(report: Report) -> str:
    """The part of a page that shows how far the rounds have come."""
    comparison = report.comparison
    number, steps = _under_way(report)
    measured = any(summary.figures.batches for summary in report.summaries)
    return fragment(
        "cells/rounds",
        comparison=comparison,
        queued=comparison.status is RunStatus.QUEUED,
        number=number,
        warm_up=number == WARM_UP,
        steps=steps,
        unit="checks" if comparison.lab is None else "items",
        # A round that is made again after a restart counts once.
        done=min(report.done, comparison.checks),
        total=comparison.checks,
        answer=words.answer(report) if measured_rounds(report.summaries) else None,
        table=tables.contenders(report) if measured else None,
    )


def _under_way(report: Report) -> tuple[int, Sequence[_Step]]:
    """The round in which somebody still has a turn to come, and how its turns stand."""
    over_ = {(run.number, run.label, run.size) for run in report.runs if run.run.completed}
    number, steps = WARM_UP, list[_Step]()
    for number, turns in schedule(report.comparison):
        left = [turn for turn in turns if (number, *turn) not in over_]
        steps = [
            _Step(turn, "done" if turn not in left else "now" if turn == left[0] else "later")
            for turn in turns
        ]
        if left:
            break
    return number, steps


async def live(service: Service, kind: Kind, public_id: str) -> StreamingResponse:
    """How the rounds of one go on, for an open page; the last event is `ended`.

    Raises:
        NotFound: there is none.
    """

    def look(session: Session) -> Report:
        return kind.figures(session, public_id)

    # Looked at before the answer begins: what is not there is 404.
    await service.database.read(look)
    return sse.told(_events(service, public_id, look))


async def _events(
    service: Service, public_id: str, look: Callable[[Session], Report]
) -> AsyncIterator[bytes]:
    said: tuple[RunStatus, str] | None = None
    with service.notices.watching(public_id) as news:
        while True:
            news.clear()
            try:
                report = await service.database.read(look)
            except NotFound:
                # Removed while we watched: the page finds that out as well.
                yield format_sse_event(event="ended", data_str="removed")
                return
            if report.comparison.finished_at is not None:
                yield format_sse_event(event="ended", data_str=report.comparison.status.value)
                return
            now = report.comparison.status, rounds(report)
            if said is None or said[0] is not now[0]:
                yield format_sse_event(event="stands", data_str=stands(now[0]))
            if said is None or said[1] != now[1]:
                yield format_sse_event(event="rounds", data_str=now[1])
            said = now
            if service.notices.closed:
                # Whoever comes again after the restart gets the rounds at once.
                return
            await asyncio.sleep(_BETWEEN_SECONDS)
            if not await heard(news, sse.SILENCE_SECONDS - _BETWEEN_SECONDS):
                yield sse.STILL_HERE
