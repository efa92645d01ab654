"""A service for the tests of a module that do not disturb one another; others start their own."""

from collections.abc import Iterator

import pytest

from tests.services import Service, running


@pytest.fixture(scope="module")
def kept_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with running(tmp_path_factory.mktemp("service")) as made:
        yield made


@pytest.fixture
def service(kept_service: Service) -> Service:
    """That of the module; under way again, if the test before has stopped it."""
    if kept_service.process is None or kept_service.process.poll() is not None:
        kept_service.start()
    return kept_service
