"""Writing a large picture needs little more memory than itself."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="peak memory is read from /proc")

PEAK = """
import sys
from pathlib import Path
import numpy as np
from agecam.outputs import StillWriter

def peak_mib():
    return int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0]) / 1024
"""

WRITE = f"""{PEAK}
folder, suffix, text = sys.argv[1:]
picture = np.full((8000, 8000, 3), 90, np.uint8)
writer, texts = StillWriter(folder, suffix), {{"key": text}} if text else None
writer.write(picture[:10], "small", texts)
before = peak_mib()
writer.write(picture, "large", texts)
print(peak_mib() - before)
"""

ANALYSE_AND_WRITE = f"""{PEAK}
from agecam import Analyzer
from agecam.overlay import annotate
from agecam.sources.demo import portraits

portrait = portraits()[0]
picture = np.zeros((15_000, 20_000, 3), np.uint8)
for row in range(512):  # each pixel as a square, without a second picture
    picture[29 * row : 29 * (row + 1), : 512 * 29] = portrait[row].repeat(29, axis=0)
faces = Analyzer(device="cpu").analyze(picture)
assert max(face.box[2] for face in faces) > 2000
StillWriter(sys.argv[1], ".jpg").write(annotate(picture, faces), "large")
print(peak_mib())
"""


def run(script: str, *arguments: str) -> float:
    command = [sys.executable, "-c", script, *arguments]
    done = subprocess.run(
        command, cwd=Path(__file__).parents[2], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    return float(done.stdout)


@pytest.mark.parametrize(("suffix", "text"), [(".jpg", ""), (".png", ""), (".png", "embedded")])
def test_a_picture_is_not_copied_to_be_written(tmp_path: Path, suffix: str, text: str) -> None:
    assert run(WRITE, str(tmp_path), suffix, text) < 40  # MiB; the picture has 183


def test_300_megapixels_are_analysed_annotated_and_written_within_2_5_gib(tmp_path: Path) -> None:
    assert run(ANALYSE_AND_WRITE, str(tmp_path)) < 2560
