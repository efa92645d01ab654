"""What many tests share."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.farm.certificates import Certificates
from tests.farm.matrix import summary
from tests.farm.servers import Servers, servers

# Every run asks the same examples; `make fuzz` asks new ones, and far more of them.
settings.register_profile("seeded", derandomize=True, max_examples=150, deadline=None)
settings.register_profile("deep", max_examples=20_000, deadline=None)
settings.load_profile("seeded")

_MATRIX = "test_one_verdict.py"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what every strategy and client said of the farm, whichever process asked."""
    reports = [r for found in terminalreporter.stats.values() for r in found]
    asked = [r for r in reports if _MATRIX in getattr(r, "nodeid", "") and r.when == "call"]
    scores = dict(pair for report in asked for pair in report.user_properties)
    if scores:
        terminalreporter.section("one verdict: right / asked")
        for line in summary(scores):
            terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def farm() -> Iterator[Servers]:
    """Servers that live as long as the tests."""
    with servers() as made:
        yield made


@pytest.fixture(scope="session")
def certificates() -> Certificates:
    """Certificates of the tests' own authority."""
    return Certificates()


@pytest.fixture(scope="session")
def ca_bundle(certificates: Certificates, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The authority as a file to trust."""
    return certificates.bundle(tmp_path_factory.mktemp("trust"))
