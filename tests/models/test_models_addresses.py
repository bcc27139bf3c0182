"""`agecam models add` from addresses: secrets stay with their server, and what is wrong is said in a sentence."""

import base64
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from legacy_hdf5 import random_tensors, write_published
from models import is_one_sentence

from agecam.cli import main
from agecam.errors import SourceError
from agecam.models.install.download import download
from agecam.models.install.web import is_address, web_address

LOGIN = "julia:s3cret"
BASIC = f"Basic {base64.b64encode(LOGIN.encode()).decode()}"


class Server:
    """A web server on loopback that records the paths and logins it gets."""

    def __init__(self, answer: Callable[[BaseHTTPRequestHandler], None]) -> None:
        self.requests: list[tuple[str, str | None]] = []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(handler) -> None:  # noqa: N805
                self.requests.append((handler.path, handler.headers.get("Authorization")))
                answer(handler)

            def log_message(handler, *_: Any) -> None:  # noqa: N805
                """Log nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@contextmanager
def serving(answer: Callable[[BaseHTTPRequestHandler], None]) -> Iterator[Server]:
    server = Server(answer)
    try:
        yield server
    finally:
        server.close()


def sends(content: bytes, kind: str = "application/octet-stream", code: int = 200, **headers: str) -> Any:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(code)
        handler.send_header("Content-Type", kind)
        handler.send_header("Content-Length", str(len(content)))
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(content)

    return answer


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's models folder, empty."""
    folder = tmp_path / "data" / "agecam" / "models"
    monkeypatch.setattr("agecam.models.store.user_models", lambda: folder)
    return folder


def refusal(address: str, tmp_path: Path) -> str:
    with pytest.raises(SourceError) as failure:
        download(address, tmp_path / "downloads")
    message = str(failure.value)
    assert is_one_sentence(message), message
    assert "julia" not in message
    assert "cret" not in message
    return message


# --- to whom a login is sent ---------------------------------------------------------------------------


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_a_login_is_not_sent_to_another_server(code: int, tmp_path: Path) -> None:
    with serving(sends(b"weights")) as other:
        location = f"http://127.0.0.1:{other.port}/b.h5"
        with serving(sends(b"", code=code, Location=location)) as first:
            path = download(f"http://{LOGIN}@127.0.0.1:{first.port}/a.h5?token=1", tmp_path)
        assert path.read_bytes() == b"weights"
        assert first.requests == [("/a.h5?token=1", BASIC)]
        assert other.requests == [("/b.h5", None)]


def test_a_login_is_not_sent_to_another_name_of_the_same_computer(tmp_path: Path) -> None:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        if handler.path == "/a.h5":
            sends(b"", code=302, Location=f"http://localhost:{server.port}/b.h5")(handler)
        else:
            sends(b"weights")(handler)

    with serving(answer) as server:
        download(f"http://{LOGIN}@127.0.0.1:{server.port}/a.h5", tmp_path)
    assert server.requests == [("/a.h5", BASIC), ("/b.h5", None)]


@pytest.mark.parametrize("location", ["/b.h5", "http://127.0.0.1:{port}/b.h5"])
def test_a_login_is_kept_on_the_same_server(location: str, tmp_path: Path) -> None:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        if handler.path == "/a.h5":
            sends(b"", code=302, Location=location.format(port=server.port))(handler)
        else:
            sends(b"weights")(handler)

    with serving(answer) as server:
        download(f"http://{LOGIN}@127.0.0.1:{server.port}/a.h5", tmp_path)
    assert server.requests == [("/a.h5", BASIC), ("/b.h5", BASIC)]


def test_a_login_given_by_the_server_is_used_and_not_shown(tmp_path: Path) -> None:
    with serving(sends(b"no", code=404)) as other:
        location = f"http://julia:cret@127.0.0.1:{other.port}/b.h5"
        with serving(sends(b"", code=302, Location=location)) as first:
            assert "404 Not Found" in refusal(f"http://127.0.0.1:{first.port}/a.h5", tmp_path)
    assert other.requests == [("/b.h5", f"Basic {base64.b64encode(b'julia:cret').decode()}")]


@pytest.mark.parametrize(
    ("url", "other", "same"),
    [
        ("http://a/x", "http://a/y", True),
        ("http://a/x", "http://A:80/y", True),
        ("http://a/x", "https://a/y", True),  # encrypted from then on
        ("https://a/x", "http://a/y", False),
        ("https://a/x", "http://a:443/y", False),
        ("http://a:8080/x", "https://a:8443/y", False),
        ("https://a/x", "https://a:444/y", False),
        ("https://a/x", "https://b.a/y", False),
        ("https://a/x", "https://a.b/y", False),
    ],
)
def test_what_counts_as_the_same_server(url: str, other: str, same: bool) -> None:
    from agecam.models.install.web import _is_same_server

    assert _is_same_server(url, other) == same


def test_secrets_are_not_stored(tmp_path: Path) -> None:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "100")
        handler.send_header("ETag", '"1"')
        handler.end_headers()
        handler.wfile.write(b"half")

    with serving(answer) as server:
        message = refusal(f"http://{LOGIN}@127.0.0.1:{server.port}/a.h5?token=s3cret", tmp_path)
    assert "try again" in message
    stored = {path.name: path.read_bytes() for path in (tmp_path / "downloads").iterdir()}
    assert set(stored) == {"a.h5.part", "a.h5.part.json"}
    assert json.loads(stored["a.h5.part.json"])["address"] == f"http://127.0.0.1:{server.port}/a.h5"
    assert not any(b"cret" in content for content in stored.values())


# --- two addresses -------------------------------------------------------------------------------------


@pytest.mark.parametrize("difference", ["host", "query", "password"])
def test_two_addresses_do_not_share_a_file(difference: str, installed: Path, tmp_path: Path) -> None:
    form = {"channels": 2, "features": 8, "side": 1}
    age, gender = (
        write_published(tmp_path / f"{classes}.h5", random_tensors(classes, **form)).read_bytes()
        for classes in (101, 2)
    )

    def answer(handler: BaseHTTPRequestHandler) -> None:
        login = base64.b64decode(handler.headers.get("Authorization", "").removeprefix("Basic "))
        is_gender = "gender" in handler.path or b"gender" in login or "localhost" in handler.headers["Host"]
        sends(gender if is_gender else age)(handler)

    with serving(answer) as server:
        addresses = {
            "host": [f"http://127.0.0.1:{server.port}/weights.h5", f"http://localhost:{server.port}/weights.h5"],
            "query": [f"http://127.0.0.1:{server.port}/weights.h5?task={task}" for task in ("age", "gender")],
            "password": [f"http://me:{task}@127.0.0.1:{server.port}/weights.h5" for task in ("age", "gender")],
        }[difference]
        assert main(["models", "add", *addresses]) == 0
    card = json.loads((installed / "vgg-face.json").read_text())
    assert [entry["file"] for entry in card["made_from"]] == ["weights.h5", "weights-2.h5"]


# --- what is wrong -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("http:///a.h5", "no valid host"),
        ("http://", "no valid host"),
        ("https://:8080/a.h5", "no valid host"),
        (f"http://{LOGIN}@/a.h5", "no valid host"),
        ("http://host:port/a.h5", "no valid host and port"),
        ("http://host:99999/a.h5", "no valid host and port"),
        ("http://host:0/a.h5", "no valid host and port"),
        ("http://julia:se/cret@host/a.h5", "%2F"),
        ("http://my host/a.h5", "no valid host"),
        ("http://[::1/a.h5", "no valid host"),
        ("http://[nonsense]/a.h5", "no valid host"),
        ("ftp://host/a.h5", "http:// or https://"),
        ("htp://host/a.h5", "http:// or https://"),
        (f"s3://{LOGIN}@bucket/a.h5", "http:// or https://"),
        ("file:///etc/passwd", "http:// or https://"),
        ("http://nowhere.invalid/a.h5", "the connection"),
        ("http://127.0.0.1:9/a.h5", "Connection refused"),
        (f"http://{LOGIN}@{'x' * 70}.example/a.h5", "the connection"),
    ],
)
def test_a_wrong_address_is_refused(address: str, words: str, tmp_path: Path) -> None:
    assert words in refusal(address, tmp_path)
    assert not list(tmp_path.rglob("*.part"))


@pytest.mark.parametrize("address", ["ftp://julia:s3cret@host/a.h5", "http://host:port/a.h5", " http:///a.h5"])
def test_the_command_refuses_a_wrong_address(address: str, installed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "add", address]) == 1
    message = capsys.readouterr().err.strip().removeprefix("agecam: ")
    assert is_one_sentence(message)
    assert "address" in message
    assert "s3cret" not in message
    assert not installed.exists()


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (404, "404 Not Found): check the address"),
        (401, "the user and the password"),
        (403, "password"),
        (500, "500"),
        (418, "418"),
    ],
)
def test_what_the_server_answers_is_told(code: int, words: str, tmp_path: Path) -> None:
    with serving(sends(b"<html>no</html>", "text/html", code)) as server:
        assert words in refusal(f"http://{LOGIN}@127.0.0.1:{server.port}/a.h5?token=s3cret", tmp_path)


@pytest.mark.parametrize(
    ("location", "words"),
    [
        ("/a.h5", "redirects lead nowhere"),
        ("file:///etc/passwd", "redirects"),
        ("ftp://julia:s3cret@host/b.h5", "http:// or https://"),
        ("http://julia:s3cret@host:port/b.h5", "no valid host and port"),
    ],
)
def test_a_redirect_to_nowhere_is_refused(location: str, words: str, tmp_path: Path) -> None:
    with serving(sends(b"", code=302, Location=location)) as server:
        assert words in refusal(f"http://127.0.0.1:{server.port}/a.h5", tmp_path)


def test_a_server_without_https_is_told(tmp_path: Path) -> None:
    with serving(sends(b"weights")) as server:
        assert "does not speak https" in refusal(f"https://127.0.0.1:{server.port}/a.h5", tmp_path)


def test_something_else_than_a_web_server_is_told(tmp_path: Path) -> None:
    server = socket.create_server(("127.0.0.1", 0))

    def talk() -> None:
        client, _ = server.accept()
        with client:
            client.recv(4096)
            client.sendall(b"220 mail.example ESMTP julia:s3cret\r\n")

    thread = threading.Thread(target=talk)
    thread.start()
    try:
        assert "web server" in refusal(f"http://127.0.0.1:{server.getsockname()[1]}/a.h5", tmp_path)
    finally:
        thread.join()
        server.close()


@pytest.mark.parametrize(
    ("content", "kind"),
    [(b"<!doctype html><p>Log in", "text/html; charset=utf-8"), (b"\n <html>", "application/octet-stream")],
)
def test_a_web_page_is_not_taken_for_weights(
    content: bytes, kind: str, installed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving(sends(content, kind)) as server:
        assert main(["models", "add", f"http://127.0.0.1:{server.port}/age_model_weights.h5"]) == 1
    message = capsys.readouterr().err.strip().removeprefix("agecam: ")
    assert is_one_sentence(message)
    assert "web page" in message
    assert not list(installed.rglob("*.h5*"))


def test_another_file_is_named_by_its_address(installed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with serving(sends(b"PK\x03\x04" + bytes(100))) as server:
        address = f"127.0.0.1:{server.port}/weights.zip"
        assert main(["models", "add", f"http://{LOGIN}@{address}?token=s3cret"]) == 1
    message = capsys.readouterr().err.strip().removeprefix("agecam: ")
    assert is_one_sentence(message)
    assert message.startswith(f"http://{address} is not an HDF5 weights file")
    assert not list(installed.rglob("*.zip*"))


def test_spaces_and_other_scripts_in_an_address_are_encoded(tmp_path: Path) -> None:
    with serving(sends(b"weights")) as server:
        path = download(f" http://127.0.0.1:{server.port}/my models/größe%20写.h5?a=b c ", tmp_path)
    assert server.requests == [("/my%20models/gr%C3%B6%C3%9Fe%20%E5%86%99.h5?a=b%20c", None)]
    assert path.name == "größe_写.h5"


def test_what_is_an_address() -> None:
    assert is_address("HTTPS://host/a.h5")
    assert is_address("ftp://host/a.h5")
    for path in ("a.h5", r"C:\a.h5", "C://a.h5", "./http:/a.h5", "folder//a.h5"):
        assert not is_address(path)
    assert web_address("HTTP://ann:p%40ss@Host:8080/a?b#c").url == "http://Host:8080/a?b"
