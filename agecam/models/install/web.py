"""Requests to web addresses: to whom a user and password may be sent, and what failed, without secrets."""

import base64
import http.client
import re
import ssl
import urllib.error
import urllib.request
from dataclasses import dataclass
from http.client import HTTPMessage, HTTPResponse
from typing import IO, Any
from urllib.parse import quote, unquote, urlsplit

from agecam.errors import SourceError
from agecam.runtime.addresses import redact
from agecam.version import __version__

TIMEOUT_S = 30.0
"""Without data from the server."""
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]+)://", re.IGNORECASE)
"""Of an address; a single letter is a drive of Windows."""
_PORTS = {"http": 80, "https": 443}
_AS_THEY_ARE = "%/:@!$&'()*+,;=~"
"""Characters that are not percent-encoded in paths."""


@dataclass(frozen=True, slots=True)
class WebAddress:
    """An address that can be requested."""

    url: str
    """Without user and password."""
    login: str | None
    """Value of the Authorization header."""
    shown: str
    """For messages."""


def is_address(text: str) -> bool:
    """Whether the text is an address rather than a path."""
    return _SCHEME.match(text.strip()) is not None


def web_address(text: str) -> WebAddress:
    """Parse an address; raises SourceError if it cannot be requested. Spaces and other scripts are encoded."""
    text = text.strip()
    shown = redact(text)
    scheme = _SCHEME.match(text)
    if scheme is None or scheme[1].lower() not in _PORTS:
        raise SourceError(
            "The address {address} cannot be downloaded: use one that starts with http:// or https://.", address=shown
        )
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:  # its text may contain a part of a password
        host, port = None, None
        parts = urlsplit("")
    if not host or port == 0 or re.search(r"[\s\\^|<>\"{}]", host):
        raise SourceError(
            "The address {address} has no valid host and port: write it as https://host/path, with '/', '?', '#' and "
            "'@' in a password as %2F, %3F, %23 and %40.",
            address=shown,
        )
    login = None
    if parts.username is not None:
        secret = f"{unquote(parts.username)}:{unquote(parts.password or '')}".encode()
        login = f"Basic {base64.b64encode(secret).decode()}"
    url = parts._replace(
        netloc=parts.netloc.rpartition("@")[2],
        path=quote(parts.path, safe=_AS_THEY_ARE),
        query=quote(parts.query, safe=f"{_AS_THEY_ARE}?"),
        fragment="",
    ).geturl()
    return WebAddress(url, login, shown)


def open_web(address: WebAddress, headers: dict[str, str]) -> HTTPResponse:
    """Request an address; raises what `urllib` raises, and SourceError if the server leads to an unusable address."""
    own = {"User-Agent": f"agecam/{__version__}", "Accept-Encoding": "identity"}
    own |= {"Authorization": address.login} if address.login else {}
    request = urllib.request.Request(address.url, headers=own | headers)
    answer: HTTPResponse = urllib.request.build_opener(_Redirects).open(request, timeout=TIMEOUT_S)
    return answer


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects; a login is only sent on to the server that it was given for."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> urllib.request.Request | None:
        try:
            target = web_address(newurl)
        except SourceError:
            fp.close()
            raise
        request = super().redirect_request(req, fp, code, msg, headers, target.url)
        if request is None:
            return None
        if target.login is not None:
            request.add_header("Authorization", target.login)
        elif not _is_same_server(req.full_url, target.url):
            request.remove_header("Authorization")
        return request


def _is_same_server(url: str, other: str) -> bool:
    """Whether both are on one server, or the other is the encrypted form of the first on the usual ports."""
    (scheme, host, port), to = _server(url), _server(other)
    return to == (scheme, host, port) or ((scheme, port) == ("http", 80) and to == ("https", host, 443))


def _server(url: str) -> tuple[str, str | None, int]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or _PORTS[parts.scheme]


def failure(error: Exception) -> tuple[str, str]:
    """Why a request failed, and what to do; without the error's own text, which may contain an address."""
    if isinstance(error, urllib.error.HTTPError):
        if 300 <= error.code < 400:
            return "its redirects lead nowhere", "check the address"
        phrase = f"{error.code} {http.client.responses.get(error.code, '')}".strip()
        advice = "the user and the password in the address" if error.code in (401, 403) else "the address"
        return f"the server answered {phrase}", f"check {advice}"
    reason: Any = getattr(error, "reason", None) if isinstance(error, urllib.error.URLError) else error
    connection = "check the address and the connection, and try again"
    match reason:
        case ssl.SSLCertVerificationError():
            return f"its certificate is not accepted: {reason.verify_message}", "check the address"
        case ssl.SSLError():
            return "the server does not speak https", "try the address with http://"
        case TimeoutError():
            return "the server does not answer", connection
        case OSError() if reason.strerror:
            return reason.strerror, connection
        case http.client.IncompleteRead() | http.client.RemoteDisconnected():
            return "the server ended the connection", connection
        case http.client.HTTPException():
            return "the answer is not one of a web server", "check the address"
    return "the connection failed", connection
