"""What is believed of a target, outcome by outcome."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.schedule import Schedule
from app.domain.watch import Health, Step, Thresholds, Watch, advance
from checkers import Status

_BEGIN = datetime(2026, 11, 25, 8, tzinfo=UTC)
_PERIOD = timedelta(seconds=30)
_SCHEDULE = Schedule(interval=30)
_LIMITS = Thresholds(down_after=2, up_after=2, recheck=5)
_BY_LETTER = {"u": Status.UP, "d": Status.DOWN, "g": Status.DEGRADED, "x": Status.UNKNOWN}


def _at(number: int) -> datetime:
    return _BEGIN + number * _PERIOD


def _run(
    outcomes: str, limits: Thresholds = _LIMITS, watch: Watch | None = None
) -> tuple[Watch, list[Step]]:
    watch = watch or Watch(since=_BEGIN)
    steps = []
    for number, letter in enumerate(outcomes):
        step = advance(watch, _BY_LETTER[letter], _at(number), limits, schedule=_SCHEDULE)
        watch = step.watch
        steps.append(step)
    return watch, steps


@pytest.mark.parametrize(
    ("outcomes", "health"),
    [
        ("u", Health.UP),
        ("g", Health.DEGRADED),
        ("d", Health.PENDING),
        ("dd", Health.DOWN),
        ("ud", Health.UP),
        ("udd", Health.DOWN),
        ("udud", Health.UP),
        ("uddu", Health.DOWN),
        ("udduu", Health.UP),
        ("uddgg", Health.DEGRADED),
        ("ug", Health.UP),
        ("ugg", Health.DEGRADED),
        ("ugdg", Health.DEGRADED),
        ("ggu", Health.DEGRADED),
        ("gguu", Health.UP),
        ("ggdd", Health.DOWN),
        ("x", Health.UNKNOWN),
        ("xd", Health.UNKNOWN),
        ("xdd", Health.DOWN),
    ],
)
def test_a_status_is_believed_once_it_was_seen_so_often_in_a_row(
    outcomes: str, health: Health
) -> None:
    watch, _ = _run(outcomes)

    assert watch.health is health


def test_one_success_between_failures_starts_the_count_again() -> None:
    watch, _ = _run("udud")

    assert watch.downs == 1
    assert watch.suspect


def test_what_is_unknown_moves_nothing() -> None:
    failing, _ = _run("ud")

    watch, steps = _run("xxxx", watch=failing)

    assert watch is failing
    assert not any(step.recheck for step in steps)


def test_a_surprise_is_looked_at_again_and_what_is_expected_is_not() -> None:
    _, steps = _run("uduudduu")

    assert [step.recheck for step in steps] == [
        False, True, False, False, True, False, True, False,
    ]  # fmt: skip


def test_a_target_is_down_since_its_first_failure() -> None:
    watch, _ = _run("uudd")

    assert watch.since == _at(2)


def test_a_target_is_back_since_its_first_answer() -> None:
    watch, _ = _run("uddduu")

    assert watch.since == _at(4)


def test_what_may_not_be_believed_stays_suspect_and_is_looked_at_again() -> None:
    suspect, _ = _run("ud")

    step = advance(
        suspect, Status.DOWN, _at(2), _LIMITS, schedule=_SCHEDULE, believable=False
    )  # fmt: skip

    assert step.watch.health is Health.UP
    assert step.recheck


def test_falling_again_soon_after_a_recovery_is_flapping() -> None:
    watch, _ = _run("udduudd")

    assert watch.health is Health.DOWN
    assert watch.flapping


def test_who_flaps_has_to_stand_for_a_while() -> None:
    watch, _ = _run("udduudduuuu")
    steady, _ = _run("udduudduuuuu")

    assert watch.health is Health.DOWN
    assert steady.health is Health.UP
    assert not steady.flapping


def test_falling_long_after_a_recovery_is_not_flapping() -> None:
    watch, _ = _run("udduu" + 20 * "u" + "dd")

    assert not watch.flapping


def test_a_storm_of_changes_is_few_incidents() -> None:
    limits = Thresholds(down_after=1, up_after=1)

    _, steps = _run("u" + 50 * "du", limits)

    assert sum(step.before is not None and step.watch.health is Health.DOWN for step in steps) == 2


def test_a_watch_that_stays_as_it_is_is_the_very_same() -> None:
    watch, _ = _run(20 * "u")

    step = advance(watch, Status.UP, _at(20), _LIMITS, schedule=_SCHEDULE)

    assert step.watch is watch


@given(
    st.text("udgx", max_size=60),
    st.builds(Thresholds, down_after=st.integers(1, 10), up_after=st.integers(1, 10)),
)
def test_incidents_open_and_resolve_in_turn(outcomes: str, limits: Thresholds) -> None:
    _, steps = _run(outcomes, limits)

    moves = [(s.before, s.watch.health) for s in steps if s.before is not None]
    opened = [after is Health.DOWN for before, after in moves if Health.DOWN in {before, after}]
    assert opened == [number % 2 == 0 for number in range(len(opened))]
    assert all(before is not after for before, after in moves)
    assert all(later[0] is earlier[1] for earlier, later in pairwise(moves))


@given(st.text("udgx", max_size=60))
def test_since_never_goes_back(outcomes: str) -> None:
    _, steps = _run(outcomes)

    sinces = [step.watch.since for step in steps]
    assert sinces == sorted(sinces)
