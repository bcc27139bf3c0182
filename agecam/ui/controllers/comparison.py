"""Compares the chosen person with a second one, or with a pinned moment."""

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QMenu, QWidget

from agecam.live.comparison import Estimate
from agecam.live.view import View
from agecam.overlay.labels import number_of
from agecam.ui.actions import Actions
from agecam.ui.controllers.picture import PictureController, PictureParts
from agecam.ui.messages import Text
from agecam.ui.widgets.comparison_card import Compared, ComparisonCard
from agecam.ui.widgets.faces_panel import FacesPanel


class ComparisonController(QObject):
    """Follows `Ctrl` and clicks on people, and the action 'Pin for comparison'."""

    def __init__(self, parts: PictureParts, picture: PictureController, actions: Actions, parent: QWidget) -> None:
        super().__init__(parent)
        self._video, self._panel, self._settings = parts.video, parts.panel, parts.settings
        self._picture, self._actions = picture, actions
        self.card = ComparisonCard(self._panel)
        self.card.hide()
        self.card.ended.connect(self.end)
        self.pinned: Estimate | None = None
        """The pinned moment."""
        self.second: int | None = None
        """The number of the second person."""
        self._seen: dict[int, Estimate] = {}
        """The two people as last seen, since they may leave."""
        actions.pin.triggered.connect(lambda: self._pin())
        self._video.compared.connect(self.compare_with)
        self._panel.compared.connect(self.compare_with)
        self._panel.chosen.connect(self._follow_choice)
        picture.listed.connect(self.refresh)
        picture.menu_filled.connect(self._fill_menu)

    @property
    def is_on(self) -> bool:
        """Whether a comparison is shown."""
        return self.pinned is not None or self.second is not None

    def compare_with(self, number: int) -> None:
        """Compare the chosen person with this one; the same one again ends that. If nobody is chosen, choose them."""
        if self._refused():
            return
        if self._panel.chosen_number is None:
            self._panel.choose(number)
        elif number == self.second:
            self.end()
        elif number != self._panel.chosen_number:
            self.pinned, self.second = None, number
            bring_forward(self._panel, self._actions)
            self.refresh()

    def end(self) -> None:
        """Leave the comparison; the chosen person stays chosen."""
        self.pinned = self.second = None
        self._seen.clear()
        self._panel.list.compare(None)
        self.card.forget()
        if not self.card.isHidden():
            self._panel.show_detail(None)

    def forget_people(self) -> None:
        """The numbers now belong to others; a pinned moment stays."""
        self._seen.clear()
        if self.second is not None:
            self.end()

    def refresh(self) -> None:
        """Show the distributions as they are now. Called several times a second."""
        if not self.is_on or (view := self._picture.view()) is None:
            return
        chosen = self._panel.chosen_number
        for number in (chosen, self.second):
            if number is not None and (estimate := estimate_in(view, number)) is not None:
                self._seen[number] = estimate
        self._seen = {number: self._seen[number] for number in (chosen, self.second) if number in self._seen}
        first = self._named(chosen)
        second = Compared(moment(self.pinned), self.pinned) if self.pinned is not None else self._named(self.second)
        self._panel.list.compare(self.second)
        self._panel.show_detail(self.card)
        self.card.show_compared(first, second)

    def _named(self, number: int | None) -> Compared | None:
        estimate = None if number is None else self._seen.get(number)
        return None if estimate is None else Compared(Text.PERSON_NAME(number=estimate.number), estimate)

    def _follow_choice(self, number: int | None) -> None:
        if self.second is not None and number in (None, self.second):
            self.end()  # there are no two people any more
        else:
            self.refresh()

    def _pin(self) -> None:
        if self._refused():
            return
        view, chosen = self._picture.view(), self._panel.chosen_number
        people = numbers_in(view) if view is not None else []
        if chosen is None and len(people) == 1:
            chosen = people[0]
        estimate = estimate_in(view, chosen) if view is not None and chosen is not None else None
        if estimate is None:
            self._video.toast.show_message(Text.CHOOSE_TO_PIN())
            return
        self.pinned, self.second = estimate, None
        self._video.toast.show_message(Text.PINNED(name=moment(estimate)))
        bring_forward(self._panel, self._actions)
        self.refresh()

    def _refused(self) -> bool:
        """Whether people may not be compared now, since that would show ages that are to be guessed."""
        is_hidden = self._settings.ages_of is not None
        if is_hidden:
            self._video.toast.show_message(Text.GUESSING_ENDS_FIRST())
        return is_hidden

    def _fill_menu(self, menu: QMenu, number: int | None) -> None:
        chosen = self._panel.chosen_number
        if number is not None and chosen is not None and number not in (chosen, self.second):
            menu.addAction(Text.COMPARE_FACE(), lambda: self.compare_with(number))
        if self.is_on:
            menu.addAction(Text.END_COMPARISON(), self.end)


def bring_forward(panel: FacesPanel, actions: Actions) -> None:
    """Show the panel if the user has hidden it, with the people in view."""
    if not actions.show_panel.isChecked():
        actions.show_panel.trigger()
    panel.come_forward()


def numbers_in(view: View) -> list[int]:
    """The numbers of the people in a view."""
    return [number_of(face, index) for index, face in enumerate(view.faces) if face.confirmed]


def estimate_in(view: View, number: int) -> Estimate | None:
    """The estimate for a person in a view; None if they are not in it."""
    for index, face in enumerate(view.faces):
        if face.confirmed and number_of(face, index) == number:
            frame = view.frame
            return Estimate(number, frame.source, frame.time_s, frame.still, face)
    return None


def moment(estimate: Estimate) -> str:
    """The name of a person at one moment."""
    if estimate.is_still:
        return Text.PINNED_STILL(number=estimate.number, source=estimate.source)
    minutes, seconds = divmod(int(estimate.time_s), 60)
    return Text.PINNED_NAME(number=estimate.number, source=estimate.source, time=f"{minutes}:{seconds:02d}")
