"""Tests of the command line, through `agecam.cli.main` and as a process."""

import csv
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import av
import cv2
import numpy as np
import pytest

import agecam
from agecam import Analyzer
from agecam.batch.console import Progress
from agecam.cli import main
from agecam.engine.engine import build_engine
from agecam.models.card import load_card
from agecam.models.store import find_model
from agecam.outputs import VideoWriter
from agecam.sources import list_cameras, read_picture

ROOT = Path(agecam.__file__).resolve().parent.parent
FRAMES = 35
FACE = (slice(64, 171), slice(182, 265))  # of the astronaut: rows, columns


def run_process(*arguments, cwd=None, program=("-m", "agecam")):
    return subprocess.run(
        [sys.executable, *program, *arguments],
        cwd=cwd,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def environment():
    return {**os.environ, "PYTHONPATH": str(ROOT)}


def json_lines(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())


def frame_times(path):
    with av.open(str(path)) as container:
        return [frame.time for frame in container.decode(video=0)]


@pytest.fixture(scope="session", autouse=True)
def _networks_loaded_once():
    """Uses real engines but builds each only once for the same options."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("agecam.engine.engine.build_engine", cache(build_engine))
        yield


@pytest.fixture(scope="session")
def material(_portraits, tmp_path_factory):
    """A folder with two portraits and a text file, and a video of 35 frames at 20 fps."""
    folder = tmp_path_factory.mktemp("material")
    astronaut, hopper = _portraits[0], _portraits[1][:512]
    photos = folder / "photos"
    photos.mkdir()
    cv2.imwrite(str(photos / "face10.png"), astronaut)
    cv2.imwrite(str(photos / "face2.jpg"), hopper)
    (photos / "notes.txt").write_text("not a picture")
    (photos / ".hidden.jpg").write_text("not a picture")
    with VideoWriter(folder / "clip.mp4", 512, 512, 20) as video:
        for index in range(FRAMES):
            video.write(np.roll(astronaut, 3 * index, axis=1), index / 20)
    return SimpleNamespace(folder=folder, photos=photos, clip=folder / "clip.mp4")


@pytest.fixture(scope="session")
def analysed(material, tmp_path_factory):
    """One run over a folder of pictures and a video, with all kinds of outputs."""
    out = tmp_path_factory.mktemp("analysed")
    results = ["--jsonl", f"{out}/r.jsonl", "--csv", f"{out}/r.csv"]
    pictures = ["--video", f"{out}/v.mp4", "--images", f"{out}/stills"]
    status = main(["analyze", str(material.photos), *results, str(material.clip), *pictures])
    return SimpleNamespace(status=status, out=out, lines=json_lines(out / "r.jsonl"))


def test_every_frame_has_a_results_line(analysed):
    assert analysed.status == 0
    keys = [(line["source"], line["frame"]) for line in analysed.lines]
    pictures = [("photos/face2.jpg", 0), ("photos/face10.png", 0)]
    assert keys == pictures + [("clip.mp4", index) for index in range(FRAMES)]
    times = [line["time_s"] for line in analysed.lines[2:]]
    assert times == pytest.approx([index / 20 for index in range(FRAMES)], abs=0.001)


def test_faces_have_track_ids_only_in_videos(analysed):
    track_ids = [[face["track"] for face in line["faces"]] for line in analysed.lines]
    assert track_ids == [[None], [None]] + [[1]] * FRAMES


def test_pictures_give_the_same_results_as_the_library(analysed, material):
    (face,) = Analyzer().analyze(read_picture(material.photos / "face10.png"))
    assert analysed.lines[1]["faces"] == [face.as_dict()]


def test_csv_has_the_same_faces(analysed):
    with (analysed.out / "r.csv").open(newline="", encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    faces = [face for line in analysed.lines for face in line["faces"]]
    assert [float(row["age"]) for row in rows] == [face["age"] for face in faces]
    assert rows[0]["source"] == "photos/face2.jpg"


def test_annotated_video_keeps_all_frames_and_timestamps(analysed):
    times = frame_times(analysed.out / "v.mp4")
    assert times == pytest.approx([index / 20 for index in range(FRAMES)], abs=0.002)


def test_one_still_per_picture_and_per_second(analysed, material):
    stills = analysed.out / "stills"
    expected = ["clip-frame000000.jpg", "clip-frame000020.jpg", "photos_face10.jpg", "photos_face2.jpg"]
    assert names_in(stills) == expected
    plain, drawn = (read_picture(p) for p in (material.photos / "face10.png", stills / "photos_face10.jpg"))
    assert drawn.shape == plain.shape
    assert np.abs(drawn.astype(int) - plain).max() > 100  # the box and the label
    assert np.abs(drawn[400:].astype(int) - plain[400:]).mean() < 3  # nothing far from the face changes


def test_no_partial_files_remain(analysed):
    assert names_in(analysed.out) == ["r.csv", "r.jsonl", "stills", "v.mp4"]


def test_summary_is_printed_without_outputs(material, capsys):
    assert main(["analyze", str(material.photos / "face2.jpg"), str(material.clip), "--max-frames", "5"]) == 0
    printed = capsys.readouterr()
    age = r"apparent age \d+ \(\d+ to \d+\), (female \d+ %|male \d+ %|gender unsure)"
    assert re.fullmatch(
        rf"face2\.jpg: 1 face\n  {age}\nclip\.mp4: 5 frames up to 0\.2 s, 1 person\n"
        rf"  #1, 0\.0 to 0\.2 s: {age}\n",
        printed.out,
    )
    assert printed.err.startswith("Loading the networks ...\n")


def test_gender_can_be_hidden_and_faces_blurred(material, tmp_path, capsys):
    picture = str(material.photos / "face10.png")
    assert main(["analyze", picture, "--hide-gender"]) == 0
    assert re.fullmatch(r"face10\.png: 1 face\n  apparent age \d+ \(\d+ to \d+\)\n", capsys.readouterr().out)

    assert main(["analyze", picture, "--blur-faces", "--images", str(tmp_path), "--quiet"]) == 0
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("", "")
    sharp, blurred = (
        cv2.Laplacian(cv2.cvtColor(read_picture(path)[FACE], cv2.COLOR_BGR2GRAY), cv2.CV_32F)[20:-20, 20:-20]
        for path in (picture, tmp_path / "face10.jpg")
    )
    assert blurred.var() < sharp.var() / 20


def test_folder_of_videos_gets_one_per_source(material, tmp_path, capsys):
    other = tmp_path / "b" / "clip.mp4"
    other.parent.mkdir()
    shutil.copy(material.clip, other)
    sources = [str(material.clip), str(other)]
    assert main(["analyze", *sources, "--max-frames", "3", "--video", str(tmp_path / "videos")]) == 0
    videos = [tmp_path / "videos" / name for name in names_in(tmp_path / "videos")]
    assert [len(frame_times(path)) for path in videos] == [3, 3]
    assert all(str(path) in capsys.readouterr().out for path in videos[:1])


def test_sources_with_the_same_name_are_named_by_path(material, tmp_path):
    for folder in "ab":
        (tmp_path / folder).mkdir()
        shutil.copy(material.photos / "face2.jpg", tmp_path / folder)
    results = tmp_path / "r.jsonl"
    sources = [f"{tmp_path}/{folder}/face2.jpg" for folder in "ab"]
    assert main(["analyze", *sources, sources[0], "--jsonl", str(results)]) == 0
    assert [line["source"] for line in json_lines(results)] == [Path(path).as_posix() for path in sources]


def test_camera_stops_after_max_frames(fake_camera, tmp_path, monkeypatch):
    monkeypatch.setattr("agecam.batch.analysis.open_source", lambda spec, **_: fake_camera)
    results = tmp_path / "r.jsonl"
    assert main(["analyze", "9", "--max-frames", "4", "--jsonl", str(results), "--quiet"]) == 0
    lines = json_lines(results)
    assert [(line["source"], line["frame"]) for line in lines] == [("camera 9", i) for i in range(4)]
    assert [face["track"] for line in lines for face in line["faces"]] == [1] * 4


def test_first_run_replaces_an_earlier_run(material, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main([str(material.clip)]) == 0
    printed = capsys.readouterr().out
    stills = [f"clip-still-{number}.jpg" for number in (1, 2, 3, 4)]
    assert names_in(tmp_path / "out") == ["clip-annotated.mp4", *stills, "results.jsonl"]
    assert all(str(Path("out") / name) in printed for name in names_in(tmp_path / "out"))
    assert "35 frames up to 1.7 s, 1 person" in printed
    assert "window" in printed.splitlines()[0]
    assert len(frame_times(Path("out/clip-annotated.mp4"))) == FRAMES
    assert len({read_picture(Path("out") / name).tobytes() for name in stills}) == 4

    with VideoWriter("clip.mp4", 512, 512, 20) as video:
        video.write(read_picture(material.photos / "face10.png"), 0)
    assert main(["clip.mp4"]) == 0
    assert names_in(tmp_path / "out") == ["clip-annotated.mp4", stills[0], "results.jsonl"]
    assert len(json_lines(Path("out/results.jsonl"))) == 1


def test_first_run_with_a_folder(material, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main([str(material.photos)]) == 0
    pictures = ["photos_face10-annotated.jpg", "photos_face2-annotated.jpg"]
    assert names_in(tmp_path / "out") == [*pictures, "results.jsonl"]


def test_first_run_with_several_sources(material, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    pictures = [str(material.photos / name) for name in ("face10.png", "face2.jpg")]
    assert main([pictures[0], "no such.mp4", pictures[1]]) == 1
    assert names_in(tmp_path / "out") == ["face10-annotated.jpg", "face2-annotated.jpg", "results.jsonl"]
    assert "no such.mp4" in capsys.readouterr().err


def test_standard_output_contains_only_json(material, tmp_path, capfd):
    outputs = ["--jsonl", "-", "--csv", str(tmp_path / "r.csv")]
    assert main(["analyze", str(material.clip), "--max-frames", "3", *outputs]) == 0
    printed = capfd.readouterr()
    assert [json.loads(line)["frame"] for line in printed.out.splitlines()] == [0, 1, 2]
    assert printed.err.startswith("Loading the networks ...\n")


def heed_ctrl_c():
    """Before the program starts: whoever runs the tests in the background may have it ignore the signal."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.mark.skipif(sys.platform == "win32", reason="sends a POSIX signal")
def test_ctrl_c_leaves_complete_files(tmp_path):
    outputs = ["--jsonl", "-", "--csv", "r.csv", "--video", "v.mp4", "--images", "stills"]
    process = subprocess.Popen(
        [sys.executable, "-m", "agecam", "analyze", "demo", *outputs],
        cwd=tmp_path,
        env=environment(),
        preexec_fn=heed_ctrl_c,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    lines = [process.stdout.readline() for _ in range(5)]
    process.send_signal(signal.SIGINT)
    lines += process.stdout.read().splitlines()  # communicate() would miss what readline() has buffered
    errors = process.stderr.read()
    assert process.wait(60) == 130
    process.stdout.close()
    process.stderr.close()
    assert [json.loads(line)["frame"] for line in lines] == list(range(len(lines)))
    assert len(lines) < 300
    assert len(frame_times(tmp_path / "v.mp4")) == len(lines)
    with (tmp_path / "r.csv").open(newline="") as file:
        rows = Counter(int(row["frame"]) for row in csv.DictReader(file))
    assert rows == {line["frame"]: len(line["faces"]) for line in map(json.loads, lines) if line["faces"]}
    assert names_in(tmp_path) == ["r.csv", "stills", "v.mp4"]
    expected = f"agecam: Stopped after {len(lines)} frames: the results so far are complete in r.csv, "
    assert errors.splitlines()[-1].lstrip().startswith(expected)
    assert "Traceback" not in errors


@pytest.mark.skipif(sys.platform == "win32", reason="sends a POSIX signal")
def test_ctrl_c_while_loading_leaves_no_files(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-m", "agecam", "analyze", "demo", "--csv", "r.csv", "--video", "v.mp4"],
        cwd=tmp_path,
        env=environment(),
        preexec_fn=heed_ctrl_c,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr.readline() == "Loading the networks ...\n"
    process.send_signal(signal.SIGINT)
    errors = process.stderr.read()
    process.wait(60)
    process.stderr.close()
    # If Ctrl-C interrupts an extension module, Python dies from the signal, which shells also report as 130.
    assert process.returncode in (130, -signal.SIGINT)
    assert errors == "agecam: Stopped after no frames.\n"
    assert names_in(tmp_path) == []


@pytest.mark.skipif(sys.platform == "win32", reason="pipes end differently there")
def test_closed_pipe_ends_quietly(material):
    process = subprocess.Popen(
        [sys.executable, "-m", "agecam", "analyze", str(material.clip), "--jsonl", "-"],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert json.loads(process.stdout.readline())["frame"] == 0
    process.stdout.close()
    errors = process.stderr.read()
    assert process.wait(timeout=60) == 1
    assert not re.search("agecam:|Traceback|Error|Broken", errors)
    process.stderr.close()


def test_all_entry_points_run_the_same_program():
    printed = run_process("--version").stdout
    assert printed.startswith(f"agecam {agecam.__version__}\nPictures: JPEG, PNG, ")
    assert run_process("--version", program=[str(ROOT / "main.py")]).stdout == printed
    assert 'agecam = "agecam.cli:main"' in (ROOT / "pyproject.toml").read_text()


def test_help_and_usage_errors_load_nothing_heavy():
    code = (
        "import sys; from agecam.cli import main; "
        "codes = [main(a) for a in (['--help'], ['analyze', '--help'], ['analyze'], ['--no'])]; "
        "print(codes, sorted({'tensorflow', 'cv2', 'av', 'PySide6'} & set(sys.modules)))"
    )
    process = run_process(program=["-c", code])
    assert process.stdout.splitlines()[-1] == "[0, 0, 2, 2] []"
    assert "leaves this computer" in process.stdout
    missing = run_process(
        program=[
            "-c",
            f"{code.split(';')[0]}; from agecam.cli import main; main(['analyze', 'no.mp4']); "
            "main(['cameras']); print('tensorflow' in sys.modules)",
        ]
    )
    assert missing.stdout.splitlines()[-1] == "False"


@pytest.mark.parametrize(
    "arguments",
    [
        ["analyze"],
        ["analyze", "demo", "--min-face", "5"],
        ["analyze", "demo", "--min-face", "nan"],
        ["analyze", "demo", "--max-frames", "0"],
        ["analyze", "demo", "--detect-every", "-1"],
        ["analyze", "demo", "--device", "tpu"],
        ["analyze", "demo", "--jsonl", "-", "--csv", "-"],
        ["demo", "--too-many"],
        ["cameras", "please"],
    ],
)
def test_wrong_usage_is_one_sentence(arguments, capsys):
    assert main(arguments) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert re.fullmatch(r"agecam: [A-Z\-][^\n]+\.\n", printed.err)


def test_cameras(capsys):
    assert main(["cameras"]) == 0
    printed = capsys.readouterr().out
    cameras = list_cameras()
    assert len(printed.splitlines()) == max(len(cameras), 1)
    assert all(camera.name in printed for camera in cameras)
    assert cameras or printed.startswith("No camera was found")


def test_models_lists_the_cards(capsys):
    card = load_card(find_model("compact"))
    assert main(["models"]) == 0
    printed = capsys.readouterr().out
    size = f"{card.weights_path.stat().st_size / 1e6:.1f} MB"
    for text in ("compact", card.network, f"{card.input_size_px} px", size, card.date, card.licence.split()[0]):
        assert text in printed
    for sets in card.metrics.values():
        for name, metrics in sets.items() if isinstance(sets, dict) else ():
            row = next(line for line in printed.splitlines() if line.split()[:1] == [name])
            assert f"{metrics['gender']:.1%}" in row


def test_progress_appears_after_two_seconds(capsys):
    with Progress("clip.mp4", "frames", 10) as progress:
        progress.advance()
        assert capsys.readouterr().err == ""
        time.sleep(2.1)
        progress.advance()
        assert re.search(r"clip\.mp4: +20%.* 2/10 ", capsys.readouterr().err)
