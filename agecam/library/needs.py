"""Checks that the packages of the extra `library` are installed."""

import importlib.util

from agecam.errors import UsageError


def require_library() -> None:
    """Raise UsageError if Ray Data or PyArrow is missing, without importing them."""
    if not all(importlib.util.find_spec(name) for name in ("ray", "pyarrow", "fsspec")):
        raise UsageError("'agecam library' needs Ray and PyArrow: run pip install 'agecam[library]'.")
