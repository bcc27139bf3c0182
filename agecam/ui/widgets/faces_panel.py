"""Panel with all people in view; a click on a person shows the age distribution."""

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QPoint, QSize, Qt, Signal
from PySide6.QtWidgets import QDockWidget, QGridLayout, QLabel, QTabWidget, QVBoxLayout, QWidget

from agecam.live.people import Person
from agecam.overlay import blur_everything
from agecam.ui.messages import Text
from agecam.ui.widgets.people_list import PeopleList, quiet_colour
from agecam.ui.widgets.people_rows import ROW_ROLE, PeopleModel, Row

if TYPE_CHECKING:
    from agecam.ui.widgets.charts import DistributionPlot

GROUP = 12
"""A still picture with more people than this is shown as a grid."""


class FacesPanel(QWidget):
    """The people in view, and the age distribution of the chosen person."""

    chosen = Signal(object)
    """The number of the person who is now chosen; None for no one."""
    compared = Signal(object)
    """The number of the person who was clicked while `Ctrl` was held."""
    hovered = Signal(object)
    """The number of the person under the pointer; None for no one."""
    menu_requested = Signal(object, QPoint)
    """The number of the person who was clicked with the right button, and where on the screen."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(Text.PEOPLE())
        self._model = PeopleModel(self)
        self._chosen: int | None = None
        self._gone: Person | None = None
        """The chosen person after they left."""
        self._gone_is_blurred = False
        self._plot: DistributionPlot | None = None
        self._detail: QWidget | None = None
        self._ages_of: frozenset[int] | None = None
        self._nobody = QLabel(Text.NOBODY(), self, alignment=Qt.AlignmentFlag.AlignCenter, wordWrap=True)
        self._group = QLabel(self, wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        self._group.setContentsMargins(10, 8, 8, 2)
        self._hint = QLabel(Text.CHOOSE_PERSON(), self, alignment=Qt.AlignmentFlag.AlignCenter, wordWrap=True)
        self._hint.setObjectName("quiet")
        self._hint.setContentsMargins(8, 4, 8, 8)
        self.list = PeopleList(self._model, self)
        self.list.person_clicked.connect(lambda number: self.choose(None if number == self._chosen else number))
        self.list.hovered.connect(self.hovered)
        self.list.compared.connect(self.compared)
        self.list.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.list.customContextMenuRequested.connect(self._request_menu)
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(0)
        self._layout.addWidget(self._group)
        same_place = QGridLayout()
        same_place.addWidget(self.list, 0, 0)
        same_place.addWidget(self._nobody, 0, 0)
        self._nobody.raise_()
        self._nobody.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._layout.addLayout(same_place, stretch=1)
        self._layout.addWidget(self._hint)
        self._restyle()
        self._arrange()

    def sizeHint(self) -> QSize:  # noqa: N802, D102
        return QSize(300, 540)

    @property
    def rows(self) -> list[Row]:
        """The rows from top to bottom."""
        return self._model.rows

    @property
    def summary(self) -> str:
        """What is said about a group as a whole; empty while rows are shown."""
        return self._group.text() if self.list.is_grid else ""

    @property
    def plot(self) -> "DistributionPlot | None":
        """Age distribution plot; None until a person is chosen."""
        return self._plot

    @property
    def chosen_number(self) -> int | None:
        """The number of the chosen person."""
        return self._chosen

    def choose(self, number: int | None) -> None:
        """Show the age distribution of a person and scroll to their row; None hides it."""
        if number == self._chosen:
            return
        self._chosen, had_gone, self._gone = number, self._gone, None
        if had_gone is not None:
            self._model.remove(had_gone.track_id)
        if number is not None and self._plot is None:
            from agecam.ui.widgets.charts import DistributionPlot

            self._plot = DistributionPlot(self)
            self._layout.addWidget(self._plot)
        self._show_plot()
        self._arrange()
        if number is not None and (index := self._model.index_of(number)).isValid():
            self._layout.activate()  # first the place that the chart leaves
            self.list.scrollTo(index)
        self.list.light(number, self.list.lit)
        self.chosen.emit(number)

    def show_detail(self, detail: QWidget | None) -> None:
        """Show a widget in place of the chosen person's distribution; None ends that."""
        if detail is self._detail:
            return
        if self._detail is not None:
            self._detail.hide()
        self._detail = detail
        if detail is not None:
            self._layout.addWidget(detail)  # a widget that is there already is only moved to the end
            detail.show()
        self._arrange()

    def come_forward(self) -> None:
        """Show the tab and the dock that this is in."""
        above = self.parentWidget()
        while above is not None:
            if isinstance(above, QTabWidget):
                above.setCurrentWidget(self)
            elif isinstance(above, QDockWidget):
                above.show()  # in full screen it is hidden although it is wanted
            above = above.parentWidget()

    def light(self, number: int | None) -> None:
        """Emphasise the row of the person pointed at in the picture."""
        self.list.light(self._chosen, number)

    def clear(self) -> None:
        """Forget everyone: for a new source."""
        self.choose(None)
        self.show_people([])

    def show_people(
        self,
        people: list[Person],
        show_gender: bool = True,
        still: bool = False,
        blurred: bool = False,
        looking: bool = False,
        ages_of: frozenset[int] | None = None,
    ) -> None:
        """Show everyone in view, longest in view first, and the chosen person even after they left.

        Args:
            people: those in view.
            show_gender: whether to name their genders.
            still: whether this is a still picture; then a large group is shown as a grid.
            blurred: whether faces are blurred, as those of `people` are; then that of a person who left is, too.
            looking: whether no picture has been analysed yet, so that it is not known if anyone is in view.
            ages_of: the numbers of the people whose age may be seen; None for everyone.
        """
        self._ages_of = ages_of
        self._nobody.setText(Text.LOOKING() if looking else Text.NOBODY())
        in_view = {person.track_id: person for person in people}
        if self._chosen in in_view:
            self._gone = None
        elif self._gone is None and self._chosen is not None:
            row = next((row for row in self.rows if row.number == self._chosen), None)
            self._gone = replace(row.person) if row is not None and not still else None
            if self._gone is None:
                self.choose(None)
            self._gone_is_blurred = False
        if self._gone is not None and blurred and not self._gone_is_blurred:
            self._gone.thumbnail_bgr = blur_everything(self._gone.thumbnail_bgr)
            self._gone_is_blurred = True
        if self._gone is not None:
            people = sorted([*people, self._gone], key=lambda person: (person.first_s, person.track_id))
        self.list.set_grid(still and len(people) > GROUP)
        self._model.show(people, {self._gone.track_id} if self._gone is not None else set(), show_gender, ages_of)
        ages = [person.face.age for person in in_view.values()]
        if self.list.is_grid and any(row.hides_age for row in self.rows):
            self._group.setText(Text.GROUP_HIDDEN(count=len(ages)))
        elif self.list.is_grid:
            self._group.setText(Text.GROUP(count=len(ages), low=f"{min(ages):.0f}", high=f"{max(ages):.0f}"))
        self._show_plot()
        self._arrange()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802, D102
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._restyle()

    def _request_menu(self, point: QPoint) -> None:
        row = self.list.indexAt(point).data(ROW_ROLE)
        if isinstance(row, Row):
            self.menu_requested.emit(row.number, self.list.viewport().mapToGlobal(point))

    def _show_plot(self) -> None:
        row = next((row for row in self.rows if row.number == self._chosen), None)
        if row is not None and self._plot is not None:
            self._plot.show_distribution(row.person.distribution)

    def _restyle(self) -> None:
        style = f"QLabel#quiet {{ color: {quiet_colour(self.palette()).name()}; }}\n"
        if style != self.styleSheet():
            self.setStyleSheet(style)

    def _arrange(self) -> None:
        is_empty = not self._model.rows
        self._nobody.setVisible(is_empty)  # over the list, which stays and keeps the keyboard's focus
        self._group.setVisible(self.list.is_grid and not is_empty)
        self._hint.setVisible(not is_empty and self._chosen is None and self._detail is None)
        if self._plot is not None:
            is_listed = self._chosen is not None and self._model.index_of(self._chosen).isValid()
            is_hidden = self._ages_of is not None and self._chosen not in self._ages_of
            self._plot.setVisible(is_listed and not is_hidden and self._detail is None)
