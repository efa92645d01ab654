"""What hostile servers can cost: time past a deadline, and memory of the child."""

import contextlib
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from rich.table import Table

from bench.runs import Bench
from checkers import CATALOGUE, Target
from checkers.target import DEFAULT_MAX_BODY_BYTES
from tests.farm.behaviour import Behaviour
from tests.farm.certificates import Certificates
from tests.farm.grid import GRID, every_behaviour, verdict
from tests.farm.servers import answering, ok, servers

# Enough in flight that hostile targets meet each other, few enough for the farm's own process.
_IN_FLIGHT = 32
_ROUNDS = 3
_WANTED_MS = 250
_MIB = 1024 * 1024
_WANTED_MIB = DEFAULT_MAX_BODY_BYTES / _MIB + 1


class _Farm(NamedTuple):
    behaviours: Sequence[Behaviour]
    healthy: Target
    refusing: Target
    ca_bundle: str


@contextlib.contextmanager
def _farm() -> Iterator[_Farm]:
    with servers() as farm, tempfile.TemporaryDirectory(prefix="tercet-bench-") as folder:
        certificates = Certificates()
        bundle = certificates.bundle(Path(folder))
        well, refusing = farm.serve(answering(ok())), farm.refusing()
        # Names of the tests' own are for their own resolver.
        behaviours = [
            behaviour
            for behaviour in every_behaviour(farm, certificates)
            if not behaviour.named_here
        ]
        healthy, none = (Target(url=f"http://127.0.0.1:{port}/") for port in (well, refusing))
        yield _Farm(behaviours, healthy, none, str(bundle))


async def deadlines() -> Table:
    """How long after its deadline the last check of every cell ended."""
    headings = ("cell", "in flight", "checks", "as deserved", "latest end past its deadline, ms",
                "of", "wanted")  # fmt: skip
    table = Table(*headings, title=f"Deadlines, the latest of {_ROUNDS} rounds over the whole farm")
    with _farm() as farm:
        targets = [behaviour.target for behaviour in farm.behaviours]
        for name, client in GRID:
            in_flight = min(_IN_FLIGHT, CATALOGUE[name].max_concurrency)
            rounds = 1 if in_flight == 1 else _ROUNDS
            bench, right, late = Bench(farm.ca_bundle), 0, []
            for _ in range(rounds):
                outcomes = (await bench.check((name, client), targets, in_flight)).outcomes
                for behaviour, outcome in zip(farm.behaviours, outcomes, strict=True):
                    right += verdict(outcome) == behaviour.verdict
                    past = (outcome.total or 0.0) - behaviour.target.timeout
                    late.append((past * 1e3, behaviour.name))
            await bench.close()
            latest, whose = max(late)
            table.add_row(
                f"{name} + {client}",
                str(in_flight),
                f"{rounds * len(targets):,}",
                f"{right:,}",
                f"{latest:.0f}",
                whose,
                f"≤ {_WANTED_MS}",
            )
    return table


async def memory() -> Table:
    """What one check of something fat adds to the child, beside as many of something healthy."""
    headings = ("cell", "behaviours", "most, MiB", "of", "wanted")
    title = "Growth of a fresh child by one fat check in flight, beside healthy and refused ones"
    table = Table(*headings, title=title)
    with _farm() as farm:
        fat = [b for b in farm.behaviours if _is_fat(b)]
        for name, client in GRID:
            bench, grown = Bench(farm.ca_bundle), []
            # The first check of a kind, and the first that fails, load code; what is counted is
            # what the fat one adds.
            usual = [farm.healthy, farm.healthy, farm.refusing]
            plain = await bench.check((name, client), usual, 1, fresh=True)
            for behaviour in fat:
                targets = [*usual, behaviour.target]
                run = await bench.check((name, client), targets, 1, fresh=True)
                grown.append(((run.peak_rss_bytes - plain.peak_rss_bytes) / _MIB, behaviour.name))
            await bench.close()
            most, whose = max(grown)
            table.add_row(
                f"{name} + {client}", str(len(fat)), f"{most:.2f}", whose, f"≤ {_WANTED_MIB:.1f}"
            )
    return table


def _is_fat(behaviour: Behaviour) -> bool:
    plain = behaviour.target.max_body_bytes == DEFAULT_MAX_BODY_BYTES
    words = ("bomb", "flood", "endless", "300 KB", "100,000", "200 KB")
    return plain and any(word in behaviour.name for word in words)
