"""What a person fills in to put work under the strategies, as the REST interface takes it."""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from fastapi import Request
from fastapi.responses import Response

from app.domain.comparison import DEFAULT_ROUNDS, MAX_ROUNDS, Comparison, ComparisonDraft
from app.web import contenders
from app.web.comparison_form import counted
from app.web.entries import labels_in, labels_text, number
from app.web.forms import Form
from app.web.frame import render
from checkers.workloads.catalogue import WORKLOADS, WorkloadName

#: By the beginning of a pointer into the request, the field that it was made of.
FIELDS: Final[Mapping[str, str]] = {
    "/workload": "workload",
    "/url": "url",
    "/items": "items",
    "/size": "size",
    "/contenders": contenders.BOXES,
    "/baseline": "baseline",
    "/rounds": "rounds",
    "/name": "name",
    "/labels": "labels",
}


def asked_of(form: Form) -> bytes:
    """The request, as JSON; what cannot be said in one is noted in the form."""
    name = form.text("workload")
    sends = name not in set(WorkloadName) or WORKLOADS[WorkloadName(name)].sends
    asked: dict[str, object] = {
        "workload": name,
        "contenders": contenders.asked_of(form, with_clients=sends),
        "baseline": form.text("baseline") or None,
        "rounds": number(form.text("rounds")),
        "labels": labels_in(form, "labels"),
    }
    for field in ("url", "name"):
        if form.text(field):
            asked[field] = form.text(field)
    for field in ("items", "size"):
        if form.text(field):
            asked[field] = number(form.text(field))
    return json.dumps(asked).encode()


def fill_in(form: Form, comparison: Comparison) -> None:
    """Fill a form in as an experiment was asked for, to be changed."""
    lab = comparison.lab
    assert lab is not None
    form.put("workload", lab.workload.value)
    form.put("url", lab.url or "")
    form.put("items", str(lab.items))
    form.put("size", "" if lab.size is None else str(lab.size))
    form.put("name", comparison.name or "")
    form.put("baseline", comparison.baseline or "")
    form.put("rounds", str(comparison.rounds))
    form.put("labels", labels_text(comparison.labels))
    contenders.fill_in(form, comparison.contenders)


def page_of(request: Request, form: Form, draft: ComparisonDraft | None = None) -> Response:
    """The form, with what is wrong with it, or with what it would carry out."""
    return render(
        request,
        "experiment_form",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK,
        title="New experiment",
        form=form,
        workloads=list(WORKLOADS.values()),
        rows=contenders.ROWS,
        clients=contenders.CLIENTS,
        rounds=DEFAULT_ROUNDS,
        most_rounds=MAX_ROUNDS,
        counted=None if draft is None else counted(draft),
    )
