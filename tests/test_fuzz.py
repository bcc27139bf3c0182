"""A short fuzz run, and all cases in which fuzzing found a fault."""

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("resource", reason="memory is measured with a Unix module")

from tests.fuzz import CASES_FOLDER, KINDS, MAX_MIB, run


@pytest.mark.parametrize(
    ("kind", "cases"), [("picture", 150), ("video", 120), ("settings", 150), ("card", 60), ("weights", 15)]
)
def test_damaged_files_neither_crash_nor_hang(kind: str, cases: int) -> None:
    faults, read, _, _ = run(kind, 12345, cases, lambda: None)
    assert faults == []
    assert read >= cases * 0.8


READ_CASE = """
import sys
from pathlib import Path
from agecam.runtime.environment import prepare_environment
prepare_environment()
from tests.fuzz import peak_mib, read_case
read_case(sys.argv[1], Path(sys.argv[2]))
print(peak_mib())
"""


@pytest.mark.parametrize("path", sorted(CASES_FOLDER.glob("*")), ids=lambda path: path.name)
def test_earlier_faults_stay_fixed(path: Path, tmp_path: Path) -> None:
    kind, _, _, name = path.name.split("-", 3)
    for other, content in KINDS[kind].undamaged():
        (tmp_path / other).write_bytes(content)
    target = tmp_path / name
    target.write_bytes(path.read_bytes())
    command = [sys.executable, "-c", READ_CASE, kind, str(target)]
    done = subprocess.run(command, cwd=CASES_FOLDER.parent.parent, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < MAX_MIB
