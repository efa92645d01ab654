"""What the tests of the storage share."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from app.storage.database import Database
from app.storage.vault import Vault
from tests.services import lay_database


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """A database of its own, empty."""
    return f"sqlite:///{lay_database(tmp_path)}"


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """That database, open."""
    made = Database(database_url, Vault(Fernet.generate_key()))
    yield made
    made.close()
