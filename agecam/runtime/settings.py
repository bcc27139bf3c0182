"""Settings that AgeCam keeps between runs: one versioned dataclass and its file."""

import dataclasses
import json
import typing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from platformdirs import user_config_path, user_pictures_path

from agecam.errors import AgeCamError
from agecam.runtime.files import PartFile
from agecam.types import CameraMode

VERSION = 1
MAX_RECENT = 10
_MAX_FILE_BYTES = 1 << 20
_FORMER_DEFAULT_PX = 60

Theme = Literal["system", "light", "dark"]
DeviceName = Literal["auto", "cpu", "gpu"]


@dataclass(slots=True)
class Settings:
    """All user settings with their defaults."""

    version: int = VERSION
    # the window
    geometry: str = ""
    """As saved by Qt, in base64."""
    layout: str = ""
    theme: Theme = "system"
    show_panel: bool = True
    show_timeline: bool = True
    show_hud: bool = False
    welcomed: bool = False
    """Whether the choices of the first start have been shown."""
    # the source
    recent: list[str] = field(default_factory=list)
    """Newest first. Stream addresses are stored without password."""
    camera_width: int = 0
    """0 for the camera's default."""
    camera_height: int = 0
    camera_fps: int = 0
    loop: bool = False
    mute: bool = False
    # the picture
    show_box: bool = True
    show_age: bool = True
    show_interval: bool = True
    show_gender: bool = True
    show_probability: bool = True
    show_track: bool = True
    blur_faces: bool = False
    mirror_camera: bool = True
    label_px: int = 0
    """Font size of labels in the window, in device-independent pixels; 0 for the default."""
    # the networks
    model: str = "compact"
    device: DeviceName = "auto"
    spare_battery: bool = True
    """Whether only half of the frames are analysed on battery."""
    smallest_face_px: int = 0
    """0 for the default, which differs between pictures and videos. Until version 0.1 the key was `min_face_px`."""
    # what is saved
    folder: str = ""
    """Empty for `AgeCam` in the user's pictures folder."""
    save_mirrored: bool = False
    save_clean: bool = False
    save_blurred: bool = False
    asked_to_blur: bool = False
    """Whether the user has been asked if faces are to be blurred in recordings."""
    save_json: bool = False
    booth_grid: bool = False
    """Whether the pictures of the photo booth are saved in two columns, not as a strip."""

    @property
    def camera_mode(self) -> CameraMode | None:
        """Requested camera mode; None for the camera's default."""
        if not self.camera_width or not self.camera_height:
            return None
        return CameraMode(self.camera_width, self.camera_height, self.camera_fps)

    @camera_mode.setter
    def camera_mode(self, mode: CameraMode | None) -> None:
        mode = mode or CameraMode(0, 0)
        self.camera_width, self.camera_height, self.camera_fps = mode.width, mode.height, mode.fps

    @property
    def saving_folder(self) -> Path:
        """Where screenshots and recordings are saved."""
        return Path(self.folder) if self.folder else user_pictures_path() / "AgeCam"

    def remember(self, spec: str) -> None:
        """Put a source at the top of the recent list."""
        self.recent = [spec, *(other for other in self.recent if other != spec)][:MAX_RECENT]


def default_path() -> Path:
    """Path of the settings file on this platform."""
    return user_config_path("AgeCam", appauthor=False) / "settings.json"


def load_settings(path: Path) -> tuple[Settings, AgeCamError | None]:
    """Read settings from a file. Missing and invalid values get their defaults.

    From a file of a later version, the values known to this version are used.

    Returns:
        The settings, and an error if the file could not be used.
    """
    try:
        if not path.exists():
            return Settings(), None
        if path.stat().st_size > _MAX_FILE_BYTES:
            raise ValueError("it is too large")
        content = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(content, dict):
            raise ValueError("it is not a JSON object")
    except (OSError, ValueError, RecursionError) as error:
        reason = getattr(error, "strerror", None) or error
        problem = AgeCamError(
            "The settings in {path} cannot be read ({reason}): AgeCam starts with the defaults.",
            path=path,
            reason=reason,
        )
        return Settings(), problem
    if content.get("min_face_px") != _FORMER_DEFAULT_PX:  # that may never have been chosen
        content.setdefault("smallest_face_px", content.get("min_face_px", 0))
    types = typing.get_type_hints(Settings)
    valid = {name: value for name, value in content.items() if name in types and _is_valid(value, types[name])}
    return Settings(**(valid | {"version": VERSION})), None


def save_settings(settings: Settings, path: Path) -> None:
    """Write settings atomically: the file is either old or new, never partial. Raises OutputError."""
    file = PartFile(path)
    try:
        # ASCII, because file names that are not valid text contain lone surrogates, which UTF-8 cannot encode.
        file.write((json.dumps(dataclasses.asdict(settings), indent=1) + "\n").encode("ascii"))
        file.commit()
    finally:
        file.discard()


def _is_valid(value: Any, kind: Any) -> bool:
    if typing.get_origin(kind) is Literal:
        return value in typing.get_args(kind)
    if typing.get_origin(kind) is list:
        return isinstance(value, list) and all(isinstance(item, str) for item in value) and len(value) <= MAX_RECENT
    if kind is int:
        return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 100_000
    return isinstance(value, kind)
