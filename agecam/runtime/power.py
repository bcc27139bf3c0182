"""Whether the computer runs on battery."""

import psutil


def on_battery() -> bool:
    """Whether a battery is the only source of power; False where the system does not say."""
    try:
        battery = psutil.sensors_battery()
    except (AttributeError, OSError, RuntimeError):  # not on every system; some drivers report nonsense
        return False
    return battery is not None and battery.power_plugged is False
