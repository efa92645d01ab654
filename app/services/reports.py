"""What is known of a comparison or an experiment, put together for whoever reads it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.domain.comparison import Comparison, RoundRun, Summary, summarise
from app.domain.contrasts import Effect, Pair, effects, pairs
from app.domain.evidence import Evidence
from app.domain.recommendation import Recommendation, recommend


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A comparison with everything its runs have shown so far.

    Attributes:
        done: items carried out, those of the warm-up too.
        urls: of the targets that contenders disagree on, by their place.
    """

    comparison: Comparison
    runs: Sequence[RoundRun]
    done: int
    summaries: Sequence[Summary]
    pairs: Sequence[Pair]
    effects: Sequence[Effect]
    evidence: Evidence
    urls: Mapping[int, str]
    recommendation: Recommendation


def assemble(
    comparison: Comparison, runs: Sequence[RoundRun], evidence: Evidence, urls: Mapping[int, str]
) -> Report:
    """A report from the runs of a comparison and what their outcomes say."""
    summaries, found = summarise(comparison, runs), pairs(comparison, runs)
    return Report(
        comparison=comparison,
        runs=runs,
        done=sum(run.run.done for run in runs),
        summaries=summaries,
        pairs=found,
        effects=effects(comparison, runs, found),
        evidence=evidence,
        urls=urls,
        recommendation=recommend(comparison, summaries, found),
    )
