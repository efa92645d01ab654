"""What a form shows is what it is read as again."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as some

from app.api.expectations import ExpectationIn
from app.web import expected
from app.web.entries import as_typed, labels_in, labels_text, number, written
from app.web.forms import Form
from checkers.looks import OPS

_TEXT = some.text(max_size=20)
_NAME = some.text(
    some.characters(min_codepoint=0x20, exclude_characters="\x7f"), min_size=1, max_size=20
)
_JSON = some.recursive(
    some.none() | some.booleans() | some.integers(-(10**12), 10**12) | _TEXT,
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(_TEXT, inner, max_size=3),
    max_leaves=5,
)
_VALUES = {"json": _JSON, "body": _TEXT, "header": _TEXT, "status": some.integers(100, 999)}


@some.composite
def _expectations(draw: some.DrawFn) -> dict[str, Any]:
    of = draw(some.sampled_from(sorted(_VALUES)))
    op = draw(some.sampled_from(OPS[next(each for each in OPS if each.value == of)]))
    found: dict[str, Any] = {"of": of, "op": op, "otherwise": "down"}
    if op not in {"exists", "absent"}:
        found["value"] = draw(_VALUES[of])
    if of == "header":
        found["name"] = "x-a"
    if of == "json":
        found["path"] = "$.a"
    return found


def _sent(form: Form) -> Form:
    """A form as a browser sends it untouched."""
    for n in expected.rows_of(form):
        for part in ("what", "at", "value", "otherwise"):
            name = f"expect-{n}-{part}"
            form.put(name, as_typed(form.raw(name)).replace("\n", "\r\n"))
    return form


@given(some.dictionaries(_NAME, _TEXT, max_size=5))
def test_labels_are_read_as_they_were_shown(labels: dict[str, str]) -> None:
    form = Form()
    form.put("labels", labels_text(labels).replace("\n", "\r\n"))

    assert labels_in(form, "labels") == labels
    assert form.errors == {}


def test_labels_are_read_as_they_were_written() -> None:
    labels, form = {"team": "web", "tier": "1=2", "empty": ""}, Form()
    form.put("labels", labels_text(labels))

    assert labels_in(form, "labels") == labels


@given(some.lists(_expectations(), max_size=4))
def test_expectations_that_nobody_touched_stay_as_they_are(stored: list[dict[str, Any]]) -> None:
    form = Form()
    expected.fill(form, stored)

    found, _ = expected.read(_sent(form), stored)

    assert found == stored


@given(some.text(max_size=40), some.text(max_size=40), some.text(max_size=40))
def test_whatever_is_typed_in_a_row_can_be_looked_at(what: str, about: str, value: str) -> None:
    form = Form()
    form.put("expect-0-what", what)
    form.put("expect-0-at", about)
    form.put("expect-0-value", value)

    found, _ = expected.read(form, [])

    assert len(found) == bool(form.raw("expect-0-what"))
    assert all(each.keys() <= ExpectationIn.model_fields.keys() for each in found)


@given(some.floats(0.001, 1e9))
def test_a_number_is_read_as_it_was_written(value: float) -> None:
    value = round(value, 6)

    assert number(written(value)) == value
