"""Everything that writes files: annotated video, still pictures, plots, results.

Whatever is written is complete or absent under its final name. The writers are context managers: leaving
normally, or by KeyboardInterrupt, completes the file with what was done; any other exception removes it. All
of them raise `OutputError` when a file cannot be written, and do so at opening wherever it can be known then.
"""

from agecam.recorder.atomic import PathLike, check_writable
from agecam.recorder.plot import check_plot_path, write_plot
from agecam.recorder.results import CsvWriter, JsonLinesWriter
from agecam.recorder.stills import StillWriter
from agecam.recorder.video import VideoWriter, check_video_path

__all__ = [
    "CsvWriter",
    "JsonLinesWriter",
    "PathLike",
    "StillWriter",
    "VideoWriter",
    "check_plot_path",
    "check_video_path",
    "check_writable",
    "write_plot",
]
