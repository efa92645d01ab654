"""`tercet lab`: a workload under several strategies, without a service."""

import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import uvloop
from pydantic import ValidationError

from app.api.experiment_in import ExperimentIn
from app.cli.check import Misused, bundle_of
from app.cli.compare import split_contender
from app.cli.measured import Telling, comparison_of
from app.cli.screen import console
from app.cli.shown import Files, deliver
from app.domain.comparison import WARM_UP, Comparison, RoundRun, Turn, schedule
from app.domain.errors import ServiceError
from app.domain.evidence import NOTHING_SEEN
from app.domain.fidelity import Pace
from app.engine.laboratory import Laboratory
from app.engine.local import RunFailed
from app.services.experiments import run_once, url_for
from app.services.reports import assemble


def lab(
    workload: str,
    contenders: Sequence[str],
    *,
    items: int | None,
    size: int | None,
    url: str | None,
    rounds: int,
    ca_bundle: Path | None,
    files: Files,
) -> int:
    """Carry the workload and print; the exit code."""
    runs: list[RoundRun] = []
    interrupted = False
    try:
        files.check()
        comparison = experiment(workload, contenders, items, size, url, rounds)
        uvloop.run(_run(comparison, Laboratory(None, ca_bundle=bundle_of(ca_bundle)), runs))
    except (Misused, RunFailed, OSError) as error:
        sys.stderr.write(f"tercet lab: {error}\n")
        return 2
    except KeyboardInterrupt:
        if not any(run.measured for run in runs):
            sys.stderr.write("Stopped before the first round was measured.\n")
            return 130
        interrupted = True
    report = assemble(comparison, runs, NOTHING_SEEN, {})
    return deliver("lab", report, files, interrupted=interrupted)


def experiment(
    workload: str,
    contenders: Sequence[str],
    items: int | None,
    size: int | None,
    url: str | None,
    rounds: int,
) -> Comparison:
    """The experiment as the service would take it; raises `Misused`."""
    named = []
    for text in contenders:
        strategy, client, many = split_contender(text)
        label = None if many is None else text
        named.append({"strategy": strategy, "client": client, "concurrency": many, "label": label})
    asked = {
        "workload": workload, "items": items, "size": size, "url": url, "rounds": rounds,
        "contenders": named,
    }  # fmt: skip
    try:
        draft = ExperimentIn.model_validate(asked).draft()
    except ServiceError as error:
        raise Misused("; ".join(e.detail for e in error.errors) or error.detail) from error
    except ValidationError as error:
        raise Misused(
            "; ".join(_said(entry["loc"], entry["msg"]) for entry in error.errors())
        ) from None
    return comparison_of(
        draft.contenders,
        draft.sizes,
        rounds,
        baseline=draft.baseline,
        pace=Pace.MAX,
        lab=draft.lab,
    )


def _said(place: tuple[int | str, ...], message: str) -> str:
    return f"{'.'.join(map(str, place))}: {message}"


async def carried(
    comparison: Comparison, laboratory: Laboratory, telling: Telling, runs: list[RoundRun]
) -> None:
    """Make every run of an experiment; raises `RunFailed`."""
    assert comparison.lab is not None
    async with AsyncExitStack() as stack:
        url = await url_for(comparison.lab, stack)
        for number, turns in schedule(comparison):
            for turn in turns:
                telling(number, turn)
                run = await run_once(laboratory, comparison, turn.label, number, url)
                runs.append(RoundRun(number, turn.label, turn.size, run))


async def _run(comparison: Comparison, laboratory: Laboratory, runs: list[RoundRun]) -> None:
    with console(sys.stderr).status("warming up") as status:

        def tell(number: int, turn: Turn) -> None:
            of = f"round {number} of {comparison.rounds}"
            status.update(f"{'warm-up' if number == WARM_UP else of}: {turn.label}")

        await carried(comparison, laboratory, tell, runs)
