"""Changes to what is there, as JSON Merge Patch (RFC 7396)."""

from collections.abc import Mapping
from typing import Any

import msgspec

from app.domain.errors import FieldError, Invalid, Malformed


def read_patch(raw: bytes) -> dict[str, Any]:
    """A patch that changes fields.

    Raises:
        Malformed: it is not JSON.
        Invalid: it is no object, so it would put something else in place of the whole.
    """
    try:
        patch = msgspec.json.decode(raw)
    except (msgspec.DecodeError, RecursionError) as error:
        raise Malformed(f"The body is not valid JSON. {error}.") from error
    if not isinstance(patch, dict):
        told = "is not an object of the fields to be changed"
        raise Invalid("The patch is not valid.", [FieldError("", told)])
    return patch


def keep_key(what: str, key: str, patch: Mapping[str, Any]) -> None:
    """See to it that a patch leaves the key as it is; raises `Invalid`."""
    if patch.get("key", key) != key:
        told = f"is what the {what} is known by; make another one instead"
        raise Invalid("The patch is not valid.", [FieldError("/key", told)])


def patched(there: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    """What is there once patched: `null` removes, an object changes, the rest replaces."""
    result = dict(there)
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        elif isinstance(value, dict):
            inner = result.get(name)
            result[name] = patched(inner if isinstance(inner, dict) else {}, value)
        else:
            result[name] = value
    return result
