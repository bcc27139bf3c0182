"""`agecam models add`: weights from a disk or an address are installed as a model, completely or not at all."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from legacy_hdf5 import random_tensors, write_published
from models import is_one_sentence, write_model

from agecam.backends.keras import load_model
from agecam.cli import main
from agecam.errors import SourceError
from agecam.models.install.download import download, file_name
from agecam.models.store import find_model

NARROW = {"channels": 2, "features": 8, "side": 1}


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's models folder, empty."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    folder = tmp_path / "data" / "agecam" / "models"
    monkeypatch.setattr("agecam.models.store.user_models", lambda: folder)
    return folder


@pytest.fixture
def published(tmp_path: Path) -> dict[str, Path]:
    folder = tmp_path / "fetched"
    folder.mkdir()
    return {
        "age": write_published(folder / "age_model_weights.h5", random_tensors(101, seed=1, **NARROW)),
        "gender": write_published(folder / "gender_model_weights.h5", random_tensors(2, seed=2, **NARROW)),
        "people": write_published(folder / "vgg_face_weights.h5", random_tensors(2622, seed=3, **NARROW)),
    }


def add(*arguments: object) -> int:
    return main(["models", "add", *(str(of) for of in arguments)])


def files_under(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_two_files_are_combined_into_a_model(
    installed: Path, published: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert add(published["gender"], published["age"]) == 0
    assert "vgg-face is installed" in capsys.readouterr().out
    assert files_under(installed) == {"vgg-face.json", "vgg-face.onnx", "vgg-face.weights.h5"}
    card, _ = load_model("vgg-face")
    assert card.path.parent == installed
    assert published["age"].exists()
    assert main(["models"]) == 0
    assert "vgg-face" in capsys.readouterr().out


def test_one_file_is_kept_until_the_other_is_added(
    installed: Path, published: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert add(published["age"], "--name", "mine", "--margin", "0.2") == 0
    assert "Add the gender weights" in capsys.readouterr().out
    assert files_under(installed) == {"halves/mine-age.h5"}
    assert add(published["gender"], "--name", "mine", "--margin", "0.2") == 0
    assert files_under(installed) == {"mine.json", "mine.onnx", "mine.weights.h5"}
    assert load_model("mine")[0].crop.margin == 0.2


def test_a_model_in_agecams_layout_is_copied(installed: Path, tmp_path: Path) -> None:
    card = write_model(tmp_path, "tiny")
    assert add(tmp_path / "tiny.weights.h5") == 0
    assert files_under(installed) == {"tiny.json", "tiny.onnx", "tiny.weights.h5"}
    assert find_model("tiny") == installed / "tiny.json"
    assert card.exists()


@pytest.mark.parametrize("what", ["people", "absent", "twice", "broken"])
def test_unusable_files_are_reported_and_leave_nothing(
    installed: Path, published: dict[str, Path], capsys: pytest.CaptureFixture[str], what: str
) -> None:
    arguments: dict[str, list[object]] = {
        "people": [published["age"], published["people"]],
        "absent": [published["age"].with_name("other.h5")],
        "twice": [published["age"], published["age"]],
        "broken": [published["age"], published["gender"]],
    }
    if what == "broken":
        published["gender"].write_bytes(published["gender"].read_bytes()[:5000])
    assert add(*arguments[what]) != 0
    captured = capsys.readouterr()
    assert is_one_sentence(captured.err.strip().removeprefix("agecam: "))
    assert "h5" in captured.err
    assert not installed.exists() or not files_under(installed)


@pytest.mark.parametrize("arguments", [["--margin", "3"], ["--name", "../up"], ["--name", "compact"]])
def test_wrong_arguments_are_reported(
    installed: Path, published: dict[str, Path], capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    assert add(published["age"], *arguments) == 2
    assert arguments[1] in capsys.readouterr().err
    assert not installed.exists()


# --- from an address -----------------------------------------------------------------------------------


logins: list[str | None] = []
"""Authorization headers received by the server."""


@contextmanager
def served(files: dict[str, bytes], *, cut_after: int | None = None, ranges: bool = True) -> Iterator[tuple[str, list]]:
    """Serve files on loopback; yields the address and the requested ranges.

    The first response ends after `cut_after` bytes.
    """
    requested: list[str | None] = []
    logins.clear()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            content = files.get(self.path.split("?")[0])
            if content is None:
                self.send_error(404)
                return
            byte_range = self.headers.get("Range")
            requested.append(byte_range)
            logins.append(self.headers.get("Authorization"))
            tag = f'"{hash(content)}"'
            first = 0
            if byte_range and ranges and self.headers.get("If-Range") == tag:
                first = int(byte_range.removeprefix("bytes=").rstrip("-"))
                self.send_response(206)
                self.send_header("Content-Range", f"bytes {first}-{len(content) - 1}/{len(content)}")
            else:
                self.send_response(200)
            self.send_header("ETag", tag)
            self.send_header("Content-Length", str(len(content) - first))
            self.send_header("Connection", "close")
            self.end_headers()
            end = cut_after if cut_after is not None and len(requested) == 1 else len(content)
            self.wfile.write(content[first:end])
            self.close_connection = True

        def log_message(self, *_: Any) -> None:
            """Log nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", requested
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_addresses_are_downloaded_checked_and_installed(installed: Path, published: dict[str, Path]) -> None:
    with served({f"/{path.name}": path.read_bytes() for path in published.values()}) as (address, _):
        assert add(f"{address}/age_model_weights.h5", f"{address}/gender_model_weights.h5") == 0
    assert files_under(installed) == {"vgg-face.json", "vgg-face.onnx", "vgg-face.weights.h5"}
    files = [entry["file"] for entry in load_model("vgg-face")[0].made_from]
    assert files == ["age_model_weights.h5", "gender_model_weights.h5"]


def test_a_download_that_is_not_a_weights_file_leaves_nothing(installed: Path) -> None:
    with served({"/age_model_weights.h5": b"<html>log in first</html>"}) as (address, _):
        assert add(f"{address}/age_model_weights.h5") == 1
    assert not files_under(installed)


def test_the_window_is_not_opened_for_a_missing_model(installed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--model", "vgg-face"]) == 1
    message = capsys.readouterr().err.strip()
    assert "vgg-face" in message
    assert "compact" in message


@pytest.mark.parametrize("change", ["same", "changed", "no ranges"])
def test_an_interrupted_download_is_resumed(tmp_path: Path, change: str) -> None:
    old, new = bytes(range(256)) * 4000, bytes(reversed(range(256))) * 4000
    files = {"/weights.h5": old}
    with served(files, cut_after=700_000, ranges=change != "no ranges") as (address, requested):
        with pytest.raises(SourceError) as failure:
            download(f"{address}/weights.h5", tmp_path)
        assert is_one_sentence(str(failure.value))
        assert not (tmp_path / "weights.h5").exists()
        kept = (tmp_path / "weights.h5.part").stat().st_size
        assert kept == 700_000
        if change == "changed":
            files["/weights.h5"] = new
        seen: list[tuple[int, int | None]] = []
        path = download(f"{address}/weights.h5", tmp_path, lambda done, of: seen.append((done, of)))
        assert requested == [None, f"bytes={kept}-"]
    assert path.read_bytes() == (new if change == "changed" else old)
    assert seen[-1] == (len(old), len(old))
    if change == "same":
        assert seen[0][0] > kept
    assert files_under(tmp_path) == {"weights.h5"}


def test_a_failed_download_is_reported_without_secrets(tmp_path: Path) -> None:
    with served({}) as (address, _), pytest.raises(SourceError) as failure:
        download(f"{address.replace('//', '//me:secret@')}/no.h5?token=secret", tmp_path)
    assert is_one_sentence(str(failure.value))
    assert "/no.h5" in str(failure.value)
    assert "secret" not in str(failure.value)
    with pytest.raises(SourceError) as failure:
        download(f"{address}/gone.h5", tmp_path)  # the server is gone
    assert "Connection refused" in str(failure.value)
    assert not files_under(tmp_path)


def test_user_and_password_are_sent_as_a_login(tmp_path: Path) -> None:
    with served({"/a.h5": b"weights"}) as (address, _):
        path = download(f"{address.replace('//', '//me:se%40cret@')}/a.h5", tmp_path)
    assert path.read_bytes() == b"weights"
    assert logins == ["Basic bWU6c2VAY3JldA=="]


def test_file_names_from_addresses_stay_in_the_folder() -> None:
    assert file_name("https://example.org/a/b/age%20model.h5?download=1") == "age_model.h5"
    assert file_name("https://example.org/..%2f..%2fetc%2fpasswd") == "passwd"
    assert file_name("https://example.org/.hidden") == "hidden"
    assert file_name("https://example.org/") == "weights.h5"
