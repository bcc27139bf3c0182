"""What the panel says about each person, as a model for Qt's list view."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QImage

from agecam.live.people import Person
from agecam.types import Image
from agecam.ui.messages import Text

ROW_ROLE = Qt.ItemDataRole.UserRole
"""The `Row` of an index."""
_Index = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """One person, ready to paint."""

    person: Person
    age: str
    interval: str
    gender: str
    time: str
    """How long the person has been in view, or when they left."""
    summary: str
    """For screen readers."""
    has_left: bool
    hides_age: bool
    thumbnail: QImage

    @property
    def number(self) -> int:
        """The number of the person, as on their box."""
        return self.person.track_id


class PeopleModel(QAbstractListModel):
    """The rows of the panel. Rows of people who stay are kept, so that nothing scrolls or flickers."""

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self.rows: list[Row] = []
        self._thumbnails: dict[int, tuple[Image, QImage]] = {}

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008, N802, D102
        return 0 if parent.isValid() else len(self.rows)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:  # noqa: D102
        if not index.isValid() or index.row() >= len(self.rows):
            return None
        row = self.rows[index.row()]
        if role == ROW_ROLE:
            return row
        texts = (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole, Qt.ItemDataRole.ToolTipRole)
        return row.summary if role in texts else None

    def index_of(self, number: int) -> QModelIndex:
        """The index of a person's row; invalid if there is none."""
        return next((self.index(i) for i, row in enumerate(self.rows) if row.number == number), QModelIndex())

    def show(
        self, people: list[Person], has_left: set[int], show_gender: bool, ages_of: frozenset[int] | None = None
    ) -> None:
        """Show these people in this order.

        Args:
            has_left: track IDs of those who are no longer in view.
            show_gender: whether to name the gender.
            ages_of: the track IDs of the people whose age may be seen; None for everyone.
        """
        rows = [
            self._row_of(
                person,
                person.track_id in has_left,
                show_gender,
                hides_age=ages_of is not None and person.track_id not in ages_of,
            )
            for person in people
        ]
        numbers = [row.number for row in rows]
        wanted = set(numbers)
        self._thumbnails = {number: kept for number, kept in self._thumbnails.items() if number in wanted}
        for i in reversed([i for i, row in enumerate(self.rows) if row.number not in wanted]):
            self.beginRemoveRows(QModelIndex(), i, i)
            del self.rows[i]
            self.endRemoveRows()
        kept = [row.number for row in self.rows]
        if kept == [number for number in numbers if number in set(kept)]:
            for i, row in enumerate(rows):
                if i >= len(self.rows) or self.rows[i].number != row.number:
                    self.beginInsertRows(QModelIndex(), i, i)
                    self.rows.insert(i, row)
                    self.endInsertRows()
            self.rows = rows
            if rows:
                self.dataChanged.emit(self.index(0), self.index(len(rows) - 1))
        else:
            self.beginResetModel()
            self.rows = rows
            self.endResetModel()

    def remove(self, number: int) -> None:
        """Remove the row of a person, if there is one."""
        index = self.index_of(number)
        if index.isValid():
            self.beginRemoveRows(QModelIndex(), index.row(), index.row())
            del self.rows[index.row()]
            self.endRemoveRows()

    def _row_of(self, person: Person, has_left: bool, show_gender: bool, hides_age: bool) -> Row:
        face = person.face
        age, low, high = f"{face.age:.0f}", f"{face.age_low:.0f}", f"{face.age_high:.0f}"
        gender = {"female": Text.FEMALE, "male": Text.MALE, "unsure": Text.UNSURE}[face.gender]()
        probability = "" if face.gender == "unsure" else f" {100 * face.gender_probability:.0f} %"
        if has_left:
            minutes, seconds = divmod(int(person.last_s), 60)
            time = Text.LEFT_AT(time=f"{minutes}:{seconds:02d}")
        else:  # in photographs the time is always 0
            time = Text.SECONDS_IN_VIEW(seconds=f"{person.seconds:.0f}") if person.seconds >= 0.5 else ""
        summary = summary_of(person, show_gender, hides_age)
        return Row(
            person=person,
            age="?" if hides_age else age,
            interval="" if hides_age else f"{low}\N{EN DASH}{high}",
            gender=gender + probability if show_gender else Text.APPARENT_AGE(),
            time=time,
            summary=f"{summary}, {time}" if has_left else summary,
            has_left=has_left,
            hides_age=hides_age,
            thumbnail=self._thumbnail_of(person),
        )

    def _thumbnail_of(self, person: Person) -> QImage:
        known = self._thumbnails.get(person.track_id)
        if known is not None and known[0] is person.thumbnail_bgr:
            return known[1]
        pixels = np.ascontiguousarray(person.thumbnail_bgr)
        height, width = pixels.shape[:2]
        image = QImage(pixels.data, width, height, pixels.strides[0], QImage.Format.Format_BGR888)
        thumbnail = image.convertToFormat(QImage.Format.Format_RGB32)  # a copy
        self._thumbnails[person.track_id] = (person.thumbnail_bgr, thumbnail)
        return thumbnail


def summary_of(person: Person, show_gender: bool, hides_age: bool = False) -> str:
    """What a screen reader says about a person."""
    face = person.face
    gender = {"female": Text.FEMALE, "male": Text.MALE}.get(face.gender, Text.UNSURE)() if show_gender else ""
    if hides_age:
        return Text.PERSON_HIDDEN(number=person.track_id, gender=gender).rstrip(": ")
    return Text.PERSON_SUMMARY(
        number=person.track_id,
        age=f"{face.age:.0f}",
        low=f"{face.age_low:.0f}",
        high=f"{face.age_high:.0f}",
        gender=gender,
    ).rstrip(", ")
