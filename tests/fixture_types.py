"""Types of the fixtures in conftest.py, which other modules cannot import: each folder may have a conftest of its own."""

from collections.abc import Callable
from pathlib import Path

WriteVideo = Callable[..., Path]
"""Of `write_video`."""
