"""Shows the session's pictures with their faces, and connects what the user does with a face to the panel."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QObject, QPoint, Qt, Signal
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtWidgets import QMenu, QWidget

from agecam.live import LiveSession, View
from agecam.live.inference import InferenceResult
from agecam.live.marks import Marks
from agecam.live.people import People
from agecam.live.screenshot import portrait, uncovered
from agecam.overlay import Placer
from agecam.overlay.labels import number_of
from agecam.types import Face, FrameResult
from agecam.ui.actions import Actions
from agecam.ui.controllers.saver import Saver
from agecam.ui.controllers.settings import SettingsController
from agecam.ui.messages import Text
from agecam.ui.widgets.face_overlay import Scene
from agecam.ui.widgets.faces_panel import FacesPanel
from agecam.ui.widgets.video_view import TEXT_PX, VideoView

MIN_TEXT_PX, MAX_TEXT_PX = 9, 33
_TEXT_STEP_PX = 2


@dataclass(frozen=True, slots=True)
class PictureParts:
    """What the picture is shown with."""

    video: VideoView
    panel: FacesPanel
    session: LiveSession
    saver: Saver
    settings: SettingsController
    is_camera: Callable[[], bool]
    """Whether the open source is a camera."""


class PictureController(QObject):
    """Paints each new view; chooses, blurs, hides and copies single faces."""

    shown = Signal()
    """The window shows something else: `view` has changed, or its style."""
    listed = Signal()
    """The panel has been refreshed, or would have been if it were shown."""
    menu_filled = Signal(QMenu, object)
    """The menu of a face is about to open, with the number of the face; None for the place between faces."""

    def __init__(self, parts: PictureParts, people: People, marks: Marks, actions: Actions, parent: QWidget) -> None:
        super().__init__(parent)
        self._video, self._panel, self._session = parts.video, parts.panel, parts.session
        self._saver, self._settings, self._is_camera = parts.saver, parts.settings, parts.is_camera
        self._people, self._marks = people, marks
        self._painted: View | None = None
        self._hovered: int | None = None
        self._listed: frozenset[int] = frozenset()
        """The numbers of the people for whom the panel was last refreshed."""
        self._recorded = Placer()
        """Keeps labels steady in recordings."""
        self._video.clicked.connect(self._choose)
        self._video.hovered.connect(self._hover)
        self._video.menu_requested.connect(self._open_menu)
        self._panel.hovered.connect(self._hover)
        self._panel.menu_requested.connect(self._open_menu)
        self._panel.chosen.connect(lambda number: self._video.light(number, self._hovered))
        actions.reset_zoom.triggered.connect(self._video.reset_zoom)
        actions.larger_labels.triggered.connect(lambda: self._change_text_px(_TEXT_STEP_PX))
        actions.smaller_labels.triggered.connect(lambda: self._change_text_px(-_TEXT_STEP_PX))
        self._change_text_px(0)
        self.keep_promise()

    # --- painting --------------------------------------------------------------------------------------

    def refresh(self) -> View | None:
        """Paint the session's view if it is a new one; returns it then."""
        view = self._session.view()
        if view is None or view is self._painted:
            return None
        is_new = self._painted is None or view.frame_number != self._painted.frame_number
        begins = self._painted is not None and view.run != self._painted.run
        self._painted = view  # first: if painting fails, this view is not tried for ever
        marked = self._show(view, steady=not view.frame.still)
        if is_new:
            self._saver.record(marked, self._settings.overlay_style(), self._is_camera(), self._recorded)
            self._session.painted(view)
        if begins:  # the number of the chosen person may become somebody else's
            self._panel.choose(None)
        if begins or _confirmed_in(view) != self._listed:  # panel and picture change together
            self.refresh_panel()
        return view

    def redraw(self) -> None:
        """Draw the current view again, after a change of style, mirroring or marks."""
        self.keep_promise()
        if (view := self._session.view()) is not None:
            self._show(view, steady=False)
        self.refresh_panel()

    def refresh_panel(self) -> None:
        """Show everyone in view in the panel."""
        self.keep_promise()
        if self._settings.current.show_panel:
            self._list_people()
        self.listed.emit()

    def _list_people(self) -> None:
        view = self._session.view()
        people = self._people.in_view(self._settings.current.blur_faces, self._blurred_numbers())
        # Exactly those whose labels are in the picture.
        self._listed = _confirmed_in(view) if view is not None else frozenset()
        people = [person for person in people if person.track_id in self._listed]
        if view is not None:
            people = [person for person in people if not self._marks.hides_face(view.frame, person.face)]
        is_still = view is not None and view.frame.still
        settings = self._settings.current
        looking = self._session.awaits_result
        hidden = self._settings.ages_of
        self._panel.show_people(people, settings.show_gender, is_still, settings.blur_faces, looking, hidden)

    def view(self) -> View | None:
        """The session's view as it may be saved."""
        view = self._session.view()
        return None if view is None else self._marks.applied(view)

    def result_of(self, result: InferenceResult) -> FrameResult:
        """Note a result and return it as it may be saved; called on the inference thread."""
        visible = self._marks.without_hidden(result.task.frame, result.frame_result)
        self._people.update(result.task.frame, visible)
        return visible

    def reset(self, keep_picture: bool = False) -> None:
        """Remove everything that belongs to the last source, except its picture if the next one follows at once."""
        self._painted = self._hovered = None
        self._marks.reset()
        self._recorded.reset()
        self._people.reset()
        self._panel.clear()
        self._video.light(None, None)
        self.keep_promise()
        if not keep_picture:
            self._video.show_picture(None)
            self.shown.emit()

    def keep_promise(self) -> None:
        """While anyone is blurred, show only frames in which all faces were looked for."""
        self._session.show_only_complete(self._settings.blurs or self._marks.blurs)

    def _show(self, view: View, steady: bool) -> View:
        marked, style = self._marks.applied(view), self._settings.overlay_style()
        picture = uncovered(marked, style.blur_faces)
        self._video.show_picture(picture, Scene(marked.faces, style, steady), self._mirrors())
        self.shown.emit()
        return marked

    def _mirrors(self) -> bool:
        return self._is_camera() and self._settings.current.mirror_camera

    def _change_text_px(self, change: int) -> None:
        wanted = (self._settings.current.label_px or TEXT_PX) + change
        self._settings.current.label_px = min(MAX_TEXT_PX, max(MIN_TEXT_PX, wanted))
        self._video.set_text_px(self._settings.current.label_px)

    # --- single faces ----------------------------------------------------------------------------------

    def _choose(self, number: int | None) -> None:
        self.refresh_panel()  # so that there is a row to scroll to
        self._panel.choose(number)

    def _hover(self, number: int | None) -> None:
        self._hovered = number
        self._video.light(self._panel.chosen_number, number)
        self._panel.light(number)

    def _open_menu(self, number: int | None, where: QPoint) -> None:
        face = None if number is None else self._video.faces.face_of(number)
        menu = QMenu(self._video)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        if face is not None:
            menu.addAction(Text.COPY_FACE(), lambda: self._copy(face))
            blur = menu.addAction(Text.BLUR_FACE())
            blur.setCheckable(True)
            blur.setChecked(number in self._blurred_numbers())
            blur.toggled.connect(lambda on: self._blur(face, on))
            menu.addAction(Text.NOT_A_FACE(), lambda: self._hide(face))
        if self._marks.hides:
            menu.addSeparator()
            menu.addAction(Text.SHOW_HIDDEN(), self._show_hidden)
        self.menu_filled.emit(menu, number)
        if menu.isEmpty():
            menu.deleteLater()
        else:
            menu.popup(where)

    def _copy(self, face: Face) -> None:
        if (view := self.view()) is None:
            return
        now = next((other for other in view.faces if other.track is not None and other.track == face.track), face)
        pixels = np.ascontiguousarray(portrait(view, now, self._settings.blurs))
        if not pixels.size:
            return
        height, width = pixels.shape[:2]
        image = QImage(pixels.data, width, height, pixels.strides[0], QImage.Format.Format_BGR888).copy()
        QGuiApplication.clipboard().setImage(image)
        self._video.toast.show_message(Text.FACE_COPIED())

    def _blur(self, face: Face, on: bool) -> None:
        if (view := self._session.view()) is not None:
            self._marks.blur(view, face, on)
            self.redraw()

    def _hide(self, face: Face) -> None:
        if (view := self._session.view()) is not None:
            self._marks.hide(view, face)
            if face.track is not None and face.track == self._panel.chosen_number:
                self._panel.choose(None)
            self.redraw()

    def _show_hidden(self) -> None:
        self._marks.show_hidden()
        self.redraw()

    def _blurred_numbers(self) -> frozenset[int]:
        view = self.view()
        shown = () if view is None or view.blurred is None else view.blurred
        numbers = {number_of(view.faces[index], index) for index in shown} if view is not None else set()
        return self._marks.blurred_people() | numbers


def _confirmed_in(view: View) -> frozenset[int]:
    """The numbers of the people in a view."""
    return frozenset(number_of(face, i) for i, face in enumerate(view.faces) if face.confirmed)
