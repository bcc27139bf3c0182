"""A large picture needs little more memory than itself."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="peak memory is read from /proc")

ANALYSE = """
import sys
import numpy as np
from pathlib import Path
from agecam.engine.engine import build_engine
from agecam.engine.options import EngineOptions
from agecam.sources.demo import portraits
from agecam.types import Frame

def peak_mib():
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024

side, zoom, turns = (int(argument) for argument in sys.argv[1:])
engine = build_engine(EngineOptions(device="cpu"))
portrait = np.rot90(portraits()[0], turns)
engine.step(Frame(np.ascontiguousarray(portrait), 0, 0.0, "portrait", still=True))
picture = np.zeros((side, side, 3), np.uint8)
for row in range(512):  # each pixel as a square, without a second picture
    picture[zoom * row : zoom * (row + 1), : 512 * zoom] = portrait[row].repeat(zoom, axis=0)
before = peak_mib()
(face,) = engine.step(Frame(picture, 0, 0.0, "large", still=True)).faces
assert face.box[2] > 70 * zoom
print(peak_mib() - before)
"""


@pytest.mark.parametrize(
    ("side", "zoom", "turns", "limit_mib"),
    [
        pytest.param(8000, 15, 0, 400, id="64-megapixels"),
        pytest.param(17_320, 33, 0, 600, id="300-megapixels"),
        pytest.param(17_320, 33, 1, 900, id="300-megapixels-on-its-side"),
    ],
)
def test_a_large_picture_needs_little_more_memory_than_itself(
    side: int, zoom: int, turns: int, limit_mib: float
) -> None:
    command = [sys.executable, "-c", ANALYSE, str(side), str(zoom), str(turns)]
    done = subprocess.run(
        command, cwd=Path(__file__).parents[2], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < limit_mib
