"""Keeps a package from importing others that AgeCam does not need."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def hidden_modules(*names: str) -> Iterator[None]:
    """Let imports of these modules fail inside the block, as if they were not installed; loaded ones stay."""
    hidden = [name for name in names if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]  # None prevents the import
    try:
        yield
    finally:
        for name in hidden:
            sys.modules.pop(name, None)
