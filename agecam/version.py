"""The version of AgeCam, and the commit that it was built from."""

from pathlib import Path

__version__ = "0.2.0"


def full_version() -> str:
    """The version, followed in a bundle by the commit that it was built from."""
    try:
        commit = (Path(__file__).parent / "commit.txt").read_text(encoding="ascii").strip()
    except OSError:  # in a checkout and in an installed package
        return __version__
    return f"{__version__} ({commit})"
