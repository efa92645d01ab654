"""A window cut into days, hours and single outcomes: nothing twice, nothing left out."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from app.domain.rollup import DAY, HOUR, floor
from app.domain.slices import Kept, Slices, sliced
from app.domain.uptime import Span

_BEGIN = datetime(2026, 11, 1, tzinfo=UTC)
_AT = st.integers(0, 20 * 86400).map(lambda seconds: _BEGIN + timedelta(seconds=seconds))
_WINDOWS = st.tuples(_AT, _AT).map(lambda ends: Span(*sorted(ends)))
_KEPT = st.tuples(_AT, _AT, _AT).map(
    lambda at: Kept(outcomes=floor(at[0], HOUR), hours=floor(at[1], DAY), until=floor(at[2], HOUR))
)


def _all(cut: Slices) -> list[Span]:
    return sorted((*cut.days, *cut.hours, *cut.fringes))


@given(_WINDOWS, _AT)
def test_where_everything_is_kept_the_slices_are_the_window(window: Span, until: datetime) -> None:
    kept = Kept(outcomes=_BEGIN, hours=_BEGIN, until=floor(until, HOUR))

    parts = _all(sliced(window, kept))

    covered = Span(window.since, min(window.until, kept.until))
    if covered.since >= covered.until:
        assert not parts
        return
    assert parts[0].since == covered.since
    # The day in which the roll-up stands holds no more than what is rolled up.
    assert parts[-1].until - covered.until < DAY
    assert all(before.until == after.since for before, after in pairwise(parts))


@given(_WINDOWS, _KEPT)
def test_slices_never_overlap_and_lie_in_what_is_kept(window: Span, kept: Kept) -> None:
    cut = sliced(window, kept)

    assert all(before.until <= after.since for before, after in pairwise(_all(cut)))
    assert all(span.since >= kept.hours for span in cut.hours)
    assert all(span.since >= kept.outcomes for span in cut.fringes)
    assert all(span.since >= window.since for span in _all(cut))


@given(_WINDOWS, _KEPT, st.floats(0, 1))
def test_windows_that_adjoin_share_nothing(window: Span, kept: Kept, share: float) -> None:
    middle = window.since + (window.until - window.since) * share
    middle = middle.replace(microsecond=0)
    one = sliced(Span(window.since, middle), kept)
    other = sliced(Span(middle, window.until), kept)

    for size in (DAY, HOUR):
        mine, theirs = (
            {
                floor(span.since, size) + size * step
                for span in (cut.days if size is DAY else cut.hours)
                for step in range(-(-(span.until - span.since) // size))
            }
            for cut in (one, other)
        )
        assert not mine & theirs
