"""`agecam models add`: checks weights and installs them for the current user."""

import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING

from tqdm import tqdm

from agecam.batch.console import Console
from agecam.commands import DONE

if TYPE_CHECKING:
    from agecam.models.install.download import Watch

_BAR_DELAY_S = 2.0


def run_models_add(files: list[str], name: str | None, margin: float | None) -> int:
    """Install a model and return the exit code.

    Args:
        files: paths or addresses of the weights.
        name: of the model; None for the default.
        margin: room around the face as a share of its box; None for the default.

    Raises:
        AgeCamError: the weights cannot be read or do not fit, or the model cannot be written.
    """
    from agecam.backends import on_processor
    from agecam.models.install.adding import Incomplete, add_model
    from agecam.models.store import user_models
    from agecam.vision.estimator import Estimator

    console = Console()
    with ExitStack() as bars:

        def start_bar(label: str, unit: str) -> "Watch":
            bar = bars.enter_context(
                tqdm(
                    desc=label,
                    unit=unit,
                    unit_scale=unit == "B",
                    delay=_BAR_DELAY_S,
                    leave=False,
                    dynamic_ncols=True,
                    disable=sys.stderr is None,  # a Windows program without a console
                )
            )

            def update(done: int, total: int | None) -> None:
                bar.total = total
                bar.update(done - bar.n)

            return update

        added = add_model(
            files,
            user_models(),
            start_bar,
            lambda card: Estimator.load(str(card.path), on_processor()),
            name=name,
            margin=margin,
        )
    if isinstance(added, Incomplete):
        console.result(
            f"The {added.task} weights were checked and stored. Add the {added.missing} weights to complete the model."
        )
    else:
        is_shared = added.arguments.get("shared", True)
        speed_note = "" if is_shared else " The two backbones differ, so both are run, which halves the speed."
        console.result(
            f"{added.name} is installed in {added.path.parent}.{speed_note} Use it with "
            f"'agecam --model {added.name}', or choose it in the window's settings."
        )
    return DONE
