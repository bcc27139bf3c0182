"""AgeCam from a checkout: the same program as the installed command `agecam`."""

import sys

from agecam.cli import main

if __name__ == "__main__":
    sys.exit(main())
