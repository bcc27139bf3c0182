"""The pictures of the photo booth below the video: see them large, drag them out as files, remove them."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PySide6.QtCore import QMimeData, QSize, Qt, QUrl, Signal
from PySide6.QtGui import QIcon, QImage, QKeyEvent, QPainter, QPixmap, QWheelEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QLabel,
    QListView,
    QListWidget,
    QListWidgetItem,
    QMenu,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from agecam.errors import OutputError
from agecam.live.booth import BoothPicture
from agecam.overlay import blur_everything
from agecam.runtime.files import write_whole
from agecam.ui.messages import Text
from agecam.ui.widgets.booth_viewer import BoothViewer

ICON_PX = QSize(112, 84)
MAX_PICTURES = 15
"""Three runs; beyond that, the oldest pictures leave the strip."""
_ROLE = Qt.ItemDataRole.UserRole


class BoothStrip(QWidget):
    """Hidden while there is no picture."""

    remove_wanted = Signal(object)
    """The user asks to remove a `BoothPicture`."""
    failed = Signal(object)
    """The `OutputError` for which a picture cannot be dragged out."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.caption = QLabel(Text.BOOTH_CAPTION(), self)
        self.list = _Pictures(self)
        self.view = QPushButton(Text.BOOTH_VIEW(), self)
        self.delete = QPushButton(Text.BOOTH_DELETE(), self)
        self.close_all = QPushButton(Text.BOOTH_CLOSE(), self)
        self._blurred = False
        self.viewer: BoothViewer | None = None
        """The window with the large picture; None while there is none."""
        head = QHBoxLayout()
        head.setContentsMargins(10, 2, 10, 0)
        head.addWidget(self.caption, stretch=1)
        for button in (self.view, self.delete, self.close_all):
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            head.addWidget(button)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 4, 0, 0)
        rows.setSpacing(2)
        rows.addLayout(head)
        rows.addWidget(self.list)
        self.view.clicked.connect(lambda: self._see(self.list.currentItem()))
        self.delete.clicked.connect(self._delete_current)
        self.close_all.clicked.connect(self.clear)
        self.list.itemActivated.connect(self._see)
        self.list.delete_pressed.connect(self._delete_current)
        self.list.failed.connect(self.failed)
        self.list.currentItemChanged.connect(lambda *_: self._enable())
        self.list.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.list.customContextMenuRequested.connect(self._open_menu)
        self._enable()
        self.hide()

    @property
    def pictures(self) -> list[BoothPicture]:
        """The pictures from left to right."""
        return [self.list.item(row).data(_ROLE) for row in range(self.list.count())]

    def add(self, picture: BoothPicture, name: str) -> None:
        """Add a picture at the right end; `name` is for tooltips and screen readers."""
        item = QListWidgetItem()
        item.setData(_ROLE, picture)
        item.setToolTip(name)
        item.setData(Qt.ItemDataRole.AccessibleTextRole, name)
        item.setSizeHint(ICON_PX + QSize(10, 10))
        self._dress(item)
        self.list.addItem(item)
        while self.list.count() > MAX_PICTURES:
            self.list.takeItem(0)
        self.show()
        self.list.scrollToItem(item)
        self._enable()

    def remove(self, picture: BoothPicture) -> None:
        """Remove a picture from the strip."""
        row = next((row for row, other in enumerate(self.pictures) if other is picture), None)
        if row is not None:
            self.list.takeItem(row)
            self.list.remove_file(picture)
            self._settle()

    def clear(self) -> None:
        """Remove all pictures from the strip; saved files stay."""
        self.list.clear()
        self.list.remove_files()
        self._settle()

    def close_viewer(self) -> None:
        """Close the window with the large picture."""
        if self.viewer is not None:
            self.viewer.reject()

    def set_blurred(self, on: bool) -> None:
        """Set whether nobody may be recognised in pictures that were taken without blurring."""
        if on == self._blurred:
            return
        self._blurred = on
        for row in range(self.list.count()):
            self._dress(self.list.item(row))
        if self.viewer is not None:
            self._see(self.list.currentItem())

    def _dress(self, item: QListWidgetItem) -> None:
        """Give an item its icon. What is covered in the window cannot be dragged out of it."""
        picture: BoothPicture = item.data(_ROLE)
        item.setIcon(QIcon(_centred(self._pixmap(picture, room := ICON_PX * self.devicePixelRatioF()), room)))
        flags, may_drag = item.flags(), Qt.ItemFlag.ItemIsDragEnabled
        item.setFlags(flags & ~may_drag if self._covers(picture) else flags | may_drag)

    def _covers(self, picture: BoothPicture) -> bool:
        return self._blurred and not picture.blurred

    # --- one picture -----------------------------------------------------------------------------------

    def _see(self, item: QListWidgetItem | None) -> None:
        if item is None:
            return
        if self.viewer is None:
            self.viewer = BoothViewer(self.window())
            self.viewer.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            self.viewer.finished.connect(self._forget_viewer)
            self.viewer.moved.connect(self._move)
            self.viewer.removed.connect(self._delete_current)
        self.list.setCurrentItem(item)
        self.viewer.show_picture(self._pixmap(item.data(_ROLE)), item.toolTip())
        self.viewer.show()

    def _move(self, step: int) -> None:
        row = self.list.currentRow() + step
        if 0 <= row < self.list.count():
            self._see(self.list.item(row))

    def _delete_current(self) -> None:
        if (item := self.list.currentItem()) is not None:
            self.remove_wanted.emit(item.data(_ROLE))

    def _settle(self) -> None:
        """After a removal."""
        self._enable()
        if self.viewer is not None:
            item = self.list.currentItem()
            self._see(item) if item is not None else self.viewer.reject()
        if not self.list.count():
            self.hide()

    def _forget_viewer(self) -> None:
        self.viewer = None

    def _enable(self) -> None:
        for button in (self.view, self.delete):
            button.setEnabled(self.list.currentItem() is not None)

    def _open_menu(self, point: object) -> None:
        item = self.list.itemAt(point)  # type: ignore[call-overload]
        if item is None:
            return
        self.list.setCurrentItem(item)
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction(Text.BOOTH_VIEW(), lambda: self._see(item))
        menu.addAction(Text.BOOTH_DELETE(), self._delete_current)
        menu.popup(self.list.viewport().mapToGlobal(point))  # type: ignore[call-overload]

    def _pixmap(self, picture: BoothPicture, room: QSize | None = None) -> QPixmap:
        image_bgr = picture.preview_bgr if room is None else picture.thumbnail_bgr
        if self._covers(picture):
            image_bgr = blur_everything(image_bgr)
        pixels = np.ascontiguousarray(image_bgr)
        height, width = pixels.shape[:2]
        image = QImage(pixels.data, width, height, pixels.strides[0], QImage.Format.Format_BGR888)
        if room is not None:
            smooth = Qt.TransformationMode.SmoothTransformation
            image = image.scaled(room, Qt.AspectRatioMode.KeepAspectRatio, smooth)
        return QPixmap.fromImage(image)  # a copy


def _centred(pixmap: QPixmap, room: QSize) -> QPixmap:
    """A picture in the middle of its place: a strip is narrow."""
    place = QPixmap(room)
    place.fill(Qt.GlobalColor.transparent)
    painter = QPainter(place)
    painter.drawPixmap((room.width() - pixmap.width()) // 2, (room.height() - pixmap.height()) // 2, pixmap)
    painter.end()
    return place


class _Pictures(QListWidget):
    """A single row; pictures can be dragged to other programs."""

    delete_pressed = Signal()
    failed = Signal(object)
    """An `OutputError`."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAccessibleName(Text.BOOTH_CAPTION())
        self.setFlow(QListView.Flow.LeftToRight)
        self.setWrapping(False)
        self.setIconSize(ICON_PX)
        self.setFrameShape(QListView.Shape.NoFrame)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setSelectionMode(QListView.SelectionMode.SingleSelection)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click leaves the keys to the window
        self.setDragDropMode(QAbstractItemView.DragDropMode.DragOnly)
        self.setDefaultDropAction(Qt.DropAction.CopyAction)
        self.setFixedHeight(ICON_PX.height() + 24)
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        """Files for other programs, which may read them after the drop; removed at the end of the program."""

    def supportedDropActions(self) -> Qt.DropAction:  # noqa: N802
        return Qt.DropAction.CopyAction

    def mimeData(self, items: Sequence[QListWidgetItem]) -> QMimeData:  # noqa: N802
        """The pictures as files: written only now, when somebody drags them."""
        data = QMimeData()
        try:
            data.setUrls([QUrl.fromLocalFile(str(self._file_of(item.data(_ROLE)))) for item in items])
        except OutputError as error:
            self.failed.emit(error)
        return data

    def remove_file(self, picture: BoothPicture) -> None:
        """Remove the file that was made of a shot for another program, if there is one."""
        if self._folder is not None and picture.path is None:
            self._temporary(picture).unlink(missing_ok=True)

    def remove_files(self) -> None:
        """Remove all files that were made for other programs."""
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        if event.key() == Qt.Key.Key_Delete:
            self.delete_pressed.emit()
        else:
            super().keyPressEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802
        moved, bar = event.angleDelta(), self.horizontalScrollBar()
        bar.setValue(bar.value() - (moved.x() or moved.y()))
        event.accept()

    def _file_of(self, picture: BoothPicture) -> Path:
        if picture.path is not None:
            return picture.path
        path = self._temporary(picture)
        return path if path.exists() else write_whole(path, picture.png)

    def _temporary(self, picture: BoothPicture) -> Path:
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="agecam-", ignore_cleanup_errors=True)
        return Path(self._folder.name, f"{picture.stem}.png")
