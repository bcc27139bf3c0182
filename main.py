"""Run AgeCam from a checkout, like the installed command `agecam`."""

import sys

from agecam.cli import main

if __name__ == "__main__":
    sys.exit(main())
