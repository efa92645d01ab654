"""`tercet compare`: an experiment in fresh processes, without a service."""

import secrets
import sys
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import uvloop
from rich.console import Console
from rich.table import Table

from app.cli.check import Misused, bundle_of, chosen, unwritten
from app.cli.screen import console
from app.cli.urls import NothingToCheck, read_urls
from app.domain.batch import Batch, Percentiles, RunStatus
from app.domain.comparison import (
    WARM_UP,
    Comparison,
    Contender,
    RoundRun,
    default_label,
    schedule,
)
from app.domain.disagreement import Verdict
from app.domain.fidelity import Pace, judged, measured
from app.domain.statistics import nearest_rank
from app.engine.local import Engine, Order, RunFailed
from app.engine.local import Report as RunReport
from app.reports import html as html_report
from app.reports import words
from app.services import clock
from app.services.comparisons import Report, assemble
from checkers import CATALOGUE, Item, Outcome, Reason, Status, StrategyName, Target

_DEFAULT_CONTENDERS = ("sequential", "threaded", "multiprocess", "async")


def compare(
    given: Sequence[str],
    file: Path | None,
    contenders: Sequence[str],
    *,
    rounds: int,
    timeout: float,
    ca_bundle: Path | None,
    html: Path | None,
) -> int:
    """Compare and print; the exit code."""
    interrupted = False
    try:
        _check_writable(html)
        urls = read_urls(given, file)
        parsed = _contenders(contenders or _DEFAULT_CONTENDERS)
        items = [Item(seq, Target(url=url, timeout=timeout)) for seq, url in enumerate(urls)]
        known = _Known(_comparison(items, parsed, rounds), items)
        uvloop.run(_run(known, bundle_of(ca_bundle)))
    except (NothingToCheck, Misused, RunFailed, OSError) as error:
        sys.stderr.write(f"tercet compare: {error}\n")
        return 2
    except KeyboardInterrupt:
        if not known.measured:
            sys.stderr.write("Stopped before the first round was measured.\n")
            return 130
        sys.stderr.write(f"Stopped: {known.measured} of {rounds} rounds were measured.\n")
        interrupted = True
    report = known.report()
    try:
        if html is not None:
            html.write_text(html_report.render(report), encoding="utf-8")
        _print(report)
    except OSError as error:
        return unwritten("compare", error)
    if html is not None:
        sys.stderr.write(f"The report is in {html}.\n")
    return 130 if interrupted else 0


class _Known:
    """What a comparison has shown so far."""

    def __init__(self, comparison: Comparison, items: Sequence[Item]) -> None:
        self.comparison = comparison
        self.items = items
        self._runs: list[RoundRun] = []
        self._said: Counter[tuple[int, str, str, str]] = Counter()

    @property
    def measured(self) -> int:
        """Rounds that are whole, the warm-up not among them."""
        by_round = Counter(run.number for run in self._runs)
        whole = len(self.comparison.contenders)
        return sum(n == whole for number, n in by_round.items() if number != WARM_UP)

    def add(self, number: int, label: str, batch: Batch, outcomes: Sequence[Outcome]) -> None:
        """Note a run."""
        self._runs.append(RoundRun(number, label, batch))
        if number != WARM_UP:
            self._said.update(
                (o.seq, label, o.status.value, o.reason.value if o.reason else "") for o in outcomes
            )

    def report(self) -> Report:
        """All of it, put together."""
        return assemble(self.comparison, self._runs, _verdicts(self._said, self.items))


def _check_writable(html: Path | None) -> None:
    # Before the rounds, not after them.
    if html is not None and not html.resolve().parent.is_dir():
        raise Misused(f"there is no folder {html.resolve().parent}")


def _contenders(texts: Sequence[str]) -> list[Contender]:
    parsed = [_contender(text) for text in texts]
    if len({contender.label for contender in parsed}) < len(parsed):
        raise Misused("two contenders are the same")
    return parsed


def _contender(text: str) -> Contender:
    """A contender from `strategy[+client][:concurrency]`."""
    name, _, many = text.partition(":")
    strategy, _, client = name.partition("+")
    if strategy not in {known.value for known in CATALOGUE}:
        raise Misused(f"no strategy is called {strategy!r}; there are {', '.join(CATALOGUE)}")
    if many and not (many.isascii() and many.isdecimal() and len(many) <= 9):
        raise Misused(f"{text!r} is not strategy[+client][:concurrency]")
    entry, library, concurrency = chosen(strategy, client or None, int(many) if many else None)
    own = default_label(StrategyName(strategy), library)
    return Contender(
        label=f"{own}:{concurrency}" if many else own,
        strategy=entry.name,
        client=library,
        concurrency=concurrency,
        pace=Pace.MAX,
    )


async def _run(known: _Known, ca_bundle: str | None) -> None:
    comparison, engine = known.comparison, Engine(None, ca_bundle=ca_bundle)
    by_label = {contender.label: contender for contender in comparison.contenders}
    with console(sys.stderr).status("warming up") as status:
        for number, labels in schedule(comparison):
            for label in labels:
                of = f"round {number} of {comparison.rounds}"
                status.update(f"{'warm-up' if number == WARM_UP else of}: {label}")
                known.add(number, label, *await _run_once(engine, by_label[label], known.items))


async def _run_once(
    engine: Engine, contender: Contender, items: Sequence[Item]
) -> tuple[Batch, list[Outcome]]:
    outcomes: list[Outcome] = []

    async def take(some: list[Outcome]) -> None:
        outcomes.extend(some)

    order = Order(
        strategy=contender.strategy,
        client=contender.client,
        concurrency=contender.concurrency,
        paced=contender.pace is Pace.TRUTHFUL,
    )
    started = clock.now()
    report = await engine.execute_fresh(order, items, take)
    return _batch(contender, outcomes, report, started), outcomes


def _comparison(items: Sequence[Item], contenders: Sequence[Contender], rounds: int) -> Comparison:
    now, labels = clock.now(), [contender.label for contender in contenders]
    baseline = StrategyName.SEQUENTIAL.value
    return Comparison(
        id=clock.new_id("cmp"),
        name=None,
        labels={},
        status=RunStatus.COMPLETED,
        error=None,
        contenders=contenders,
        baseline=baseline if baseline in labels else None,
        rounds=rounds,
        pace=Pace.MAX,
        per_host=0,
        seed=secrets.randbelow(2**31),
        total=len(items),
        created_at=now,
        started_at=now,
        finished_at=now,
    )


def _batch(
    contender: Contender, outcomes: Sequence[Outcome], report: RunReport, started: datetime
) -> Batch:
    """A run as the service would have stored it."""
    return Batch(
        id=clock.new_id("bat"),
        name=None,
        labels={},
        status=RunStatus.COMPLETED,
        strategy=contender.strategy,
        client=contender.client,
        concurrency=contender.concurrency,
        per_host=0,
        pace=contender.pace,
        total=len(outcomes),
        done=len(outcomes),
        counts=Counter(outcome.status for outcome in outcomes),
        reasons=Counter(outcome.reason for outcome in outcomes if outcome.reason is not None),
        created_at=started,
        started_at=started,
        finished_at=clock.now(),
        setup=report.setup,
        wall=report.wall,
        latency=_latency(outcomes),
        phases={},
        cost=report.cost,
        fidelity=None if report.cost is None else judged(contender.pace, measured(report.cost)),
        interruptions=0,
        error=None,
        comparison_id=None,
    )


def _latency(outcomes: Sequence[Outcome]) -> Percentiles | None:
    sample = sorted(o.total for o in outcomes if o.http_status is not None and o.total is not None)
    if not sample:
        return None
    return Percentiles(
        p50=nearest_rank(sample, 50),
        p95=nearest_rank(sample, 95),
        p99=nearest_rank(sample, 99),
        maximum=sample[-1],
    )


def _verdicts(said: Counter[tuple[int, str, str, str]], items: Sequence[Item]) -> list[Verdict]:
    return [
        Verdict(
            seq=seq,
            url=items[seq].target.url,
            label=label,
            status=Status(status),
            reason=Reason(reason) if reason else None,
            rounds=rounds,
        )
        for (seq, label, status, reason), rounds in said.items()
    ]


def _print(report: Report) -> None:
    screen = console(sys.stdout)
    screen.print(words.answer(report))
    screen.print()
    _print_table(screen, words.CONTENDER_HEADINGS, words.contender_rows(report))
    ratios = words.ratio_rows(report)
    if ratios:
        screen.print()
        _print_table(screen, ["ratio", *words.METRICS.values()], ratios)
    screen.print()
    for found in report.disagreements[:20]:
        verdicts = ", ".join(f"{label}: {said}" for label, said in found.verdicts.items())
        screen.print(f"disagreement on {found.url}: {verdicts}")
    if not report.disagreements:
        screen.print("Every contender said the same of every target.")


def _print_table(screen: Console, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    table = Table(box=None, pad_edge=False)
    for index, heading in enumerate(headings):
        table.add_column(heading, justify="right" if index else "left", overflow="fold")
    for row in rows:
        table.add_row(*row)
    screen.print(table)
