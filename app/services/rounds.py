"""The rounds of a comparison or an experiment, carried out in their order."""

from typing import Protocol

from app.domain.comparison import WARM_UP, Comparison, Turn, schedule


class Rounds(Protocol):
    """Where the runs of one comparison are made and kept."""

    async def whole(self) -> set[int]:
        """Numbers of the rounds in which everybody has come to their end."""
        ...

    async def forget(self, number: int) -> None:
        """Remove what there is of a round."""
        ...

    async def run(self, number: int, turn: Turn) -> str | None:
        """Make one run; why it failed, or `None`."""
        ...


async def carry_out(comparison: Comparison, rounds: Rounds) -> str | None:
    """Make every run that is missing; why one failed, or `None`.

    A round that was cut off is made again whole, so that its runs stay side by side, and after a
    warm-up of its own: whoever goes on after a restart goes on cold.
    """
    whole = await rounds.whole()
    missing = {number for number, _ in schedule(comparison) if number not in whole} - {WARM_UP}
    if not missing:
        return None
    for number, turns in schedule(comparison):
        if number not in {WARM_UP, *missing}:
            continue
        await rounds.forget(number)
        for turn in turns:
            error = await rounds.run(number, turn)
            if error is not None:
                return f"{turn.label}: {error}"
    return None


def whole_rounds(comparison: Comparison, numbers: list[int]) -> set[int]:
    """The rounds that have all their runs, of the numbers of all runs that came to their end."""
    each = len(comparison.contenders) * len(comparison.sizes)
    return {number for number in set(numbers) if numbers.count(number) == each}
