"""Keeps the current settings; actions and the settings dialog change them here."""

from dataclasses import replace

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QApplication, QWidget

from agecam.engine.options import EngineOptions
from agecam.errors import AgeCamError
from agecam.overlay import OverlayStyle
from agecam.runtime.settings import Settings
from agecam.ui.actions import STYLE, Actions
from agecam.ui.theme import apply_theme
from agecam.ui.typeface import words_of_window
from agecam.ui.widgets.dialogs import SettingsDialog

_DRAWING = (*STYLE, "mirror_camera")
_SWITCHES = (*_DRAWING, "loop", "mute", "show_hud", "show_timeline", "booth_grid")
"""Checkable actions; each has the name of its setting."""


def with_installed_model(settings: Settings) -> tuple[Settings, AgeCamError | None]:
    """The settings, with the built-in model if the user has removed theirs, and a message about that."""
    from agecam.models.store import model_or_default

    model = model_or_default(settings.model)
    if model == settings.model:
        return settings, None
    problem = AgeCamError(
        "The model '{model}' is not installed any more: AgeCam uses '{default}'.", model=settings.model, default=model
    )
    return replace(settings, model=model), problem


class SettingsController(QObject):
    """Holds the current settings."""

    style_changed = Signal()
    """The picture must be drawn again in another style."""
    replaced = Signal()
    """All settings were replaced, including the engine options."""

    def __init__(self, settings: Settings, actions: Actions, parent: QWidget) -> None:
        super().__init__(parent)
        self.current = settings
        self.ages_of: frozenset[int] | None = None
        """The numbers of the people whose apparent age may be seen; None for everyone."""
        self._window = parent
        self._words = words_of_window()
        for name in _SWITCHES:
            action = getattr(actions, name)
            action.setChecked(getattr(settings, name))
            action.toggled.connect(lambda on, name=name: self._switch(name, on))
        # The panel also hides by itself in a small window, which must not change the setting.
        actions.show_panel.triggered.connect(lambda on: self._switch("show_panel", on))
        actions.settings.triggered.connect(self._show_dialog)

    def get_current(self) -> Settings:
        """The current settings, as a function for objects that outlive one `Settings` instance."""
        return self.current

    def overlay_style(self) -> OverlayStyle:
        """Style of the overlay."""
        chosen = {name: getattr(self.current, name) for name in STYLE}
        return OverlayStyle(**chosen, words=self._words, ages_of=self.ages_of)

    def show_ages_of(self, numbers: frozenset[int] | None) -> None:
        """Let only the apparent ages of the people with these numbers be seen; None for everyone."""
        if numbers != self.ages_of:
            self.ages_of = numbers
            self.style_changed.emit()

    @property
    def blurs(self) -> bool:
        """Whether faces are blurred, on the screen or in saved files: then no face may be missed."""
        return self.current.blur_faces or self.current.save_blurred

    def engine_options(self) -> EngineOptions:
        """Options for building the engine."""
        min_face_px = float(self.current.smallest_face_px) or None
        return EngineOptions(self.current.model, self.current.device, min_face_px=min_face_px)

    def replace(self, settings: Settings) -> None:
        """Replace all settings and apply them."""
        self.current = settings
        application = QApplication.instance()
        if isinstance(application, QApplication):
            apply_theme(application, settings.theme)
        self.replaced.emit()

    def _switch(self, name: str, on: bool) -> None:
        setattr(self.current, name, on)
        if name in _DRAWING:
            self.style_changed.emit()

    def _show_dialog(self) -> None:
        from agecam.models.store import find_models

        settings, _ = with_installed_model(self.current)  # it may have been removed since the window was opened
        dialog = SettingsDialog(settings, [path.stem for path in find_models()], self._window)
        if dialog.exec():
            self.replace(dialog.settings())
