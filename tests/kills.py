"""Kills at random moments, and what must hold after each of them: `python -m tests.kills 30`.

What is killed: the child that carries out a batch, a worker of it, or the whole service.
"""

import json
import os
import random
import signal
import sys
import tempfile
import time
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

import psutil

from checkers import CATALOGUE, StrategyName
from tests.farm.servers import answering, ok, servers
from tests.services import PATIENCE_SECONDS, Service, running

WITH_WORKERS: Final = frozenset({StrategyName.MULTIPROCESS, StrategyName.HYBRID})
_MODULES: Final = {"child": "checkers.host", "worker": "checkers.strategies."}


class Victim(StrEnum):
    """What is killed."""

    CHILD = "child"
    WORKER = "worker"
    SERVICE = "service"


def victims(strategy: StrategyName) -> list[Victim]:
    """What there is to be killed under a strategy."""
    return [v for v in Victim if v is not Victim.WORKER or strategy in WITH_WORKERS]


def kill_once(
    service: Service,
    url: str,
    strategy: StrategyName,
    victim: Victim,
    moment: random.Random,
    size: int,
) -> str:
    """Kill in the middle of a batch, let it go on, and say what does not hold; nothing is best."""
    concurrency = min(8, CATALOGUE[strategy].max_concurrency)
    body = {"urls": [url] * size, "strategy": strategy.value, "concurrency": concurrency}
    here = service.call("POST", "/api/v1/batches", json={**body, "per_host": 0}).headers["Location"]
    wanted = moment.randrange(size)
    while service.get(here)["done"] < wanted:
        time.sleep(0.005)
    time.sleep(moment.random() * 0.03)
    before = _children(service)
    if victim is Victim.SERVICE:
        service.stop(signal.SIGKILL)
        _, alive = psutil.wait_procs(before, timeout=10)
        service.start()
        if alive:
            return f"left running: {alive}"
    else:
        _kill_one(before, _MODULES[victim.value], moment)
    return _what_is_wrong(service, here, size)


def _kill_one(processes: list[psutil.Process], module: str, moment: random.Random) -> None:
    found = [p for p in processes if any(part.startswith(module) for part in _words(p))]
    if found:
        # The batch may have ended in between; then there is nothing to be killed.
        with suppress(ProcessLookupError):
            os.kill(moment.choice(found).pid, signal.SIGKILL)


def _what_is_wrong(service: Service, here: str, size: int) -> str:
    batch = _ended(service, here)
    if batch["status"] != "completed":
        return f"{batch['status']}: {batch['error']}"
    answer = service.call("GET", f"{here}/outcomes", headers={"Accept": "application/x-ndjson"})
    seqs = [json.loads(line)["seq"] for line in answer.text.splitlines()]
    if seqs != list(range(size)):
        return f"{len(seqs)} outcomes, {len(set(seqs))} different ones, of {size}"
    lost = batch["reasons"].get("worker_lost", 0)
    if batch["counts"]["up"] + lost != size or batch["done"] != size:
        return f"counted {batch['counts']}, {batch['reasons']}"
    return ""


def _ended(service: Service, here: str) -> Any:
    deadline = time.monotonic() + 2 * PATIENCE_SECONDS
    while time.monotonic() < deadline:
        batch = service.get(here)
        if batch["status"] not in ("queued", "running"):
            return batch
        time.sleep(0.02)
    return {"status": "never ended", "error": f"{batch['done']} done"}


def _children(service: Service) -> list[psutil.Process]:
    assert service.process is not None
    return psutil.Process(service.process.pid).children(recursive=True)


def _words(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.NoSuchProcess:
        return []


def main(times: int, size: int) -> int:
    """Every kind of kill under every strategy, so many times; how many went wrong."""
    wrong = 0
    with servers() as farm:
        url = f"http://127.0.0.1:{farm.serve(answering(ok()))}/"
        for strategy in StrategyName:
            with running(Path(tempfile.mkdtemp())) as service:
                for victim in victims(strategy):
                    moment = random.Random(f"{strategy} {victim}")
                    found = [
                        kill_once(service, url, strategy, victim, moment, size=size)
                        for _ in range(times)
                    ]
                    bad = [text for text in found if text]
                    wrong += len(bad)
                    right = f"{times - len(bad)} of {times}"
                    sys.stdout.write(f"{strategy:13} {victim:8} {right} {'; '.join(bad[:3])}\n")
    return wrong


if __name__ == "__main__":
    raise SystemExit(min(main(int((sys.argv[1:] or ["30"])[0]), 5000), 1))
