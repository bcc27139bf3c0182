"""Everything that writes files: annotated video, still pictures, plots, results.

Whatever is written is complete or absent under its final name. The writers are context managers: leaving
normally, or by KeyboardInterrupt, completes the file with what was done; any other exception removes it. All
of them raise `OutputError` when a file cannot be written, and do so at opening wherever it can be known then.
"""

from agecam.outputs.plot import check_plot_path, write_plot
from agecam.outputs.results import CsvWriter, JsonLinesWriter
from agecam.outputs.stills import StillWriter
from agecam.outputs.video import VideoWriter, check_video_path
from agecam.runtime.files import PathLike, check_writable

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
