"""Backends run a network on a batch. Everything before and after is shared by all, in NumPy and OpenCV."""

from agecam.backends.base import Backend, Runner
from agecam.backends.choice import BackendChoice, DeviceChoice, choose_backend, for_live_estimates, on_processor

__all__ = ["Backend", "BackendChoice", "DeviceChoice", "Runner", "choose_backend", "for_live_estimates", "on_processor"]
