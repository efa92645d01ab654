"""The pages put together: what they have in common, and where each is."""

from typing import Final

from fastapi import FastAPI

from app.api.headers import Headers
from app.domain.incident import Entry
from app.storage.incidents import Told
from app.web import (
    assets,
    badges,
    batch,
    batch_form,
    batch_monitors,
    batches,
    channel_form,
    channels,
    comparisons,
    deliveries,
    documents,
    experiments,
    health,
    incidents,
    maintenance_form,
    maintenances,
    monitor,
    monitor_bulk,
    monitor_form,
    monitor_paste,
    outcomes,
    overview,
    sign_in,
    status_forms,
    status_pages,
    strategies,
)
from app.web.batch_figures import Distributions
from app.web.frame import fragment
from app.web.live import Live, Standing, Words
from app.web.rows import CHECKS, Lines, painted, status_of

# The path of a form stands before those of what is made with it.
ROUTES: Final = (
    assets, documents, sign_in, overview, status_pages, status_forms, badges, monitor_form,
    monitor_paste, monitor_bulk, monitor, incidents, maintenance_form, maintenances,
    channel_form, channels, deliveries, health, comparisons, experiments, strategies, batches,
    batch_form, batch, batch_monitors,
)  # fmt: skip

_SAID: Final = {
    Entry.OPENED: "{name} is down.",
    Entry.RESOLVED: "The incident of {name} has ended.",
    Entry.ACKNOWLEDGED: "The incident of {name} was acknowledged.",
    Entry.COMMENT: "Somebody wrote of the incident of {name}.",
    Entry.STATUS: "{name} is {status}.",
}
_US: Final = "our own connectivity"


def install(app: FastAPI) -> None:
    """Give an application its pages."""
    painters = {
        CHECKS: painted,
        outcomes.OUTCOME: outcomes.painted,
        outcomes.LAST: outcomes.painted_last,
    }
    live = Live(painters, Words(status_of, standing, happened))
    app.state.live = live
    app.state.distributions = Distributions()
    app.state.lines = Lines(live.glances)
    app.add_middleware(Headers)


def standing(standing: Standing) -> str:
    """How many monitors stand how, as pages say it."""
    return fragment("cells/standing", standing=standing)


def happened(told: Told) -> str | None:
    """A sentence of something that moved, for those who listen."""
    words = _SAID.get(told.happened.entry)
    if words is None:
        return None
    return words.format(name=told.monitor_key or _US, status=told.happened.status or "unknown")
