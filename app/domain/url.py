"""URLs as they are shown to others than their owner."""


def bare_url(url: str) -> str:
    """A URL without what may be secret in it: credentials, query, fragment."""
    bare = url.partition("?")[0].partition("#")[0]
    if "@" not in bare:
        return bare
    scheme, slashes, rest = bare.partition("://")
    authority, slash, path = rest.partition("/")
    return f"{scheme}{slashes}{authority.rpartition('@')[2]}{slash}{path}"
