"""Whether this is the bundle, which contains Python and only the packages that the program itself needs."""

import sys

from agecam.errors import UsageError


def is_bundled() -> bool:
    """Whether the program runs from the bundle that is downloaded, not from an installed Python package."""
    return bool(getattr(sys, "frozen", False))


def check_not_bundled(command: str) -> None:
    """Raise UsageError in the bundle, for a command that needs packages which are not in it."""
    if is_bundled():
        raise UsageError(
            "'{command}' needs the Python package, since this download contains only what the window and "
            "'agecam analyze' need: install it as README.md says.",
            command=command,
        )


def own_command() -> list[str]:
    """The words that start `agecam` as another process."""
    return [sys.executable] if is_bundled() else [sys.executable, "-m", "agecam"]
