"""The pace: what it makes of what a check costs, on a clock that the tests turn."""

import asyncio
import threading
from itertools import pairwise

import pytest
import uvloop

from checkers import pacing
from checkers.beat import Beat
from checkers.pacing import Busy, Pace, Turnstile, WorkersMeter


class Machine:
    """A machine whose clock and counters move only when it is told to."""

    def __init__(self) -> None:
        self.at = 100.0
        self.working = self.waiting = 0.0

    def meter(self) -> Busy:
        return Busy(self.working, self.waiting)

    def run(self, pace: Pace, checks: int, cost: float, waiting: float = 0.0) -> float:
        """Carry out checks one after the other in their turns; seconds between the last starts."""
        starts = []
        for _ in range(checks):
            turn = pace.reserve()
            self.at = max(self.at, turn)
            starts.append(self.at)
            self.working += cost
            self.waiting += waiting
            pace.ended()
        return (starts[-1] - starts[len(starts) // 2]) / (len(starts) - 1 - len(starts) // 2)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    made = Machine()
    monkeypatch.setattr(pacing, "now", lambda: made.at)
    return made


@pytest.mark.parametrize("cost", [50e-6, 400e-6, 3e-3])
def test_checks_follow_each_other_so_that_a_share_of_the_time_is_left(
    machine: Machine, cost: float
) -> None:
    interval = machine.run(Pace(machine.meter), 400, cost)

    assert 0.6 <= cost / interval <= 0.75


def test_the_first_checks_wait_for_a_look_at_what_they_cost(machine: Machine) -> None:
    pace = Pace(machine.meter)

    turns = [pace.reserve() for _ in range(4)]

    assert all(later - turn >= 0.001 for turn, later in pairwise(turns))


def test_what_has_begun_is_not_half_price(machine: Machine) -> None:
    """Half of a check's cost comes with its end, of which the first ones have had none yet."""
    pace = Pace(machine.meter)
    for _ in range(100):
        machine.at = max(machine.at, pace.reserve())
        machine.working += 0.0002

    assert pace.interval * 0.75 >= 2 * 0.0002


def test_waiting_for_a_core_counts_as_far_as_a_fair_share_goes(machine: Machine) -> None:
    quiet = machine.run(Pace(machine.meter), 300, 0.0004)
    shared = machine.run(Pace(machine.meter), 300, 0.0004, waiting=0.0004)
    starved = machine.run(Pace(machine.meter), 300, 0.0004, waiting=0.04)

    assert shared == pytest.approx(2 * quiet, rel=0.05)
    assert starved == pytest.approx(3 * quiet, rel=0.05)


def test_a_machine_that_becomes_slower_is_given_time_and_so_is_one_that_recovers(
    machine: Machine,
) -> None:
    pace = Pace(machine.meter)
    before = machine.run(pace, 300, 0.0004)
    slower = machine.run(pace, 600, 0.0012)
    after = machine.run(pace, 800, 0.0004)

    assert slower == pytest.approx(3 * before, rel=0.1)
    assert after == pytest.approx(before, rel=0.1)


def test_starts_that_come_late_slow_the_pace_until_they_do_not(machine: Machine) -> None:
    pace = Pace(machine.meter)
    usual = machine.run(pace, 300, 0.0004)

    for _ in range(400):
        machine.at += 0.003
        pace.came(machine.at, 0.02)
    late = machine.run(pace, 300, 0.0004)
    for _ in range(4000):
        machine.at += 0.003
        pace.came(machine.at, 0.0001)
    again = machine.run(pace, 300, 0.0004)

    assert 2 * usual < late < 3 * usual
    assert again == pytest.approx(usual, rel=0.05)


def test_turns_that_nobody_wanted_are_not_made_up_for_at_once(machine: Machine) -> None:
    pace = Pace(machine.meter)
    machine.run(pace, 300, 0.0004)

    machine.at += 10.0
    turns = [pace.reserve() for _ in range(20)]

    assert sum(turn <= machine.at for turn in turns) <= 3


def test_one_check_that_is_very_dear_does_not_stop_the_others(machine: Machine) -> None:
    pace = Pace(machine.meter)
    machine.run(pace, 3, 5.0)

    assert machine.run(pace, 10, 0.0004) <= 0.101


def test_of_two_meters_the_busier_sets_the_pace(machine: Machine) -> None:
    def workers() -> Busy:
        return Busy(machine.working * 3, 0.0)

    alone = machine.run(Pace(machine.meter), 300, 0.0004)

    assert machine.run(Pace(machine.meter, workers), 300, 0.0004) == pytest.approx(
        3 * alone, rel=0.05
    )


def test_a_worker_that_is_gone_keeps_its_figure() -> None:
    meter = WorkersMeter([2**22 + 1])

    assert meter() == (0.0, 0.0)


def test_threads_start_one_after_the_other_each_in_its_turn() -> None:
    turns: list[float] = []

    class Noting(Pace):
        def reserve(self, share: float = 1.0) -> float:
            turn = super().reserve(share)
            turns.append(turn)
            return turn

    pace = Noting(lambda: Busy(0.0, 0.0))
    turnstile = Turnstile(pace)

    def cross() -> None:
        for _ in range(5):
            turnstile.turn()
            turnstile.ended()

    threads = [threading.Thread(target=cross) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(turns) == 40
    assert turns == sorted(turns)


def test_a_beat_rests_while_it_is_idle_and_lets_nobody_start_before_it_has_ticked_again() -> None:
    idle, ticks = True, list[float]()

    class Noting(Pace):
        def came(self, at: float, late: float) -> None:
            ticks.append(at)
            super().came(at, late)

    async def scenario() -> tuple[int, int]:
        nonlocal idle
        with Beat(Noting(lambda: Busy(0.0, 0.0)), lambda: idle) as beat:
            while True:
                await asyncio.sleep(0.01)
                if not beat._ticks.every:
                    break
            rested = len(ticks)
            idle = False
            await beat.turn()
            return rested, len(ticks)

    rested, began = uvloop.run(scenario())

    assert 1 <= rested < began
