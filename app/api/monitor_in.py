"""Monitors as they are asked for, checked and made complete."""

from base64 import b64decode
from datetime import datetime
from typing import Annotated, Final, Literal

import msgspec
from pydantic import BeforeValidator, Field, JsonValue

from app.api.asked import Asked, Faults
from app.api.bodies import checked
from app.api.listed import ClientIn, Labels, Name, choose
from app.api.recurring import Cron, Timezone, schedule_of
from app.api.targets import MASK, BasicAuth, BearerAuth, TargetIn, check_url, complete, seconds_of
from app.domain.monitor import MAX_MONITORS, Definition, Slo
from app.domain.schedule import MAX_INTERVAL_SECONDS, MIN_INTERVAL_SECONDS
from app.domain.watch import MOST_COUNTED, Thresholds
from checkers import Target
from checkers.target import SECRET_HEADERS

_DEFAULT_INTERVAL_SECONDS: Final = 60.0
_MAX_RECHECK_SECONDS: Final = 3600.0
_MAX_REFERENCES: Final = 100

Key = Annotated[
    str,
    Field(
        min_length=1,
        max_length=200,
        pattern=r"^[^\x00-\x20\x7f]([^\x00-\x1f\x7f]*[^\x00-\x20\x7f])?$",
        description="Yours; posting the same key again changes the monitor.",
    ),
]
_Interval = Annotated[
    float,
    BeforeValidator(seconds_of, json_schema_input_type=float | str),
    Field(ge=MIN_INTERVAL_SECONDS, le=MAX_INTERVAL_SECONDS),
]
_Recheck = Annotated[
    float,
    BeforeValidator(seconds_of, json_schema_input_type=float | str),
    Field(ge=0.1, le=_MAX_RECHECK_SECONDS),
]
_InARow = Annotated[int, Field(ge=1, le=MOST_COUNTED)]


class ThresholdsIn(Asked):
    """How often something is seen in a row before it is believed."""

    down_after: _InARow = Field(default=2, description="Failures in a row.")
    up_after: _InARow = Field(default=2, description="Answers in a row.")
    recheck_seconds: _Recheck = Field(
        default=5.0, description="A surprising outcome is checked again after this."
    )


class SloIn(Asked):
    """What share of the time it is to be up."""

    target: float = Field(gt=0, lt=1, examples=[0.999])
    window: Literal["24h", "7d", "30d", "365d"] = "30d"


class MonitorIn(Asked):
    """A target with a schedule."""

    key: Key | None = Field(default=None, description="null: its id.")
    name: Name | None = None
    labels: Labels = Field(default_factory=dict)
    target: TargetIn
    interval_seconds: _Interval | None = Field(default=None, description="60, without cron.")
    cron: Cron | None = Field(default=None, description="Instead of interval_seconds.")
    timezone: Timezone = "UTC"
    strategy: Literal["sequential", "threaded", "multiprocess", "async", "hybrid"] = "async"
    client: ClientIn | None = Field(default=None, description="null: the strategy's own.")
    enabled: bool = Field(default=True, description="false: paused.")
    thresholds: ThresholdsIn = Field(default_factory=ThresholdsIn)
    depends_on: list[Key] = Field(
        default_factory=list,
        max_length=_MAX_REFERENCES,
        description="Keys of monitors; while one of them is down nobody is alerted of this one.",
    )
    channels: list[Key] = Field(
        default_factory=list, max_length=_MAX_REFERENCES, description="Keys of who is told."
    )
    slo: SloIn | None = None


class ManyIn(Asked):
    """Many monitors, each row for itself: what is wrong with one hinders no other."""

    monitors: list[JsonValue] = Field(
        min_length=1, description=f"Up to {MAX_MONITORS:,}, each as MonitorIn."
    )


def definition_of(asked: MonitorIn, stored: Definition | None, now: datetime) -> Definition:
    """A monitor, complete.

    Args:
        stored: what it was until now: secrets sent as `***` are kept from there.

    Raises:
        Invalid: with everything that is wrong with it.
    """
    faults = Faults()
    target = _target(asked.target, stored, faults)
    interval = asked.interval_seconds
    if interval is None and asked.cron is None:
        interval = _DEFAULT_INTERVAL_SECONDS
    schedule = schedule_of(interval, asked.cron, asked.timezone, now, faults)
    chosen = choose(asked.strategy, asked.client, None, (), faults)
    for field, keys in (("depends_on", asked.depends_on), ("channels", asked.channels)):
        for index, key in enumerate(keys):
            if key in keys[:index]:
                faults.invalid((field, index), f"{key!r} is there already")
    if faults or chosen is None or schedule is None:
        raise faults.error()
    strategy, client, _ = chosen
    assert client is not None
    limits = asked.thresholds
    return Definition(
        key=asked.key or "",
        name=asked.name,
        labels=asked.labels,
        target=target,
        schedule=schedule,
        strategy=strategy,
        client=client,
        enabled=asked.enabled,
        thresholds=Thresholds(
            down_after=limits.down_after,
            up_after=limits.up_after,
            recheck=limits.recheck_seconds,
        ),
        depends_on=tuple(asked.depends_on),
        channels=tuple(asked.channels),
        slo=None if asked.slo is None else Slo(target=asked.slo.target, window=asked.slo.window),
    )


def read_monitor(raw: bytes) -> MonitorIn:
    """A monitor from JSON; raises `Malformed` and `Invalid`."""
    return checked(raw, MonitorIn)


def _target(asked: TargetIn, stored: Definition | None, faults: Faults) -> Target:
    check_url(asked.url, ("target", "url"), faults)
    unmasked = asked if stored is None else _unmasked(asked, stored.target)
    target = complete(unmasked, unmasked, ("target",), faults)
    return msgspec.structs.replace(target, url=asked.url)


def _unmasked(asked: TargetIn, stored: Target) -> TargetIn:
    """A target with the secrets that are stored, where it was sent with `***`."""
    known = {name.lower(): value for name, value in stored.headers}
    headers = {
        name: known.get(name.lower(), value)
        if value == MASK and name.lower() in SECRET_HEADERS
        else value
        for name, value in asked.headers.items()
    }
    auth, scheme = asked.auth, (stored.authorization or "").partition(" ")
    if isinstance(auth, BearerAuth) and auth.token == MASK and scheme[0] == "Bearer":
        auth = auth.model_copy(update={"token": scheme[2]})
    if isinstance(auth, BasicAuth) and auth.password == MASK and scheme[0] == "Basic":
        password = b64decode(scheme[2]).decode("utf-8").partition(":")[2]
        auth = auth.model_copy(update={"password": password})
    return asked.model_copy(update={"headers": headers, "auth": auth})
