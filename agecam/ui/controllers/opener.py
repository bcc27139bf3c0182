"""Opens and closes sources; keeps track of the open source and the requested camera mode."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from agecam.live import LiveSession, View
from agecam.runtime.settings import Settings
from agecam.sources import CameraInfo, CameraMode, FrameSource, redact
from agecam.sources.playlist import Opening
from agecam.sources.spec import camera_spec, word_kind
from agecam.ui.controllers.camera_watcher import CameraWatcher
from agecam.ui.controllers.transport import Transport
from agecam.ui.messages import Text
from agecam.ui.system.permission import ask_for_camera
from agecam.ui.widgets.source_menu import SourceMenu
from agecam.ui.widgets.video_view import Toast

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class OpenedSource:
    """An opened source."""

    spec: str
    name: str
    is_live: bool
    is_camera: bool


Recognise = Callable[[str], OpenedSource]
"""Identifies the source that a spec names, without opening it."""
OpenSpec = Callable[[str, Settings], FrameSource]
"""Opens a source, on the capture thread; raises SourceError."""


class Opener(QObject):
    """Keeps at most one source open."""

    changed = Signal()
    """Another source was opened, which has no picture yet, or the source was closed."""

    def __init__(
        self,
        open_spec: OpenSpec,
        recognise: Recognise,
        session: LiveSession,
        transport: Transport,
        menu: SourceMenu,
        cameras: CameraWatcher,
        toast: Toast,
        settings: Callable[[], Settings],
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._open_spec, self._recognise = open_spec, recognise
        self._session, self._transport, self._menu = session, transport, menu
        self._cameras, self._toast, self._settings = cameras, toast, settings
        self.opened: OpenedSource | None = None
        self.opening: Opening | None = None
        """What opens the source as an entry of a list; None for a source that is in no list."""
        self._last: tuple[str, bool, Opening | None] | None = None
        """The arguments of the last `open`."""
        self._requested_mode: CameraMode | None = None
        self._waiting_for_camera = False
        cameras.changed.connect(self._show_cameras)
        menu.mode_chosen.connect(self._use_camera_mode)

    @property
    def name(self) -> str | None:
        """Name of the open source for display."""
        return self.opened.name if self.opened is not None else None

    @property
    def is_camera(self) -> bool:
        """Whether a camera is open; only cameras are mirrored."""
        return self.opened is not None and self.opened.is_camera

    @property
    def is_file(self) -> bool:
        """Whether a file is open; only files can be paused, stepped and sought."""
        info = self._session.source_state.info  # known once it is open: an address may be that of a file
        return self.opened is not None and not (self.opened.is_live if info is None else info.live)

    def open(self, spec: str, remember: bool = True, opening: Opening | None = None) -> None:
        """Open a source; the session reports any error.

        Args:
            spec: the source. With `opening`, the entry or the list that is announced; see `settle`.
            remember: add files and streams to the recent sources.
            opening: opens an entry of a list.
        """
        self._last = spec, remember, opening
        self.opening = opening
        opened, settings = self._recognise(spec), self._settings()
        self._waiting_for_camera = False
        # A video waits for the networks, so that its first frames already have labels.
        is_demo = word_kind(spec) == "demo"
        waits = not opened.is_live and (is_demo or self._session.loading)
        self._transport.wait_for_networks(waits)
        self._requested_mode = settings.camera_mode if opened.is_camera else None
        self.opened = opened
        self.changed.emit()
        if opened.is_camera:
            ask_for_camera(lambda: self._toast.show_message(Text.CAMERA_DENIED()))
        settings_copy = replace(settings)

        def open_spec(spec: str) -> FrameSource:
            return self._open_spec(spec, settings_copy)

        self._session.open(
            partial(open_spec, spec) if opening is None else partial(opening, open_spec),
            opened.is_live and (opening is None or not opening.skips),  # what cannot be opened is skipped, not retried
            settings.loop or is_demo,
            self._transport.speed,
            hold=waits,
        )
        if remember and not opened.is_camera and not is_demo:
            settings.remember(_lasting(spec))
            self._menu.show_recent()
        self._menu.show_opened(spec)
        log.info("opening %s", opened.name)

    def settle(self, spec: str) -> None:
        """Say which entry of the list is open, after others were skipped or a folder was listed."""
        if self.opened is not None and self.opened.spec != spec:
            self.opened = self._recognise(spec)
            self._menu.show_opened(spec)

    def once_more(self) -> Callable[[], FrameSource] | None:
        """A function that opens the open source a second time, on any thread; None if there is none."""
        if self.opened is None:
            return None
        return partial(self._open_spec, self.opened.spec, replace(self._settings()))

    def open_again(self) -> None:
        """Open the same source as the last time, after it failed."""
        if self._last is None:
            self.open_first()
        else:
            self.open(*self._last)

    def open_first(self) -> None:
        """Open the first camera; without one, open the demo and offer the first camera that is connected."""
        cameras = self._cameras.connected()
        self.open(camera_spec(cameras[0].index) if cameras else "demo", remember=False)
        if not cameras:
            self._toast.show_message(Text.IS_DEMO())
            self._waiting_for_camera = True

    def close(self) -> None:
        """Close the source."""
        self._session.close_source()
        self.opened = self.opening = None
        self.changed.emit()

    def check_resolution(self, view: View) -> None:
        """Show a message once if the camera delivers another resolution than requested."""
        requested, self._requested_mode = self._requested_mode, None
        width, height = view.frame.size
        if requested is not None and (requested.width, requested.height) != (width, height):
            self._toast.show_message(Text.CAMERA_SIZE_DIFFERS(width=width, height=height))

    def _use_camera_mode(self) -> None:
        if self.opened is not None and self.opened.is_camera:
            self.open(self.opened.spec, remember=False)

    def _show_cameras(self, cameras: list[CameraInfo]) -> None:
        self._menu.show_cameras(cameras)
        if cameras and self._waiting_for_camera:
            first = cameras[0]
            self._toast.show_message(
                Text.CAMERA_CONNECTED(name=first.name), Text.USE_CAMERA(), lambda: self.open(camera_spec(first.index))
            )


def _lasting(spec: str) -> str:
    """The spec as it is remembered: without passwords, and openable from any folder."""
    return redact(spec.strip()) if word_kind(spec) == "address" else str(Path(spec).absolute())
