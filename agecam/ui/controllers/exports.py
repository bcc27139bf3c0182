"""Asks where to save results, and saves them."""

from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QWidget

from agecam.ui.controllers.saver import Saver
from agecam.ui.messages import Text


def export_results(saver: Saver, folder: Path, window: QWidget) -> None:
    """Save all results as CSV where the user chooses; `folder` is suggested."""
    suggestion = str(folder / "agecam-results.csv")
    path, _ = QFileDialog.getSaveFileName(window, Text.EXPORT_CSV.plain(), suggestion, f"{Text.CSV_FILES()} (*.csv)")
    if path:
        saver.export_csv(Path(path) if Path(path).suffix else Path(f"{path}.csv"))


def ask_for_lanes_file(folder: Path, stem: str, window: QWidget) -> Path | None:
    """Where the user wants to save the lanes of a timeline, as CSV or JSON; None for nowhere."""
    kinds = {f"{Text.CSV_FILES()} (*.csv)": ".csv", f"{Text.JSON_FILES()} (*.json)": ".json"}
    path, kind = QFileDialog.getSaveFileName(
        window, Text.SAVE_LANES.plain(), str(folder / f"{stem}-timeline.csv"), ";;".join(kinds)
    )
    return None if not path else Path(path) if Path(path).suffix else Path(path + kinds.get(kind, ".csv"))
