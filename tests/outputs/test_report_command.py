"""`agecam analyze --report`: from real pictures and videos to a page and a PDF."""

import base64
import os
import re
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from fixture_types import WriteVideo
from models import is_one_sentence

from agecam.cli import main
from agecam.outputs.report.pictures import Pictures
from agecam.types import Image

SHA256 = re.compile(r"[0-9a-f]{64}")


def texts_of(path: Path) -> str:
    """The page without its pictures and style."""
    page = path.read_text(encoding="utf-8")
    page = re.sub(r"<style>.*?</style>|data:image/jpeg;base64,[\w+/=]+", "", page, flags=re.DOTALL)
    return re.sub(r"<[^>]+>", "\n", page)


def pictures_of(path: Path) -> list[Image]:
    data = re.findall(r"data:image/jpeg;base64,([\w+/=]+)", path.read_text(encoding="utf-8"))
    return [cv2.imdecode(np.frombuffer(base64.b64decode(each), np.uint8), cv2.IMREAD_COLOR) for each in data]


def detail(image: Image) -> float:
    return float(np.asarray(cv2.Laplacian(image, cv2.CV_64F)).std())


@pytest.fixture
def folder(tmp_path: Path, astronaut_bgr: Image, hopper_bgr: Image) -> Path:
    folder = tmp_path / "photos & more"
    folder.mkdir()
    cv2.imwrite(str(folder / "a.png"), astronaut_bgr)
    cv2.imwrite(str(folder / "<b>.png"), hopper_bgr)
    cv2.imwrite(str(folder / "nobody.png"), np.full((200, 300, 3), 90, np.uint8))
    return folder


def test_a_folder_becomes_a_page_with_its_pictures_and_faces(folder: Path, tmp_path: Path) -> None:
    out, csv = tmp_path / "report.html", tmp_path / "results.csv"
    assert main(["analyze", str(folder), "--report", str(out), "--csv", str(csv), "--quiet"]) == 0
    text = texts_of(out)
    assert "photos &amp; more/&lt;b&gt;.png" in text
    assert text.count("Face 1") == 2
    assert text.count("No face was found.") == 1
    assert "compact" in text and SHA256.search(text)
    assert "not how old the person is" in text
    ages = [round(float(row.split(",")[-5])) for row in csv.read_text("utf-8-sig").splitlines()[1:]]
    assert len(ages) == 2
    assert f"{min(ages)} to {max(ages)}" in text
    for age in ages:
        assert f"\n{age} \n" in text


def test_a_video_becomes_people_over_time(
    tmp_path: Path, astronaut_bgr: Image, write_video: WriteVideo, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_video("clip.mp4", [np.roll(astronaut_bgr, 2 * shift, axis=1) for shift in range(30)], fps=10)
    out = tmp_path / "report.html"
    out.write_text("an earlier one")
    assert main(["analyze", str(path), "--report", str(out), "--hide-gender"]) == 0
    assert "This replaced an earlier file" in capsys.readouterr().out
    text, page = texts_of(out), out.read_text(encoding="utf-8")
    assert text.count("Person 1\n") >= 2  # a card and a lane
    assert "Person 2" not in text
    assert "3.0 s" in text  # the duration
    assert "<polyline" in page
    assert "female" not in text


def test_faces_are_blurred_if_asked_for(folder: Path, tmp_path: Path) -> None:
    pages, portraits = [], []
    for options in ([], ["--blur-faces"]):
        out = tmp_path / f"report{len(options)}.html"
        assert main(["analyze", str(folder / "a.png"), "--report", str(out), "--quiet", *options]) == 0
        pages.append(out.read_text(encoding="utf-8"))
        portraits.append(pictures_of(out)[1])
    assert "Faces are blurred" not in pages[0]
    assert "Faces are blurred" in pages[1]
    assert detail(portraits[1]) < 0.2 * detail(portraits[0])


def test_a_report_that_fails_leaves_other_outputs_alone(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(Pictures, "content", fail)
    out, csv = tmp_path / "report.html", tmp_path / "results.csv"
    out.write_text("an earlier one")
    assert main(["analyze", str(folder), "--report", str(out), "--csv", str(csv)]) == 1
    assert len(csv.read_text("utf-8-sig").splitlines()) == 3
    assert out.read_text() == "an earlier one"
    assert "not enough memory" in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["photos & more", "report.html", "results.csv"]


@pytest.mark.parametrize(
    ("target", "words"),
    [("report.txt", ".html or .pdf"), ("photos & more/a.png", ".html or .pdf"), ("other.html", "used for two outputs")],
)
def test_invalid_arguments_are_reported_before_any_work(
    target: str, words: str, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(tmp_path.rglob("*"))
    other = ["--csv", str(tmp_path / "other.html")] if target == "other.html" else []
    assert main(["analyze", str(folder / "<b>.png"), "--report", str(tmp_path / target), *other]) != 0
    message = capsys.readouterr().err.strip()
    assert is_one_sentence(message.removeprefix("agecam: "))
    assert words in message
    assert sorted(tmp_path.rglob("*")) == before


def test_a_pdf_needs_no_display(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "report.pdf"
    environment = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
    command = [sys.executable, "-m", "agecam", "analyze", str(folder), "--report", str(out), "--quiet"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert out.read_bytes().startswith(b"%PDF-")
    assert b"%%EOF" in out.read_bytes()[-32:]


def test_without_qt_a_pdf_is_refused_and_a_page_is_not(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in [name for name in sys.modules if name.startswith("agecam.ui.system.pdf")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "PySide6.QtSvg", None)
    assert main(["analyze", str(folder / "a.png"), "--report", str(tmp_path / "report.pdf")]) != 0
    message = capsys.readouterr().err.strip()
    assert is_one_sentence(message.removeprefix("agecam: "))
    assert "choose a name ending in .html" in message
    assert main(["analyze", str(folder / "a.png"), "--report", str(tmp_path / "report.html"), "--quiet"]) == 0
