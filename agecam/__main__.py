"""Entry point of `python -m agecam`."""

import sys

from agecam.cli import main

if __name__ == "__main__":
    sys.exit(main())
