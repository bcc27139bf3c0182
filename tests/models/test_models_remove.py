"""`agecam models` and `agecam models remove`, with a user's folder in which anything may lie."""

import json
import os
import sys
from pathlib import Path

import pytest
from legacy_hdf5 import random_tensors, write_published
from models import change_card, is_one_sentence, write_model

from agecam.cli import main
from agecam.models.store import model_or_default

NARROW = {"channels": 2, "features": 8, "side": 1}


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's models folder, empty."""
    folder = tmp_path / "data" / "agecam" / "models"
    folder.mkdir(parents=True)
    monkeypatch.setattr("agecam.models.store.user_models", lambda: folder)
    return folder


def names_in(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(["models", "remove", *arguments]) in (1, 2)
    captured = capsys.readouterr()
    message = captured.err.strip().removeprefix("agecam: ")
    assert is_one_sentence(message), message
    assert captured.out == ""
    return message


# --- remove --------------------------------------------------------------------------------------------


def test_a_model_is_removed(installed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_model(installed, "tiny")
    write_model(installed, "tiny-2")
    assert main(["models", "remove", "tiny"]) == 0
    printed = capsys.readouterr().out
    assert names_in(installed) == {"tiny-2.json", "tiny-2.onnx", "tiny-2.weights.h5"}
    for name in ("tiny.json", "tiny.onnx", "tiny.weights.h5"):
        assert str(installed / name) in printed
    assert "MB" in printed
    assert main(["models"]) == 0
    assert "tiny-2" in capsys.readouterr().out


def test_a_file_that_waits_for_the_second_one_is_removed(
    installed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write_published(tmp_path / "age.h5", random_tensors(101, **NARROW))
    assert main(["models", "add", str(file), "--name", "mine"]) == 0
    assert main(["models"]) == 0
    assert "mine waits for its second weights file; it has the one for age" in capsys.readouterr().out
    assert main(["models", "remove", "mine"]) == 0
    assert "mine-age.h5" in capsys.readouterr().out
    assert names_in(installed) == set()
    assert file.exists()


@pytest.mark.parametrize("name", ["enormous", "../tiny", "/etc/passwd", "", ".", "..", "http://host/x", "tiny.json"])
def test_an_unknown_model_is_not_removed(name: str, installed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_model(installed, "tiny")
    before = names_in(installed.parent)
    message = refused(capsys, name)
    assert f"'{name}'" in message
    assert "tiny" in message
    assert names_in(installed.parent) == before


def test_the_built_in_model_is_not_removed(installed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (installed / "compact.json").write_text("{}")  # never used
    assert "built in" in refused(capsys, "compact")
    assert main(["models", "remove"]) == 2
    assert (installed / "compact.json").exists()


def test_a_card_cannot_name_files_of_another_model(installed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_model(installed, "other")
    path = write_model(installed, "tiny")
    (form,) = json.loads(path.read_text(encoding="utf-8"))["forms"]
    change_card(path, forms=[form | {"file": "other.onnx"}])
    assert main(["models", "remove", "tiny"]) == 0
    assert names_in(installed) == {"other.json", "other.onnx", "other.weights.h5"}


def test_a_strange_card_is_removed_with_its_weights(installed: Path) -> None:
    path = write_model(installed, "tiny")
    path.write_bytes(b"\x89binary")
    assert main(["models", "remove", "tiny"]) == 0
    assert names_in(installed) == set()


def test_a_folder_is_left(installed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (installed / "folder.json").mkdir()
    assert "is a folder" in refused(capsys, "folder")
    assert names_in(installed) == {"folder.json"}


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root may remove anything")
def test_a_file_that_cannot_be_removed_is_named(installed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_model(installed, "tiny")
    installed.chmod(0o500)
    try:
        assert "tiny.json cannot be removed" in refused(capsys, "tiny")
    finally:
        installed.chmod(0o700)


def test_a_removal_that_failed_can_be_repeated(
    installed: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """On Windows, weights that a program uses cannot be removed."""
    write_model(installed, "tiny")
    unlink = Path.unlink

    def refuse(path: Path, missing_ok: bool = False) -> None:
        if path.name.endswith(".h5"):
            raise PermissionError(13, "The process cannot access the file")
        unlink(path, missing_ok)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", refuse)
        assert "close the programs that use it" in refused(capsys, "tiny")
    assert "tiny.json" not in names_in(installed)
    assert main(["models", "remove", "tiny"]) == 0
    assert names_in(installed) == set()


def test_help_tells_of_removing(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "--help"]) == 0
    assert "agecam models remove NAME" in capsys.readouterr().out
    assert main(["models", "remove", "--help"]) == 0
    assert "built-in model cannot be removed" in " ".join(capsys.readouterr().out.split())


def test_a_model_cannot_take_the_name_of_a_built_in_one(
    installed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_model(tmp_path, "compact")
    assert main(["models", "add", str(tmp_path / "compact.weights.h5")]) == 2
    message = capsys.readouterr().err.strip().removeprefix("agecam: ")
    assert is_one_sentence(message)
    assert "built-in" in message
    assert names_in(installed) == set()


# --- list ----------------------------------------------------------------------------------------------


STRANGE = {
    "list": b"[1, 2]",
    "binary": b"\x89\x00\xff card",
    "empty": b"",
    "nothing": b"{}",
    "text": b"not JSON",
    "version": b'{"card_version": 99}',
}


@pytest.mark.parametrize("what", [*STRANGE, "folder", "pipe", "types", "missing", "link"])
def test_a_strange_card_is_named_and_the_others_are_listed(
    what: str, installed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_model(installed, "tiny")
    path = installed / "strange.json"
    match what:
        case "folder":
            path.mkdir()
        case "pipe":
            if sys.platform == "win32":
                pytest.skip("Windows has no pipes in folders")
            os.mkfifo(path)
        case "link":
            path.symlink_to("nowhere.json")
        case "types" | "missing":
            write_model(installed, "strange")
            if what == "types":
                change_card(path, date=None, metrics=[], licence={})
            else:
                content = json.loads(path.read_text(encoding="utf-8"))
                del content["licence"]
                path.write_text(json.dumps(content), encoding="utf-8")
        case _:
            path.write_bytes(STRANGE[what])
    assert main(["models"]) == 1
    captured = capsys.readouterr()
    message = captured.err.strip().removeprefix("agecam: ")
    assert is_one_sentence(message), message
    assert str(path) in message
    assert "compact" in captured.out
    assert "tiny" in captured.out


def test_a_card_cannot_control_the_terminal(installed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_model(installed, "tiny")
    change_card(
        path, date="2025\x1b[31m", licence="MIT\x07\n\x1b]0;title\x07", metrics={"te\x1bst": {"a\x1b": {"mae": 4}}}
    )
    assert main(["models"]) == 0
    printed = capsys.readouterr().out
    assert "\x1b" not in printed
    assert "\x07" not in printed
    assert "2025[31m" in printed


# --- the window ----------------------------------------------------------------------------------------


def test_a_removed_model_is_replaced_by_the_built_in_one(installed: Path, tmp_path: Path) -> None:
    path = write_model(installed, "tiny")
    assert model_or_default("tiny") == "tiny"
    assert model_or_default(str(path)) == str(path)
    assert main(["models", "remove", "tiny"]) == 0
    for gone in ("tiny", str(path), "", "a\0b", "x" * 5000):
        assert model_or_default(gone) == "compact"
