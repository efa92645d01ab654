"""What many tests share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.farm.certificates import Certificates
from tests.farm.servers import Servers, servers


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
    path = tmp_path_factory.mktemp("trust") / "ca.pem"
    certificates.authority.cert_pem.write_to_path(str(path))
    return path
