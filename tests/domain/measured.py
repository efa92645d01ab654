"""Comparisons and runs made up for tests: what matters is given, the rest is filled in."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime

from app.domain.batch import Batch, Percentiles, RunStatus
from app.domain.comparison import Comparison, Contender, RoundRun
from app.domain.fidelity import Pace
from checkers import CATALOGUE, ClientName, Status, StrategyName
from checkers.meter import Usage

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def contender(
    label: str,
    strategy: StrategyName = StrategyName.ASYNC,
    client: ClientName = ClientName.AIOHTTP,
    concurrency: int | None = None,
) -> Contender:
    return Contender(
        label=label, strategy=strategy, client=client, pace=Pace.MAX,
        concurrency=concurrency or CATALOGUE[strategy].concurrency,
    )  # fmt: skip


def comparison(
    *contenders: Contender | str, rounds: int = 5, sizes: Sequence[int] = (10,)
) -> Comparison:
    named = [contender(c) if isinstance(c, str) else c for c in contenders]
    return Comparison(
        id="cmp_1", name=None, labels={}, status=RunStatus.COMPLETED, error=None,
        contenders=named, sizes=sizes, baseline=named[0].label, rounds=rounds, pace=Pace.MAX,
        per_host=0, seed=7, created_at=NOW, started_at=NOW, finished_at=NOW,
    )  # fmt: skip


def batch(
    number: int,
    label: str,
    wall: float,
    cpu: float | None = None,
    *,
    status: RunStatus = RunStatus.COMPLETED,
    unknown: int = 0,
) -> Batch:
    return Batch(
        id=f"bat_{label}{number}", name=None, labels={}, status=status,
        strategy=StrategyName.ASYNC, client=ClientName.AIOHTTP, concurrency=1, per_host=0,
        pace=Pace.MAX, total=10, done=10, reasons={},
        counts=Counter({Status.UP: 10 - unknown, Status.UNKNOWN: unknown}),
        created_at=NOW, started_at=NOW, finished_at=NOW, setup=0.1, wall=wall,
        latency=Percentiles(p50=wall, p95=wall, p99=wall, maximum=wall), phases={},
        bound=Percentiles(p50=wall / 20, p95=wall / 15, p99=wall / 10), fidelity=None,
        cost=Usage(cpu=wall / 2 if cpu is None else cpu, peak_rss_bytes=100),
        interruptions=0, error=None, comparison_id="cmp_1",
    )  # fmt: skip


def rounds(label: str, walls: Sequence[float], size: int = 10) -> list[RoundRun]:
    """A run for each wall time, in rounds from 1."""
    return [
        RoundRun(number, label, size, batch(number, label, wall))
        for number, wall in enumerate(walls, start=1)
    ]
