"""The source menu: cameras and their resolutions, files, folders, stream addresses and recent sources."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtGui import QActionGroup
from PySide6.QtWidgets import QFileDialog, QInputDialog, QMenu, QWidget

from agecam.runtime.settings import Settings
from agecam.sources import CameraInfo, CameraMode
from agecam.sources.spec import camera_number, camera_spec
from agecam.ui.actions import Actions
from agecam.ui.messages import Text

_MEDIA = (
    "*.mp4 *.mkv *.mov *.avi *.webm *.m4v *.ts *.mts *.gif *.apng *.jpg *.jpeg *.png *.bmp *.tif *.tiff *.webp *.heic "
    "*.heif *.hif *.avif *.jxl *.jp2 *.qoi *.tga *.pcx *.ico *.psd *.exr *.hdr"
)
ListModes = Callable[[CameraInfo], list[CameraMode]]
"""Lists the modes of a camera."""


class SourceMenu(QMenu):
    """Menu for choosing a source."""

    chosen = Signal(str)
    """Spec of the chosen source, as on the command line."""
    several_chosen = Signal(list)
    """Paths of several chosen files."""
    mode_chosen = Signal()
    """Another camera resolution or rate was chosen and stored in the settings."""

    def __init__(self, actions: Actions, settings: Callable[[], Settings], modes: ListModes, parent: QWidget) -> None:
        super().__init__(Text.MENU_SOURCE(), parent)
        self._window = parent
        self._settings = settings
        self._list_modes = modes
        self._connected: list[CameraInfo] = []
        self._camera: CameraInfo | None = None
        self.cameras = self.addMenu(Text.CAMERAS())
        self.modes = self.addMenu(Text.CAMERA_SIZE())
        self.modes.aboutToShow.connect(self._show_modes)
        self.addActions([actions.open_file, actions.open_folder, actions.open_address, actions.open_demo])
        self.recent = self.addMenu(Text.RECENT())
        self.recent.setToolTipsVisible(True)
        self.addAction(actions.close_source)
        self.addSeparator()
        self.addActions([actions.settings, actions.quit])
        for action, handler in (
            (actions.open_file, self._choose_file),
            (actions.open_folder, self._choose_folder),
            (actions.open_address, self._choose_address),
            (actions.open_demo, lambda: self.chosen.emit("demo")),
        ):
            action.triggered.connect(lambda _=False, handler=handler: handler())
        self.show_cameras([])
        self._show_modes()
        self.show_recent()

    def show_cameras(self, cameras: list[CameraInfo]) -> None:
        """List the connected cameras."""
        self._connected = cameras
        self.cameras.clear()
        for camera in cameras:
            action = self.cameras.addAction(camera.name.replace("&", "&&"))
            action.triggered.connect(lambda _=False, index=camera.index: self.chosen.emit(camera_spec(index)))
        if not cameras:
            self.cameras.addAction(Text.NO_CAMERA()).setEnabled(False)

    def offer_cameras(self, button: QWidget) -> None:
        """Open the only camera, or offer all at a button."""
        if len(self._connected) == 1:
            self.chosen.emit(camera_spec(self._connected[0].index))
        else:
            self.cameras.popup(button.mapToGlobal(button.rect().topLeft()))

    def show_opened(self, spec: str | None) -> None:
        """Offer the resolutions of the camera `spec`; if it names no camera, those of the first camera."""
        number = camera_number(spec) if spec is not None else None
        self._camera = next((camera for camera in self._connected if camera.index == number), None)

    def show_recent(self) -> None:
        """List the recent sources from the settings."""
        self.recent.clear()
        recent = self._settings().recent
        self.recent.setEnabled(bool(recent))
        for spec in recent:
            name = spec if "://" in spec else Path(spec).name
            action = self.recent.addAction(name.replace("&", "&&"))
            action.setToolTip(spec)
            action.triggered.connect(lambda _=False, spec=spec: self.chosen.emit(spec))
        self.recent.addSeparator()
        self.recent.addAction(Text.CLEAR_RECENT()).triggered.connect(self._clear_recent)

    def _clear_recent(self) -> None:
        self._settings().recent = []
        self.show_recent()

    def _show_modes(self) -> None:
        self.modes.clear()
        group = QActionGroup(self.modes)
        current = self._settings().camera_mode
        camera = self._camera or next(iter(self._connected), None)
        for mode in (None, *(self._list_modes(camera) if camera is not None else [])):
            action = self.modes.addAction(_mode_text(mode))
            action.setCheckable(True)
            action.setChecked(mode == current)
            action.triggered.connect(lambda _=False, mode=mode: self._choose_mode(mode))
            group.addAction(action)

    def _choose_mode(self, mode: CameraMode | None) -> None:
        self._settings().camera_mode = mode
        self.mode_chosen.emit()

    def _choose_file(self) -> None:
        kinds = f"{Text.MEDIA_FILES()} ({_MEDIA});;{Text.ALL_FILES()} (*)"
        paths, _ = QFileDialog.getOpenFileNames(self._window, Text.OPEN_FILE.plain(), self._last_folder(), kinds)
        if len(paths) == 1:
            self.chosen.emit(paths[0])
        elif paths:
            self.several_chosen.emit(paths)

    def _choose_folder(self) -> None:
        title = Text.OPEN_FOLDER.plain()
        if path := QFileDialog.getExistingDirectory(self._window, title, self._last_folder()):
            self.chosen.emit(path)

    def _choose_address(self) -> None:
        address, accepted = QInputDialog.getText(self._window, Text.OPEN_ADDRESS.plain(), Text.ADDRESS())
        if accepted and address.strip():
            self.chosen.emit(address.strip())

    def _last_folder(self) -> str:
        files = (Path(spec) for spec in self._settings().recent if "://" not in spec)
        return next((str(path.parent) for path in files if path.is_absolute()), "")


def _mode_text(mode: CameraMode | None) -> str:
    if mode is None:
        return Text.CAMERA_SIZE_DEFAULT()
    size = f"{mode.width} \N{MULTIPLICATION SIGN} {mode.height}"
    return f"{size}, {mode.fps} / s" if mode.fps else size
