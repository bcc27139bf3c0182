"""Files, folders, addresses and lists of them that are dropped on the window."""

from PySide6.QtCore import QEvent, QMimeData, QObject, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QWidget

_MAX_LINES = 10_000


class Drops(QObject):
    """Accepts drops on a window."""

    dropped = Signal(list)
    """The dropped specs, in their order; at least one."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        window.setAcceptDrops(True)
        window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802, D102
        match event.type():
            case QEvent.Type.DragEnter if isinstance(event, QDragEnterEvent) and dropped_specs(event.mimeData()):
                event.acceptProposedAction()
                return True
            case QEvent.Type.Drop if isinstance(event, QDropEvent) and (specs := dropped_specs(event.mimeData())):
                event.acceptProposedAction()
                self.dropped.emit(specs)
                return True
        return super().eventFilter(watched, event)


def dropped_specs(data: QMimeData) -> list[str]:
    """The specs of dropped files and addresses, or of a text with one in each line; lines with `#` are comments."""
    if data.hasUrls():
        return [url.toLocalFile() if url.isLocalFile() else url.toString() for url in data.urls()]
    lines = [line.strip() for line in data.text().splitlines()[:_MAX_LINES]] if data.hasText() else []
    return [line for line in lines if line and not line.startswith("#")]
