"""What contenders say of the same target, and whether they disagree."""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from checkers import Reason, Status

DISAGREEMENTS_SHOWN: Final = 1000


class Verdict(NamedTuple):
    """What one contender saw of a target, and in how many rounds."""

    seq: int
    url: str
    label: str
    status: Status
    reason: Reason | None
    rounds: int

    @property
    def text(self) -> str:
        return self.status.value if self.reason is None else f"{self.status}/{self.reason}"


class Disagreement(NamedTuple):
    """A target of which the contenders say different things."""

    seq: int
    url: str
    verdicts: Mapping[str, str]


def split_verdicts(verdicts: Sequence[Verdict]) -> tuple[list[Disagreement], list[int]]:
    """Targets of which contenders disagree, and those that changed from round to round.

    A target whose verdict changed between rounds of one contender is unstable: that is told of
    the target, and is no disagreement.
    """
    by_target: dict[int, list[Verdict]] = {}
    for verdict in verdicts:
        by_target.setdefault(verdict.seq, []).append(verdict)
    disagreements, unstable = [], []
    for seq, said in sorted(by_target.items()):
        if len({verdict.label for verdict in said}) < len(said):
            unstable.append(seq)
        elif len({verdict.text for verdict in said}) > 1:
            by_label = {verdict.label: verdict.text for verdict in said}
            disagreements.append(Disagreement(seq, said[0].url, by_label))
    return disagreements, unstable
