"""What people play with: the photo booth, 'Guess first' and the comparison."""

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from agecam.ui.actions import Actions
from agecam.ui.controllers.booth import BoothController
from agecam.ui.controllers.comparison import ComparisonController
from agecam.ui.controllers.guess import GuessController
from agecam.ui.controllers.picture import PictureController, PictureParts
from agecam.ui.controllers.transport import Transport
from agecam.ui.widgets.booth_strip import BoothStrip


class Extras(QObject):
    """Builds the three, and keeps them from each other's way."""

    def __init__(
        self,
        parts: PictureParts,
        picture: PictureController,
        transport: Transport,
        actions: Actions,
        below: QWidget,
        parent: QWidget,
    ) -> None:
        """`below` holds what lies below the picture."""
        super().__init__(parent)
        self._picture = picture
        self._page: tuple[int, int] | None = None
        """Which still picture is shown, as the numbers of its source and of its frame."""
        strip = BoothStrip(below)
        if (layout := below.layout()) is not None:
            layout.addWidget(strip)
        self.booth = BoothController(parts, picture, actions, strip, parent)
        self.comparison = ComparisonController(parts, picture, actions, parent)
        actions.guess_first.toggled.connect(lambda on: self.comparison.end() if on else None)
        self.guess = GuessController(parts, picture, transport, actions, parent)
        picture.shown.connect(self._follow_pages)

    def forget_people(self) -> None:
        """Another source is open: the numbers of people now belong to others."""
        self._page = None
        self._forget()

    def close(self, timeout_s: float) -> bool:
        """Wait for a collage that is being saved, and return whether it is complete; for the end of the program."""
        return self.booth.close(timeout_s)

    def _forget(self) -> None:
        self.comparison.forget_people()
        self.guess.forget_people()

    def _follow_pages(self) -> None:
        """In a file of several pictures, the numbers belong to others in each; in videos people keep theirs."""
        view = self._picture.view()
        page = (view.generation, view.frame.index) if view is not None and view.frame.still else None
        before, self._page = self._page, page  # first: to forget people, the view is shown again
        if before is not None and page is not None and before != page:
            self._forget()
