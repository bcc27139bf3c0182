"""Starts, pauses and stops recordings, and shows how far they are."""

from dataclasses import replace

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from agecam.live import LiveSession
from agecam.ui.actions import Actions, show_icon, show_text
from agecam.ui.controllers.saver import Saver
from agecam.ui.controllers.settings import SettingsController
from agecam.ui.messages import Text
from agecam.ui.widgets.blur_question import BlurQuestion
from agecam.ui.widgets.playback_bar import clock
from agecam.ui.widgets.video_view import VideoView


class Recorder(QObject):
    """Follows the actions for recordings. Before the first one it asks whether to blur faces."""

    def __init__(
        self,
        saver: Saver,
        session: LiveSession,
        actions: Actions,
        video: VideoView,
        settings: SettingsController,
        window: QWidget,
    ) -> None:
        super().__init__(window)
        self._saver, self._session, self._video, self._settings = saver, session, video, settings
        self._record, self._pause = actions.record, actions.pause_recording
        self._window = window
        self.question: BlurQuestion | None = None
        """While it is open."""
        self._record.toggled.connect(self._switch)
        self._pause.toggled.connect(self._switch_pause)
        self._pause.setEnabled(False)

    def stop(self) -> None:
        """End the recording and withdraw the question: for a new source."""
        self.withdraw_question()
        self._record.setChecked(False)

    def withdraw_question(self) -> None:
        """Close the question without an answer."""
        question, self.question = self.question, None
        if question is not None:
            question.close()
            question.deleteLater()

    def refresh(self) -> None:
        """Show the state of the recording."""
        self._saver.refresh()
        recording = self._saver.recording
        if recording is None:
            if self._record.isChecked():  # it has ended by itself
                self._record.setChecked(False)
            self._video.show_recording(None)
            return
        text = Text.STOP_AT_PAUSED if recording.paused else Text.STOP_AT
        if (label := text(time=clock(recording.seconds))) != self._record.iconText():
            self._record.setIconText(label)
        self._video.show_recording(None if recording.paused else recording.seconds)

    def _switch(self, on: bool) -> None:
        if not on:
            self._saver.stop_recording()
        elif self._must_ask():
            self._record.setChecked(False)
            self._ask()
            return
        else:
            info = self._session.source_state.info
            if not self._saver.start_recording(self._session.view(), info.fps if info is not None else None):
                self._record.setChecked(False)
                return
        self._show_running(on)
        self.refresh()

    def _show_running(self, on: bool) -> None:
        show_text(self._record, Text.STOP_RECORDING if on else Text.RECORD)
        show_icon(self._record, "stop" if on else "record", self._window)
        self._pause.setChecked(False)
        self._pause.setEnabled(on)

    def _switch_pause(self, on: bool) -> None:
        if (recording := self._saver.recording) is not None:
            if on:
                recording.pause()
            else:
                recording.resume()
            self.refresh()

    # --- the question ----------------------------------------------------------------------------------

    def _must_ask(self) -> bool:
        """Whether faces would be visible although the user has not been asked, and there is something to record."""
        is_decided = self._settings.current.asked_to_blur or self._settings.blurs
        return not is_decided and self._session.view() is not None

    def _ask(self) -> None:
        if self.question is None:
            self.question = BlurQuestion(self._window)
            self.question.answered.connect(self._answer)
            self.question.finished.connect(self.withdraw_question)
            self.question.show()
        self.question.activateWindow()

    def _answer(self, blur: bool) -> None:
        self.withdraw_question()
        settings = replace(self._settings.current, asked_to_blur=True)
        settings.save_blurred |= blur
        self._settings.replace(settings)
        self._record.setChecked(True)
