"""The menu bar and the toolbar."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMainWindow, QMenu, QMenuBar, QToolBar, QToolButton

from agecam.ui.actions import STYLE, Actions
from agecam.ui.messages import Text
from agecam.ui.theme import BUTTON_STYLE, icon
from agecam.ui.widgets.source_menu import SourceMenu
from agecam.ui.widgets.toolbar import Toolbar


def fill_menu_bar(bar: QMenuBar, source: SourceMenu, do: Actions) -> None:
    """Add all menus to the menu bar."""
    bar.addMenu(source)
    play = _menu(Text.MENU_PLAY, [do.play, do.step, do.step_back, do.back, do.forward, do.start, do.end], bar)
    play.addActions([do.previous, do.following])
    play.addSeparator()
    play.addActions([do.slower, do.faster, do.normal_speed])
    play.addSeparator()
    play.addActions([do.loop, do.mute])
    play.addSeparator()
    play.addAction(do.analyse_whole)
    bar.addMenu(play)
    save = _menu(Text.MENU_SAVE, [do.screenshot, do.copy, do.record, do.pause_recording], bar)
    save.addAction(do.show_in_calls)
    save.addSeparator()
    save.addActions([do.booth, do.booth_grid])
    save.addSeparator()
    save.addActions([do.export_csv, do.save_lanes, do.save_report, do.open_saved])
    bar.addMenu(save)
    view = _menu(Text.MENU_VIEW, [getattr(do, name) for name in STYLE], bar)
    view.addSeparator()
    view.addActions([do.reset_zoom, do.larger_labels, do.smaller_labels])
    view.addSeparator()
    view.addActions([do.guess_first, do.pin])
    view.addSeparator()
    view.addActions([do.mirror_camera, do.show_panel, do.show_timeline, do.show_hud, do.full_screen])
    bar.addMenu(view)
    bar.addMenu(_menu(Text.MENU_HELP, [do.shortcuts, do.open_log, do.about], bar))


def build_toolbar(window: QMainWindow, source: SourceMenu, do: Actions) -> QToolBar:
    """Build the toolbar from the most used actions."""
    toolbar = Toolbar("AgeCam", window)
    window.addToolBar(toolbar)
    toolbar.setObjectName("toolbar")
    toolbar.setMovable(False)
    window.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)  # Qt's menu could only hide the toolbar
    toolbar.setStyleSheet(BUTTON_STYLE)
    camera = source.cameras.menuAction()
    camera.setIcon(icon("camera", window))
    camera.setIconText(Text.CAMERAS.plain())  # without a key in brackets, which Qt keeps for some languages
    toolbar.addActions([camera, do.open_file])
    toolbar.addSeparator()
    toolbar.addActions([do.screenshot, do.record])
    toolbar.addSeparator()
    toolbar.addActions([do.blur_faces, do.show_panel, do.full_screen])
    button = toolbar.widgetForAction(camera)
    if isinstance(button, QToolButton):
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
    for action in toolbar.actions():
        if isinstance(button := toolbar.widgetForAction(action), QToolButton):
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    return toolbar


def _menu(title: Text, actions: list[QAction], parent: QMenuBar) -> QMenu:
    menu = QMenu(title(), parent)
    menu.addActions(actions)
    return menu
