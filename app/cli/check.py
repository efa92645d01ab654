"""`tercet check`: checks in this process, without a service."""

import asyncio
import os
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from time import monotonic

import msgspec
import uvloop
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from app import USER_AGENT
from app.cli import written
from app.cli.screen import console
from app.cli.urls import NothingToCheck, Urls, read_urls
from app.domain.fidelity import Pace
from checkers import (
    CATALOGUE,
    CheckerError,
    CheckWork,
    ClientName,
    Item,
    Limits,
    Outcome,
    Status,
    StrategyName,
    Target,
    tls,
)
from checkers.child import take_descriptors
from checkers.strategies.catalogue import Entry


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What was typed."""

    urls: list[str]
    file: Path | None
    strategy: str
    client: str | None
    concurrency: int | None
    per_host: int
    pace: str
    timeout: float
    ca_bundle: Path | None
    output: str


class Misused(Exception):
    """The call contradicts itself; the text says how."""


class _Unwritten(Exception):
    """An outcome could not be written."""

    def __init__(self, why: OSError) -> None:
        super().__init__(str(why))
        self.why = why


def check(asked: Asked) -> int:
    """Check and write; the exit code."""
    try:
        urls = read_urls(asked.urls, asked.file)
        entry, client, concurrency = chosen(asked.strategy, asked.client, asked.concurrency)
        work = _work(client, asked)
    except (NothingToCheck, Misused) as error:
        sys.stderr.write(f"tercet check: {error}\n")
        return 2
    items = _Items(urls, asked.timeout)
    counts: Counter[Status] = Counter()
    writer = written.writer(asked.output, sys.stdout)
    interrupted = False
    try:
        uvloop.run(_run(entry, work, concurrency, items, counts, writer, asked.output))
    except KeyboardInterrupt:
        interrupted = True
    except _Unwritten as error:
        return unwritten("check", error.why)
    except (CheckerError, OSError) as error:
        sys.stderr.write(f"tercet check: {error}\n")
        return 2
    try:
        writer.finish()
    except OSError as error:
        return unwritten("check", error)
    if interrupted:
        sys.stderr.write(f"Stopped: {counts.total()} of {len(items)} were checked.\n")
        return 130
    return 0 if counts[Status.UP] == counts.total() else 1


class _Items:
    """The targets of a list, made as they are taken: however long it is, few of them are held."""

    def __init__(self, urls: Urls, timeout: float) -> None:
        self._urls = urls
        self._timeout = timeout

    def __len__(self) -> int:
        return len(self._urls)

    def __iter__(self) -> Iterator[Item]:
        for seq, url in enumerate(self._urls):
            yield Item(seq, Target(url=url, timeout=self._timeout))


def _work(client: ClientName, asked: Asked) -> CheckWork:
    # The command runs as its user, who may reach what this user may reach.
    return CheckWork(
        client=client,
        waiting_since=monotonic(),
        allowed_networks=None,
        user_agent=USER_AGENT,
        ca_bundle=bundle_of(asked.ca_bundle),
        per_host=asked.per_host,
        paced=asked.pace == Pace.TRUTHFUL,
    )


def bundle_of(path: Path | None) -> str | None:
    """The certificates to trust, once it is known that they can be read.

    Raises:
        Misused: they cannot.
    """
    if path is None:
        return None
    try:
        tls.check_bundle(str(path))
    except CheckerError as error:
        raise Misused(str(error)) from error
    return str(path)


def unwritten(command: str, error: OSError) -> int:
    """Say that what was found could not be written; the exit code."""
    # What is still held back must not be tried once more at the interpreter's end.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if not isinstance(error, BrokenPipeError):
        # Who reads no more, as `head` does, wants no more either.
        sys.stderr.write(f"tercet {command}: the result cannot be written: {error}\n")
    return 2


def chosen(
    strategy: str, client: str | None, concurrency: int | None
) -> tuple[Entry, ClientName, int]:
    """Strategy, client and concurrency that fit each other.

    Raises:
        Misused: they do not.
    """
    entry = CATALOGUE[StrategyName(strategy)]
    if client is not None and client not in entry.clients:
        raise Misused(f"{client} does not fit {strategy}; {', '.join(entry.clients)} does")
    many = entry.concurrency if concurrency is None else concurrency
    if not 1 <= many <= entry.max_concurrency:
        raise Misused(f"{strategy} allows 1 to {entry.max_concurrency} in flight, not {many}")
    return entry, entry.clients[0] if client is None else ClientName(client), many


async def _run(
    entry: Entry,
    work: CheckWork,
    concurrency: int,
    items: _Items,
    counts: Counter[Status],
    writer: written.Writer,
    output: str,
) -> None:
    take_descriptors()
    strategy = entry.make(Limits(concurrency=min(concurrency, max(len(items), 1))))
    with _progress(show=output == "table") as progress:
        task = progress.add_task("checking", total=len(items))

        async def emit(some: list[Outcome]) -> None:
            counts.update(outcome.status for outcome in some)
            try:
                writer.write(some)
            except OSError as error:
                raise _Unwritten(error) from error
            progress.advance(task, len(some))

        try:
            await strategy.open(work)
            started = msgspec.structs.replace(work, waiting_since=monotonic())
            await strategy.run(started, items, emit)
        finally:
            await asyncio.shield(strategy.close())


def _progress(*, show: bool) -> Progress:
    stderr = console(sys.stderr)
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=stderr,
        transient=True,
        disable=not (show and stderr.is_terminal),
    )
