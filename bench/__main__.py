"""`python -m bench [NAME…]`: measure and print; everything unless something is named."""

import platform
import sys
from collections.abc import Awaitable, Callable, Mapping

import psutil
import uvloop
from rich.console import Console
from rich.table import Table

from bench import (
    classic,
    cost,
    fidelity,
    history,
    hostile,
    metrics,
    monitors,
    pages,
    probe,
    service,
    storage,
    strain,
    winners,
)

BENCHES: Mapping[str, Callable[[], Awaitable[Table]]] = {
    "classic": classic.measure,
    "fidelity": fidelity.grid,
    "designs": fidelity.designs,
    "throughput": fidelity.throughput,
    "contention": strain.contention,
    "slowed": strain.slowed,
    "pace-cost": strain.pace_cost,
    "cost": cost.measure,
    "deadlines": hostile.deadlines,
    "memory": hostile.memory,
    "storage": storage.measure,
    "service": service.measure,
    "monitors": monitors.measure,
    "history": history.measure,
    "monitors-beside": monitors.beside,
    "pages": pages.measure,
    "metrics": metrics.measure,
    "probe": probe.speed,
    "probe-names": probe.names,
    "winners": winners.false,
    "power": winners.power,
}


async def _all(names: list[str]) -> None:
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = 120
    console.print(
        f"Python {platform.python_version()}, {psutil.cpu_count()} cores, {platform.platform()}; "
        f"{psutil.cpu_percent(1.0):.0f} % busy before the first run\n"
    )
    for name in names:
        console.print(await BENCHES[name]())
        console.print()


def main() -> int:
    """Run the benches that were named."""
    names = sys.argv[1:] or list(BENCHES)
    unknown = [name for name in names if name not in BENCHES]
    if unknown:
        sys.stderr.write(f"bench: no {', '.join(unknown)}; there are {', '.join(BENCHES)}\n")
        return 2
    uvloop.run(_all(names))
    return 0


if __name__ == "__main__":
    sys.exit(main())
