"""The settings, as every command that needs them reads them."""

import sys

from pydantic import ValidationError

from app.settings import Settings


def read_settings() -> Settings | None:
    """The settings; `None` once what is wrong with them has been said."""
    try:
        return Settings()
    except ValidationError as error:
        for found in error.errors():
            name = "_".join(str(part) for part in found["loc"]).upper()
            said = found["msg"].removeprefix("Value error, ")
            sys.stderr.write(f"tercet: TERCET_{name}: {said}\n")
        return None
