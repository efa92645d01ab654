"""The same target gets the same status and reason from every strategy and client."""

from collections.abc import Callable
from pathlib import Path

import pytest

from checkers import ClientName, Outcome, Reason, StrategyName
from checkers.timing import PHASE_NAMES
from tests.farm.behaviour import Behaviour
from tests.farm.certificates import Certificates
from tests.farm.grid import GRID, every_behaviour, judged, verdict
from tests.farm.matrix import score, title
from tests.farm.servers import Servers

_OF_CERTIFICATES = {
    Reason.CERTIFICATE_EXPIRED,
    Reason.CERTIFICATE_NAME_MISMATCH,
    Reason.CERTIFICATE_NOT_YET_VALID,
    Reason.CERTIFICATE_UNTRUSTED,
    Reason.CERTIFICATE_EXPIRING,
}


@pytest.fixture(scope="session")
def behaviours(farm: Servers, certificates: Certificates) -> list[Behaviour]:
    """Servers healthy and sick, each with the verdict it deserves."""
    return every_behaviour(farm, certificates)


def test_the_farm_is_large_and_no_two_behaviours_share_a_name(
    behaviours: list[Behaviour],
) -> None:
    assert len({behaviour.name for behaviour in behaviours}) == len(behaviours) >= 100


@pytest.mark.parametrize(("name", "client"), GRID)
def test_every_cell_says_what_the_server_deserves(
    name: StrategyName,
    client: ClientName,
    behaviours: list[Behaviour],
    ca_bundle: Path,
    record_property: Callable[[str, object], None],
) -> None:
    outcomes = judged(name, client, behaviours, ca_bundle)

    record_property(title((name, client)), score(behaviours, [verdict(o) for o in outcomes]))
    wrong = {
        b.name: (verdict(o), "is not", b.verdict, o.detail)
        for b, o in zip(behaviours, outcomes, strict=True)
        if verdict(o) != b.verdict
    }
    assert wrong == {}
    for outcome in outcomes:
        _check_complete(outcome)


def _check_complete(outcome: Outcome) -> None:
    found = [getattr(outcome.phases, name) for name in PHASE_NAMES]
    phases = [phase for phase in found if phase is not None]
    assert (outcome.reason is None) == (outcome.status == "up")
    assert (outcome.detail is None) == (outcome.status == "up"), outcome
    assert all(phase >= 0 for phase in phases), outcome
    assert sum(phases) <= (outcome.total or 0) + 1e-6, outcome
    assert outcome.queued >= 0
    # Whoever is told that a certificate was refused can see which.
    assert outcome.tls is not None or outcome.reason not in _OF_CERTIFICATES, outcome
