"""Whose fault it is that targets do not answer."""

from datetime import UTC, datetime, timedelta

from app.domain.connectivity import Connectivity, Opinion

_NOW = datetime(2026, 11, 25, 8, tzinfo=UTC)


def _second(number: float) -> datetime:
    return _NOW + timedelta(seconds=number)


def _seen(failing: int, well: int, *, canaries: bool = False) -> Connectivity:
    connectivity = Connectivity(canaries=canaries)
    for monitor in range(failing + well):
        connectivity.note(monitor, _second(1), unanswered=monitor < failing)
    return connectivity


def test_one_target_that_fails_while_others_answer_has_failed_itself() -> None:
    assert _seen(1, 10).opinion(_NOW, _second(2), 11) is Opinion.TARGET


def test_when_most_fail_at_once_it_is_us() -> None:
    assert _seen(8, 3).opinion(_NOW, _second(2), 11) is Opinion.US


def test_half_of_them_are_not_most() -> None:
    assert _seen(5, 5).opinion(_NOW, _second(2), 10) is Opinion.TARGET


def test_few_monitors_never_outvote_one() -> None:
    assert _seen(4, 0).opinion(_NOW, _second(2), 4) is Opinion.TARGET


def test_nobody_is_blamed_before_others_were_seen() -> None:
    connectivity = _seen(1, 0)

    assert connectivity.opinion(_NOW, _second(2), 100) is Opinion.TOO_EARLY
    assert connectivity.opinion(_NOW, _second(30), 100) is Opinion.TARGET


def test_what_was_seen_before_the_failure_is_no_evidence() -> None:
    connectivity = _seen(0, 20)
    for monitor in range(6):
        connectivity.note(monitor, _second(10), unanswered=True)

    assert connectivity.opinion(_second(9), _second(10), 20) is Opinion.US


def test_one_that_is_down_already_is_no_evidence() -> None:
    connectivity = _seen(6, 4)
    connectivity.forget(0)
    connectivity.forget(1)

    assert connectivity.opinion(_NOW, _second(2), 10) is not Opinion.US


def test_where_there_are_canaries_they_alone_decide() -> None:
    well, lost = _seen(9, 1, canaries=True), _seen(1, 9, canaries=True)
    well.note_canaries(_second(1), failed=False)
    lost.note_canaries(_second(1), failed=True)

    assert well.opinion(_NOW, _second(2), 10) is Opinion.TARGET
    assert lost.opinion(_NOW, _second(2), 10) is Opinion.US


def test_canaries_asked_before_the_failure_are_waited_for() -> None:
    connectivity = _seen(1, 9, canaries=True)
    connectivity.note_canaries(_second(-3), failed=False)

    assert connectivity.opinion(_NOW, _second(2), 10) is Opinion.TOO_EARLY


def test_it_is_restored_once_most_answer_again() -> None:
    connectivity = _seen(9, 1)
    connectivity.lost_since = _second(2)
    for monitor in range(3):
        connectivity.note(monitor, _second(5), unanswered=monitor == 0)
    assert connectivity.restored(_second(5))


def test_it_is_not_restored_by_one_neighbour() -> None:
    connectivity = _seen(9, 1)
    connectivity.lost_since = _second(2)
    connectivity.note(0, _second(5), unanswered=False)

    assert not connectivity.restored(_second(5))
