"""'Guess first': hides the apparent ages until people have guessed them."""

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QWidget

from agecam.live.guessing import GuessingGame
from agecam.types import Face
from agecam.ui.actions import Actions
from agecam.ui.controllers.comparison import bring_forward, estimate_in, numbers_in
from agecam.ui.controllers.picture import PictureController, PictureParts
from agecam.ui.controllers.transport import Transport
from agecam.ui.widgets.guess_card import GuessCard


class GuessController(QObject):
    """Follows the action 'Guess first'. Switching it on begins a new game."""

    def __init__(
        self,
        parts: PictureParts,
        picture: PictureController,
        transport: Transport,
        actions: Actions,
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self._panel, self._settings = parts.panel, parts.settings
        self._picture, self._transport, self._actions, self._window = picture, transport, actions, parent
        self.card = GuessCard(self._panel)
        self.card.hide()
        self.game: GuessingGame | None = None
        """The running game."""
        self._asked: tuple[int, Face] | None = None
        """Who is asked about, as last seen."""
        actions.guess_first.toggled.connect(self._switch)
        self.card.guessed.connect(self._reveal)
        self.card.edited.connect(transport.pause)
        self._panel.chosen.connect(self._follow_choice)
        picture.listed.connect(self.refresh)

    def forget_people(self) -> None:
        """The numbers now belong to others; the score stays."""
        self._asked = None
        if self.game is not None:
            self.game.forget_people()
            self._settings.show_ages_of(self.game.guessed)

    def refresh(self) -> None:
        """Ask about the chosen person, or the only one. Called several times a second."""
        view, game = self._picture.view(), self.game
        if game is None:
            return
        people = [] if view is None else numbers_in(view)
        number = self._panel.chosen_number
        if number is None and self._asked is not None and self._asked[0] in people:
            number = self._asked[0]  # what has been entered for them stays when others join them
        if number is None and len(people) == 1:
            number = people[0]
        if number is not None and (guess := game.guess_of(number)) is not None:
            self.card.show_answer(guess)
            return
        if number is None and self.card.number is not None and game.guess_of(self.card.number) is not None:
            return  # the last answer stays until somebody else is chosen
        estimate = None if view is None or number is None else estimate_in(view, number)
        if estimate is not None:
            self._asked = estimate.number, estimate.face
        if number is not None and self._asked is not None and self._asked[0] == number:
            self.card.ask(number)
        elif people or self.card.number is None or view is None:  # who has just left can still be guessed
            self._asked = None
            self.card.show_nobody()

    def _switch(self, on: bool) -> None:
        self._asked = None
        self.game = GuessingGame() if on else None
        self._settings.show_ages_of(frozenset() if on else None)
        if self.game is None:
            self._panel.show_detail(None)
            return
        self.card.show_score(self.game.score)
        self._panel.show_detail(self.card)
        bring_forward(self._panel, self._actions)
        self.refresh()
        self.card.take_focus()

    def _follow_choice(self, number: int | None) -> None:
        if self.game is None:
            return
        self.refresh()
        if number is not None and self.game.guess_of(number) is None:
            self._transport.pause()
            bring_forward(self._panel, self._actions)
            self.card.take_focus()

    def _reveal(self, years: int) -> None:
        if self.game is None or self._asked is None:
            return
        (number, face), self._asked = self._asked, None
        self.card.show_answer(self.game.add(number, years, face))
        self.card.show_score(self.game.score)
        self._window.setFocus(Qt.FocusReason.OtherFocusReason)  # the keys are the window's again
        self._settings.show_ages_of(self.game.guessed)
