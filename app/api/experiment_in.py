"""Experiments as they are asked for: a workload, and who is to carry it."""

import secrets

from pydantic import Field

from app.api.asked import Asked, Faults
from app.api.contenders import Baseline, ContenderIn, Contenders, one_by_one, with_baseline
from app.api.listed import Fits, Labels, Name
from app.api.targets import check_url
from app.domain.comparison import (
    DEFAULT_ROUNDS,
    MAX_ROUNDS,
    MAX_SEED,
    ComparisonDraft,
    Contender,
    LabWork,
)
from app.domain.fidelity import Pace
from app.engine.machine import cores
from checkers import StrategyName
from checkers.workloads.catalogue import WORKLOADS, Workload, WorkloadName


class ExperimentIn(Asked):
    """A workload of the laboratory, and who is to carry it."""

    workload: str = Field(description=" | ".join(WorkloadName))
    url: str | None = Field(
        default=None, description="requests and checks only; null: the bundled target."
    )
    items: int | None = Field(default=None, ge=1, description="null: as many as the workload has.")
    size: int | None = Field(
        default=None, ge=1, description="n, integers, rows, round trips or body bytes."
    )
    contenders: Contenders = Field(
        default_factory=list, description="None: every strategy that can carry the workload."
    )
    baseline: Baseline = "sequential"
    rounds: int = Field(default=DEFAULT_ROUNDS, ge=1, le=MAX_ROUNDS)
    name: Name | None = None
    labels: Labels = Field(default_factory=dict)

    def draft(self) -> ComparisonDraft:
        """The experiment, complete; raises `Invalid`."""
        faults = Faults()
        if self.workload not in set(WorkloadName):
            faults.invalid(("workload",), f"there is none of that name; {', '.join(WORKLOADS)} are")
            raise faults.error()
        workload = WORKLOADS[WorkloadName(self.workload)]
        lab = self._lab(workload, faults)
        contenders = self._contenders(workload, faults)
        if faults:
            raise faults.error()
        return ComparisonDraft(
            targets=(),
            sizes=[lab.items],
            contenders=contenders,
            baseline=self.baseline,
            rounds=self.rounds,
            pace=Pace.MAX,
            per_host=0,
            seed=secrets.randbelow(MAX_SEED),
            name=self.name,
            labels=self.labels,
            lab=lab,
        )

    def _contenders(self, workload: Workload, faults: Faults) -> list[Contender]:
        fits = fits_of(workload)
        for index, contender in enumerate(self.contenders):
            if contender.pace is not None:
                place = ("contenders", index, "pace")
                faults.invalid(place, "items of the laboratory take no turns")
        everybody = [ContenderIn(strategy=name.value) for name in workload.strategies]
        found = one_by_one(self.contenders or everybody, Pace.MAX, faults, fits)
        return found if faults else with_baseline(found, self.baseline, Pace.MAX, faults, fits)

    def _lab(self, workload: Workload, faults: Faults) -> LabWork:
        items = workload.items if self.items is None else self.items
        if items > workload.most_items:
            faults.invalid(("items",), f"is {items}; {workload.name} has {workload.most_items:,}")
        if self.url is not None:
            if workload.sends:
                check_url(self.url, ("url",), faults)
            else:
                faults.invalid(("url",), f"{workload.name} sends no requests")
        return LabWork(
            workload=workload.name,
            url=self.url,
            items=items,
            size=self._size(workload, items, faults),
        )

    def _size(self, workload: Workload, items: int, faults: Faults) -> int | None:
        sized = workload.size
        if sized is None:
            if self.size is not None:
                faults.invalid(("size",), f"an item of {workload.name} has no size")
            return None
        size = sized.default if self.size is None else self.size
        if size > sized.most:
            faults.invalid(("size",), f"is {size:,}; {sized.most:,} {sized.of} are the most")
        elif items <= workload.most_items and size * items > sized.most_in_all:
            faults.invalid(
                ("size",),
                f"makes {size * items:,} {sized.of} in all; {sized.most_in_all:,} are the most",
            )
        return size


def fits_of(workload: Workload) -> Fits:
    """What a workload asks of its contenders: work that computes wants a process for each core."""
    return Fits(
        strategies=workload.strategies,
        sends=workload.sends,
        concurrency={StrategyName.MULTIPROCESS: cores()} if workload.computes else {},
        only_one=workload.name is WorkloadName.SPAWN,
    )
