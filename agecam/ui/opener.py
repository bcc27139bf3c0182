"""Opening and closing sources: which one is open, which camera was asked for what, and what waits for a camera."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace

from PySide6.QtCore import QObject, Signal

from agecam.live import LiveSession, View
from agecam.runtime.settings import Settings
from agecam.sources import CameraInfo, CameraMode, FrameSource, redact
from agecam.ui.messages import Text
from agecam.ui.permission import ask_for_camera
from agecam.ui.source_menu import SourceMenu
from agecam.ui.transport import Transport
from agecam.ui.video_view import Toast
from agecam.ui.watch import CameraWatch

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class OpenedSource:
    """What a person opened."""

    spec: str
    name: str
    is_live: bool
    is_camera: bool


Recognise = Callable[[str], OpenedSource]
"""What stands behind the words for a source, without opening it."""
OpenSpec = Callable[[str, Settings], FrameSource]
"""Opens it, on the capture thread; raises SourceError."""


class Opener(QObject):
    """Has one source open at a time, or none."""

    changed = Signal()
    """Another source, which has no picture yet, or none."""

    def __init__(
        self,
        open_spec: OpenSpec,
        recognise: Recognise,
        session: LiveSession,
        transport: Transport,
        menu: SourceMenu,
        cameras: CameraWatch,
        toast: Toast,
        settings: Callable[[], Settings],
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._open_spec, self._recognise = open_spec, recognise
        self._session, self._transport, self._menu = session, transport, menu
        self._cameras, self._toast, self._settings = cameras, toast, settings
        self.opened: OpenedSource | None = None
        self._wanted: CameraMode | None = None
        self._waits_for_camera = False
        cameras.changed.connect(self._show_cameras)
        menu.mode_chosen.connect(self._use_camera_mode)

    @property
    def name(self) -> str | None:
        """What a person would call it."""
        return self.opened.name if self.opened is not None else None

    @property
    def is_camera(self) -> bool:
        """Only cameras are mirrored."""
        return self.opened is not None and self.opened.is_camera

    @property
    def is_file(self) -> bool:
        """Only files can be paused, stepped and sought."""
        return self.opened is not None and not self.opened.is_live

    def open(self, spec: str, remember: bool = True) -> None:
        """Open what a person names; what is wrong with it is the session's to tell."""
        opened, settings = self._recognise(spec), self._settings()
        self._waits_for_camera = False
        # Nobody wants to see a video for the first time without its labels; the demo is there to move.
        waits = not opened.is_live and spec != "demo" and self._session.loading
        self._transport.wait_for_networks(waits)
        self._wanted = settings.camera_mode if opened.is_camera else None
        self.opened = opened
        self.changed.emit()
        if opened.is_camera:
            ask_for_camera(lambda: self._toast.tell(Text.CAMERA_DENIED()))
        as_now = replace(settings)
        self._session.open(
            lambda: self._open_spec(spec, as_now),
            opened.is_live,
            settings.loop or spec == "demo",
            self._transport.speed,
            hold=waits,
        )
        if remember and not opened.is_camera and spec != "demo":
            settings.remember(redact(spec) if "://" in spec else spec)
            self._menu.show_recent()
        self._menu.show_opened(spec)
        log.info("opening %s", opened.name)

    def open_first(self) -> None:
        """The first camera; without one, the demo, until a camera comes."""
        known = self._cameras.now()
        self.open(str(known[0].index) if known else "demo", remember=False)
        if not known:
            self._toast.tell(Text.IS_DEMO())
            self._waits_for_camera = True

    def close(self) -> None:
        """Let go of it."""
        self._session.close_source()
        self.opened = None
        self.changed.emit()

    def check_size(self, view: View) -> None:
        """Say once if a camera gives another resolution than it was asked for."""
        wanted, self._wanted = self._wanted, None
        height, width = view.frame.image_bgr.shape[:2]
        if wanted is not None and (wanted.width, wanted.height) != (width, height):
            self._toast.tell(Text.CAMERA_SIZE_GIVEN(width=width, height=height))

    def _use_camera_mode(self) -> None:
        if self.opened is not None and self.opened.is_camera:
            self.open(self.opened.spec, remember=False)

    def _show_cameras(self, cameras: list[CameraInfo]) -> None:
        self._menu.show_cameras(cameras)
        if cameras and self._waits_for_camera:
            first = cameras[0]
            self._toast.tell(Text.CAMERA_CAME(name=first.name), Text.USE_CAMERA(), lambda: self.open(str(first.index)))
