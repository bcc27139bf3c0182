"""The report on a run: collected from all its frames, written at its end."""

import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from agecam.batch.outputs import AnalysedFrame, Output
from agecam.models.store import weights_sha256
from agecam.outputs.report import check_report_path
from agecam.outputs.report.content import Report
from agecam.outputs.report.films import Films
from agecam.outputs.report.pictures import Pictures
from agecam.overlay import OverlayStyle
from agecam.runtime.files import write_whole


class ReportOutput(Output):
    """One file about all sources of a run."""

    def __init__(self, path: str, render: Callable[[Report], bytes], style: OverlayStyle) -> None:
        """
        Args:
            path: the file.
            render: returns its content.
            style: of the run.

        Raises:
            OutputError: it cannot be written.
        """
        check_report_path(path)
        self.name = path
        self._path = Path(os.path.realpath(path) if Path(path).is_symlink() else path)
        self._final = self._path
        self._existed = self._path.exists()
        self._render, self._style = render, style
        self._films, self._pictures = Films(), Pictures()
        self._model = ""

    @property
    def final_name(self) -> str:  # noqa: D102
        return self.name if self._final == self._path else str(self._final)

    def write(self, analysed: AnalysedFrame) -> None:  # noqa: D102
        self._model = analysed.result.model or self._model
        if analysed.frame.still:
            self._pictures.add(analysed.frame, analysed.result)
        else:
            self._films.add(analysed.frame, analysed.result)

    def close(self) -> None:  # noqa: D102
        if not self.frames:
            return
        left_out, left_out_faces = self._pictures.left_out
        report = Report(
            created=datetime.now(),
            model=self._model,
            sha256=weights_sha256(self._model),
            films=self._films.content(self._style.blur_faces),
            pictures=self._pictures.content(self._style),
            left_out=left_out,
            left_out_faces=left_out_faces,
            shows_gender=self._style.show_gender,
            blurred=self._style.blur_faces,
        )
        self._final = write_whole(self.name, self._render(report))
        self.replaced = self._existed and self._final == self._path
