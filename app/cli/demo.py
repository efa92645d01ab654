"""`tercet demo`: the main job end to end, over REST, on bundled local targets."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from time import monotonic, sleep
from typing import IO, Any, Final

import requests
from rich.console import Console
from rich.table import Table

from app.cli import screen
from app.cli.demo_monitor import MonitorNotShown, show_monitor
from checkers import CATALOGUE
from checkers.workloads.aside import serving
from checkers.workloads.bundled import Addresses

_STRATEGIES: Final = tuple(CATALOGUE)
_WAIT_SECONDS: Final = 60
_PATIENCE_SECONDS: Final = 10.0
_ENDED_SECONDS: Final = 180.0
_LOOKS_SECONDS: Final = 1.0
_READY: Final = "Tercet serves on "


def demo(*, keep: bool) -> int:
    """Show it; the exit code."""
    # A plain kill must run the clean-up as well, or the targets would stay behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    console = screen.console(sys.stdout)
    try:
        with contextlib.ExitStack() as stack:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="tercet-demo-"))
            targets = stack.enter_context(_targets())
            service = stack.enter_context(_service(folder))
            return _show(console, targets, service, keep=keep)
    except KeyboardInterrupt:
        return 130
    except (requests.RequestException, DemoFailed, MonitorNotShown) as error:
        sys.stderr.write(f"tercet demo: {error}\n")
        return 2


class DemoFailed(Exception):
    """The demo's own processes did not do what they should."""


def _show(console: Console, targets: Addresses, service: str, *, keep: bool) -> int:
    urls = _urls(targets)
    console.print(f"Targets on {targets.site}, service on {service}.")
    console.print(f"One batch of {len(urls)} URLs under each strategy, posted to {service}:\n")
    batches = [
        _post(
            service,
            "batches",
            {"urls": urls, "strategy": name.value, "name": f"demo {name}", "per_host": 0},
        )
        for name in _STRATEGIES
    ]
    _print_batches(console, batches)
    _print_reasons(console, batches)
    comparison = _post(
        service,
        "comparisons",
        {
            "name": "demo",
            "urls": [f"{targets.site}/status/200", f"{targets.site}/delay/0.05"] * 15,
            "contenders": [name.value for name in _STRATEGIES],
            "rounds": 3,
        },
    )
    console.print("A comparison over 30 URLs, half of them answering after 50 ms, 3 rounds:\n")
    _print_comparison(console, comparison)
    show_monitor(console, service)
    console.print(f"The comparison's page: {service}{comparison['links']['page']}")
    if keep:
        console.print("\nServing until Ctrl-C.")
        signal.pause()
    else:
        console.print("(`tercet demo --keep` leaves it serving.)")
    return 0


def _urls(targets: Addresses) -> list[str]:
    site = targets.site
    one_round = [
        f"{site}/status/200",
        f"{site}/status/200",
        f"{site}/delay/0.2",
        f"{site}/bytes/20000",
        f"{site}/redirect/3",
        f"{site}/status/404",
        f"{site}/status/503",
        f"{targets.refused}/",
        f"{targets.broken}/",
    ]
    return one_round * 5


def _post(service: str, what: str, body: Mapping[str, object]) -> dict[str, Any]:
    answer = requests.post(
        f"{service}/api/v1/{what}",
        json=body,
        headers={"Prefer": f"wait={_WAIT_SECONDS}"},
        timeout=_WAIT_SECONDS + _PATIENCE_SECONDS,
    )
    answer.raise_for_status()
    ended: dict[str, Any] = answer.json()
    # A busy machine may take longer than a service can be asked to wait.
    until = monotonic() + _ENDED_SECONDS
    while ended["status"] in {"queued", "running"} and monotonic() < until:
        sleep(_LOOKS_SECONDS)
        found = requests.get(service + ended["links"]["self"], timeout=_PATIENCE_SECONDS)
        found.raise_for_status()
        ended = found.json()
    if ended["status"] != "completed":
        raise DemoFailed(f"{what}: {ended['status']} {ended['error'] or ''}")
    return ended


def _print_batches(console: Console, batches: list[dict[str, Any]]) -> None:
    console.print("Times in ms, processor time in µs for each check; phases and p50 are medians.")
    table = _table(
        "strategy", "up", "down", "wall", "CPU", "connect", "wait", "receive", "p50", "p99"
    )
    for batch in batches:
        phases = batch["phases_ms"]
        table.add_row(
            batch["strategy"],
            str(batch["counts"]["up"]),
            str(batch["counts"]["down"]),
            f"{batch['wall_ms']:.0f}",
            f"{batch['cost']['cpu_us_per_check']:.0f}",
            *(f"{phases[phase]['p50']:.2f}" for phase in ("connect", "wait", "receive")),
            f"{batch['latency_ms']['p50']:.2f}",
            f"{batch['latency_ms']['p99']:.2f}",
        )
    console.print(table)
    console.print()


def _print_reasons(console: Console, batches: list[dict[str, Any]]) -> None:
    reasons = sorted({reason for batch in batches for reason in batch["reasons"]})
    table = _table("why not up", *(batch["strategy"] for batch in batches))
    for reason in reasons:
        table.add_row(reason, *(str(batch["reasons"].get(reason, 0)) for batch in batches))
    console.print(table)
    console.print()


def _print_comparison(console: Console, comparison: Mapping[str, Any]) -> None:
    base = comparison["baseline"]
    ratios = {
        (pair["b"], pair["metric"]): pair["ratio"]
        for pair in comparison["pairs"]
        if pair["a"] == base
    }
    table = _table("contender", "wall", "checks/s", "CPU", "p50", "p99", "wall ratio", "CPU ratio")
    for contender in comparison["contenders"]:
        label, latency = contender["label"], contender["latency_ms"]
        table.add_row(
            label,
            f"{contender['wall_ms']['median']:.0f}",
            f"{contender['checks_per_second']['median']:.0f}",
            f"{contender['cpu_us_per_check']['median']:.0f}",
            f"{latency['p50']['median']:.2f}",
            f"{latency['p99']['median']:.2f}",
            *(
                f"{ratios[label, metric]:.2f} ×" if (label, metric) in ratios else "1"
                for metric in ("wall_ms", "cpu_us_per_check")
            ),
        )
    console.print(table)
    for sentence in comparison["recommendation"]["because"]:
        console.print(sentence)
    if comparison["disagreements_total"] == 0:
        console.print("Every contender said the same of every target.")
    console.print()


def _table(*headings: str) -> Table:
    table = Table(box=None, pad_edge=False)
    for index, heading in enumerate(headings):
        table.add_column(heading, justify="right" if index else "left", no_wrap=True)
    return table


@contextlib.contextmanager
def _targets() -> Iterator[Addresses]:
    with serving("checkers.workloads.site") as addresses:
        yield Addresses(**json.loads(addresses))


@contextlib.contextmanager
def _service(folder: str) -> Iterator[str]:
    environment = {
        "TERCET_DATABASE_URL": f"sqlite:///{folder}/demo.db",
        "TERCET_PORT": "0",
        "TERCET_ALLOWED_NETWORKS": "127.0.0.0/8",
        "TERCET_LOG_FORMAT": "console",
    }
    log = Path(folder, "service.log")
    with (
        log.open("w", encoding="utf-8") as errors,
        _process([sys.executable, "-P", "-m", "app", "serve"], environment, errors) as process,
    ):
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line.startswith(_READY):
            raise DemoFailed(f"the service did not start: {log.read_text(encoding='utf-8')}")
        yield line.removeprefix(_READY).split()[0]


@contextlib.contextmanager
def _process(
    command: list[str], environment: Mapping[str, str], errors: IO[str] | None = None
) -> Iterator[subprocess.Popen[str]]:
    own = {name: value for name, value in os.environ.items() if not name.startswith("TERCET_")}
    process = subprocess.Popen(
        command,
        env={**own, **environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=errors,
        text=True,
    )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.communicate(timeout=_PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
