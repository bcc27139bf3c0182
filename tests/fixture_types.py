"""Types of fixtures; conftest.py cannot be imported for them, since each folder may have one of its own."""

from collections.abc import Callable
from pathlib import Path

WriteVideo = Callable[..., Path]
"""Of `write_video`."""
