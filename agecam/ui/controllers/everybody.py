"""The panel's second tab: everybody seen so far in what was opened."""

import time
from collections.abc import Callable

from PySide6.QtCore import QObject

from agecam.timeline import Everybody, PersonSeen
from agecam.ui.controllers.picture import PictureParts
from agecam.ui.widgets.everybody import EverybodyTab, PanelTabs
from agecam.ui.widgets.panel_dock import PanelDock

_INTERVAL_S = 1.0
"""Everybody may be many: they are shown anew this often."""


class EverybodyController(QObject):
    """Puts the panel into tabs and fills the second one while it is visible."""

    def __init__(
        self, people: Everybody, parts: PictureParts, dock: PanelDock, seek: Callable[[float], None], parent: QObject
    ) -> None:
        """`seek` shows a time of the open video."""
        super().__init__(parent)
        self._people, self._settings, self._seek = people, parts.settings, seek
        self._session = parts.session
        self.tab = EverybodyTab()
        self.tabs = PanelTabs(parts.panel, self.tab, dock)
        dock.setWidget(self.tabs)
        self._shown: tuple[object, ...] = ()
        self._shown_s = 0.0
        self.tabs.currentChanged.connect(self._begin)
        self.tab.chosen.connect(self._show_moment)

    def refresh(self) -> None:
        """Show everybody as they are known now; called several times a second."""
        if self.tabs.currentWidget() is not self.tab:
            return
        blurs, ages_of = self._settings.current.blur_faces, self._settings.ages_of
        shown = blurs, ages_of, self._people.private, self._people.revision
        is_urgent = shown[:3] != self._shown[:3]  # what must not be seen disappears at once
        if shown == self._shown or (time.monotonic() < self._shown_s + _INTERVAL_S and not is_urgent):
            return
        self._shown, self._shown_s = shown, time.monotonic()
        self.tab.show_people(self._people.people(blurs), ages_of)

    def _begin(self) -> None:
        self._shown = ()
        self.refresh()

    def _show_moment(self, person: PersonSeen) -> None:
        """Go to the clearest moment of somebody who is in the open video."""
        info = self._session.source_state.info
        if person.is_current and info is not None and not info.live:
            self._seek(person.lane.clearest.time_s)
