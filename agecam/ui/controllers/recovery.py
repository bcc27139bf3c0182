"""The ways on from a problem: the buttons of the notice over the video."""

from dataclasses import replace

from PySide6.QtCore import QObject, Signal

from agecam.live import LiveSession, Phase
from agecam.runtime.crash import UncaughtErrors
from agecam.ui.controllers.help import Help
from agecam.ui.controllers.opener import Opener
from agecam.ui.controllers.settings import SettingsController
from agecam.ui.widgets.notices import NoticeAction
from agecam.ui.widgets.source_menu import SourceMenu
from agecam.ui.widgets.video_view import Notice


class Recovery(QObject):
    """Does what the pressed button says."""

    acted = Signal()
    """The state may have changed."""

    def __init__(
        self,
        notice: Notice,
        session: LiveSession,
        settings: SettingsController,
        source: Opener,
        menu: SourceMenu,
        uncaught: UncaughtErrors,
        help_: Help,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._notice, self._session, self._settings = notice, session, settings
        self._source, self._menu, self._uncaught, self._help = source, menu, uncaught, help_
        notice.chosen.connect(self._act)
        menu.chosen.connect(uncaught.dismiss)
        source.changed.connect(uncaught.forget)

    def _act(self, action: NoticeAction) -> None:
        do = NoticeAction
        match action:
            case do.COPY_DETAILS:
                self._help.copy_details(self._source.name)
            case do.WATCH_DEMO:
                self._source.open("demo", remember=False)
            case do.OTHER_SOURCE:
                button = self._notice.buttons[action]
                self._menu.popup(button.mapToGlobal(button.rect().bottomLeft()))
            case do.USE_PROCESSOR:
                self._settings.replace(replace(self._settings.current, device="cpu"))
            case do.TRY_NOW if (capture := self._session.capture) is not None:
                capture.try_again()
            case do.TRY_AGAIN:
                self._try_again()
            case do.CONTINUE:
                self._uncaught.dismiss()
        self.acted.emit()

    def _try_again(self) -> None:
        source_works = not self._uncaught.unseen() and self._session.source_state.phase is not Phase.FAILED
        self._uncaught.dismiss()
        self._uncaught.forget()
        if source_works and self._session.engine_error is not None:
            self._session.use(self._settings.engine_options())
        else:
            self._source.open_again()
