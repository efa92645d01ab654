"""Nowhere it must not go: no way of writing an address gets around the policy."""

import json
import subprocess
import sys
from typing import Any

import pytest

from tests.farm.alone import CELLS

_PATIENCE_SECONDS = 120
# What is said of a spelling that led nowhere.
_KEPT_OUT = {"unknown/invalid_url", "unknown/address_not_allowed", "down/redirect_refused"}
# What these say in truth, and what is found there: nobody listens on port 80, "१२७.०.०.२" is a name
# that has no address, a path that looks like a host is a path, and a line break ends a field.
_HARMLESS = {
    "down/connection_refused",
    "down/name_not_resolved",
    "down/too_many_redirects",
    "down/protocol_error",
}


@pytest.fixture(scope="module")
def found() -> Any:
    """The experiment, carried out in a network of its own."""
    said = subprocess.run(
        [sys.executable, "-m", "tests.farm.alone"],
        capture_output=True,
        timeout=_PATIENCE_SECONDS,
        check=False,
    )
    assert said.returncode == 0, said.stderr.decode()
    return json.loads(said.stdout)


def test_of_a_hundred_and_more_spellings_none_reaches_a_forbidden_address(found: Any) -> None:
    assert len(found["urls"]) >= 100
    assert found["tripped"] == []


def test_the_wire_would_have_told(found: Any) -> None:
    assert found["wired"] == len(CELLS)


def test_every_spelling_is_refused_or_harmless(found: Any) -> None:
    said = {
        (cell, url): verdict
        for cell, ways in found["found"].items()
        for verdicts in ways.values()
        for url, verdict in zip(found["urls"], verdicts, strict=True)
        if verdict not in _KEPT_OUT
    }

    assert set(said.values()) <= _HARMLESS
    assert len({url for _, url in said}) <= 10


def test_every_client_says_the_same_of_every_spelling(found: Any) -> None:
    first, *others = found["found"].values()

    assert all(other == first for other in others)
