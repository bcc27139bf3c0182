"""The version of AgeCam."""

__version__ = "0.1.0"
