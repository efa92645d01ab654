"""Outcomes as pages show them: in a line, with all there is to tell behind it, and as they come."""

from collections.abc import Mapping
from typing import Any, Final

from app.domain.monitor import MonitorOutcome
from app.reports.monitor_outcomes import MonitorOutcomeOut
from app.reports.outcomes import CheckOut, OutcomeOut
from app.web import drawn
from app.web.expected import sentence
from app.web.frame import fragment
from app.web.glances import Strip
from checkers import Outcome, Reason

#: Parts of a page: one more outcome for the list, and the last one in words.
OUTCOME: Final = "outcome"
LAST: Final = "last"
# What a check is said to have ended by when the answer was not what was expected of it.
_EXPECTED: Final = frozenset(
    {
        Reason.STATUS_UNEXPECTED, Reason.BODY_UNEXPECTED, Reason.JSON_UNEXPECTED,
        Reason.HEADER_UNEXPECTED, Reason.CHECKSUM_UNEXPECTED, Reason.SIZE_UNEXPECTED,
        Reason.TOO_SLOW, Reason.CERTIFICATE_EXPIRING, Reason.FACT_UNEXPECTED,
    }
)  # fmt: skip


def listed(outcome: OutcomeOut) -> Mapping[str, Any]:
    """What the list shows of an outcome."""
    begun = round(outcome.started_at.timestamp() * 1e6)
    return {
        "outcome": outcome,
        "id": f"o-{begun}",
        "phases": drawn.phases(outcome.phases_ms, outcome.total_ms),
        "expectations": _expectations(outcome),
        "late_ms": outcome.lateness_ms if isinstance(outcome, MonitorOutcomeOut) else None,
        "turns": outcome.missed if isinstance(outcome, MonitorOutcomeOut) else None,
    }


def kept(outcome: MonitorOutcome) -> Mapping[str, Any]:
    """What the list shows of an outcome that was stored."""
    return listed(MonitorOutcomeOut.of_kept(outcome))


def painted(_strip: Strip, outcome: Outcome) -> str:
    """One more outcome for the list."""
    return fragment("cells/outcome", **listed(OutcomeOut.of(outcome)))


def painted_last(_strip: Strip, outcome: Outcome) -> str:
    """The last outcome in words."""
    return fragment("cells/last", outcome=OutcomeOut.of(outcome))


def checked(outcome: Outcome) -> Mapping[str, Any]:
    """What is shown of a check by hand: each expectation, with what was found."""
    shown = CheckOut.with_findings(outcome)
    findings = [
        {"says": sentence(each.expectation), "found": each.actual, "held": each.held,
         "otherwise": each.expectation["otherwise"]}
        for each in shown.expectations
    ]  # fmt: skip
    return {**listed(shown), "findings": findings}


def _expectations(outcome: OutcomeOut) -> str:
    """What is known of the expectations when only the outcome was kept."""
    if outcome.status == "up":
        return "All of them held."
    if outcome.reason in _EXPECTED:
        return "One was missed; what it was and what was found instead stands above."
    return "None was looked at: the exchange did not get that far."
