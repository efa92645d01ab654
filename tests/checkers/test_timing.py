"""Marks and the phases derived from them."""

from hypothesis import given
from hypothesis import strategies as st

from checkers import Marks, Phases
from checkers.timing import PHASE_NAMES, phases

STEPS = Marks.__struct_fields__
ORDER = (
    "domain_lookup_start", "domain_lookup_end", "connect_start", "secure_connection_start",
    "connect_end", "request_start", "response_start", "response_end",
)  # fmt: skip


def _marks(gaps: list[float], *, tls: bool = True, until: int = 8) -> Marks:
    made, instant = Marks(), 1000.0
    for name, gap in list(zip(ORDER, gaps, strict=True))[:until]:
        instant += gap
        if tls or name != "secure_connection_start":
            setattr(made, name, instant)
    return made


gaps = st.lists(st.floats(0, 10), min_size=8, max_size=8)


@given(gaps, st.booleans(), st.integers(0, 8))
def test_phases_are_disjoint_and_sum_to_no_more_than_the_total(
    between: list[float],
    tls: bool,
    until: int,
) -> None:
    marks = _marks(between, tls=tls, until=until)
    instants = marks.in_order()

    found = [getattr(phases([marks]), name) for name in PHASE_NAMES]

    total = instants[-1] - instants[0] if instants else 0.0
    assert instants == sorted(instants)
    assert sum(value for value in found if value is not None) <= total + 1e-6


def test_what_did_not_happen_is_none() -> None:
    assert phases([Marks()]) == Phases()
    assert phases([_marks([1.0] * 8, tls=False)]).tls is None
    assert phases([_marks([1.0] * 8, until=5)]).wait is None


def test_tcp_and_tls_are_told_apart() -> None:
    found = phases([_marks([0, 1, 0, 2, 3, 0, 4, 5])])

    assert found == Phases(name_lookup=1, connect=2, tls=3, wait=4, receive=5)


def test_phases_are_summed_over_the_hops() -> None:
    found = phases([_marks([0, 1, 0, 2, 3, 0, 4, 5]), _marks([0, 1, 0, 2, 0, 0, 4, 5], tls=False)])

    assert found == Phases(name_lookup=2, connect=4, tls=3, wait=8, receive=10)


def test_a_mark_for_every_step() -> None:
    assert set(STEPS) == set(ORDER)
