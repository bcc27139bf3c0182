"""Finds files of installed packages without importing the packages."""

import importlib.util
from pathlib import Path


def package_file(package: str, *parts: str) -> Path:
    """Path of a file in a package; raises FileNotFoundError if the package or the file is missing."""
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise FileNotFoundError(f"{package} is not installed")
    path = Path(spec.origin).parent.joinpath(*parts)
    if not path.is_file():
        raise FileNotFoundError(f"{package} lacks {'/'.join(parts)}")
    return path
