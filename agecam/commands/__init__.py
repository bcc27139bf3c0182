"""The commands of `agecam`. Each returns the exit code of the process."""

DONE = 0
FAILED = 1
"""Something could not be done; the rest is complete."""
WRONG_USAGE = 2
