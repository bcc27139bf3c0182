"""All actions of the window with text, shortcut and icon; menus, buttons and the shortcut list are built from them."""

from dataclasses import dataclass, fields

from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMainWindow, QWidget

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
    step_back: QAction
    back: QAction
    forward: QAction
    previous: QAction
    following: QAction
    start: QAction
    end: QAction
    slower: QAction
    faster: QAction
    normal_speed: QAction
    loop: QAction
    mute: QAction
    analyse_whole: QAction
    screenshot: QAction
    copy: QAction
    booth: QAction
    booth_grid: QAction
    record: QAction
    pause_recording: QAction
    show_in_calls: QAction
    export_csv: QAction
    save_lanes: QAction
    save_report: QAction
    open_saved: QAction
    show_box: QAction
    show_age: QAction
    show_interval: QAction
    show_gender: QAction
    show_probability: QAction
    show_track: QAction
    blur_faces: QAction
    mirror_camera: QAction
    reset_zoom: QAction
    larger_labels: QAction
    smaller_labels: QAction
    guess_first: QAction
    pin: QAction
    show_panel: QAction
    show_timeline: QAction
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
_CHECKABLE = (
    *STYLE,
    *("loop", "mute", "record", "pause_recording", "mirror_camera", "show_panel", "show_hud", "full_screen"),
    "show_in_calls",
    *("booth_grid", "guess_first", "show_timeline"),
)
_ICONS = {
    "open_file": "file",
    "play": "pause",
    "step": "step",
    "step_back": "step-back",
    "loop": "loop",
    "mute": "volume",
    "screenshot": "screenshot",
    "record": "record",
    "blur_faces": "blur",
    "show_panel": "people",
    "full_screen": "full-screen",
}
_ICON_NAME = "iconName"
"""Property of an action that keeps the name of its icon."""
_TEXTS = {"mirror_camera": Text.MIRROR, "play": Text.PAUSE}
_KEYS: dict[str, list[QKeySequence | Standard | str]] = {
    "open_file": [Standard.Open],
    "open_address": ["Ctrl+L"],
    "open_demo": ["Ctrl+D"],
    "close_source": ["Ctrl+W"],
    "quit": ["Ctrl+Q"],
    "play": ["Space"],
    "step": ["."],
    "step_back": [","],
    "back": ["Left"],
    "forward": ["Right"],
    "previous": ["PgUp"],
    "following": ["PgDown"],
    "start": ["Home"],
    "end": ["End"],
    "slower": ["["],
    "faster": ["]"],
    "normal_speed": ["Backspace"],
    "loop": ["L"],
    "mute": ["M"],
    "screenshot": ["S"],
    "copy": [Standard.Copy],
    "booth": ["Shift+S"],
    "record": ["R"],
    "pause_recording": ["Shift+R"],
    "export_csv": ["Ctrl+E"],
    "save_report": ["Ctrl+Shift+E"],
    "show_box": ["B"],
    "show_age": ["A"],
    "show_interval": ["I"],
    "show_gender": ["G"],
    "show_track": ["N"],
    "blur_faces": ["U"],
    "mirror_camera": ["Ctrl+M"],
    "reset_zoom": ["0"],
    "larger_labels": ["Ctrl++", "Ctrl+="],
    "smaller_labels": ["Ctrl+-"],
    "guess_first": ["Shift+G"],
    "pin": ["Shift+P"],
    "show_panel": ["P"],
    "show_timeline": ["T"],
    "show_hud": ["Ctrl+I"],
    "full_screen": ["F", "F11"],
    "settings": ["Ctrl+,"],
    "shortcuts": ["?", "F1"],
}


def build_actions(window: QMainWindow) -> Actions:
    """Create all actions as children of the window, so that their shortcuts work in it."""
    actions = {}
    for field in fields(Actions):
        name = field.name
        text = _TEXTS.get(name) or Text[name.upper()]
        action = QAction(window)
        action.setObjectName(name)
        action.setCheckable(name in _CHECKABLE)
        action.setShortcuts([QKeySequence(key) for key in _KEYS.get(name, [])])
        if name in _ICONS:
            show_icon(action, _ICONS[name], window)
        show_text(action, text)
        actions[name] = action
    window.addActions(list(actions.values()))
    return Actions(**actions)


def show_icon(action: QAction, name: str, widget: QWidget) -> None:
    """Set the icon of an action, drawn in the text colour of a widget."""
    action.setProperty(_ICON_NAME, name)
    action.setIcon(icon(name, widget))


def redraw_icons(actions: Actions, widget: QWidget) -> None:
    """Draw the icons again, after the text colour has changed."""
    for action in actions.all():
        if isinstance(name := action.property(_ICON_NAME), str):
            action.setIcon(icon(name, widget))


def show_text(action: QAction, text: Text) -> None:
    """Set the text of an action in menus, on buttons and, with its first key, in tooltips."""
    label = text.plain()
    keys = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
    action.setText(text())
    action.setIconText(label)  # Qt would keep the access key of a Korean text, such as '(P)'
    action.setToolTip(f"{label} ({keys})" if keys else label)
