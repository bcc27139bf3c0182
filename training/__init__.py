"""Training, evaluation and export of the weights. `training` imports from `agecam`, never the other way round."""

import sys
from collections.abc import Callable

from agecam.errors import AgeCamError
from agecam.runtime.environment import prepare_environment

prepare_environment()


def command(main: Callable[[], None]) -> None:
    """Run a step's `main`; an AgeCamError is printed as one sentence, with exit code 1."""
    try:
        main()
    except AgeCamError as error:
        sys.exit(f"training: {error}")
