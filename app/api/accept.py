"""Which representation a client would rather have (RFC 9110, 12.5.1)."""

from collections.abc import Sequence


def preferred(fields: Sequence[str], offered: Sequence[str]) -> str:
    """The media type of those offered that is liked best; the first, when none is named."""
    ranges = [parsed for field in fields for part in field.split(",") if (parsed := _range(part))]

    def liking(media_type: str) -> float:
        # The most specific range that matches decides.
        best = (-1, 0.0)
        for name, quality in ranges:
            if name == media_type:
                best = max(best, (2, quality))
            elif name == media_type.partition("/")[0] + "/*":
                best = max(best, (1, quality))
            elif name == "*/*":
                best = max(best, (0, quality))
        return best[1]

    favourite = max(offered, key=liking)
    return favourite if liking(favourite) > 0 else offered[0]


def _range(part: str) -> tuple[str, float] | None:
    name, *parameters = (piece.strip().lower() for piece in part.split(";"))
    quality = 1.0
    for parameter in parameters:
        key, _, value = parameter.partition("=")
        if key.strip() == "q":
            try:
                quality = float(value)
            except ValueError:
                return None
    return (name, quality) if "/" in name and 0 <= quality <= 1 else None
