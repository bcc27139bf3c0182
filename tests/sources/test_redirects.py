"""A user and password in the address of a stream are never sent to another server."""

import base64
import hashlib
import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from models import is_one_sentence

from agecam.errors import SourceError
from agecam.sources.stream import StreamSource

LOGIN = "julia:s3cret"
BASIC = f"Basic {base64.b64encode(LOGIN.encode()).decode()}"

Answer = Callable[[str, dict[str, str]], str]
"""From the first line of a request and its headers to the status line and headers of the answer."""


@contextmanager
def rtsp_server(answer: Answer) -> Iterator[tuple[str, list[str]]]:
    """Yields the server's host and port, and the requests that it gets."""
    requests: list[str] = []
    server = socket.create_server(("127.0.0.1", 0))
    threads: list[threading.Thread] = []

    def talk(client: socket.socket) -> None:
        with suppress(OSError), client, client.makefile("rb") as lines:
            client.settimeout(20)
            while first := lines.readline():
                text = first.decode() + "".join(line.decode() for line in iter(lines.readline, b"\r\n"))
                requests.append(text)
                headers = dict(re.findall(r"(\S+): (.*)\r\n", text))
                status, _, more = answer(first.decode().strip(), headers).partition("\r\n")
                client.sendall(f"RTSP/1.0 {status}\r\nCSeq: {headers['CSeq']}\r\n{more}\r\n\r\n".encode())

    def accept() -> None:
        while True:
            try:
                client, _ = server.accept()
            except OSError:
                return
            threads.append(threading.Thread(target=talk, args=(client,)))
            threads[-1].start()

    threads.append(threading.Thread(target=accept))
    threads[0].start()
    try:
        yield f"127.0.0.1:{server.getsockname()[1]}", requests
    finally:
        server.shutdown(socket.SHUT_RDWR)
        server.close()
        for thread in threads:
            thread.join()


def open_it(address: str) -> str:
    with pytest.raises(SourceError) as failure:
        StreamSource(address).close()
    message = str(failure.value)
    assert is_one_sentence(message)
    assert "julia" not in message
    assert "s3cret" not in message
    return message


def not_found(first: str, headers: dict[str, str]) -> str:
    return "404 Not Found"


def moved_to(location: str, *, when: str, challenge: str = 'Basic realm="cam"') -> Answer:
    """A server that wants a login, and leads to `location` in its answers to one method."""

    def answer(first: str, headers: dict[str, str]) -> str:
        if not is_login(headers.get("Authorization", ""), first):
            return f"401 Unauthorized\r\nWWW-Authenticate: {challenge}"
        if first.startswith(when):
            return f"302 Moved\r\nLocation: {location}"
        return "200 OK\r\nPublic: OPTIONS, DESCRIBE"

    return answer


def is_login(authorization: str, first: str) -> bool:
    """Whether user and password are right, Basic (RFC 7617) or Digest (RFC 7616)."""
    if not authorization.startswith("Digest"):
        return authorization == BASIC
    fields = {
        key: quoted or plain for key, quoted, plain in re.findall(r'(\w+)=(?:"([^"]*)"|([^,\s]+))', authorization)
    }
    user, _, password = LOGIN.partition(":")
    method, uri = first.split()[:2]
    assert (fields["username"], fields["uri"]) == (user, uri)
    own, request = (
        hashlib.md5(text.encode()).hexdigest() for text in (f"{user}:{fields['realm']}:{password}", f"{method}:{uri}")
    )
    extra = f"{fields['nc']}:{fields['cnonce']}:{fields['qop']}:" if "qop" in fields else ""
    middle = f"{fields['nonce']}:{extra}"
    return fields["response"] == hashlib.md5(f"{own}:{middle}{request}".encode()).hexdigest()


@pytest.mark.parametrize("when", ["OPTIONS", "DESCRIBE"])
@pytest.mark.parametrize(
    "challenge",
    ['Basic realm="cam"', 'Digest realm="a, cam", nonce="n0"', 'Digest realm="cam", nonce="n0", qop="auth"'],
)
def test_an_rtsp_server_cannot_lead_the_password_to_another(when: str, challenge: str) -> None:
    with (
        rtsp_server(not_found) as (other, theirs),
        rtsp_server(moved_to(f"rtsp://{other}/b", when=when, challenge=challenge)) as (host, ours),
    ):
        message = open_it(f"rtsp://{LOGIN}@{host}/a")
    assert ours
    assert theirs == []
    assert f"rtsp://{host}/a" in message
    assert f"another server, rtsp://{other}" in message


def test_an_rtsp_server_may_lead_to_another_without_a_password() -> None:
    def answer(first: str, headers: dict[str, str]) -> str:
        return f"302 Moved\r\nLocation: rtsp://{other}/b"

    with rtsp_server(not_found) as (other, theirs), rtsp_server(answer) as (host, _):
        assert "cannot be reached" in open_it(f"rtsp://{host}/a")
    assert theirs
    assert not any("Authorization" in request for request in theirs)


def test_an_rtsp_server_may_lead_to_another_path() -> None:
    def answer(first: str, headers: dict[str, str]) -> str:
        if first.split()[1].endswith("/b"):
            return "404 Not Found"
        return moved_to(f"rtsp://{headers['host']}/b", when="DESCRIBE")(first, headers)

    hosts: list[str] = []
    with rtsp_server(lambda first, headers: answer(first, headers | {"host": hosts[0]})) as (host, requests):
        hosts.append(host)
        assert "cannot be reached" in open_it(f"rtsp://{LOGIN}@{host}/a")
    assert any(re.match(rf"\w+ rtsp://{host}/b ", request) for request in requests)
    assert all("User-Agent: AgeCam" in request or "Lavf" in request for request in requests)
    assert any("Lavf" in request and "/b " in request for request in requests)  # FFmpeg has followed


@pytest.mark.parametrize("answer", ["HTTP/1.1 400 Bad Request", "200 OK\r\nContent-Length: many", "401 No\r\nX: y"])
def test_a_server_that_speaks_otherwise_is_left_to_ffmpeg(answer: str) -> None:
    with rtsp_server(lambda first, headers: answer) as (host, requests):
        assert "cannot be reached" in open_it(f"rtsp://{LOGIN}@{host}/a")
    assert any("Lavf" in request for request in requests)


@pytest.mark.parametrize(
    "address", ["rtsp://u:p@[::1/a", "rtsp://u:p@h:port/a", "rtsp://u:p@127.0.0.1:9/a", "rtsp://u:p@/"]
)
def test_wrong_addresses_give_a_sentence(address: str) -> None:
    with pytest.raises(SourceError) as failure:
        StreamSource(address).close()
    assert is_one_sentence(str(failure.value))


def test_an_http_server_cannot_lead_the_password_to_another() -> None:
    logins: dict[str, list[str | None]] = {"first": [], "other": []}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            server = "other" if self.path.startswith("/other") else "first"
            logins[server].append(self.headers.get("Authorization"))
            if server == "first" and self.headers.get("Authorization") == BASIC:
                self.send_response(302)
                self.send_header("Location", f"http://localhost:{self.server.server_port}/other")  # type: ignore[attr-defined]
            else:
                self.send_response(401)
                self.send_header("WWW-Authenticate", 'Basic realm="cam"')
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Log nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        open_it(f"http://{LOGIN}@127.0.0.1:{server.server_port}/live")
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
    assert BASIC in logins["first"]
    assert logins["other"]
    assert set(logins["other"]) == {None}
