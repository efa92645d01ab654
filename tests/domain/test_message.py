"""When a message is sent again, and when it is given up."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from app.domain.message import DeliveryStatus, Try, after_try, rest_after

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
DAY = timedelta(hours=24)
FAILED = Try(error="The status is 500; expected in 2xx.")


def tries_of_a_dead_channel() -> list[datetime]:
    now, made = NOON, [NOON]
    while True:
        status, due_at = after_try(FAILED, len(made), NOON, now)
        if status is DeliveryStatus.DEAD:
            return made
        assert due_at is not None
        now = due_at
        made.append(now)


def test_a_message_that_was_taken_is_sent() -> None:
    assert after_try(Try(), 1, NOON, NOON) == (DeliveryStatus.SENT, None)


def test_a_message_that_can_never_be_taken_is_dead_at_once() -> None:
    assert after_try(Try(error="It is gone.", final=True), 1, NOON, NOON) == (
        DeliveryStatus.DEAD,
        None,
    )


def test_the_last_try_is_a_day_after_the_first() -> None:
    made = tries_of_a_dead_channel()

    assert made[-1] - NOON == DAY
    assert 14 <= len(made) <= 18


def test_the_first_rests_are_short_and_no_rest_is_longer_than_eight_hours() -> None:
    rests = [after - before for before, after in pairwise(tries_of_a_dead_channel())]

    assert rests[0] < timedelta(seconds=2)
    assert sum(rests[:5], timedelta()) < timedelta(minutes=2)
    assert max(rests) <= timedelta(hours=8)


def test_rests_differ_so_that_not_everybody_comes_back_at_once() -> None:
    assert len({rest_after(6, NOON, NOON) for _ in range(20)}) > 1


def test_a_clock_that_was_put_back_gives_up_nothing() -> None:
    status, due_at = after_try(FAILED, 3, NOON, NOON - timedelta(hours=1))

    assert status is DeliveryStatus.PENDING
    assert due_at is not None
