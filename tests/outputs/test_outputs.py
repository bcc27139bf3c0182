import codecs
import csv
import io
import json
import os
import subprocess
import sys
import unicodedata
from contextlib import ExitStack
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from agecam.errors import OutputError
from agecam.outputs import (
    CsvWriter,
    JsonLinesWriter,
    StillWriter,
    VideoWriter,
    check_video_path,
    check_writable,
)
from agecam.types import Face, FrameResult


def make_face(x=10.04, track=3, gender="female"):
    landmarks = np.array([(1, 2), (3, 4), (5, 6), (7, 8), (9.26, 10)], np.float32)
    distribution = np.full(101, 1 / 101, np.float32)
    return Face((x, 20, 30, 40), 0.9981, landmarks, 34.21, 29, 40, gender, 0.97, 0.97, distribution, track)


def make_result(faces=(), source="clip.mp4", frame=41):
    return FrameResult(source, frame, 1.36667, 1280, 720, tuple(faces), "compact")


def noise(width, height, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def plain(width, height, bgr):
    return np.full((height, width, 3), bgr, np.uint8)


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())


def read_video(path):
    """Return the times in seconds and the BGR pictures."""
    with av.open(str(path)) as container:
        codec = container.streams.video[0].codec_context
        assert (codec.colorspace, codec.color_range) == (1, 1)  # BT.709, 16 to 235
        frames = list(container.decode(video=0))
        return [frame.time for frame in frames], [bt709_to_bgr(frame) for frame in frames]


def bt709_to_bgr(frame):
    width, height = frame.width, frame.height
    luma, blue, red = np.split(frame.to_ndarray().ravel().astype(float), [width * height, width * height * 5 // 4])
    y = (luma.reshape(height, width) - 16) / 219
    cb, cr = (
        (chroma.reshape(height // 2, width // 2).repeat(2, axis=0).repeat(2, axis=1) - 128) / 224
        for chroma in (blue, red)
    )
    r, b = y + 1.5748 * cr, y + 1.8556 * cb
    g = (y - 0.2126 * r - 0.0722 * b) / 0.7152
    return np.rint(np.stack([b, g, r], axis=2).clip(0, 1) * 255).astype(int)


WRITERS = {
    "out.mp4": lambda path: VideoWriter(path, 64, 48, 25),
    "out.mkv": lambda path: VideoWriter(path, 64, 48, 25),
    "out.jsonl": JsonLinesWriter,
    "out.csv": CsvWriter,
}
each_writer = pytest.mark.parametrize("name", WRITERS)


def write_one(writer, seed=0):
    if isinstance(writer, VideoWriter):
        writer.write(noise(64, 48, seed), float(seed))
    else:
        writer.write(make_result([make_face()], frame=seed))


def frames_in(path):
    if path.suffix in (".mp4", ".mkv"):
        return len(read_video(path)[0])
    return len(path.read_text("utf-8").splitlines()) - (path.suffix == ".csv")


# All writers


@each_writer
def test_file_appears_complete_and_only_at_the_end(tmp_path, name):
    path = tmp_path / "new" / "folder" / name
    with WRITERS[name](path) as writer:
        write_one(writer, 0)
        write_one(writer, 1)
        assert not path.exists()
    assert names_in(path.parent) == [name]
    assert frames_in(path) == 2


@each_writer
def test_keyboard_interrupt_keeps_the_data_so_far(tmp_path, name):
    with pytest.raises(KeyboardInterrupt), WRITERS[name](tmp_path / name) as writer:
        write_one(writer, 0)
        write_one(writer, 1)
        raise KeyboardInterrupt
    assert names_in(tmp_path) == [name]
    assert frames_in(tmp_path / name) == 2


@each_writer
@pytest.mark.parametrize("frames", [0, 1])
def test_another_error_keeps_what_was_written(tmp_path, name, frames):
    (tmp_path / name).write_bytes(b"earlier")
    with pytest.raises(ZeroDivisionError), WRITERS[name](tmp_path / name) as writer:
        for seed in range(frames):
            write_one(writer, seed)
        raise ZeroDivisionError
    assert names_in(tmp_path) == [name]
    if frames:
        assert frames_in(tmp_path / name) == frames
    else:
        assert (tmp_path / name).read_bytes() == b"earlier"


@each_writer
def test_an_earlier_file_is_replaced(tmp_path, name):
    (tmp_path / name).write_bytes(b"earlier")
    with WRITERS[name](tmp_path / name) as writer:
        write_one(writer)
    assert frames_in(tmp_path / name) == 1


@each_writer
def test_close_and_discard_can_be_repeated(tmp_path, name):
    writer = WRITERS[name](tmp_path / name)
    write_one(writer)
    writer.close()
    writer.close()
    writer.discard()
    assert frames_in(tmp_path / name) == 1


@each_writer
def test_writers_around_a_failing_one_are_completed(tmp_path, name):
    with pytest.raises(OutputError), ExitStack() as stack:
        for other in WRITERS:
            write_one(stack.enter_context(WRITERS[other](tmp_path / other)))
        stack.enter_context(WRITERS[name](tmp_path))
    assert {other: frames_in(tmp_path / other) for other in WRITERS} == dict.fromkeys(WRITERS, 1)
    assert len(names_in(tmp_path)) == len(WRITERS)


@each_writer
def test_the_target_of_a_link_is_replaced_not_the_link(tmp_path, name):
    real, link = tmp_path / "real" / name, tmp_path / name
    real.parent.mkdir()
    real.write_bytes(b"earlier")
    try:
        link.symlink_to(real)
    except OSError:
        pytest.skip("no symbolic links here")
    with WRITERS[name](link) as writer:
        write_one(writer)
    assert link.is_symlink()
    assert frames_in(real) == 1


def assert_one_sentence(error, *parts):
    message = str(error.value)
    assert message.endswith(".") and "\n" not in message
    for part in parts:
        assert str(part) in message


@each_writer
def test_a_folder_is_refused_at_opening(tmp_path, name):
    (tmp_path / name).mkdir()
    with pytest.raises(OutputError) as error:
        WRITERS[name](tmp_path / name)
    assert_one_sentence(error, tmp_path / name, "folder")
    assert names_in(tmp_path) == [name]


@each_writer
def test_a_file_instead_of_a_folder_is_refused_at_opening(tmp_path, name):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OutputError) as error:
        WRITERS[name](tmp_path / "file" / name)
    assert_one_sentence(error, tmp_path / "file" / name)
    assert names_in(tmp_path) == ["file"]


@each_writer
def test_a_name_that_is_too_long_is_refused_at_opening(tmp_path, name):
    path = tmp_path / ("x" * 300 + Path(name).suffix)
    with pytest.raises(OutputError) as error:
        WRITERS[name](path)
    assert_one_sentence(error, path)
    assert names_in(tmp_path) == []


@each_writer
@pytest.mark.skipif(sys.platform == "win32", reason="folders have no such permission on Windows")
@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission_is_refused_at_opening(tmp_path, name):
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(OutputError) as error:
            WRITERS[name](tmp_path / name)
    finally:
        tmp_path.chmod(0o700)
    assert_one_sentence(error, tmp_path / name, "permission")


@pytest.mark.skipif(not Path("/dev/null").is_char_device(), reason="no device files here")
def test_a_device_is_refused_and_not_replaced():
    with pytest.raises(OutputError) as error:
        JsonLinesWriter("/dev/null")
    assert_one_sentence(error, "/dev/null")
    assert Path("/dev/null").is_char_device()


@each_writer
@pytest.mark.parametrize("allowed_bytes", [0, 20_000])
def test_a_full_disk_gives_one_sentence_and_keeps_whole_records(tmp_path, name, allowed_bytes):
    resource = pytest.importorskip("resource")  # a limit on file sizes simulates a full disk
    usual = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (allowed_bytes, usual[1]))
    try:
        with pytest.raises(OutputError) as error, WRITERS[name](tmp_path / name) as writer:
            for seed in range(200):
                write_one(writer, seed)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, usual)
    assert_one_sentence(error, tmp_path / name)
    kept = [name] if Path(name).suffix in (".jsonl", ".csv") and allowed_bytes else []
    assert names_in(tmp_path) == kept
    if kept:
        assert 0 < frames_in(tmp_path / name) < 200
        assert (tmp_path / name).stat().st_size <= allowed_bytes
        assert (tmp_path / name).read_bytes().endswith(b"\n")


def test_check_writable_leaves_nothing(tmp_path):
    check_writable(tmp_path / "results.csv")
    assert names_in(tmp_path) == []
    with pytest.raises(OutputError):
        check_writable(tmp_path)


# Video


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".MP4"])
def test_video_keeps_variable_frame_times(tmp_path, suffix):
    times_s = [0.0, 0.033, 0.2, 0.201, 1.5, 4.0]
    path = tmp_path / f"out{suffix}"
    with VideoWriter(path, 64, 48, 30) as writer:
        for index, time_s in enumerate(times_s):
            writer.write(noise(64, 48, index), time_s)
    assert read_video(path)[0] == pytest.approx(times_s, abs=0.0011)
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert container.duration / 1e6 == pytest.approx(4.0 + 1 / 30, abs=0.01)
        assert stream.codec_context.name == "h264"
        assert stream.codec_context.pix_fmt == "yuv420p"


def test_mp4_starts_with_its_index(tmp_path):
    path = tmp_path / "out.mp4"
    with VideoWriter(path, 64, 48, 30) as writer:
        for index in range(5):
            writer.write(noise(64, 48, index), index / 30)
    data = path.read_bytes()
    assert 0 < data.find(b"moov") < data.find(b"mdat")


def test_video_starts_at_its_first_frame(tmp_path):
    path = tmp_path / "out.mp4"
    with VideoWriter(path, 64, 48, 30) as writer:
        for time_s in (3600.0, 3600.5):
            writer.write(noise(64, 48), time_s)
    assert read_video(path)[0] == pytest.approx([0, 0.5], abs=0.001)


def test_repeated_or_earlier_times_still_advance(tmp_path):
    path = tmp_path / "out.mp4"
    with VideoWriter(path, 64, 48, 25) as writer:
        for time_s in (0.0, 0.04, 0.04, 0.03, 0.2):
            writer.write(noise(64, 48), time_s)
    assert read_video(path)[0] == pytest.approx([0, 0.04, 0.08, 0.12, 0.2], abs=0.001)


def test_a_second_source_follows_the_first(tmp_path):
    path = tmp_path / "out.mp4"
    with VideoWriter(path, 64, 48, 25) as writer:
        for time_s in (0.0, 1.0, 2.0, 0.0, 0.5, 1.5):
            writer.write(noise(64, 48), time_s)
    assert read_video(path)[0] == pytest.approx([0, 1, 2, 2.04, 2.54, 3.54], abs=0.001)


@pytest.mark.parametrize("fps", [0.0, -1.0, float("nan"), float("inf"), 1e9])
def test_an_invalid_frame_rate_is_accepted(tmp_path, fps):
    with VideoWriter(tmp_path / "out.mp4", 64, 48, fps) as writer:
        for index in range(3):
            writer.write(noise(64, 48), index / 10)
    assert read_video(tmp_path / "out.mp4")[0] == pytest.approx([0, 0.1, 0.2], abs=0.001)


@pytest.mark.parametrize("size", [(1, 1), (2, 2), (65, 48), (64, 49), (321, 241), (1920, 1080)])
def test_odd_sizes_are_padded_not_scaled(tmp_path, size):
    width, height = size
    image = plain(width, height, (40, 90, 200))
    image[:, width // 2 :] = (200, 120, 30)
    with VideoWriter(tmp_path / "out.mp4", width, height, 25) as writer:
        writer.write(image, 0)
    picture = read_video(tmp_path / "out.mp4")[1][0]
    assert picture.shape == (height + height % 2, width + width % 2, 3)
    expected = np.pad(image, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge").astype(int)
    away_from_edge = np.abs(np.arange(picture.shape[1]) - width // 2) > 3
    assert np.abs(picture - expected)[:, away_from_edge].max(initial=0) <= 8


@pytest.mark.parametrize("bgr", [(0, 0, 255), (0, 255, 0), (255, 0, 0), (255, 255, 255), (0, 0, 0), (90, 140, 200)])
def test_colours_are_preserved(tmp_path, bgr):
    with VideoWriter(tmp_path / "out.mp4", 64, 48, 25) as writer:
        writer.write(plain(64, 48, bgr), 0)
    assert read_video(tmp_path / "out.mp4")[1][0].mean(axis=(0, 1)) == pytest.approx(bgr, abs=6)


def test_content_and_order_are_preserved(tmp_path):
    levels = [0, 60, 120, 180, 240]
    with VideoWriter(tmp_path / "out.mp4", 64, 48, 25) as writer:
        for index, level in enumerate(levels):
            writer.write(plain(64, 48, level), index / 25)
    assert [picture.mean() for picture in read_video(tmp_path / "out.mp4")[1]] == pytest.approx(levels, abs=4)


@pytest.mark.parametrize(
    ("size", "bars"),
    [
        ((128, 96), None),
        ((32, 24), None),
        ((96, 24), (np.s_[:14], np.s_[34:])),
        ((48, 96), (np.s_[:, :18], np.s_[:, 46:])),
        ((1, 1000), (np.s_[:, :30], np.s_[:, 34:])),
    ],
)
def test_other_sizes_are_letterboxed(tmp_path, size, bars):
    with VideoWriter(tmp_path / "out.mp4", 64, 48, 25) as writer:
        writer.write(plain(64, 48, 200), 0)
        writer.write(plain(*size, 200), 0.04)
    picture = read_video(tmp_path / "out.mp4")[1][1]
    assert picture.shape == (48, 64, 3)
    assert picture[24, 30:34].max(axis=0) == pytest.approx([200] * 3, abs=30)
    if bars is None:
        assert picture.min() > 190
    else:
        assert max(picture[bar].max() for bar in bars) < 30


@pytest.mark.parametrize("name", ["out.mp4", "out.mkv"])
def test_without_frames_there_is_no_file(tmp_path, name):
    with VideoWriter(tmp_path / name, 64, 48, 25):
        pass
    with pytest.raises(KeyboardInterrupt), VideoWriter(tmp_path / name, 64, 48, 25):
        raise KeyboardInterrupt
    assert names_in(tmp_path) == []


@pytest.mark.parametrize("name", ["out.avi", "out", "out.mp4.txt"])
def test_other_suffixes_are_refused(tmp_path, name):
    for attempt in (lambda path: VideoWriter(path, 64, 48, 25), check_video_path):
        with pytest.raises(OutputError) as error:
            attempt(tmp_path / name)
        assert_one_sentence(error, tmp_path / name, ".mp4", ".mkv")
    assert names_in(tmp_path) == []


def test_check_video_path_leaves_nothing(tmp_path):
    check_video_path(tmp_path / "out.mp4")
    assert names_in(tmp_path) == []


# JSON lines


def test_json_lines_equal_the_results(tmp_path):
    results = [
        make_result([make_face(), make_face(50, None, "unsure")]),
        make_result(source="서울 \N{EN DASH} café.mp4"),
    ]
    path = tmp_path / "결과.jsonl"
    with JsonLinesWriter(path) as writer:
        for result in results:
            writer.write(result)
    data = path.read_bytes()
    assert data.endswith(b"}\n") and b": " not in data and "서울 \N{EN DASH} café".encode() in data
    assert [json.loads(line) for line in data.decode().splitlines()] == [result.as_dict() for result in results]


def test_names_that_are_not_unicode_are_preserved(tmp_path):
    source = os.fsdecode(b"caf\xe9.mp4") if sys.platform != "win32" else "caf\udce9.mp4"
    with JsonLinesWriter(tmp_path / "out.jsonl") as lines, CsvWriter(tmp_path / "out.csv") as rows:
        lines.write(make_result([make_face()], source))
        rows.write(make_result([make_face()], source))
    assert json.loads((tmp_path / "out.jsonl").read_text("utf-8"))["source"] == source
    assert "caf" in (tmp_path / "out.csv").read_text("utf-8")


def test_dash_is_standard_output(tmp_path, monkeypatch, capfdbinary):
    monkeypatch.chdir(tmp_path)
    with JsonLinesWriter("-") as writer:
        writer.write(make_result([make_face()], "서울.mp4"))
        first = capfdbinary.readouterr().out  # it is flushed at once
        writer.write(make_result())
    assert json.loads(first)["source"] == "서울.mp4"
    assert json.loads(capfdbinary.readouterr().out) == make_result().as_dict()
    assert names_in(tmp_path) == []


def test_a_reader_that_stops_early_gives_one_sentence():
    program = """
import sys
from agecam.errors import OutputError
from agecam.outputs import JsonLinesWriter
from agecam.types import FrameResult
try:
    with JsonLinesWriter("-") as writer:
        for index in range(200_000):
            writer.write(FrameResult("clip.mp4", index, 0.0, 1, 1, ()))
except OutputError as error:
    sys.exit(str(error))
"""
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stderr is not None
        assert json.loads(process.stdout.readline())["frame"] == 0
        process.stdout.close()
        message = process.stderr.read().decode().strip()
    assert process.returncode == 1
    assert message.startswith("Cannot write standard output: ") and "\n" not in message


# CSV


def test_csv_has_one_row_per_face(tmp_path):
    path = tmp_path / "out.csv"
    with CsvWriter(path) as writer:
        writer.write(make_result([make_face(), make_face(50, None, "unsure")], 'a "b", c\nd.mp4'))
        writer.write(make_result())
    assert path.read_bytes().startswith(codecs.BOM_UTF8)  # spreadsheets need it
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == [
        *("source", "frame", "time_s", "width", "height", "model"),
        *("track", "x", "y", "w", "h", "score"),
        *("left_eye_x", "left_eye_y", "right_eye_x", "right_eye_y", "nose_x", "nose_y"),
        *("mouth_left_x", "mouth_left_y", "mouth_right_x", "mouth_right_y"),
        *("age", "age_low", "age_high", "gender", "gender_probability"),
    ]
    first, second = rows
    assert first["source"] == 'a "b", c\nd.mp4'
    assert {key: value for key, value in first.items() if key not in ("source", "gender")} == {
        **{"frame": "41", "time_s": "1.367", "width": "1280", "height": "720", "model": "compact", "track": "3"},
        **{"x": "10.0", "y": "20.0", "w": "30.0", "h": "40.0", "score": "0.998"},
        **{"left_eye_x": "1.0", "left_eye_y": "2.0", "right_eye_x": "3.0", "right_eye_y": "4.0"},
        **{"nose_x": "5.0", "nose_y": "6.0", "mouth_left_x": "7.0", "mouth_left_y": "8.0"},
        **{"mouth_right_x": "9.3", "mouth_right_y": "10.0"},
        **{"age": "34.2", "age_low": "29.0", "age_high": "40.0", "gender_probability": "0.97"},
    }
    assert (first["gender"], second["gender"]) == ("female", "unsure")
    assert (second["track"], second["x"]) == ("", "50.0")


def test_csv_without_faces_has_only_a_header(tmp_path):
    with CsvWriter(tmp_path / "out.csv") as writer:
        writer.write(make_result())
    assert (tmp_path / "out.csv").read_text("utf-8").count("\n") == 1


@pytest.mark.parametrize("source", ["=1+1.mp4", "+1", "-2", "@sum", "\t=1", "\r=1"])
def test_csv_contains_no_formula(tmp_path, source):
    with CsvWriter(tmp_path / "out.csv") as writer:
        writer.write(make_result([make_face()], source))
    text = (tmp_path / "out.csv").read_bytes().decode("utf-8-sig")
    (row,) = csv.DictReader(io.StringIO(text, newline=""))
    assert row["source"] == f"'{source}"


# Still pictures


@pytest.mark.parametrize("size", [(1, 1), (37, 21), (640, 480)])
def test_png_is_lossless(tmp_path, size):
    image = noise(*size)
    path = StillWriter(tmp_path / "새 폴더").write(image, "얼굴")
    assert path == tmp_path / "새 폴더" / "얼굴.png"
    assert np.array_equal(cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_COLOR), image)


@pytest.mark.parametrize("suffix", [".jpg", ".jpeg", ".JPG"])
def test_jpeg_is_similar(tmp_path, suffix):
    image = cv2.GaussianBlur(noise(64, 48), (0, 0), 8)
    path = StillWriter(tmp_path, suffix).write(image, "face")
    assert path.read_bytes().startswith(b"\xff\xd8")
    assert np.abs(cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_COLOR).astype(int) - image).max() < 12


def test_nothing_is_overwritten(tmp_path):
    (tmp_path / "face.png").write_bytes(b"earlier")
    (tmp_path / "face-3.png").mkdir()
    writer = StillWriter(tmp_path)
    names = [writer.write(noise(8, 8, seed), "face").name for seed in range(3)]
    assert names == ["face-2.png", "face-4.png", "face-5.png"]
    assert (tmp_path / "face.png").read_bytes() == b"earlier"
    for seed, name in enumerate(names):
        assert np.array_equal(cv2.imread(str(tmp_path / name)), noise(8, 8, seed))
    assert names_in(tmp_path) == sorted(["face.png", "face-3.png", *names])


@pytest.mark.parametrize(
    ("stem", "name"),
    [
        ("clip.mp4-000041", "clip.mp4-000041.png"),
        ("../../etc/passwd", "etc_passwd.png"),
        ("/abs/olute", "abs_olute.png"),
        ("C:\\Users\\me", "C_Users_me.png"),
        ("rtsp://host:554/live?a=b&c", "rtsp_host_554_live_a_b_c.png"),
        ('a<b>c:"d"|e?f*g', "a_b_c_d_e_f_g.png"),
        ("line\nbreak\0nul", "line_break_nul.png"),
        ("...", "picture.png"),
        ("", "picture.png"),
        (" face. ", "face.png"),
        ("-rf", "rf.png"),
        ("con", "_con.png"),
        ("NUL.txt", "_NUL.txt.png"),
        ("Com1", "_Com1.png"),
        ("lpt¹", "_lpt¹.png"),
        ("console", "console.png"),
        ("नमस्ते สวัสดี", "नमस्ते_สวัสดี.png"),
        ("caf\udce9", "caf.png"),
    ],
)
def test_names_are_made_safe(tmp_path, stem, name):
    folder = tmp_path / "folder"
    path = StillWriter(folder).write(noise(4, 4), stem)
    assert path == folder / name
    assert names_in(folder) == [name] and names_in(tmp_path) == ["folder"]


@pytest.mark.parametrize("letter", ["x", "가", "é", "😀", unicodedata.normalize("NFD", "각")])
def test_long_names_are_truncated(tmp_path, letter):
    writer = StillWriter(tmp_path)
    paths = {writer.write(noise(4, 4), letter * 1000) for _ in range(2)}
    assert len(paths) == 2 and all(path.stat().st_size and len(os.fsencode(path.name)) < 200 for path in paths)


def test_the_folder_of_stills_is_checked_at_opening(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    for folder in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(OutputError) as error:
            StillWriter(folder)
        assert_one_sentence(error, folder)
    with pytest.raises(OutputError) as error:
        StillWriter(tmp_path, ".gif")
    assert_one_sentence(error, ".gif", ".png")
    StillWriter(tmp_path / "new")
    assert names_in(tmp_path) == ["file", "new"] and names_in(tmp_path / "new") == []


def test_a_still_on_a_full_disk_leaves_nothing(tmp_path):
    resource = pytest.importorskip("resource")
    writer = StillWriter(tmp_path)
    usual = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, usual[1]))
    try:
        with pytest.raises(OutputError) as error:
            writer.write(noise(64, 64), "face")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, usual)
    assert_one_sentence(error, tmp_path / "face.png")
    assert names_in(tmp_path) == []
