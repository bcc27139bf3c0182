"""`agecam cameras`: lists the cameras of this computer."""

from agecam.commands import DONE
from agecam.sources import list_cameras


def run_cameras() -> int:
    """Print the number and the name of each camera, and return the exit code."""
    cameras = list_cameras()
    if not cameras:
        print("No camera was found: connect one and try again, or run 'agecam demo'.")
    for camera in cameras:
        print(f"{camera.index:3}  {camera.name}")
    return DONE
