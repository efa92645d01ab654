"""`tercet compare`: an experiment in fresh processes, without a service."""

import sys
from collections.abc import Sequence
from pathlib import Path

import uvloop

from app.cli.check import Misused, bundle_of, chosen
from app.cli.measured import InMemory, comparison_of
from app.cli.screen import console
from app.cli.shown import Files, deliver
from app.cli.urls import NothingToCheck, read_urls
from app.domain.comparison import WARM_UP, Contender, Turn, default_label
from app.domain.fidelity import Pace
from app.engine.local import Engine, RunFailed
from checkers import CATALOGUE, Item, StrategyName, Target

_DEFAULT_CONTENDERS = ("sequential", "threaded", "multiprocess", "async")


def compare(  # noqa: PLR0913 -- what was typed
    given: Sequence[str],
    file: Path | None,
    contenders: Sequence[str],
    *,
    scale: Sequence[int],
    rounds: int,
    pace: str,
    timeout: float,
    ca_bundle: Path | None,
    files: Files,
) -> int:
    """Compare and print; the exit code."""
    interrupted = False
    try:
        files.check()
        urls = read_urls(given, file)
        items = [Item(seq, Target(url=url, timeout=timeout)) for seq, url in enumerate(urls)]
        parsed = parsed_contenders(contenders or _DEFAULT_CONTENDERS, Pace(pace))
        comparison = comparison_of(
            parsed,
            _sizes(scale, len(items)),
            rounds,
            baseline=StrategyName.SEQUENTIAL.value,
            pace=Pace(pace),
        )
        known = InMemory(comparison, items)
        uvloop.run(_run(known, bundle_of(ca_bundle)))
    except (NothingToCheck, Misused, RunFailed, OSError) as error:
        sys.stderr.write(f"tercet compare: {error}\n")
        return 2
    except KeyboardInterrupt:
        if not known.rounds:
            sys.stderr.write("Stopped before the first round was measured.\n")
            return 130
        sys.stderr.write(f"Stopped: {known.rounds} of {rounds} rounds were measured.\n")
        interrupted = True
    return deliver("compare", known.report(), files, interrupted=interrupted)


def parsed_contenders(texts: Sequence[str], pace: Pace) -> list[Contender]:
    """Contenders from `strategy[+client][:concurrency]`; raises `Misused`."""
    parsed = [_contender(text, pace) for text in texts]
    if len({contender.label for contender in parsed}) < len(parsed):
        raise Misused("two contenders are the same")
    return parsed


def split_contender(text: str) -> tuple[str, str | None, int | None]:
    """Strategy, client and concurrency of what was typed; raises `Misused`."""
    name, _, many = text.partition(":")
    strategy, _, client = name.partition("+")
    if strategy not in {known.value for known in CATALOGUE}:
        raise Misused(f"no strategy is called {strategy!r}; there are {', '.join(CATALOGUE)}")
    if many and not (many.isascii() and many.isdecimal() and len(many) <= 9):
        raise Misused(f"{text!r} is not strategy[+client][:concurrency]")
    return strategy, client or None, int(many) if many else None


def _contender(text: str, pace: Pace) -> Contender:
    strategy, client, many = split_contender(text)
    entry, library, concurrency = chosen(strategy, client, many)
    own = default_label(entry.name, library)
    return Contender(
        label=own if many is None else f"{own}:{concurrency}",
        strategy=entry.name,
        client=library,
        concurrency=concurrency,
        pace=pace,
    )


def _sizes(scale: Sequence[int], targets: int) -> list[int]:
    if not scale:
        return [targets]
    for size in scale:
        if size > targets:
            raise Misused(f"there are {targets} targets; a size of {size} is more")
    if len(set(scale)) < len(scale):
        raise Misused("a size is given twice")
    return list(scale)


async def _run(known: InMemory, ca_bundle: str | None) -> None:
    rounds = known.comparison.rounds
    with console(sys.stderr).status("warming up") as status:

        def tell(number: int, turn: Turn) -> None:
            of = "warm-up" if number == WARM_UP else f"round {number} of {rounds}"
            status.update(f"{of}: {turn.label} over {turn.size:,}")

        await known.carry_out(Engine(None, ca_bundle=ca_bundle), tell)
