"""Theme and icons."""

from pathlib import Path

from PySide6.QtCore import QByteArray, QSize, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPalette, QPixmap
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QApplication, QWidget

from agecam.runtime.settings import Theme

_ICONS = Path(__file__).parent / "icons"
_SCHEMES = {"system": Qt.ColorScheme.Unknown, "light": Qt.ColorScheme.Light, "dark": Qt.ColorScheme.Dark}

BUTTON_STYLE = """
QToolButton { border: 2px solid transparent; border-radius: 5px; padding: 2px 3px; }
QToolButton:hover { background: rgba(128, 128, 128, 50); }
QToolButton:pressed { background: rgba(128, 128, 128, 100); }
QToolButton:checked { background: rgba(61, 125, 224, 110); }
QToolButton:focus { border-color: palette(highlight); }
QToolButton[popupMode="2"] { padding-right: 16px; }
QToolButton#qt_toolbar_ext_button { padding: 0; }
QToolButton::menu-indicator { subcontrol-position: right center; right: 3px; }
"""
"""Of the buttons of bars: Qt's own style hardly shows in a dark theme which are checked and which has the focus."""


def apply_theme(application: QApplication, theme: Theme) -> None:
    """Apply the light, the dark or the system's theme."""
    application.styleHints().setColorScheme(_SCHEMES[theme])
    # Some platforms do not let a program choose the colour scheme: set the palette instead.
    if theme != "system" and application.styleHints().colorScheme() is not _SCHEMES[theme]:
        application.setPalette(_palette(theme))
    else:
        application.setPalette(QPalette())


def _palette(theme: Theme) -> QPalette:
    dark = theme == "dark"
    palette = QPalette(QColor("#2b2d31" if dark else "#f2f2f3"))
    role, group = QPalette.ColorRole, QPalette.ColorGroup
    for names, colour in (
        ([role.Window, role.Button], "#2b2d31" if dark else "#f2f2f3"),
        ([role.Base, role.AlternateBase, role.ToolTipBase], "#1f2024" if dark else "#ffffff"),
        ([role.WindowText, role.Text, role.ButtonText, role.ToolTipText], "#ececee" if dark else "#1c1d1f"),
        ([role.Highlight], "#3d7de0"),
        ([role.HighlightedText, role.BrightText], "#ffffff"),
        ([role.Link], "#7db4ff" if dark else "#1a5fcb"),
    ):
        for name in names:
            palette.setColor(name, QColor(colour))
    for name in (role.WindowText, role.Text, role.ButtonText):
        palette.setColor(group.Disabled, name, QColor("#9a9da4" if dark else "#6d7077"))
    return palette


def icon(name: str, widget: QWidget) -> QIcon:
    """Load an icon, drawn in the text colour of a widget."""
    svg = (_ICONS / f"{name}.svg").read_text(encoding="utf-8")
    result = QIcon()
    for mode, group in ((QIcon.Mode.Normal, QPalette.ColorGroup.Active), (QIcon.Mode.Disabled, _DISABLED)):
        colour = widget.palette().color(group, QPalette.ColorRole.WindowText).name()
        renderer = QSvgRenderer(QByteArray(svg.replace("currentColor", colour).encode()))
        for side in (20, 40):  # normal and high-density screens
            pixmap = QPixmap(QSize(side, side))
            pixmap.fill(Qt.GlobalColor.transparent)
            painter = QPainter(pixmap)
            renderer.render(painter)
            painter.end()
            pixmap.setDevicePixelRatio(side / 20)
            result.addPixmap(pixmap, mode)
    return result


_DISABLED = QPalette.ColorGroup.Disabled
