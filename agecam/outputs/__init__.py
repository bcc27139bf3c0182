"""Writers for annotated video, still pictures, plots and results.

Under its final name, a file is either complete or absent. Writers of video and results are context managers:
leaving the block normally or by KeyboardInterrupt completes the file with the data so far, and any other exception
removes it. `OutputError` is raised if a file cannot be written, at opening if possible.
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
