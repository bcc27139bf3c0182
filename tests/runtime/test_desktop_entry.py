"""AgeCam in the menus of a Linux desktop."""

import configparser
import subprocess
import sys
from pathlib import Path

import pytest
from models import is_one_sentence

from agecam.cli import main
from agecam.commands.desktop import run_install_desktop, run_remove_desktop
from agecam.errors import UsageError
from agecam.runtime.desktop_entry import FILE_TYPES, ICON, desktop_entry

needs_linux = pytest.mark.skipif(sys.platform != "linux", reason="desktop entries are for Linux")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home folder, of a user who has set no other folders, with a space and Korean letters in its path."""
    folder = tmp_path / "새 집"
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    return folder


def entry_of(path: Path) -> configparser.SectionProxy:
    parser = configparser.RawConfigParser(delimiters="=", strict=True)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read_string(path.read_text(encoding="utf-8"))
    return parser["Desktop Entry"]


def start(entry: configparser.SectionProxy, *files: str) -> str:
    """What the program prints that a desktop starts for these files; a quoted argument is as in a shell's quotes."""
    command = entry["Exec"].replace("\\\\", "\\").replace("%%", "%")
    assert command.endswith(" %F")
    words = ["sh", "-c", command.removesuffix("%F") + '"$@"', "sh", *files]
    return subprocess.run(words, capture_output=True, text=True, check=True, cwd="/").stdout


@needs_linux
def test_the_entry_starts_this_program_with_the_files_given_to_it(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    program = home / 'odd "name" 100% $x `y` \\' / "agecam"
    program.parent.mkdir(parents=True)
    program.write_text('#!/bin/sh\nfor word; do echo "got $word"; done\n')
    program.chmod(0o755)
    monkeypatch.setattr(sys, "argv", [str(program)])
    assert main(["--install-desktop"]) == 0
    path = home / ".local" / "share" / "applications" / "agecam.desktop"
    assert str(path) in capsys.readouterr().out
    assert start(entry_of(path), "a b.mp4", "c.jpg") == "got a b.mp4\ngot c.jpg\n"


@needs_linux
def test_a_checkout_is_started_by_its_python(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["main.py"])
    assert main(["--install-desktop"]) == 0
    entry = entry_of(home / ".local" / "share" / "applications" / "agecam.desktop")
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    assert start(entry, "--version").startswith("agecam ")


@needs_linux
def test_the_icon_is_where_desktops_look_for_it(home: Path) -> None:
    assert main(["--install-desktop"]) == 0
    share = home / ".local" / "share"
    entry = entry_of(share / "applications" / "agecam.desktop")
    icon = share / "icons" / "hicolor" / "scalable" / "apps" / f"{entry['Icon']}.svg"
    assert icon.read_bytes() == ICON.read_bytes()


@needs_linux
def test_removing_it_leaves_nothing_and_may_be_repeated(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--install-desktop"]) == 0
    assert main(["--install-desktop"]) == 0
    assert main(["--remove-desktop"]) == 0
    assert "no longer" in capsys.readouterr().out
    assert not [path for path in home.rglob("*") if path.is_file()]
    assert main(["--remove-desktop"]) == 0
    assert "was not" in capsys.readouterr().out


@needs_linux
def test_a_data_folder_of_the_users_choice_is_honoured(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    assert main(["--install-desktop"]) == 0
    assert (tmp_path / "data" / "applications" / "agecam.desktop").is_file()
    monkeypatch.setenv("XDG_DATA_HOME", "relative")  # to be ignored, as the specification says
    assert main(["--install-desktop"]) == 0
    assert (home / ".local" / "share" / "applications" / "agecam.desktop").is_file()


@needs_linux
def test_a_folder_that_cannot_be_written_is_named(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home.mkdir()
    (home / ".local").write_text("a file, where a folder is needed")
    assert main(["--install-desktop"]) == 1
    error = capsys.readouterr().err
    assert is_one_sentence(error.strip())
    assert str(home / ".local") in error


@pytest.mark.parametrize("system", ["darwin", "win32"])
def test_other_systems_are_sent_to_their_own_menus(system: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", system)
    for run in (run_install_desktop, run_remove_desktop):
        with pytest.raises(UsageError, match="pin it to the task bar"):
            run()


def test_the_entry_is_for_videos_and_pictures() -> None:
    text = desktop_entry(["/usr/bin/agecam"])
    assert "\nExec=/usr/bin/agecam %F\n" in text
    assert {"video/mp4", "video/x-matroska", "image/jpeg", "image/heif"} <= set(FILE_TYPES)
    assert f"\nMimeType={';'.join(FILE_TYPES)};\n" in text
