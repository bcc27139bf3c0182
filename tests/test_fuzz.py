"""A short form of the fuzz run, and everything that it ever found."""

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("resource", reason="memory is measured as Unix does")

from tests.fuzz import KEPT, KINDS, MOST_MIB, run


@pytest.mark.parametrize(
    ("kind", "cases"), [("picture", 150), ("video", 120), ("settings", 150), ("card", 60), ("weights", 15)]
)
def test_damaged_files_neither_crash_nor_hang(kind: str, cases: int) -> None:
    faults, read, _, _ = run(kind, 12345, cases, lambda: None)
    assert faults == []
    assert read >= cases * 0.8


READS = """
import sys
from pathlib import Path
from agecam.runtime.environment import prepare_environment
prepare_environment()
from tests.fuzz import peak_mib, read_again
read_again(sys.argv[1], Path(sys.argv[2]))
print(peak_mib())
"""


@pytest.mark.parametrize("path", sorted(KEPT.glob("*")), ids=lambda path: path.name)
def test_what_once_went_wrong_does_not(path: Path, tmp_path: Path) -> None:
    kind, _, _, name = path.name.split("-", 3)
    for other, content in KINDS[kind].whole():
        (tmp_path / other).write_bytes(content)
    target = tmp_path / name
    target.write_bytes(path.read_bytes())
    command = [sys.executable, "-c", READS, kind, str(target)]
    done = subprocess.run(command, cwd=KEPT.parent.parent, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < MOST_MIB
