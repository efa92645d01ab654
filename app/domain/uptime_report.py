"""The uptime of many monitors over one window: each, in groups by a label, and all together."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from app.domain.incident import mean_time_to_recovery
from app.domain.monitor import Slo
from app.domain.rollup import summed
from app.domain.slo import Budget, budget
from app.domain.uptime import Span, Uptime


class Figures:
    """What one or several monitors came to.

    Attributes:
        lasted: seconds of each incident that is over.
    """

    __slots__ = ("checks", "incidents", "lasted", "missed", "uptime")

    def __init__(
        self,
        uptime: Uptime,
        *,
        checks: int = 0,
        missed: int = 0,
        incidents: int = 0,
        lasted: Sequence[float] = (),
    ) -> None:
        self.uptime = uptime
        self.checks = checks
        self.missed = missed
        self.incidents = incidents
        self.lasted = lasted

    @property
    def mttr(self) -> float | None:
        """Mean seconds from the first failure to the recovery."""
        return mean_time_to_recovery(self.lasted)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One monitor of a report."""

    id: str
    key: str
    name: str | None
    labels: Mapping[str, str]
    slo: Slo | None
    figures: Figures

    @property
    def budget(self) -> Budget | None:
        """How it stands to its objective in the report's window; `None`: it has none."""
        return None if self.slo is None else budget(self.figures.uptime, self.slo.target)


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Monitors that bear the same value of a label; `None`: those without it."""

    value: str | None
    monitors: int
    figures: Figures


@dataclass(frozen=True, slots=True, kw_only=True)
class UptimeReport:
    """What people have to write every month.

    Attributes:
        by: the label that groups are made by; `None`: no groups are.
        now: when it was made.
    """

    window: Span
    labels: Mapping[str, str]
    by: str | None
    lines: Sequence[Line]
    now: datetime

    @property
    def groups(self) -> list[Group]:
        """Groups in the order of their values, those without one last."""
        if self.by is None:
            return []
        members: dict[str | None, list[Line]] = {}
        for line in self.lines:
            members.setdefault(line.labels.get(self.by), []).append(line)
        return [
            Group(value=value, monitors=len(some), figures=together(some))
            for value, some in sorted(members.items(), key=lambda each: (each[0] is None, each[0]))
        ]

    @property
    def total(self) -> Figures:
        """All of them together."""
        return together(self.lines)


def together(lines: Iterable[Line]) -> Figures:
    """Several monitors as one: their seconds, checks and incidents added up."""
    some = [line.figures for line in lines]
    return Figures(
        summed(each.uptime for each in some),
        checks=sum(each.checks for each in some),
        missed=sum(each.missed for each in some),
        incidents=sum(each.incidents for each in some),
        lasted=[seconds for each in some for seconds in each.lasted],
    )
