"""Environment markers: every system installs the packages that exist for it, and something that runs the networks."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement

tomllib = pytest.importorskip("tomllib", reason="since Python 3.11")

SYSTEMS = {
    "Linux": ("linux", "x86_64"),
    "Linux on ARM": ("linux", "aarch64"),
    "Windows": ("win32", "AMD64"),
    "Windows on ARM": ("win32", "ARM64"),
    "Mac": ("darwin", "arm64"),
    "Intel Mac": ("darwin", "x86_64"),
}
WITHOUT_PACKAGE = {"tensorflow": {"Intel Mac", "Windows on ARM"}, "openvino": {"Windows on ARM"}}


def installed_on(system: str) -> set[str]:
    """The packages that the project's file requires on a system."""
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    sys_platform, machine = SYSTEMS[system]
    own: Mapping[str, str] = {key: str(value) for key, value in default_environment().items()}
    environment = {**own, "sys_platform": sys_platform, "platform_machine": machine}
    required = [Requirement(text) for text in project["dependencies"]]
    return {of.name for of in required if of.marker is None or of.marker.evaluate(environment)}


@pytest.mark.parametrize("system", SYSTEMS)
def test_every_system_installs_the_packages_that_exist_for_it(system: str) -> None:
    packages = installed_on(system)
    for name, systems in WITHOUT_PACKAGE.items():
        assert (name in packages) == (system not in systems)
    assert ("onnxruntime" in packages) == (system == "Windows on ARM")
    assert ("pyobjc-framework-AVFoundation" in packages) == ("Mac" in system)
    assert {"numpy", "opencv-python", "PySide6", "cv2-enumerate-cameras"} <= packages


@pytest.mark.parametrize("system", SYSTEMS)
def test_every_system_has_something_that_runs_the_networks(system: str) -> None:
    assert installed_on(system) & {"openvino", "onnxruntime", "tensorflow"}
