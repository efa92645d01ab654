"""Messages as their receivers read them: the body of a webhook, and what other channels draw on."""

from datetime import UTC, datetime
from typing import Any

import msgspec
from pydantic import BaseModel

from app.api.incident_out import IncidentOut, MonitorNameOut
from app.domain.message import Message, MessageType
from app.reports.outcomes import OutcomeOut


class ToldDataOut(BaseModel):
    """What a message is about."""

    incident: IncidentOut | None
    monitor: MonitorNameOut | None
    outcome: dict[str, Any] | None


class ToldOut(BaseModel):
    """A message; its `id` is the same at every try, so that a receiver can tell a repetition."""

    id: str
    type: MessageType
    timestamp: datetime
    data: ToldDataOut


def written(id_: str, message: Message) -> str:
    """A message as JSON, under the id it is delivered with."""
    incident, monitor, outcome = message.incident, message.monitor, message.outcome
    told = ToldOut(
        id=id_,
        type=message.type,
        timestamp=message.at.astimezone(UTC),
        data=ToldDataOut(
            incident=None if incident is None else IncidentOut.of(incident),
            monitor=None if monitor is None else MonitorNameOut.of(monitor),
            outcome=None if outcome is None else msgspec.to_builtins(OutcomeOut.of(outcome)),
        ),
    )
    return told.model_dump_json()
