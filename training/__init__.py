"""Everything that makes and judges the weights. Imports from `agecam`; never the other way round."""

import sys
from collections.abc import Callable

from agecam.errors import AgeCamError
from agecam.runtime.environment import prepare_environment

prepare_environment()


def command(main: Callable[[], None]) -> None:
    """Run a step's `main`; a failure that a person can mend is one sentence and exit code 1."""
    try:
        main()
    except AgeCamError as error:
        sys.exit(f"training: {error}")
