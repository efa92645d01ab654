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
# Longest first: a file is a unit of work, and one that was begun last would be waited for alone.
_LONGEST = (
    "test_one_verdict.py", "test_schema.py", "test_packaging.py", "test_survival.py",
    "test_scarcity.py", "test_stream.py", "test_check.py", "test_kills.py", "test_monitoring.py",
    "test_pages.py", "test_journeys.py", "test_hostile.py", "test_strategies.py",
    "test_copies.py", "test_documents.py",
    "test_rows.py", "test_retention.py", "test_secrets.py", "test_monitor_kills.py",
    "test_callbacks.py", "test_comparisons.py", "test_deliveries.py", "test_recovery.py",
)  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take longest, in an order that all processes share."""
    rank = {name: number for number, name in enumerate(_LONGEST)}
    items.sort(key=lambda item: rank.get(item.path.name, len(rank)))


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
