"""The dialogs: settings, shortcuts, About, and why AgeCam cannot start."""

from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QGuiApplication, QKeySequence
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QFrame,
    QGroupBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QSpinBox,
    QStyle,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from agecam.errors import AgeCamError
from agecam.runtime.crash import problem_report
from agecam.runtime.settings import Settings
from agecam.ui.actions import Actions
from agecam.ui.messages import Text, translated
from agecam.ui.system.screens import fit_to_screen
from agecam.version import __version__

_AUTOMATIC_PX = 10
"""Value of the smallest face that stands for the default."""


class SettingsDialog(QDialog):
    """Dialog for the settings that have no action; `settings()` returns the chosen values."""

    def __init__(self, settings: Settings, models: list[str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(Text.SETTINGS_TITLE())
        self._settings = settings
        self.model = _combo_box({name: name for name in models}, settings.model)
        self.device = _combo_box(
            {"auto": Text.DEVICE_AUTO(), "cpu": Text.DEVICE_CPU(), "gpu": Text.DEVICE_GPU()}, settings.device
        )
        self.min_face = QSpinBox(minimum=_AUTOMATIC_PX, maximum=400, singleStep=10, suffix=" px")
        self.min_face.setSpecialValueText(Text.MIN_FACE_AUTO())
        self.min_face.setValue(settings.smallest_face_px or _AUTOMATIC_PX)
        self.theme = _combo_box(
            {"system": Text.THEME_SYSTEM(), "light": Text.THEME_LIGHT(), "dark": Text.THEME_DARK()}, settings.theme
        )
        self.folder = QLineEdit(str(settings.saving_folder))
        browse = QPushButton(Text.CHOOSE_FOLDER())
        browse.clicked.connect(self._browse)
        folder = QHBoxLayout()
        folder.addWidget(self.folder, stretch=1)
        folder.addWidget(browse)
        self.save_mirrored, self.save_clean, self.save_blurred, self.save_json = (
            _checkbox(text(), checked)
            for text, checked in (
                (Text.SAVE_MIRRORED, settings.save_mirrored),
                (Text.SAVE_CLEAN, settings.save_clean),
                (Text.SAVE_BLURRED, settings.save_blurred),
                (Text.SAVE_JSON, settings.save_json),
            )
        )
        analysis = _group(Text.SET_ANALYSIS())
        for label, field in (
            (Text.SET_MODEL, self.model),
            (Text.SET_DEVICE, self.device),
            (Text.SET_MIN_FACE, self.min_face),
        ):
            _form(analysis).addRow(label(), field)
        self.spare_battery = _checkbox(Text.SPARE_BATTERY(), settings.spare_battery)
        _form(analysis).addRow(self.spare_battery)
        saving = _group(Text.SET_SAVING())
        _form(saving).addRow(Text.SET_FOLDER(), folder)
        for box in (self.save_clean, self.save_json, self.save_blurred, self.save_mirrored):
            _form(saving).addRow(box)
        appearance = _group(Text.SET_APPEARANCE())
        _form(appearance).addRow(Text.SET_THEME(), self.theme)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        groups = QWidget()
        rows = QVBoxLayout(groups)
        for widget in (analysis, saving, appearance):
            rows.addWidget(widget)
        _fill(self, groups, buttons)

    def settings(self) -> Settings:
        """The settings with the values chosen in the dialog."""
        folder = self.folder.text().strip()
        return replace(
            self._settings,
            model=self.model.currentData(),
            device=self.device.currentData(),
            smallest_face_px=self.min_face.value() if self.min_face.value() != _AUTOMATIC_PX else 0,
            spare_battery=self.spare_battery.isChecked(),
            theme=self.theme.currentData(),
            folder="" if Path(folder) == Settings().saving_folder else folder,
            save_mirrored=self.save_mirrored.isChecked(),
            save_clean=self.save_clean.isChecked(),
            save_blurred=self.save_blurred.isChecked(),
            save_json=self.save_json.isChecked(),
        )

    def _browse(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, Text.SET_FOLDER(), self.folder.text())
        if folder:
            self.folder.setText(folder)


class ShortcutsDialog(QDialog):
    """List of all keyboard shortcuts."""

    def __init__(self, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(Text.SHORTCUTS_TITLE())
        actions_with_keys = [action for action in actions.all() if action.shortcuts()]
        self.table = QTableWidget(len(actions_with_keys), 2, self)
        self.table.horizontalHeader().hide()
        self.table.verticalHeader().hide()
        self.table.setShowGrid(False)
        self.table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        self.table.setSelectionMode(QTableWidget.SelectionMode.NoSelection)
        for row, action in enumerate(actions_with_keys):
            keys = ", ".join(key.toString(QKeySequence.SequenceFormat.NativeText) for key in action.shortcuts())
            self.table.setItem(row, 0, QTableWidgetItem(action.iconText()))
            self.table.setItem(row, 1, QTableWidgetItem(keys))
        self.table.resizeColumnsToContents()
        self.table.horizontalHeader().setStretchLastSection(True)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(self.table)
        layout.addWidget(buttons)
        fit_to_screen(self, QSize(420, 560))


class AboutDialog(QDialog):
    """Purpose, privacy, model and licences of AgeCam."""

    def __init__(self, weights: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(Text.ABOUT_TITLE())
        layout = QVBoxLayout(self)
        title = QLabel(f"AgeCam {__version__}")
        font = title.font()
        font.setPointSizeF(1.5 * font.pointSizeF())
        title.setFont(font)
        layout.addWidget(title)
        for text in (Text.ABOUT_PURPOSE(), Text.PRIVACY(), weights, Text.LICENCES()):
            label = QLabel(text, wordWrap=True, textFormat=Qt.TextFormat.PlainText)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            layout.addWidget(label)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout.addWidget(buttons)
        self.setMinimumWidth(460)


class FailedStartDialog(QDialog):
    """Says why AgeCam cannot start, for those who see no terminal."""

    def __init__(self, error: AgeCamError, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(Text.CANNOT_START())
        self.text = QLabel(translated(error), wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        self.text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self.copy_button = buttons.addButton(Text.COPY_DETAILS(), QDialogButtonBox.ButtonRole.ActionRole)
        self.copy_button.clicked.connect(lambda: QGuiApplication.clipboard().setText(problem_report([error])))
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(self.text)
        layout.addWidget(buttons)
        self.setMinimumWidth(420)


def _fill(dialog: QDialog, content: QWidget, buttons: QDialogButtonBox) -> None:
    """Fill a dialog whose content can be scrolled where the screen is too small for it."""
    scroll = QScrollArea(widgetResizable=True)
    scroll.setFrameShape(QFrame.Shape.NoFrame)
    scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    scroll.setWidget(content)
    scroll.setMinimumWidth(content.minimumSizeHint().width() + scroll.verticalScrollBar().sizeHint().width())
    layout = QVBoxLayout(dialog)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.addWidget(scroll)
    layout.addWidget(buttons)
    margin_px = dialog.style().pixelMetric(QStyle.PixelMetric.PM_LayoutBottomMargin)
    buttons.setContentsMargins(margin_px, 0, margin_px, margin_px)
    wanted = content.sizeHint() + QSize(0, layout.spacing() + buttons.sizeHint().height())
    fit_to_screen(dialog, wanted.expandedTo(dialog.minimumSizeHint()))


def _checkbox(text: str, checked: bool) -> QCheckBox:
    box = QCheckBox(text)
    box.setChecked(checked)
    return box


def _combo_box(options: dict[str, str], chosen: str) -> QComboBox:
    box = QComboBox()
    for value, text in options.items():
        box.addItem(text, value)
    box.setCurrentIndex(max(0, box.findData(chosen)))
    return box


def _group(title: str) -> QGroupBox:
    group = QGroupBox(title)
    QFormLayout(group)
    return group


def _form(group: QGroupBox) -> QFormLayout:
    layout = group.layout()
    assert isinstance(layout, QFormLayout)
    return layout
