"""Panel with one row per person in view; a click on a row shows the age distribution."""

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QColor, QImage, QKeyEvent, QMouseEvent, QPalette, QPixmap
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from agecam.live.people import THUMBNAIL_PX, Person
from agecam.types import Image
from agecam.ui.messages import Text

if TYPE_CHECKING:
    from agecam.ui.widgets.charts import DistributionPlot, Sparkline

MAX_ROWS = 12
"""Maximum number of rows; the people longest in view are shown."""

_STYLE = """
PersonRow { border: 1px solid transparent; border-radius: 8px; }
PersonRow:hover { background: rgba(128, 128, 128, 40); }
PersonRow[chosen="true"] { border-color: #f0a020; background: rgba(240, 160, 32, 28); }
PersonRow:focus { border-color: palette(highlight); }
QLabel#age { font-size: 22px; font-weight: 600; }
"""
_QUIET = 0.68
"""Share of the text colour in the colour of secondary texts; the rest is the background colour."""


class FacesPanel(QWidget):
    """The people in view, and the age distribution of the chosen person."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._restyle()
        self.setAccessibleName(Text.PEOPLE())
        self._rows: dict[int, PersonRow] = {}
        self._spare: list[PersonRow] = []
        """Rows to reuse, since creating a row interrupts the video."""
        self._chosen: int | None = None
        self._show_gender = True
        self._plot: DistributionPlot | None = None
        self._nobody = QLabel(Text.NOBODY(), self, alignment=Qt.AlignmentFlag.AlignCenter)
        self._hint = QLabel(Text.CHOOSE_PERSON(), self, alignment=Qt.AlignmentFlag.AlignCenter, wordWrap=True)
        self._hint.setObjectName("quiet")
        self._hint.setContentsMargins(8, 4, 8, 8)
        self._list = QVBoxLayout()
        self._list.setContentsMargins(6, 6, 6, 6)
        self._list.setSpacing(4)
        self._list.addStretch()
        inner = QWidget(self)
        inner.setLayout(self._list)
        scroll = QScrollArea(self, widgetResizable=True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidget(inner)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.addWidget(self._nobody)
        self._layout.addWidget(scroll, stretch=1)
        self._layout.addWidget(self._hint)
        self._hint.hide()

    def sizeHint(self) -> QSize:  # noqa: N802, D102
        return QSize(300, 540)

    @property
    def rows(self) -> list["PersonRow"]:
        """The visible rows from top to bottom."""
        return list(self._rows.values())

    @property
    def plot(self) -> "DistributionPlot | None":
        """Age distribution plot; None until a person is chosen."""
        return self._plot

    def choose(self, track_id: int | None) -> None:
        """Show the age distribution of a person; None hides it."""
        self._chosen = track_id
        for row in self._rows.values():
            row.set_chosen(row.track_id == track_id)
        if track_id is not None and self._plot is None:
            from agecam.ui.widgets.charts import DistributionPlot

            self._plot = DistributionPlot(self)
            self._layout.addWidget(self._plot)
        if track_id in self._rows and self._plot is not None:
            self._plot.show_distribution(self._rows[track_id].person.distribution)
        self._arrange()

    def show_people(self, people: list[Person], show_gender: bool = True) -> None:
        """Show the people in view, longest in view first."""
        people = people[:MAX_ROWS]
        track_ids = {person.track_id for person in people}
        for track_id in [known for known in self._rows if known not in track_ids]:
            row = self._rows.pop(track_id)
            self._list.removeWidget(row)
            row.hide()
            self._spare.append(row)
        for person in people:
            (self._rows.get(person.track_id) or self._row_for(person)).show_person(person, show_gender)
        if self._chosen in self._rows and self._plot is not None:
            self._plot.show_distribution(self._rows[self._chosen].person.distribution)
        elif self._chosen is not None and people:
            self.choose(people[0].track_id)  # the chosen person has left
        self._arrange()

    def _row_for(self, person: Person) -> "PersonRow":
        row = self._spare.pop() if self._spare else self._new_row()
        row.set_chosen(person.track_id == self._chosen)
        self._list.insertWidget(len(self._rows), row)
        row.show()
        self._rows[person.track_id] = row
        return row

    def _new_row(self) -> "PersonRow":
        row = PersonRow(self)
        row.clicked.connect(lambda track_id: self.choose(None if track_id == self._chosen else track_id))
        return row

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802, D102
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._restyle()

    def _restyle(self) -> None:
        role = QPalette.ColorRole
        text, window = self.palette().color(role.WindowText), self.palette().color(role.Window)
        channels = ((channel(text), channel(window)) for channel in (QColor.red, QColor.green, QColor.blue))
        quiet = QColor(*(round(_QUIET * front + (1 - _QUIET) * back) for front, back in channels))
        style = f"{_STYLE}QLabel#quiet {{ color: {quiet.name()}; }}\n"
        if style != self.styleSheet():
            self.setStyleSheet(style)

    def _arrange(self) -> None:
        self._nobody.setVisible(not self._rows)
        self._hint.setVisible(bool(self._rows) and self._chosen is None)
        if self._plot is not None:
            self._plot.setVisible(self._chosen in self._rows)


class PersonRow(QFrame):
    """Thumbnail, apparent age with interval, gender, time in view, and a sparkline of the age."""

    clicked = Signal(int)
    """The track_id."""

    person: Person

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.thumbnail = QLabel(self)
        self.thumbnail.setFixedSize(THUMBNAIL_PX, THUMBNAIL_PX)
        self.age, self.interval, self.gender, self.seconds = (QLabel(self) for _ in range(4))
        self.age.setObjectName("age")
        self.interval.setObjectName("quiet")
        self.seconds.setObjectName("quiet")
        for label in (self.age, self.interval, self.gender, self.seconds):
            label.setTextFormat(Qt.TextFormat.PlainText)
        first = QHBoxLayout()
        first.setSpacing(6)
        first.addWidget(self.age)
        first.addWidget(self.interval, stretch=1)
        second = QHBoxLayout()
        second.addWidget(self.gender, stretch=1)
        second.addWidget(self.seconds)
        self._column = QVBoxLayout()
        self._column.setSpacing(0)
        self._column.addLayout(first)
        self._column.addLayout(second)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(6, 6, 8, 6)
        layout.addWidget(self.thumbnail)
        layout.addLayout(self._column, stretch=1)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self._sparkline: Sparkline | None = None
        self._thumbnail_bgr: Image | None = None

    @property
    def track_id(self) -> int:
        """The person's track_id."""
        return self.person.track_id

    def show_person(self, person: Person, show_gender: bool) -> None:
        """Show the current values of a person."""
        self.person = person
        face = person.face
        age, low, high = f"{face.age:.0f}", f"{face.age_low:.0f}", f"{face.age_high:.0f}"
        gender = {"female": Text.FEMALE, "male": Text.MALE, "unsure": Text.UNSURE}[face.gender]()
        gender_text = gender if face.gender == "unsure" else f"{gender} {100 * face.gender_probability:.0f} %"
        self.age.setText(age)
        self.interval.setText(f"{low}\N{EN DASH}{high}  #{person.track_id}")
        self.gender.setText(gender_text if show_gender else Text.APPARENT_AGE())
        # In photographs the time is always 0.
        self.seconds.setText(Text.SECONDS_IN_VIEW(seconds=f"{person.seconds:.0f}") if person.seconds >= 0.5 else "")
        summary = Text.PERSON_SUMMARY(
            number=person.track_id, age=age, low=low, high=high, gender=gender if show_gender else ""
        )
        self.setAccessibleName(summary.rstrip(", "))
        if self._thumbnail_bgr is not person.thumbnail_bgr:
            self._thumbnail_bgr = person.thumbnail_bgr
            self.thumbnail.setPixmap(_pixmap(person.thumbnail_bgr))
        if self._sparkline is None:
            from agecam.ui.widgets.charts import Sparkline

            self._sparkline = Sparkline(self)
            self._column.addWidget(self._sparkline)
        self._sparkline.show_ages(list(person.ages))

    def set_chosen(self, chosen: bool) -> None:
        """Mark the row as the one whose distribution is shown."""
        self.setProperty("chosen", "true" if chosen else "false")
        self.style().unpolish(self)
        self.style().polish(self)

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802, D102
        if event.button() == Qt.MouseButton.LeftButton:
            self.clicked.emit(self.track_id)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802, D102
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Select):
            self.clicked.emit(self.track_id)
        else:
            super().keyPressEvent(event)


def _pixmap(image_bgr: Image) -> QPixmap:
    pixels = np.ascontiguousarray(image_bgr)
    height, width = pixels.shape[:2]
    return QPixmap.fromImage(QImage(pixels.data, width, height, pixels.strides[0], QImage.Format.Format_BGR888).copy())
