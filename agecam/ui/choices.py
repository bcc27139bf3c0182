"""What a person has chosen: the settings, and the actions and the dialog that change them."""

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QApplication, QWidget

from agecam.engine.options import EngineOptions
from agecam.overlay import OverlayStyle
from agecam.runtime.settings import Settings
from agecam.ui.actions import STYLE, Actions
from agecam.ui.dialogs import SettingsDialog
from agecam.ui.look import apply_theme
from agecam.ui.typeface import words_of_window

_DRAWN = (*STYLE, "mirror_camera")
_SWITCHES = (*_DRAWN, "loop", "show_panel", "show_hud")
"""Actions that are named as the setting they switch."""


class Choices(QObject):
    """The settings that hold now."""

    redrawn = Signal()
    """The same picture is to be drawn in another way."""
    replaced = Signal()
    """All of them, and with them how the engine is to be built."""

    def __init__(self, settings: Settings, actions: Actions, parent: QWidget) -> None:
        super().__init__(parent)
        self.settings = settings
        self._window = parent
        self._words = words_of_window()
        for name in _SWITCHES:
            action = getattr(actions, name)
            action.setChecked(getattr(settings, name))
            action.toggled.connect(lambda on, of=name: self._switch(of, on))
        actions.settings.triggered.connect(self._ask)

    def now(self) -> Settings:
        """As a function, for those who outlive one set of settings."""
        return self.settings

    def style(self) -> OverlayStyle:
        """What is drawn."""
        return OverlayStyle(**{name: getattr(self.settings, name) for name in STYLE}, words=self._words)

    def engine_options(self) -> EngineOptions:
        """How the engine is built."""
        return EngineOptions(self.settings.model, self.settings.device, min_face_px=float(self.settings.min_face_px))

    def replace(self, settings: Settings) -> None:
        """Go on with other settings."""
        self.settings = settings
        application = QApplication.instance()
        if isinstance(application, QApplication):
            apply_theme(application, settings.theme)
        self.replaced.emit()

    def _switch(self, name: str, on: bool) -> None:
        setattr(self.settings, name, on)
        if name in _DRAWN:
            self.redrawn.emit()

    def _ask(self) -> None:
        from agecam.models.store import find_models

        dialog = SettingsDialog(self.settings, [path.stem for path in find_models()], self._window)
        if dialog.exec():
            self.replace(dialog.settings())
