"""Redirects of RTSP servers, which FFmpeg follows with the user and the password of the first address."""

import base64
import hashlib
import re
import secrets
import socket
import ssl
from dataclasses import dataclass
from typing import BinaryIO
from urllib.parse import SplitResult, unquote, urlsplit
from urllib.request import parse_http_list, parse_keqv_list

from agecam.errors import SourceError

_PORTS = {"rtsp": 554, "rtsps": 322}
_TIMEOUT_S = 5.0
_MAX_REDIRECTS = 5
_MAX_LINE_BYTES, _MAX_LINES, _MAX_BODY_BYTES = 1 << 14, 100, 1 << 20
_MOVED = range(300, 400)
_UNAUTHORIZED = 401


def check_redirects(url: str, name: str) -> None:
    """Refuse an address with a user and password whose server leads to another one, before FFmpeg sends them there.

    Asks the server what FFmpeg is going to ask. One that does not answer as expected is left to FFmpeg.

    Args:
        url: address with its scheme in lower case; nothing is done if it is not of RTSP or has no user.
        name: the address without secrets, for the message.

    Raises:
        SourceError: the server leads to another one.
    """
    for _ in range(_MAX_REDIRECTS):
        address = _Address.of(url)
        if address is None:
            return
        try:
            location = _location(address)
            target = urlsplit(location or "")
            if not target.netloc or "@" in target.netloc:  # FFmpeg uses the user and the password given there
                return
            is_same = address.is_server_of(target)
        except (OSError, ValueError):
            return
        if not is_same:
            raise SourceError(
                "The stream {name} leads to another server, {other}, to which AgeCam does not send your user and "
                "password: open that address instead.",
                name=name,
                other=f"{target.scheme}://{target.netloc}",
            )
        url = target._replace(netloc=f"{address.login}@{target.netloc}").geturl()


@dataclass(frozen=True, slots=True)
class _Address:
    """An address as FFmpeg reads it: the login ends at the last '@' before the path."""

    scheme: str
    login: str
    server: str
    path: str

    @classmethod
    def of(cls, url: str) -> "_Address | None":
        """None if it is not of RTSP or has no login."""
        scheme, _, rest = url.partition("://")
        authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
        login, at, server = authority.rpartition("@")
        return cls(scheme, login, server, rest.removeprefix(authority)) if scheme in _PORTS and at else None

    @property
    def host_and_port(self) -> tuple[str, int]:
        """Raises ValueError."""
        parts = urlsplit(f"//{self.server}")
        return parts.hostname or "", parts.port or _PORTS[self.scheme]

    @property
    def uri(self) -> str:
        """As requested from the server."""
        return f"{self.scheme}://{self.server}{self.path}"

    def is_server_of(self, target: SplitResult) -> bool:
        """Whether another address is on the same server; raises ValueError."""
        port = target.port or _PORTS.get(target.scheme)
        return target.scheme == self.scheme and (target.hostname, port) == self.host_and_port


def _location(address: _Address) -> str | None:
    """Where the server leads to; None if it does not. Raises OSError and ValueError."""
    host, port = address.host_and_port
    with socket.create_connection((host, port), _TIMEOUT_S) as connection:
        if address.scheme == "rtsps":
            connection = _unchecked_tls().wrap_socket(connection, server_hostname=host)
        with connection, connection.makefile("rb") as answers:
            challenge = ""
            number = 0
            for method in ("OPTIONS", "DESCRIBE"):
                for _ in range(2):  # without, then with a login
                    number += 1
                    login = _authorization(challenge, method, address) if challenge else ""
                    connection.sendall(_request(method, address.uri, number, login))
                    status, headers = _answer(answers)
                    if status in _MOVED:
                        return headers.get("location")
                    if status != _UNAUTHORIZED or challenge:
                        break
                    challenge = headers.get("www-authenticate", "")
    return None


def _unchecked_tls() -> ssl.SSLContext:
    """Like FFmpeg, which accepts the certificates that cameras make for themselves."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _request(method: str, uri: str, number: int, login: str) -> bytes:
    lines = [f"{method} {uri} RTSP/1.0", f"CSeq: {number}", "User-Agent: AgeCam"]
    if method == "DESCRIBE":
        lines.append("Accept: application/sdp")
    if login:
        lines.append(f"Authorization: {login}")
    if any("\r" in line or "\n" in line for line in lines):
        raise ValueError("a line break in the address")
    return "\r\n".join([*lines, "", ""]).encode()


def _answer(answers: BinaryIO) -> tuple[int, dict[str, str]]:
    """Status and headers, with names in lower case."""
    status = re.match(rb"RTSP/\d\.\d (\d{3})", answers.readline(_MAX_LINE_BYTES))
    if status is None:
        raise ValueError("not an answer of RTSP")
    headers: dict[str, str] = {}
    for _ in range(_MAX_LINES):
        line = answers.readline(_MAX_LINE_BYTES).decode("latin-1").strip()
        if not line:
            break
        key, _, value = line.partition(":")
        key, value = key.strip().lower(), value.strip()
        if key == "www-authenticate" and headers.get(key, "").lower().startswith("digest"):
            continue  # of several, the safer one
        headers[key] = value
    answers.read(min(int(headers.get("content-length", 0)), _MAX_BODY_BYTES))
    return int(status[1]), headers


def _authorization(challenge: str, method: str, address: _Address) -> str:
    user, _, password = (unquote(part) for part in address.login.partition(":"))
    kind, _, rest = challenge.partition(" ")
    if kind.lower() != "digest":
        return f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"
    fields = parse_keqv_list(parse_http_list(rest))
    realm, nonce = fields.get("realm", ""), fields.get("nonce", "")
    count, own = "00000001", secrets.token_hex(8)
    secret, request = _md5(f"{user}:{realm}:{password}"), _md5(f"{method}:{address.uri}")
    with_quality = "auth" in fields.get("qop", "").split(",")
    middle = f"{nonce}:{count}:{own}:auth" if with_quality else nonce
    parts = {"username": user, "realm": realm, "nonce": nonce, "uri": address.uri}
    parts["response"] = _md5(f"{secret}:{middle}:{request}")
    text = ", ".join(f'{key}="{value}"' for key, value in parts.items())
    return f"Digest {text}" + (f', qop=auth, nc={count}, cnonce="{own}"' if with_quality else "")


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
