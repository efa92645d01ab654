"""`tercet calibrate`: measures this machine on bundled targets and keeps what it found."""

import sys
from dataclasses import replace
from time import monotonic
from typing import Final, NamedTuple

import uvloop
from sqlalchemy.exc import SQLAlchemyError

from app.cli.compare import parsed_contenders
from app.cli.configured import read_settings
from app.cli.lab import carried, experiment
from app.cli.measured import InMemory, comparison_of
from app.cli.screen import console
from app.cli.shown import show
from app.domain.comparison import WARM_UP, RoundRun, Turn
from app.domain.evidence import NOTHING_SEEN
from app.domain.fidelity import Pace
from app.engine.laboratory import Laboratory, bundled_site
from app.engine.local import Engine, RunFailed
from app.services.calibration import keep, keep_experiment
from app.services.reports import assemble
from app.settings import Settings
from app.storage.database import Database
from app.storage.file import DatabaseInUse, DatabaseLock, migrate, open_vault
from app.storage.vault import WrongKey
from checkers import Item, Target
from checkers.workloads.catalogue import WorkloadName

# A target that answers after 20 ms: near enough to see our own share, far enough to wait for.
_PATH: Final = "/delay/0.02"
# No part is begun after so long, in seconds: all of them are to end within two minutes.
_BEGIN_WITHIN: Final = 75.0


class _Part(NamedTuple):
    """Contenders over some sizes."""

    name: str
    contenders: tuple[str, ...]
    sizes: tuple[int, ...]
    rounds: int


#: One after the other is for short lists only; starting processes is not what is measured.
_PARTS: Final = (
    _Part(
        "calibration: short lists",
        ("sequential", "sequential+curl", "threaded", "threaded+curl", "async", "async+curl"),
        (10, 100),
        3,
    ),
    _Part(
        "calibration: long lists",
        ("threaded", "threaded+curl", "async", "async+curl", "hybrid", "hybrid+curl"),
        (1000,),
        3,
    ),
)


_COMPUTING: Final = ("threaded", "multiprocess", "async", "hybrid")
_COMPUTING_ROUNDS: Final = 2


def calibrate() -> int:
    """Measure and keep; the exit code."""
    settings = read_settings()
    if settings is None:
        return 2
    try:
        _make_ready(settings)
        uvloop.run(_calibrate(settings))
    except (RunFailed, WrongKey, SQLAlchemyError, OSError) as error:
        sys.stderr.write(f"tercet calibrate: {error}\n")
        return 2
    except KeyboardInterrupt:
        sys.stderr.write("Stopped; the part that was under way is not kept.\n")
        return 130
    sys.stderr.write(f"Kept in {settings.database_url}; GET /api/v1/advice reads it.\n")
    return 0


def _make_ready(settings: Settings) -> None:
    try:
        lock = DatabaseLock(settings.database_url)
    except DatabaseInUse:
        # Whoever serves it has brought its schema up to date.
        return
    migrate(settings.database_url)
    lock.release()


async def _calibrate(settings: Settings) -> None:
    vault = open_vault(settings.database_url, settings.passphrase)
    database, began = Database(settings.database_url, vault), monotonic()
    try:
        await _measure_computing(database)
        async with bundled_site() as site:
            for part in _PARTS:
                if monotonic() - began > _BEGIN_WITHIN:
                    sys.stderr.write(f"No time was left for {part.name}.\n")
                    break
                await _measure(database, part, site.site + _PATH)
    finally:
        database.close()


async def _measure_computing(database: Database) -> None:
    """Checks that compute, for those who ask about such."""
    comparison = replace(
        experiment(WorkloadName.CHECKS, _COMPUTING, None, None, None, _COMPUTING_ROUNDS),
        name="calibration: checks that compute",
    )
    runs: list[RoundRun] = []
    with console(sys.stderr).status(comparison.name or "") as status:

        def tell(_number: int, turn: Turn) -> None:
            status.update(f"{comparison.name}: {turn.label}")

        await carried(comparison, Laboratory(None), tell, runs)
    await keep_experiment(database, comparison, runs)
    show(assemble(comparison, runs, NOTHING_SEEN, {}))


async def _measure(database: Database, part: _Part, url: str) -> None:
    contenders = parsed_contenders(part.contenders, Pace.TRUTHFUL)
    baseline = part.contenders[0]
    comparison = comparison_of(
        contenders, part.sizes, part.rounds, baseline=baseline, pace=Pace.TRUTHFUL, name=part.name
    )
    targets = [Target(url=url) for _ in range(max(part.sizes))]
    known = InMemory(comparison, [Item(seq, target) for seq, target in enumerate(targets)])
    with console(sys.stderr).status(part.name) as status:

        def tell(number: int, turn: Turn) -> None:
            of = "warm-up" if number == WARM_UP else f"round {number} of {part.rounds}"
            status.update(f"{part.name}, {of}: {turn.label} over {turn.size:,}")

        await known.carry_out(Engine(None), tell)
    report = known.report()
    await keep(database, comparison, targets, known.kept, report.evidence)
    show(report)
    sys.stdout.write("\n")
