"""Addresses as they may be shown, logged and stored: without passwords."""

import re

_HOST = re.compile(r"[^/?#]*@|(?:\[[^/?#]*\]|[^/?#:]*)(?::\d*)?(?:[/?#]|$)")
"""Matches the part after the scheme if user and password are absent or contain no '/', '?' or '#'."""


def redact(url: str) -> str:
    """Remove possible secrets from an address: user, password, query, and `key=value` in the path."""
    scheme, separator, rest = url.partition("://")
    # A `key=value` may contain an '@', so it is removed first, unless it is part of a password.
    if (found := re.match(r"(.*?)[/?][^/?@]*=", rest)) and _HOST.match(found[1]):
        rest = found[1]
    # Split at the last '@', since people do not escape '@', '/' and '?' in passwords.
    rest = rest.rpartition("@")[2]
    rest = re.split(r"[?#]", rest, maxsplit=1)[0]
    rest = re.split(r"/[^/]*=", rest, maxsplit=1)[0]
    return scheme + separator + rest
