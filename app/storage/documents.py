"""Parts of comparisons as JSON columns hold them: contenders, machine, evidence."""

from collections.abc import Sequence
from typing import Final

import msgspec

from app.domain.comparison import Contender
from app.domain.evidence import Evidence
from app.domain.fidelity import Pace
from app.domain.machine import Machine
from checkers import ClientName, StrategyName

_Fields = tuple[str, StrategyName, ClientName | None, int, Pace]
_encoder: Final = msgspec.json.Encoder()
_contenders: Final = msgspec.json.Decoder(list[_Fields])
_machine: Final = msgspec.json.Decoder(Machine)
_evidence: Final = msgspec.json.Decoder(Evidence)


def as_json(part: Machine | Evidence | Sequence[int]) -> str:
    """A part as its column holds it."""
    return _encoder.encode(part).decode()


def contenders_json(contenders: Sequence[Contender]) -> str:
    """Contenders as their column holds them."""
    return _encoder.encode(
        [(c.label, c.strategy, c.client, c.concurrency, c.pace) for c in contenders]
    ).decode()


def contenders_of(encoded: str) -> list[Contender]:
    """The contenders of a column."""
    return [
        Contender(label=label, strategy=strategy, client=client, concurrency=concurrency, pace=pace)
        for label, strategy, client, concurrency, pace in _contenders.decode(encoded)
    ]


def machine_of(encoded: str | None) -> Machine | None:
    """The machine of a column; `None` also for comparisons from before it was kept."""
    return None if encoded is None else _machine.decode(encoded)


def evidence_of(encoded: str | None) -> Evidence | None:
    """The evidence of a column; `None` while the comparison has not ended."""
    return None if encoded is None else _evidence.decode(encoded)
