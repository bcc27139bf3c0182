"""Unreadable inputs and unwritable outputs give one-sentence errors, and the rest is still done."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import av
import cv2
import numpy as np
import pytest

import agecam
from agecam.cli import main
from agecam.models.card import load_card
from agecam.models.store import find_model
from agecam.outputs import VideoWriter

FRAMES = 30


def json_lines(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())


def read_errors(capsys):
    """The error messages on standard error."""
    lines = capsys.readouterr().err.splitlines()
    assert not any("Traceback" in line for line in lines)
    errors = [line.removeprefix("agecam: ") for line in lines if line.startswith("agecam: ")]
    assert all(error.endswith(".") for error in errors)
    return errors


@pytest.fixture(scope="session")
def bad_inputs(_portraits, tmp_path_factory):
    """A folder of unusual and damaged files, and one good picture; and a stream that does not exist."""
    folder = tmp_path_factory.mktemp("bad")
    image = _portraits[0]
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    pictures = {
        "good.png": image,
        "grey.png": grey,
        "rgba.png": cv2.cvtColor(image, cv2.COLOR_BGR2BGRA),
        "deep.png": image.astype(np.uint16) * 257,
        "dot.png": image[:1, :1],
        "wide.png": np.tile(image[:256], (1, 40, 1))[:, :20_000],
    }
    for name, picture in pictures.items():
        assert cv2.imwrite(str(folder / name), picture)
    (folder / "zero.png").touch()
    (folder / "text.mp4").write_text("This is no video.\n" * 50)
    with VideoWriter(folder / "whole.mp4", 512, 512, 20) as video:
        for index in range(FRAMES):
            video.write(np.roll(image, 5 * index, axis=1), index / 20)
    data = (folder / "whole.mp4").read_bytes()
    (folder / "cut.mp4").write_bytes(data[: len(data) * 3 // 4])
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    return SimpleNamespace(folder=folder, stream=f"http://user:secret@127.0.0.1:{port}/live")


@pytest.fixture(scope="session")
def analysed(bad_inputs, tmp_path_factory):
    """One process that analyses bad sources with good ones in between."""
    out = tmp_path_factory.mktemp("out")
    names = ["missing.jpg", "zero.png", "text.mp4", "cut.mp4", "dot.png", "wide.png", "grey.png"]
    names += ["rgba.png", "deep.png", "good.png"]
    command = [sys.executable, "-m", "agecam", "analyze", *names[:-1], bad_inputs.stream, names[-1]]
    command += ["--jsonl", f"{out}/r.jsonl", "--video", f"{out}/videos", "--images", f"{out}/stills"]
    root = str(Path(agecam.__file__).resolve().parent.parent)
    process = subprocess.run(
        command,
        cwd=bad_inputs.folder,
        env={**os.environ, "PYTHONPATH": root},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    lines = json_lines(out / "r.jsonl")
    return SimpleNamespace(status=process.returncode, errors=process.stderr, out=out, lines=lines)


def faces_of(analysed, source):
    (line,) = [line for line in analysed.lines if line["source"] == source]
    return line["faces"]


def test_each_bad_source_gives_one_error(analysed):
    assert analysed.status == 1
    errors = [line for line in analysed.errors.splitlines() if line.startswith("agecam: ")]
    for name, error in zip(["missing.jpg", "zero.png", "text.mp4", "cut.mp4", "127.0.0.1"], errors, strict=True):
        assert name in error
        assert re.fullmatch(r"agecam: [^\n]+: [^\n]+\.", error)
    assert "Traceback" not in analysed.errors
    assert "secret" not in analysed.errors


def test_other_sources_are_analysed(analysed):
    sources = list(dict.fromkeys(line["source"] for line in analysed.lines))
    assert sources == ["cut.mp4", "dot.png", "wide.png", "grey.png", "rgba.png", "deep.png", "good.png"]
    assert faces_of(analysed, "dot.png") == []
    for source in ("grey.png", "rgba.png", "deep.png", "good.png"):
        assert len(faces_of(analysed, source)) == 1
    # These hold the same picture as good.png.
    assert faces_of(analysed, "rgba.png") == faces_of(analysed, "deep.png") == faces_of(analysed, "good.png")
    pictures = ["deep.jpg", "dot.jpg", "good.jpg", "grey.jpg", "rgba.jpg", "wide.jpg"]
    assert set(names_in(analysed.out / "stills")) >= set(pictures)


def test_truncated_video_keeps_its_readable_frames(analysed):
    frames = [line["frame"] for line in analysed.lines if line["source"] == "cut.mp4"]
    assert frames == list(range(len(frames)))
    assert 1 < len(frames) < FRAMES
    assert f"after {len(frames)} frames" in analysed.errors
    with av.open(str(analysed.out / "videos" / "cut.mp4")) as container:
        assert sum(1 for _ in container.decode(video=0)) == len(frames)


def test_no_partial_files_remain(analysed):
    assert names_in(analysed.out) == ["r.jsonl", "stills", "videos"]
    assert names_in(analysed.out / "videos") == ["cut.mp4"]


def test_earlier_file_is_kept_if_no_source_can_be_read(bad_inputs, tmp_path, capsys):
    results = tmp_path / "r.jsonl"
    results.write_text("earlier")
    assert main(["analyze", str(bad_inputs.folder / "text.mp4"), "nowhere", "--jsonl", str(results)]) == 1
    assert len(read_errors(capsys)) == 2
    assert results.read_text() == "earlier"
    assert names_in(tmp_path) == ["r.jsonl"]


def test_folder_without_pictures_or_videos(bad_inputs, tmp_path, capsys):
    (tmp_path / "notes.txt").write_text("text")
    assert main(["analyze", str(tmp_path), str(bad_inputs.folder / "good.png"), "--quiet"]) == 1
    (error,) = read_errors(capsys)
    assert tmp_path.name in error


@pytest.mark.parametrize("output", ["--jsonl", "--csv", "--video", "--images"])
def test_unwritable_output(output, bad_inputs, tmp_path, capsys):
    (tmp_path / "file").write_text("stays")
    target = tmp_path / "file" / "out.mp4"
    assert main(["analyze", str(bad_inputs.folder / "whole.mp4"), output, str(target)]) == 1
    printed = capsys.readouterr().err
    # Reported before the networks are loaded.
    assert printed.startswith("agecam: Cannot write ")
    assert str(tmp_path / "file") in printed
    assert len(printed.splitlines()) == 1
    assert (tmp_path / "file").read_text() == "stays"


def test_first_run_in_unwritable_folder(bad_inputs, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "out").write_text("a file")
    assert main([str(bad_inputs.folder / "good.png")]) == 1
    (error,) = read_errors(capsys)
    assert "out" in error


def test_first_run_with_a_missing_source(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["nowhere.mp4"]) == 1
    (error,) = read_errors(capsys)
    assert "nowhere.mp4" in error
    assert names_in(tmp_path / "out") == []


def test_output_never_replaces_a_source(bad_inputs, tmp_path, capsys):
    video = tmp_path / "clip.mp4"
    shutil.copy(bad_inputs.folder / "whole.mp4", video)
    (tmp_path / "link.mp4").symlink_to(video)
    before = video.read_bytes()
    for arguments in (
        ["--video", str(video)],
        ["--video", str(tmp_path)],  # as NAME.mp4 in the folder
        ["--video", str(tmp_path / "link.mp4")],
        ["--jsonl", str(tmp_path / "." / "clip.mp4")],
        ["--csv", str(video)],
    ):
        assert main(["analyze", str(video), *arguments]) == 2
        (error,) = read_errors(capsys)
        assert "would replace a source" in error
    assert video.read_bytes() == before


def test_conflicting_outputs(bad_inputs, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    whole, cut, picture = (str(bad_inputs.folder / name) for name in ("whole.mp4", "cut.mp4", "good.png"))
    for arguments, word in (
        ([whole, "--jsonl", "r", "--csv", "./r"], "two outputs"),
        ([whole, cut, "--video", "v.mp4"], "2 videos"),
        ([picture, "--video", "v.mp4"], "--images"),
        ([str(bad_inputs.folder), "--images", str(bad_inputs.folder)], "another folder"),
    ):
        assert main(["analyze", *arguments]) == 2
        (error,) = read_errors(capsys)
        assert word in error
    assert names_in(tmp_path) == []


def test_unknown_model(bad_inputs, tmp_path, capsys):
    assert main(["analyze", str(bad_inputs.folder / "good.png"), "--model", "huge", "--csv", f"{tmp_path}/r.csv"]) == 1
    (error,) = read_errors(capsys)
    assert "huge" in error and "compact" in error
    assert names_in(tmp_path) == []


@pytest.fixture
def model(tmp_path):
    """The card of a copy of the installed model."""
    card = load_card(find_model("compact"))
    folder = tmp_path / "models"
    folder.mkdir()
    shutil.copy(card.weights_path, folder)
    shutil.copy(card.path.with_suffix(".onnx"), folder)
    return Path(shutil.copy(card.path, folder))


def analyse_with(model, bad_inputs, capsys, *options):
    status = main(["analyze", str(bad_inputs.folder / "good.png"), "--model", str(model), *options])
    return status, read_errors(capsys)


def test_copied_model_works(model, bad_inputs, capsys):
    assert analyse_with(model, bad_inputs, capsys) == (0, [])


@pytest.mark.parametrize(("suffix", "options"), [(".onnx", []), (".weights.h5", ["--backend", "keras"])])
def test_damaged_weights(suffix, options, model, bad_inputs, capsys):
    weights = model.with_suffix(suffix)
    data = bytearray(weights.read_bytes())
    data[len(data) // 2] ^= 0xFF
    weights.write_bytes(data)
    status, (error,) = analyse_with(model, bad_inputs, capsys, *options)
    assert status == 1
    assert weights.name in error

    weights.unlink()
    status, (error,) = analyse_with(model, bad_inputs, capsys, *options)
    assert status == 1
    assert weights.name in error


@pytest.mark.parametrize(
    ("change", "options"),
    [
        ({"network": "vast"}, []),
        ({"crop": {"size_px": 80, "margin": 0.0}}, []),
        ({"arguments": {"stem": 16}}, ["--backend", "keras"]),
        ({"colour_order": "BGR"}, []),
        ({"card_version": 99}, []),
    ],
    ids=lambda change: next(iter(change), ""),
)
def test_card_that_does_not_match(change, options, model, bad_inputs, capsys):
    model.write_text(json.dumps(json.loads(model.read_text(encoding="utf-8")) | change), encoding="utf-8")
    status, (_,) = analyse_with(model, bad_inputs, capsys, *options)
    assert status == 1


def test_card_that_is_not_json(model, bad_inputs, capsys):
    model.write_text("{ not JSON")
    status, (error,) = analyse_with(model, bad_inputs, capsys)
    assert status == 1
    assert model.name in error
