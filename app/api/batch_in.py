"""Batches as they are asked for: as JSON, or as rows with the rest in the query."""

from collections.abc import AsyncIterator, Sequence
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from app.api.asked import Faults
from app.api.bodies import JSON, Body, field_error
from app.api.gathered import Gathered
from app.api.how import how
from app.api.listed import ClientIn, Listed, Name, PaceIn, PerHost, StrategyIn
from app.api.problems import pointer_to
from app.api.rows import READERS, of_text, read_rows
from app.api.targets import check_url
from app.domain.batch import Batch, BatchDraft
from app.domain.errors import FieldError, Invalid, UnsupportedMediaType
from app.domain.fidelity import Pace
from checkers import Target

_STRATEGY = "How many at once; auto: as this machine has measured, or by the guide."
_CLIENT = "With which library; null: the strategy's own."
_CONCURRENCY = "In flight at most; null: the strategy's own."
_DEFAULT_PER_HOST = 10


class BatchIn(Listed):
    """A list of targets to be checked with one strategy."""

    strategy: StrategyIn = Field(default="async", description=_STRATEGY)
    client: ClientIn | None = Field(default=None, description=_CLIENT)
    concurrency: int | None = Field(default=None, description=_CONCURRENCY)
    per_host: PerHost = _DEFAULT_PER_HOST
    pace: PaceIn = Field(
        default="truthful",
        description="truthful: starts are spread so that latencies are the targets' own.",
    )
    callback_url: str | None = Field(
        default=None,
        description="Told once, by POST, when the batch has ended; through the address policy.",
    )


class BatchQuery(BaseModel):
    """What a batch of rows has in its query, where a batch in JSON has it in its body."""

    model_config = ConfigDict(extra="forbid", populate_by_name=False)

    on_invalid: Literal["skip"] | None = Field(
        default=None,
        description="skip: a URL that is not valid ends as unknown / invalid_url.",
    )
    strategy: StrategyIn | None = Field(default=None, description=f"Rows only. {_STRATEGY}")
    client: ClientIn | None = Field(default=None, description=f"Rows only. {_CLIENT}")
    concurrency: int | None = Field(default=None, description=f"Rows only. {_CONCURRENCY}")
    per_host: PerHost | None = Field(default=None)
    pace: PaceIn | None = Field(default=None, description="Rows only.")
    name: Name | None = Field(default=None, description="Rows only.")
    callback_url: str | None = Field(default=None, description="Rows only.")
    label: list[str] = Field(default_factory=list, description="Rows only: k=v; repeatable.")
    method: str | None = Field(default=None, alias="defaults.method", description="Rows only.")
    body: str | None = Field(default=None, alias="defaults.body", description="Rows only.")
    headers: str | None = Field(
        default=None, alias="defaults.headers", description="Rows only, in JSON."
    )
    json_body: str | None = Field(
        default=None, alias="defaults.json", description="Rows only, in JSON."
    )
    auth: str | None = Field(default=None, alias="defaults.auth", description="Rows only, in JSON.")
    expect: str | None = Field(
        default=None, alias="defaults.expect", description="Rows only, in JSON."
    )
    timeout_seconds: str | None = Field(
        default=None, alias="defaults.timeout_seconds", description="Rows only."
    )
    attempts: str | None = Field(default=None, alias="defaults.attempts", description="Rows only.")
    follow_redirects: str | None = Field(
        default=None, alias="defaults.follow_redirects", description="Rows only."
    )
    max_redirects: str | None = Field(
        default=None, alias="defaults.max_redirects", description="Rows only."
    )
    verify_tls: str | None = Field(
        default=None, alias="defaults.verify_tls", description="Rows only."
    )
    ip_version: str | None = Field(
        default=None, alias="defaults.ip_version", description="Rows only."
    )
    max_body_bytes: str | None = Field(
        default=None, alias="defaults.max_body_bytes", description="Rows only."
    )

    @property
    def skips_invalid(self) -> bool:
        return self.on_invalid == "skip"

    def given(self) -> dict[str, Any]:
        """What was asked for in the query, by the names of the contract."""
        return {
            type(self).model_fields[name].alias or name: getattr(self, name)
            for name in self.model_fields_set
        }


class AgainQuery(BaseModel):
    """What is to be different when a batch is run again."""

    model_config = ConfigDict(extra="forbid")

    only: Literal["not_up", "all"] = Field(
        default="all", description="not_up: only targets that were not seen up."
    )
    strategy: StrategyIn | None = Field(default=None, description=_STRATEGY)
    client: ClientIn | None = Field(default=None, description=_CLIENT)
    concurrency: int | None = Field(default=None, description=_CONCURRENCY)
    per_host: PerHost | None = Field(default=None)
    pace: PaceIn | None = Field(default=None)
    name: Name | None = Field(default=None)
    callback_url: str | None = Field(default=None)

    def draft(self, batch: Batch, targets: Sequence[Target]) -> BatchDraft:
        """The batch again, with what was asked to be different; raises `Invalid`."""
        faults = Faults()
        strategy = self.strategy or batch.strategy.value
        another = strategy != batch.strategy.value
        # What was chosen for one strategy need not fit another.
        client = self.client or (None if another else batch.client.value)
        many = None if another else batch.concurrency
        if self.concurrency is not None:
            many = self.concurrency
        pace = Pace(self.pace or batch.pace.value)
        if self.callback_url is not None:
            check_url(self.callback_url, ("callback_url",), faults)
        found = how(strategy, client, many, pace, len(targets), faults)
        if found is None or faults:
            raise faults.error()
        return BatchDraft(
            targets=targets,
            **found,
            pace=pace,
            per_host=batch.per_host if self.per_host is None else self.per_host,
            name=batch.name if self.name is None else self.name,
            labels=batch.labels,
            callback_url=self.callback_url,
        )


async def read_batch(body: Body, query: BatchQuery) -> BatchDraft:
    """The batch of a request, complete.

    Raises:
        UnsupportedMediaType, Malformed: the body cannot be read.
        Invalid: with a pointer for what is wrong, the first hundred of it.
    """
    if body.is_json:
        misplaced = query.given().keys() - {"on_invalid"}
        if misplaced:
            raise Invalid(
                "A parameter belongs into the body.",
                [FieldError(f"/{n}", "query: a JSON body says this itself") for n in misplaced],
            )
        return drafted(await body.json(BatchIn), skip_invalid=query.skips_invalid)
    if body.media_type not in READERS:
        types = ", ".join((JSON, *READERS))
        raise UnsupportedMediaType(f"The body is {body.media_type or 'of no type'}; send {types}.")
    faults = Faults()
    options = _options(query, faults)
    targets = await read_targets(
        body.chunks(), body.media_type, options, faults, skip_invalid=query.skips_invalid
    )
    return draft_of(options, targets, faults)


async def read_targets(
    chunks: AsyncIterator[bytes],
    media_type: str,
    asked: BatchIn,
    faults: Faults,
    *,
    skip_invalid: bool,
) -> Sequence[Target]:
    """The targets of rows, in order; what is wrong with them goes to `faults`.

    Args:
        media_type: one of `READERS`.
        asked: the rest of the batch, whose defaults they take.
    """
    gathered = Gathered(asked.defaults, faults, skip_invalid=skip_invalid)
    rows = READERS[media_type](gathered, faults)
    await read_rows(chunks, rows, gathered, quoted=media_type == "text/csv")
    gathered.check_count(faults)
    return gathered.targets


def drafted(asked: BatchIn, *, skip_invalid: bool = False) -> BatchDraft:
    """The batch that a body in JSON asks for; raises `Invalid`."""
    faults = Faults()
    return draft_of(asked, asked.gathered(faults, skip_invalid=skip_invalid), faults)


def draft_of(asked: BatchIn, targets: Sequence[Target], faults: Faults) -> BatchDraft:
    """A batch of targets that were read already; raises what `faults` holds as `Invalid`."""
    pace = Pace(asked.pace)
    if asked.callback_url is not None:
        check_url(asked.callback_url, ("callback_url",), faults)
    found = how(asked.strategy, asked.client, asked.concurrency, pace, len(targets), faults)
    if found is None or faults:
        raise faults.error()
    return BatchDraft(
        targets=targets,
        **found,
        pace=pace,
        per_host=asked.per_host,
        name=asked.name,
        labels=asked.labels,
        callback_url=asked.callback_url,
    )


def _options(query: BatchQuery, faults: Faults) -> BatchIn:
    """What the query says, as a body in JSON would have said it."""
    given = query.given()
    given.pop("on_invalid", None)
    defaults = {
        name.removeprefix("defaults."): value
        for name, value in given.items()
        if name.startswith("defaults.")
    }
    options: dict[str, Any] = {
        name: value
        for name, value in given.items()
        if not name.startswith("defaults.") and name != "label" and value is not None
    }
    options["labels"] = _labels(given.get("label", ()), faults)
    options["defaults"] = {name: of_text(name, text) for name, text in defaults.items()}
    try:
        return BatchIn.model_validate(options)
    except ValidationError as error:
        raise _in_query(error) from error


def _in_query(error: ValidationError) -> Invalid:
    """What is wrong with the query, told by the names of its parameters."""
    found = []
    for entry in error.errors(include_url=False, include_context=False, include_input=False):
        first, *rest = entry["loc"]
        place = (f"defaults.{rest[0]}", *rest[1:]) if first == "defaults" and rest else (first,)
        if first == "labels":
            place = ("label",)
        found.append(FieldError(pointer_to(place), f"query: {field_error(entry).detail}"))
    return Invalid("A parameter is not valid.", found)


def _labels(texts: Sequence[str], faults: Faults) -> dict[str, JsonValue]:
    labels: dict[str, JsonValue] = {}
    for text in texts:
        key, separator, value = text.partition("=")
        if not separator or not key:
            faults.invalid(("label",), f"query: {text!r} is not of the form key=value")
        elif key in labels:
            faults.invalid(("label",), f"query: {key!r} is given twice")
        else:
            labels[key] = value
    return labels
