"""Saves power: the session rests while nobody sees the picture, and analyses half as many frames on battery."""

import time
from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QWidget

from agecam.live import LiveSession
from agecam.runtime.settings import Settings

BATTERY_S = 10.0
"""How often to look whether the computer runs on battery."""


class PowerSaver(QObject):
    """Tells the session how much to do."""

    def __init__(
        self, session: LiveSession, is_needed: Callable[[], bool], settings: Callable[[], Settings], window: QWidget
    ) -> None:
        """
        Args:
            session: rests while the window is minimised: nothing is analysed or drawn.
            is_needed: whether the pictures are needed although nobody sees them, as by a recording.
            settings: the current settings.
            window: that may be minimised.
        """
        super().__init__(window)
        self._session, self._is_needed, self._settings, self._window = session, is_needed, settings, window
        self._looked_s = time.monotonic()
        self._on_battery = False
        window.installEventFilter(self)

    def refresh(self) -> None:
        """Adapt to the window, the battery and the settings; called several times a second."""
        now_s = time.monotonic()
        if now_s - self._looked_s >= BATTERY_S:
            from agecam.runtime.power import on_battery  # only now: it takes 15 ms

            self._looked_s, self._on_battery = now_s, on_battery()
        self._session.analyse_half(self._on_battery and self._settings().spare_battery)
        self._session.rest(self._window.isMinimized() and not self._is_needed())

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802, D102
        if watched is self._window and event.type() == QEvent.Type.WindowStateChange:
            self.refresh()
        return False
