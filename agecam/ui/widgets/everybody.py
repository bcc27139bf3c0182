"""The panel's second tab: everybody seen so far, as a grid of thumbnails."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import (
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from agecam.timeline import PersonSeen
from agecam.timeline.thumbnail import THUMBNAIL_PX
from agecam.types import Image
from agecam.ui.messages import Text
from agecam.ui.widgets.timeline_lanes import pixmap_of

_ROLE = Qt.ItemDataRole.UserRole
_CELL = QSize(THUMBNAIL_PX + 14, THUMBNAIL_PX + 26)
_Key = tuple[str, int]


class EverybodyTab(QWidget):
    """The people, sorted as the user chooses, with their count."""

    chosen = Signal(object)
    """The `PersonSeen` who was clicked."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.count = QLabel(self)
        self.order = QComboBox(self)
        self.order.setAccessibleName(Text.SORT_BY())
        self.order.setToolTip(Text.SORT_BY())
        self.order.addItems([Text.SORT_TIME(), Text.SORT_AGE(), Text.SORT_SIZE()])
        self.grid = QListWidget(self)
        self.grid.setAccessibleName(Text.EVERYBODY())
        self.grid.setViewMode(QListWidget.ViewMode.IconMode)
        self.grid.setMovement(QListWidget.Movement.Static)
        self.grid.setResizeMode(QListWidget.ResizeMode.Adjust)
        self.grid.setUniformItemSizes(True)
        self.grid.setFrameShape(QFrame.Shape.NoFrame)
        self.grid.setIconSize(QSize(THUMBNAIL_PX, THUMBNAIL_PX))
        self.grid.setGridSize(_CELL)
        self.grid.setVerticalScrollMode(QListWidget.ScrollMode.ScrollPerPixel)
        self.grid.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.grid.viewport().setAutoFillBackground(False)
        head = QHBoxLayout()
        head.setContentsMargins(10, 6, 8, 2)
        head.addWidget(self.count, stretch=1)
        head.addWidget(self.order)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(2)
        rows.addLayout(head)
        rows.addWidget(self.grid, stretch=1)
        self._people: Sequence[PersonSeen] = ()
        self._ages_of: frozenset[int] | None = None
        self._icons: dict[_Key, tuple[Image, QIcon]] = {}
        self.order.activated.connect(lambda _: self._fill())
        self.grid.itemClicked.connect(self._choose)
        self.grid.itemActivated.connect(self._choose)
        self._fill()

    @property
    def people(self) -> list[PersonSeen]:
        """The people in the order in which they are shown."""
        return sorted(self._people, key=_ORDERS[max(0, self.order.currentIndex())])

    def show_people(self, people: Sequence[PersonSeen], ages_of: frozenset[int] | None = None) -> None:
        """Show everybody.

        Args:
            people: in the order in which their sources were opened; their thumbnails are blurred where they must be.
            ages_of: numbers of the people whose apparent age may be seen; None for everyone.
        """
        self._people, self._ages_of = people, ages_of
        self._fill()

    def _fill(self) -> None:
        """Fill the grid; items are reused, so that it does not scroll."""
        people = self.people
        self.count.setText(Text.EVERYBODY_COUNT(count=len(people)) if people else Text.NOBODY_YET())
        known = {(person.source, person.lane.number) for person in people}
        self._icons = {key: icon for key, icon in self._icons.items() if key in known}
        while self.grid.count() > len(people):
            self.grid.takeItem(self.grid.count() - 1)
        while self.grid.count() < len(people):
            self.grid.addItem(QListWidgetItem())
        for row, person in enumerate(people):
            self._fill_item(self.grid.item(row), person)

    def _fill_item(self, item: QListWidgetItem, person: PersonSeen) -> None:
        shown: PersonSeen | None = item.data(_ROLE)
        lane = person.lane
        hides = self._ages_of is not None and not (person.is_current and lane.number in self._ages_of)
        text = "?" if hides else f"{lane.age:.0f}"
        if shown is not None and shown.lane is lane and item.text() == text and shown.source == person.source:
            return
        age = {"age": f"{lane.age:.0f}", "low": f"{lane.age_low:.0f}", "high": f"{lane.age_high:.0f}"}
        tip = Text.PERSON_SHORT(number=lane.number) if hides else Text.PERSON_SEEN(number=lane.number, **age)
        item.setText(text)
        item.setToolTip(tip)
        item.setData(Qt.ItemDataRole.AccessibleTextRole, tip)
        item.setIcon(self._icon_of(person))
        item.setSizeHint(_CELL)
        item.setData(_ROLE, person)

    def _icon_of(self, person: PersonSeen) -> QIcon:
        key, image = (person.source, person.lane.number), person.lane.clearest.thumbnail_bgr
        known = self._icons.get(key)
        if known is None or known[0] is not image:
            known = self._icons[key] = image, QIcon(pixmap_of(image))
        return known[1]

    def _choose(self, item: QListWidgetItem) -> None:
        self.chosen.emit(item.data(_ROLE))


def _size_of(person: PersonSeen) -> float:
    _, _, width, height = person.lane.clearest.box
    return width * height


_ORDERS: tuple[Callable[[PersonSeen], float], ...] = (
    lambda _: 0.0,  # stays in the order of time
    lambda person: person.lane.age,
    lambda person: -_size_of(person),
)


class PanelTabs(QTabWidget):
    """The panel: who is in view, and everybody so far."""

    def __init__(self, in_view: QWidget, everybody: EverybodyTab, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.everybody = everybody
        self.setDocumentMode(True)
        self.setAccessibleName(Text.SHOW_PANEL.plain())
        self.tabBar().setAccessibleName(Text.SHOW_PANEL.plain())
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.tabBar().setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.tabBar().setExpanding(True)
        self.addTab(in_view, Text.IN_VIEW())
        self.addTab(everybody, Text.EVERYBODY())
