"""The service put together: settings in, an ASGI application out."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from time import monotonic
from typing import Any, Final, Protocol

import structlog
from fastapi import FastAPI
from fastapi_offline import FastAPIOffline
from pydantic import BaseModel

from app import __version__
from app.api import (
    advice,
    batch_outcomes,
    batches,
    channels,
    checks,
    comparisons,
    deliveries,
    events,
    experiments,
    health,
    history,
    incidents,
    maintenances,
    metrics,
    monitor_figures,
    monitor_history,
    monitor_slots,
    monitors,
    probe,
    problems,
    schedules,
    status_pages,
    strategies,
    told,
    uptime_reports,
    world,
)
from app.api.access import Gate
from app.api.batch_out import BatchOut
from app.api.bodies import BODIES
from app.api.probe_modules import built_in, read_modules
from app.api.problems import Problem
from app.api.sessions import Sessions
from app.api.wired import Service
from app.channels.notifier import Notifier
from app.domain.batch import Batch
from app.domain.connectivity import Connectivity
from app.engine.laboratory import Laboratory
from app.engine.local import Engine
from app.reports import exposition, monitor_outcomes, outcomes
from app.services.beacons import Beacons
from app.services.board import Board
from app.services.callbacks import Callbacks
from app.services.dispatcher import Dispatcher
from app.services.guarding import Guard
from app.services.incidents import Incidents
from app.services.meters import Meters
from app.services.monitors import Monitors
from app.services.notices import Listener, Notices
from app.services.probing import Probing
from app.services.recording import Recorder
from app.services.rolling import Rolling
from app.services.schedules import Schedules
from app.services.shelf import Shelf
from app.services.telling import Telling
from app.services.tracing import traced
from app.services.upkeep import Upkeep
from app.services.watching import Watching
from app.settings import Settings
from app.storage.database import Database
from app.storage.file import open_vault
from app.web import frame, site
from app.web.live import Live

logger = structlog.get_logger(__name__)

_DESCRIPTION: Final = """Tercet checks URLs three ways and says what it saw, with timings that can
be believed: waiting for a turn is `queued_ms` and never part of `total_ms`.

POST a list of URLs to `/api/v1/batches` with a strategy and read its outcomes by page; let
`/api/v1/comparisons` show which strategy is best for that workload on this machine; have
`/api/v1/monitors` watch URLs round the clock and `/api/v1/channels` told when they fall."""


_ROUTES: Final = (
    probe, health, batches, batch_outcomes, checks, comparisons, experiments, events, strategies,
    advice, history, uptime_reports, schedules, maintenances, monitors, monitor_history,
    monitor_figures, monitor_slots, incidents, channels, deliveries, world, metrics, status_pages,
    *site.ROUTES,
)  # fmt: skip


def build(settings: Settings) -> FastAPI:
    """The application over a migrated database; nothing is opened before it starts."""
    app = FastAPIOffline(
        title="Tercet",
        version=__version__,
        description=_DESCRIPTION,
        lifespan=_lifespan(settings),
        docs_url=None,
        redoc_url=None,
        # Nothing is sent anywhere unless somebody asks for it.
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    sessions = app.state.sessions = Sessions(settings.api_key)
    problems.install(app, frame.as_page)
    app.add_middleware(probe.Shortcut)
    app.add_middleware(
        Gate,
        sessions=sessions,
        hosts=(settings.host, *settings.allowed_hosts),
        max_bytes=settings.max_request_bytes,
    )
    site.install(app)
    for module in _ROUTES:
        app.include_router(module.router)
    app.state.routes = [route for module in _ROUTES for route in module.router.routes]
    _describe(app)
    return app


def _lifespan(settings: Settings) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with (
            # Around the rest, so that what is recorded last is told as well.
            traced(
                settings.otlp_endpoint, sample=settings.otlp_sample, ca_bundle=settings.ca_bundle
            ) as listeners,
            _running(settings, app.state.live, listeners) as service,
        ):
            app.state.service = service
            yield

    return lifespan


@asynccontextmanager
async def _running(
    settings: Settings, live: Live, listeners: Sequence[Listener]
) -> AsyncIterator[Service]:
    """The parts of the service, with its loops under way until the block is left."""
    vault = open_vault(settings.database_url, settings.passphrase)
    database = Database(settings.database_url, vault)
    engine = Engine(settings.allowed_networks, ca_bundle=settings.ca_bundle)
    laboratory = Laboratory(settings.allowed_networks, ca_bundle=settings.ca_bundle)
    notifier = Notifier(settings.allowed_networks, ca_bundle=settings.ca_bundle)
    notices = Notices()
    dispatcher = Dispatcher(database, engine, laboratory, notices)
    recorder = Recorder(Connectivity(canaries=bool(settings.canary_urls)), told.written)
    watching = Watching(database, engine, notices, recorder, per_host=settings.per_host)
    guard = Guard(database, notices, watching, recorder)
    board = Board(database, exposition.labelled)
    meters = Meters(database, engine, watching)
    notices.listeners += [board, meters, live, *listeners]
    beacons = Beacons(
        engine,
        recorder.connectivity,
        canary_urls=settings.canary_urls,
        heartbeat_url=settings.heartbeat_url,
        well=lambda: not guard.stuck and database.trouble is None,
        needed=lambda: recorder.monitors > 0,
    )
    path = settings.probe_modules
    modules = built_in() if path is None else read_modules(path)
    probing = Probing(engine, modules, path, read_modules)
    await dispatcher.recover()
    await guard.recover()
    loops = asyncio.create_task(
        _loops(
            dispatcher,
            Callbacks(database, engine, notices, _as_told),
            Upkeep(database, timedelta(days=settings.retention_days) or None),
            Rolling(database, timedelta(days=settings.raw_days), settings.raw_max_bytes),
            Schedules(database, notices),
            Telling(database, engine, notifier, notices, told.written),
            watching,
            guard,
            beacons,
            board,
            meters,
            probing,
            live.over(database, notices),
        )
    )
    try:
        yield Service(
            database=database,
            engine=engine,
            notices=notices,
            dispatcher=dispatcher,
            monitors=Monitors(database, watching, recorder, told.written),
            incidents=Incidents(database, notices, told.written),
            guard=guard,
            notifier=notifier,
            board=board,
            meters=meters,
            probing=probing,
            shelf=Shelf(),
        )
    finally:
        notices.close()
        await dispatcher.drain(settings.drain_seconds - (monotonic() - notices.closed_at))
        await watching.drain(settings.drain_seconds - (monotonic() - notices.closed_at))
        loops.cancel()
        await asyncio.wait([loops])
        await notifier.close()
        await engine.close()
        database.close()


class _Loop(Protocol):
    async def serve(self) -> None: ...


async def _loops(*loops: _Loop) -> None:
    async with asyncio.TaskGroup() as group:
        for loop in loops:
            group.create_task(loop.serve())


def _as_told(batch: Batch) -> str:
    """A batch as its callback tells of it: as it is answered."""
    return BatchOut.of(batch).model_dump_json()


def _describe(app: FastAPI) -> None:
    """Put the schemas of problems and of bodies where the document refers to them."""
    made = app.openapi

    def openapi() -> dict[str, Any]:
        document = made()
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        schemas.update(outcomes.schemas())
        schemas.update(monitor_outcomes.schemas())
        models: dict[str, type[BaseModel]] = {"Problem": Problem, **BODIES}
        for name, model in models.items():
            schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
            schemas.update(schema.pop("$defs", {}))
            schemas[name] = schema
        return document

    app.openapi = openapi  # type: ignore[method-assign]
