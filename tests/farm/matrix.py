"""What every cell said of every behaviour, as tables."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from tests.farm.behaviour import Behaviour
from tests.farm.grid import Cell

#: Right and all, by the verdict that was deserved.
Score = Mapping[str, tuple[int, int]]
_SHORT: Final = {
    "sequential": "seq", "threaded": "thr", "multiprocess": "mp", "async": "async",
    "hybrid": "hyb", "requests": "requests", "aiohttp": "aiohttp", "curl": "curl",
}  # fmt: skip


def title(cell: Cell) -> str:
    """A cell in few letters."""
    return f"{_SHORT[cell[0]]}+{_SHORT[cell[1]]}"


def score(behaviours: Sequence[Behaviour], said: Sequence[str]) -> dict[str, tuple[int, int]]:
    """How many behaviours of each verdict a cell judged as they deserve, and of how many."""
    every = Counter(behaviour.verdict for behaviour in behaviours)
    right = Counter(
        b.verdict for b, word in zip(behaviours, said, strict=True) if word == b.verdict
    )
    return {word: (right[word], count) for word, count in every.items()}


def summary(scores: Mapping[str, Score]) -> list[str]:
    """The scores of all cells: a line for each verdict, a column for each cell."""
    verdicts = sorted({word for score in scores.values() for word in score})
    width = max(map(len, verdicts))
    cells = sorted(scores)
    lines = [" ".join([" " * width, *cells])]
    for word in verdicts:
        marks = ["{}/{}".format(*scores[cell].get(word, (0, 0))).rjust(len(cell)) for cell in cells]
        lines.append(" ".join([word.ljust(width), *marks]))
    right = sum(good for score in scores.values() for good, _ in score.values())
    every = sum(count for score in scores.values() for _, count in score.values())
    return [*lines, f"{right:,} of {every:,} checks said what the server deserved."]


def markdown(behaviours: Sequence[Behaviour], said: Mapping[str, Sequence[str]]) -> str:
    """Every behaviour with its verdict, and what each cell said: a tick where it said that."""
    cells = list(said)
    lines = [
        f"| behaviour | deserves | {' | '.join(cells)} |",
        f"| --- | --- |{' --- |' * len(cells)}",
    ]
    for number, behaviour in enumerate(behaviours):
        words = [said[cell][number] for cell in cells]
        marks = ["✓" if word == behaviour.verdict else f"**{word}**" for word in words]
        name = behaviour.name.replace("|", "\\|")
        lines.append(f"| {name} | `{behaviour.verdict}` | {' | '.join(marks)} |")
    return "\n".join(lines) + "\n"
