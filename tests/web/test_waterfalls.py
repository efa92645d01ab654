"""Bars of phases: what they show, and that they never leave their frame."""

import re

from hypothesis import given
from hypothesis import strategies as st

from app.web.waterfalls import Bar, drawn, of_attempts, scale_of
from checkers import Attempt, Phases, Status
from checkers.timing import PHASE_NAMES

_SECONDS = st.floats(0, 300)
_BARS = st.builds(
    Bar, _SECONDS, st.none() | _SECONDS, st.dictionaries(st.sampled_from(PHASE_NAMES), _SECONDS)
)


def _edges(svg: str) -> list[tuple[float, float]]:
    found = re.findall(r'<rect class="\w+" x="([-0-9.]+)" width="([-0-9.]+)"', svg)
    return [(float(x), float(x) + float(width)) for x, width in found]


@given(st.lists(st.tuples(_BARS, st.booleans()), min_size=1, max_size=8))
def test_no_bar_leaves_its_frame(bars: list[tuple[Bar, bool]]) -> None:
    scale = scale_of([bar for bar, _ in bars], [answered for _, answered in bars])

    edges = [edge for bar, _ in bars for edge in _edges(drawn(bar, scale))]

    assert all(0 <= left < right <= 1000.05 for left, right in edges)


def test_a_scale_ends_with_the_longest_that_was_answered() -> None:
    bars = [Bar(0.0, 0.02, {"wait": 0.02}), Bar(0.0, 10.0, {}), Bar(0.0, None, {})]

    assert scale_of(bars, [True, False, False]) == 0.02
    assert scale_of(bars, [False, False, False]) == 10.0
    assert scale_of([], []) == 1.0


def test_what_is_longer_than_the_scale_is_marked_as_cut() -> None:
    assert 'class="cut"' in drawn(Bar(0.0, 10.0, {"connect": 1.0}), 0.5)
    assert 'class="cut"' not in drawn(Bar(0.0, 0.5, {"connect": 0.1}), 0.5)


def test_time_in_no_phase_is_drawn_and_told() -> None:
    svg = drawn(Bar(0.0, 2.0, {"name_lookup": 0.5}), 2.0)

    assert "name look-up 500 ms, in no phase that ended 1.5 s" in svg
    assert _edges(svg) == [(0.0, 250.0), (250.0, 1000.0)]


def test_attempts_stand_where_they_began() -> None:
    tries = [
        Attempt(status=Status.DOWN, started_at=at, total=1.0, phases=Phases(wait=1.0))
        for at in (100.0, 103.0)
    ]

    svgs = [svg for _, svg in of_attempts(tries)]

    assert [_edges(svg) for svg in svgs] == [[(0.0, 250.0)], [(750.0, 1000.0)]]
