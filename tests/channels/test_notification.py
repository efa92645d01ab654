"""Messages are put in words for people."""

import json
from typing import Any

import pytest

from app.channels.notification import worded

MONITOR = {"id": "mon_1", "key": "shop", "name": "The shop"}
INCIDENT: dict[str, Any] = {
    "id": "inc_1",
    "monitor": MONITOR,
    "detail": "The connection was refused.",
    "opened_at": "2026-11-25T12:00:00Z",
    "resolved_at": None,
    "duration_seconds": 75.0,
    "timeline": [{"author": "Ada", "text": "on it"}],
}
OUTCOME = {"url": "https://shop.example", "status": "down", "detail": "Refused."}


def message(type_: str, **data: Any) -> str:
    return json.dumps(
        {
            "id": "msg_1",
            "type": type_,
            "timestamp": "2026-11-25T12:01:15Z",
            "data": {"incident": None, "monitor": None, "outcome": None, **data},
        }
    )


def test_an_incident_is_told_with_what_is_down_why_and_since_when() -> None:
    note = worded(message("incident.opened", incident=INCIDENT, monitor=MONITOR, outcome=OUTCOME))

    assert (note.title, note.tone) == ("DOWN: The shop", "failure")
    assert note.text.splitlines() == [
        "https://shop.example is down.",
        "The connection was refused.",
        "Down since 2026-11-25T12:00:00Z.",
        "Incident inc_1.",
        "Message msg_1 of 2026-11-25T12:01:15Z.",
    ]


def test_its_end_is_told_with_how_long_it_lasted() -> None:
    over = {**INCIDENT, "resolved_at": "2026-11-25T12:01:15Z"}
    note = worded(message("incident.resolved", incident=over, monitor=MONITOR))

    assert (note.title, note.tone) == ("UP: The shop", "success")
    assert "Down from 2026-11-25T12:00:00Z to 2026-11-25T12:01:15Z: 75 s." in note.text


def test_a_comment_is_told_with_who_said_it() -> None:
    note = worded(message("incident.commented", incident=INCIDENT, monitor=MONITOR))

    assert "Ada: on it" in note.text


def test_our_own_connectivity_has_a_name_too() -> None:
    assert "our own connectivity" in worded(message("incident.opened", incident=INCIDENT)).title


@pytest.mark.parametrize("type_", ["monitor.degraded", "monitor.recovered", "channel.test"])
def test_what_is_of_no_incident_is_told_too(type_: str) -> None:
    note = worded(message(type_, monitor={**MONITOR, "name": None}, outcome=OUTCOME))

    assert "msg_1" in note.text
    assert type_ == "channel.test" or note.title.endswith("shop")
