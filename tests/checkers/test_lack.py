"""What is lacking here for a while is waited out, and never the target's fault."""

import pytest

from checkers.check import check
from checkers.clients.exchange import Exchange, Hop
from checkers.clients.failure import Failure
from checkers.lack import WAITS, Lack, Pause, Waiting
from checkers.lookup import Lookup, LookupImpossible
from checkers.outcome import Outcome, Reason, Status
from checkers.target import Target
from checkers.timing import Marks, now


def _lacking(*, sent: bool = False) -> Exchange:
    at = now()
    marks = Marks(connect_start=at, request_start=at if sent else None)
    failure = Failure(Reason.NOT_MEASURED, "No descriptor.", Lack.DESCRIPTORS)
    return Exchange(marks=marks, failure=failure, ended=at)


def _answered() -> Exchange:
    at = now()
    marks = Marks(connect_start=at, connect_end=at, request_start=at, response_start=at,
                  response_end=at)  # fmt: skip
    return Exchange(marks=marks, http_status=200, http_version="1.1", ended=at)


def _carried(*exchanges: Exchange, timeout: float = 10.0) -> tuple[Outcome, list[Pause]]:
    """The outcome when these are what the exchanges see, the last again and again."""
    conversation = check(0, Target(url="http://a.example/", timeout=timeout), waiting_since=now())
    left, pauses = list(exchanges), list[Pause]()
    asked = next(conversation)
    try:
        while True:
            if isinstance(asked, Pause):
                pauses.append(asked)
                asked = next(conversation)
                continue
            assert isinstance(asked, Hop)
            asked = conversation.send(left.pop(0) if len(left) > 1 else left[0])
    except StopIteration as ended:
        outcome: Outcome = ended.value
        return outcome, pauses


def test_what_is_lacking_is_waited_out() -> None:
    before = WAITS[Lack.DESCRIPTORS]

    outcome, pauses = _carried(_lacking(), _lacking(), _answered())

    assert outcome.status is Status.UP
    assert len(outcome.attempts) == 1
    assert len(pauses) == 2
    assert WAITS[Lack.DESCRIPTORS] == before + 1


@pytest.mark.parametrize(("timeout", "patience"), [(2.0, 6.0), (300.0, 30.0)])
def test_patience_ends_and_the_target_is_unknown(timeout: float, patience: float) -> None:
    outcome, pauses = _carried(_lacking(), timeout=timeout)

    assert (outcome.status, outcome.reason) == (Status.UNKNOWN, Reason.NOT_MEASURED)
    assert patience <= sum(pause.seconds for pause in pauses) < patience + 1


def test_what_has_been_sent_is_not_sent_again() -> None:
    outcome, pauses = _carried(_lacking(sent=True), _answered())

    assert (outcome.reason, pauses) == (Reason.NOT_MEASURED, [])


def test_pauses_grow() -> None:
    waiting = Waiting(10.0)
    pauses = [waiting.pause(Lack.LOOKUPS) for _ in range(5)]

    seconds = [pause.seconds for pause in pauses if pause is not None]
    assert seconds == sorted(seconds)
    assert len(seconds) == 5


def test_where_all_look_ups_are_busy_whoever_asks_is_told_so() -> None:
    names: list[str] = []

    def silent(name: str) -> list[str]:
        names.append(name)
        raise SystemExit

    lookup = Lookup(silent, width=0)
    with pytest.raises(LookupImpossible) as told:
        lookup.ask("a.example")

    assert (told.value.lack, names) == (Lack.LOOKUPS, [])
