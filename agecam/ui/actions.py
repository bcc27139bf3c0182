"""All actions of the window with text, shortcut and icon; menus, buttons and the shortcut list are built from them."""

from dataclasses import dataclass, fields

from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMainWindow

from agecam.ui.messages import Text
from agecam.ui.theme import icon

Standard = QKeySequence.StandardKey


@dataclass(slots=True)
class Actions:
    """The actions by name; `_CHECKABLE` lists the checkable ones."""

    open_file: QAction
    open_folder: QAction
    open_address: QAction
    open_demo: QAction
    close_source: QAction
    quit: QAction
    play: QAction
    step: QAction
    back: QAction
    forward: QAction
    loop: QAction
    screenshot: QAction
    copy: QAction
    record: QAction
    export_csv: QAction
    open_saved: QAction
    show_box: QAction
    show_age: QAction
    show_interval: QAction
    show_gender: QAction
    show_probability: QAction
    show_track: QAction
    blur_faces: QAction
    mirror_camera: QAction
    show_panel: QAction
    show_hud: QAction
    full_screen: QAction
    settings: QAction
    shortcuts: QAction
    open_log: QAction
    about: QAction

    def all(self) -> list[QAction]:
        """All actions, in the order of declaration."""
        return [getattr(self, field.name) for field in fields(self)]


STYLE = ("show_box", "show_age", "show_interval", "show_gender", "show_probability", "show_track", "blur_faces")
"""Actions that change the overlay; each has the name of its setting and of its `OverlayStyle` field."""
_CHECKABLE = (*STYLE, "loop", "record", "mirror_camera", "show_panel", "show_hud", "full_screen")
ICONS = {
    "open_file": "file",
    "play": "pause",
    "step": "step",
    "loop": "loop",
    "screenshot": "screenshot",
    "record": "record",
    "blur_faces": "blur",
    "show_panel": "people",
    "full_screen": "full-screen",
}
_TEXTS = {"mirror_camera": Text.MIRROR, "play": Text.PAUSE}
_KEYS: dict[str, list[QKeySequence | Standard | str]] = {
    "open_file": [Standard.Open],
    "open_address": ["Ctrl+L"],
    "open_demo": ["Ctrl+D"],
    "close_source": ["Ctrl+W"],
    "quit": ["Ctrl+Q"],
    "play": ["Space"],
    "step": ["."],
    "back": ["Left"],
    "forward": ["Right"],
    "loop": ["Ctrl+R"],
    "screenshot": ["S"],
    "copy": [Standard.Copy],
    "record": ["R"],
    "export_csv": ["Ctrl+E"],
    "show_box": ["B"],
    "show_age": ["A"],
    "show_interval": ["I"],
    "show_gender": ["G"],
    "show_track": ["N"],
    "blur_faces": ["U"],
    "mirror_camera": ["M"],
    "show_panel": ["P"],
    "show_hud": ["F"],
    "full_screen": ["F11"],
    "settings": ["Ctrl+,"],
    "shortcuts": ["?", "F1"],
}


def build_actions(window: QMainWindow) -> Actions:
    """Create all actions as children of the window, so that their shortcuts work in it."""
    actions = {}
    for field in fields(Actions):
        name = field.name
        text = _TEXTS.get(name) or Text[name.upper()]
        action = QAction(text(), window)
        action.setObjectName(name)
        action.setCheckable(name in _CHECKABLE)
        action.setShortcuts([QKeySequence(key) for key in _KEYS.get(name, [])])
        if name in ICONS:
            action.setIcon(icon(ICONS[name], window))
        label = text.plain()
        keys = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
        action.setToolTip(f"{label} ({keys})" if keys else label)
        actions[name] = action
    window.addActions(list(actions.values()))
    return Actions(**actions)
