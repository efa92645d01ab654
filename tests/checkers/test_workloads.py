"""What the laboratory carries: each workload does its work, under every kind of strategy."""

import asyncio
import json
import threading
from pathlib import Path

import pytest

from app.engine.laboratory import Laboratory
from checkers import CATALOGUE, Status, StrategyName
from checkers.errors import WorkNotPicklable
from checkers.laboratory import Carried, carry_out
from checkers.strategies.hybrid import Hybrid
from checkers.strategies.multiprocess import Multiprocess
from checkers.strategies.strategy import Limits
from checkers.workloads.bundled import json_body
from checkers.workloads.carried import Computing, Order
from checkers.workloads.catalogue import WORKLOADS, WorkloadName
from checkers.workloads.cpu import sum_of_roots
from checkers.workloads.data import aggregate

_IN_PROCESS = (StrategyName.SEQUENTIAL, StrategyName.THREADED, StrategyName.ASYNC)
_SIZES = {
    WorkloadName.CPU: 100, WorkloadName.DATA: 1000, WorkloadName.DATABASE: 10,
    WorkloadName.ECHO: 2,
}  # fmt: skip


def _carried(folder: Path, workload: WorkloadName, strategy: StrategyName) -> Carried:
    return asyncio.run(carry_out(_order(folder, workload, strategy)))


def _order(folder: Path, workload: WorkloadName, strategy: StrategyName) -> Order:
    return Order(
        workload=workload, strategy=strategy, concurrency=1 if workload == "spawn" else 3,
        client=None, url=None, bundled=True, items=5, size=_SIZES.get(workload), seed=7,
        folder=str(folder), user_agent="test",
    )  # fmt: skip


@pytest.mark.parametrize("strategy", _IN_PROCESS)
@pytest.mark.parametrize("workload", [*_SIZES, WorkloadName.SPAWN])
def test_every_item_is_carried_out(
    tmp_path: Path, workload: WorkloadName, strategy: StrategyName
) -> None:
    found = _carried(tmp_path, workload, strategy)

    assert found.error is None
    assert (found.done, found.counts, len(found.times)) == (5, {Status.UP: 5}, 5)
    assert found.wall > 0


@pytest.mark.parametrize("strategy", [StrategyName.MULTIPROCESS, StrategyName.HYBRID])
def test_what_is_shipped_to_processes_is_named(tmp_path: Path, strategy: StrategyName) -> None:
    found = _carried(tmp_path, WorkloadName.DATA, strategy)

    assert found.counts == {Status.UP: 5}
    assert found.metrics["shipped_bytes_per_item"] > 1000
    assert found.metrics["shipping_ms_per_item"] > 0


def test_no_row_is_lost_between_processes(tmp_path: Path) -> None:
    found = _carried(tmp_path, WorkloadName.DATABASE, StrategyName.MULTIPROCESS)

    assert (found.metrics["rows"], found.metrics["rows_lost"]) == (50, 0)


def test_every_strategy_computes_the_same(tmp_path: Path) -> None:
    kept = {
        _carried(tmp_path, WorkloadName.DATA, strategy).metrics["kept"] for strategy in _IN_PROCESS
    }

    assert len(kept) == 1


def test_starting_threads_processes_and_tasks_takes_time_and_memory(tmp_path: Path) -> None:
    kinds = (StrategyName.ASYNC, StrategyName.THREADED, StrategyName.MULTIPROCESS)

    # In processes of their own, as ever: one that has had threads keeps their stacks at hand.
    laboratory = Laboratory(None)
    orders = [_order(tmp_path, WorkloadName.SPAWN, kind) for kind in kinds]
    found = [asyncio.run(laboratory.execute(order)).metrics for order in orders]

    assert all(metrics["start_us"] > 0 for metrics in found)
    task, thread, process = (metrics["memory_bytes"] for metrics in found)
    assert 0 < task < thread < process


def test_the_sums_are_those_of_the_definitions() -> None:
    assert sum_of_roots(4) == pytest.approx(0 + 1 + 2**0.5 + 3**0.5 + 2)
    assert aggregate([50, 51, 100]) == (2, 151, 75.5)
    assert aggregate([1, 2]) == (0, 0, 0.0)


@pytest.mark.parametrize("count", [1, 32, 33, 100, 1_048_576])
def test_a_json_body_is_as_long_as_it_was_asked_for(count: int) -> None:
    body = json_body(count)

    assert len(body) == max(count, len(json_body(0)))
    assert json.loads(body)["status"] == "UP"


def test_every_workload_names_strategies_that_there_are() -> None:
    assert set(WORKLOADS) == set(WorkloadName)
    assert all(set(entry.strategies) <= set(CATALOGUE) for entry in WORKLOADS.values())


class _Unshippable(Computing):
    """Holds what no other process can have."""

    def __init__(self) -> None:
        super().__init__(sum_of_roots)
        object.__setattr__(self, "lock", threading.Lock())


class _Vanishing(Computing):
    """Packs here and cannot be loaded anywhere else."""

    def __reduce__(self) -> tuple[object, tuple[str, str]]:
        return getattr, ("checkers", "nowhere_to_be_found")


@pytest.mark.parametrize("strategy", [Multiprocess, Hybrid])
def test_work_that_cannot_be_loaded_there_is_refused_with_the_reason(
    strategy: type[Multiprocess | Hybrid],
) -> None:
    made = strategy(Limits(concurrency=1))

    async def refused() -> None:
        try:
            with pytest.raises(WorkNotPicklable, match="cannot be loaded in another process"):
                await made.open(_Vanishing(sum_of_roots))
        finally:
            await made.close()

    asyncio.run(refused())


def test_work_that_cannot_go_to_another_process_is_refused_with_the_reason() -> None:
    strategy = Multiprocess(Limits(concurrency=1))

    with pytest.raises(
        WorkNotPicklable, match=r"_Unshippable cannot be sent to another process.*lock"
    ):
        asyncio.run(strategy.open(_Unshippable()))
