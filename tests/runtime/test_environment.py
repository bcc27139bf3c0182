"""A program that imports AgeCam keeps its settings; AgeCam's own processes are set up before anything is imported."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from agecam.runtime.environment import restored_variables
from agecam.runtime.imports import hidden_modules

ROOT = Path(__file__).resolve().parents[2]

SETTINGS = """
import faulthandler, gc, json, locale, logging, os, signal, sys, threading, warnings
import numpy as np

def opencv():
    import cv2
    return [cv2.utils.logging.getLogLevel(), cv2.getNumThreads(), cv2.useOptimized(), cv2.ocl.useOpenCL()]

def settings():
    loggers = {None: logging.root} | logging.root.manager.loggerDict
    return {
        "environment": dict(os.environ),
        "signals": {number.name: repr(signal.getsignal(number)) for number in signal.valid_signals()
                    if isinstance(number, signal.Signals)},
        "wakeup": signal.set_wakeup_fd(-1),
        "warnings": [repr(entry) for entry in warnings.filters],
        "logging": {str(name): [of.level, of.disabled, [repr(handler) for handler in of.handlers]]
                    for name, of in loggers.items() if isinstance(of, logging.Logger)
                    and (of.level or of.disabled or of.handlers)},
        "logging off": [logging.root.manager.disable, logging.raiseExceptions, repr(logging.lastResort)],
        "hooks": [repr(hook) for hook in (sys.excepthook, sys.unraisablehook, sys.displayhook, threading.excepthook,
                                          threading.gettrace(), threading.getprofile(), sys.gettrace())],
        "threads": [threading.stack_size(), sys.getswitchinterval(), threading.active_count()],
        "recursion": sys.getrecursionlimit(),
        "garbage": [gc.isenabled(), gc.get_threshold(), gc.get_freeze_count(), [repr(call) for call in gc.callbacks]],
        "locale": locale.setlocale(locale.LC_ALL),
        "streams": [repr(stream) for stream in (sys.stdin, sys.stdout, sys.stderr)],
        "crash": faulthandler.is_enabled(),
        "numpy": [repr(np.geterr()), repr(np.get_printoptions())],
        "path": sys.path[:],
        "hidden modules": [name for name, module in sys.modules.items() if module is None],
        "directory": os.getcwd(),
        "umask": [os.umask(0o22), os.umask(0o22)][1],
    }

def changes(before, after):
    found = {name: [before[name], after[name]] for name in before if before[name] != after[name]}
    for name in ("environment", "logging"):
        if name in found:
            one, other = (set(state.items()) if name == "environment" else {(key, repr(value)) for key, value in
                          state.items()} for state in found[name])
            found[name] = sorted(one ^ other)
    return found
"""


def printed(code: str, **environment: str) -> dict[str, object]:
    """What a new process prints, as JSON, on its last line."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("QT_QPA", "OPENCV", "TF_"))}
    done = subprocess.run(
        [sys.executable, "-c", f"{SETTINGS}\n{code}"],
        cwd=ROOT,
        env=inherited | environment,
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    content = json.loads(done.stdout.splitlines()[-1])
    assert isinstance(content, dict)
    return content


def test_importing_agecam_changes_no_settings() -> None:
    code = """
before = settings()
import agecam
from agecam import Analyzer
print(json.dumps(changes(before, settings())))
"""
    assert printed(code) == {}


def test_importing_any_module_changes_no_settings() -> None:
    """Other packages may change settings when they are imported; AgeCam's modules themselves do not."""
    code = """
import ast, importlib, pkgutil
from pathlib import Path
import agecam
names = [module.name for module in pkgutil.walk_packages(agecam.__path__, "agecam.")]
names = [name for name in names if not name.endswith(("__main__", "bench.peers"))]
assert len(names) > 100
for path in Path("agecam").rglob("*.py"):
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        found = [of.name for of in node.names] if isinstance(node, ast.Import) else []
        found += [node.module] if isinstance(node, ast.ImportFrom) else []
        for name in found:
            if name.split(".")[0] not in ("agecam", "deepface", "mtcnn", "tensorflow"):
                importlib.import_module(name)
before, opencv_before = settings(), opencv()
for name in names:
    importlib.import_module(name)
print(json.dumps(changes(before, settings()) | ({} if opencv_before == opencv() else {"opencv": opencv()})))
"""
    assert printed(code) == {}


@pytest.mark.parametrize("backend", ["auto", "keras"])
def test_analysing_changes_no_settings(backend: str) -> None:
    """Except what Keras and TensorFlow change when the caller asks for them."""
    code = f"""
before = settings()
from agecam import Analyzer
picture = np.zeros((200, 200, 3), np.uint8)
assert Analyzer(device="cpu", backend={backend!r}).analyze(picture) == []
changed = changes(before, settings())
if {backend!r} == "keras":
    own = {{name for name in changed.pop("environment", [{{}}, {{}}])[1] if name not in before["environment"]}}
    changed = {{"environment": sorted(own & {{"KERAS_BACKEND", "TF_CPP_MIN_LOG_LEVEL", "TF_FORCE_GPU_ALLOW_GROWTH",
                                             "XLA_PYTHON_CLIENT_PREALLOCATE"}})}}
    changed = {{name: value for name, value in changed.items() if value}}
print(json.dumps(changed))
"""
    assert printed(code) == {}


def test_a_program_with_its_own_qt_starts_after_an_analysis() -> None:
    """OpenCV points Qt to the plugins of its own Qt when it is imported, which makes other programs with Qt abort."""
    code = """
from agecam import Analyzer
Analyzer(device="cpu")
from PySide6.QtGui import QGuiApplication
print(json.dumps({"platform": QGuiApplication([]).platformName()}))
"""
    assert printed(code, QT_QPA_PLATFORM="minimal") == {"platform": "minimal"}


def test_a_command_sets_up_its_process_before_opencv_is_imported() -> None:
    code = """
import io, contextlib
from agecam import cli
assert "cv2" not in sys.modules
with contextlib.redirect_stdout(io.StringIO()):
    assert cli.main(["--help"]) == 0
assert "cv2" not in sys.modules
print(json.dumps({"set": sorted(set(os.environ) & {"OPENCV_IO_MAX_IMAGE_PIXELS", "OPENCV_LOG_LEVEL"}),
                  "own": os.environ["TF_CPP_MIN_LOG_LEVEL"], "crash": faulthandler.is_enabled()}))
"""
    assert printed(code, TF_CPP_MIN_LOG_LEVEL="0") == {
        "set": ["OPENCV_IO_MAX_IMAGE_PIXELS", "OPENCV_LOG_LEVEL"],
        "own": "0",
        "crash": True,
    }


@pytest.mark.parametrize("system", ["win32", "linux"])
def test_only_windows_gets_the_setting_for_its_cameras(system: str) -> None:
    """OpenCV reads it once, when it is imported."""
    code = f"""
from agecam.runtime import environment
sys.platform = {system!r}
environment.prepare_environment()
print(json.dumps({{"set": [name for name in os.environ if "MSMF" in name]}}))
"""
    expected = ["OPENCV_VIDEOIO_MSMF_ENABLE_HW_TRANSFORMS"] if system == "win32" else []
    assert printed(code) == {"set": expected}


@pytest.mark.parametrize("streams", ["sys.stderr = None", "sys.stdout = sys.stderr = None"])
def test_commands_run_without_standard_streams(streams: str, tmp_path: Path) -> None:
    """As under pythonw on Windows."""
    done = tmp_path / "done"
    code = (
        f"import sys; {streams}\nfrom agecam.cli import main\n"
        "assert main(['models']) == 0\nassert main(['--help']) == 0\nassert main(['cameras']) == 0\n"
        f"assert main(['analyze', 'none.jpg']) == 1\nassert main(['models', 'add', 'none.h5']) == 1\n"
        f"from pathlib import Path; Path({str(done)!r}).touch()"
    )
    ended = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert done.exists()


def test_variables_are_restored_after_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGECAM_SET", "before")
    monkeypatch.delenv("AGECAM_UNSET", raising=False)
    with pytest.raises(ZeroDivisionError), restored_variables("AGECAM_SET", "AGECAM_UNSET"):
        os.environ["AGECAM_UNSET"] = os.environ["AGECAM_SET"] = "inside"
        raise ZeroDivisionError
    assert os.environ["AGECAM_SET"] == "before"
    assert "AGECAM_UNSET" not in os.environ


def test_hidden_modules_can_be_imported_afterwards() -> None:
    sys.modules.pop("this", None)
    with hidden_modules("this", "json"):
        assert "json" in sys.modules  # it was imported before
        with pytest.raises(ImportError):
            __import__("this")
    assert "this" not in sys.modules
