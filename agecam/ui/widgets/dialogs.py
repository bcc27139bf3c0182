"""The dialogs: settings, shortcuts and About."""

from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QGroupBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSpinBox,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from agecam.runtime.settings import Settings
from agecam.ui.actions import Actions
from agecam.ui.messages import Text
from agecam.version import __version__


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
        self.min_face = QSpinBox(minimum=20, maximum=400, singleStep=10, suffix=" px", value=settings.min_face_px)
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
        saving = _group(Text.SET_SAVING())
        _form(saving).addRow(Text.SET_FOLDER(), folder)
        for box in (self.save_clean, self.save_json, self.save_blurred, self.save_mirrored):
            _form(saving).addRow(box)
        appearance = _group(Text.SET_APPEARANCE())
        _form(appearance).addRow(Text.SET_THEME(), self.theme)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        rows = QVBoxLayout(self)
        for widget in (analysis, saving, appearance, buttons):
            rows.addWidget(widget)

    def settings(self) -> Settings:
        """The settings with the values chosen in the dialog."""
        folder = self.folder.text().strip()
        return replace(
            self._settings,
            model=self.model.currentData(),
            device=self.device.currentData(),
            min_face_px=self.min_face.value(),
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
            self.table.setItem(row, 0, QTableWidgetItem(action.text().replace("&", "").rstrip(".")))
            self.table.setItem(row, 1, QTableWidgetItem(keys))
        self.table.resizeColumnsToContents()
        self.table.horizontalHeader().setStretchLastSection(True)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(self.table)
        layout.addWidget(buttons)
        self.resize(420, 560)


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
