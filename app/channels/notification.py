"""Messages in words, for people who read them in their mail, a chat or on a pager."""

from collections.abc import Mapping
from typing import Any, Final, Literal

import msgspec

Tone = Literal["info", "success", "warning", "failure"]

_US: Final = "our own connectivity"
# How a title begins, and how it is meant, by the type of a message.
_TITLES: Final[Mapping[str, tuple[str, Tone]]] = {
    "incident.opened": ("DOWN: {name}", "failure"),
    "incident.resolved": ("UP: {name}", "success"),
    "incident.reminder": ("STILL DOWN: {name}", "failure"),
    "incident.acknowledged": ("Acknowledged: {name}", "info"),
    "incident.commented": ("Comment: {name}", "info"),
    "monitor.degraded": ("DEGRADED: {name}", "warning"),
    "monitor.recovered": ("UP: {name}", "success"),
    "channel.test": ("Test of Tercet", "info"),
}
_TEST: Final = "This is a test: what this channel is told of will come to you like this."


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """A message in words; the text is plain."""

    title: str
    text: str
    tone: Tone


def worded(body: str) -> Note:
    """A message, given as its JSON, in words."""
    message: Mapping[str, Any] = msgspec.json.decode(body)
    monitor = message["data"]["monitor"]
    name = _US if monitor is None else (monitor["name"] or monitor["key"])
    title, tone = _TITLES.get(message["type"], ("{name}", "info"))
    return Note(title=title.format(name=name), text="\n".join(_lines(message)), tone=tone)


def _lines(message: Mapping[str, Any]) -> list[str]:
    incident, outcome = message["data"]["incident"], message["data"]["outcome"]
    lines = [_TEST] if message["type"] == "channel.test" else []
    if outcome is not None:
        lines.append(f"{outcome['url']} is {outcome['status']}.")
    if incident is not None:
        lines += _lines_of(incident, message["type"])
    elif outcome is not None and outcome["detail"]:
        lines.append(outcome["detail"])
    lines.append(f"Message {message['id']} of {message['timestamp']}.")
    return lines


def _lines_of(incident: Mapping[str, Any], type_: str) -> list[str]:
    lines = [incident["detail"]] if incident["detail"] else []
    if type_ in {"incident.acknowledged", "incident.commented"} and incident["timeline"]:
        said = incident["timeline"][-1]
        lines.append(f"{said['author'] or 'Somebody'}: {said['text'] or 'seen'}")
    if incident["resolved_at"] is None:
        lines.append(f"Down since {incident['opened_at']}.")
    else:
        lasted = f"{incident['duration_seconds']:.0f} s"
        lines.append(f"Down from {incident['opened_at']} to {incident['resolved_at']}: {lasted}.")
    lines.append(f"Incident {incident['id']}.")
    return lines
