"""What is wrong with our own input: exceptions a caller of the library may see.

A sick target is never one of these; it is an outcome.
"""


class CheckerError(Exception):
    """The library cannot do what it was asked."""


class InvalidUrl(CheckerError):
    """The text is not a URL that may be checked."""


class UnknownStrategy(CheckerError):
    """No strategy has this name, or the client does not fit it."""


class WorkNotPicklable(CheckerError):
    """The work or an item cannot be sent to another process."""


class InvalidPattern(CheckerError):
    """The text is not a regular expression of RE2; says why, without a subject."""


class InvalidPath(CheckerError):
    """The text is not a JSONPath; says why, without a subject."""


class UnreadableBundle(CheckerError):
    """The file that is to be trusted holds no certificates; its text is a sentence."""
