"""A status page as people read it in a browser and in a feed reader."""

import re
import uuid
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final, NamedTuple
from urllib.parse import quote

from app.domain.status_report import Component, Matter, StatusReport
from app.reports import units
from app.web import status_words as words
from app.web.frame import template
from app.web.status_bars import HEIGHT, Bars, bars_of, kind_of

# XML 1.0, 2.2: no other character may stand in a document, however it is written.
_NOT_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_MOST_ENTRIES: Final = 100
_MOST_UPDATES: Final = 20
# What is over is told in the feed and in JSON too.
_MOST_PAST: Final = 20
_ICONS: Final = {
    "operational": "#1a7f4b",
    "under_maintenance": "#2f6fbd",
    "degraded_performance": "#b58105",
    "partial_outage": "#c2571a",
    "major_outage": "#b3261e",
    "no_data": "#6b7684",
}


class _ComponentView(NamedTuple):
    name: str
    kind: str
    status: str
    uptime: str | None
    last_known_at: datetime | None
    bars: Bars


class _MatterView(NamedTuple):
    matter: Matter
    title: str
    state: str
    lasted: str | None
    components: str
    earlier: int


class Entry(NamedTuple):
    """An entry of the feed."""

    id: str
    at: datetime
    title: str
    text: str
    anchor: str


def as_html(report: StatusReport) -> str:
    """The page, whole without any script."""
    kind = kind_of(report.status)
    past = [each for each in report.matters if each.ended_at is not None]
    return template("status").render(
        page=report.page,
        now=report.now.replace(second=0, microsecond=0),
        kind=kind,
        icon=_icon(_ICONS[kind]),
        overall=words.OVERALL[report.status],
        components=[_component(each) for each in report.components],
        left_out=report.total - len(report.components),
        going_on=[_matter(each, report.now) for each in report.matters if each.ended_at is None],
        past=[_matter(each, report.now) for each in past[:_MOST_PAST]],
        earlier=report.earlier + max(len(past) - _MOST_PAST, 0),
        height=HEIGHT,
        words=words,
        most_updates=_MOST_UPDATES,
    )


def as_atom(report: StatusReport) -> str:
    """What happened and what was written, as a feed (RFC 4287)."""
    found = sorted(entries(report), key=lambda entry: (entry.at, entry.id), reverse=True)
    shown = found[:_MOST_ENTRIES]
    text = template("status_feed").render(
        page=report.page,
        id=_urn(report.page.id, "feed"),
        # Never earlier than what is in it, and the same as long as that is the same.
        updated=max([report.page.updated_at, *(entry.at for entry in shown)]),
        entries=shown,
        words=words,
    )
    return _NOT_XML.sub("", text)


def entries(report: StatusReport) -> Iterator[Entry]:
    """Beginning and end of what checks found, and every update; ids never change."""
    page = report.page.id
    for matter in report.matters:
        title = words.title_of(matter)
        where = ", ".join(matter.components)
        for update in matter.updates:
            named = f"{words.MATTER[update.status]}: {update.title}"
            yield Entry(_urn(page, update.id), update.at, named, update.text, matter.id)
        if not matter.incident:
            continue
        opened = f"Affected: {where}." if where else ""
        yield Entry(_urn(page, f"{matter.id}:o"), matter.began_at, title, opened, matter.id)
        if matter.ended_at is not None:
            lasted = f"It lasted {units.span(matter.lasted(report.now).total_seconds())}."
            ended = f"Resolved: {title}"
            yield Entry(_urn(page, f"{matter.id}:r"), matter.ended_at, ended, lasted, matter.id)


def _urn(page: str, name: str) -> str:
    return uuid.uuid5(uuid.NAMESPACE_OID, f"tercet:{page}:{name}").urn


def _component(component: Component) -> _ComponentView:
    uptime = component.uptime
    return _ComponentView(
        name=component.name,
        kind=kind_of(component.status),
        status=words.STATUS[component.status],
        uptime=None if uptime is None else units.percent(uptime),
        last_known_at=component.last_known_at,
        bars=bars_of(component.days),
    )


def _matter(matter: Matter, now: datetime) -> _MatterView:
    # A moment is all that a note, or a single update, tells of.
    seconds = matter.lasted(now).total_seconds()
    told = matter.ended_at is not None and seconds >= 1
    return _MatterView(
        matter=matter,
        title=words.title_of(matter),
        state=words.state_of(matter),
        lasted=units.span(seconds) if told else None,
        components=_listed(matter.components),
        earlier=max(len(matter.updates) - _MOST_UPDATES, 0),
    )


def _listed(names: Sequence[str], most: int = 10) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def _icon(colour: str) -> str:
    """The mark in a browser's tab, as colour and shape of a status."""
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16">'
        f'<circle cx="8" cy="8" r="7" fill="{colour}"/></svg>'
    )
    return f"data:image/svg+xml,{quote(svg)}"
