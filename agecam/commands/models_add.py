"""`agecam models add`: weights from elsewhere, checked and installed for this person."""

from contextlib import ExitStack
from typing import TYPE_CHECKING

from tqdm import tqdm

from agecam.commands import DONE
from agecam.commands.console import Console

if TYPE_CHECKING:
    from agecam.models.install.download import Watch

_PATIENCE_S = 2.0


def run_models_add(what: list[str], name: str | None, margin: float | None) -> int:
    """Install a model and return the exit code; raises AgeCamError."""
    from agecam.backends import on_processor
    from agecam.models.install.adding import Waiting, add_model
    from agecam.models.install.vgg_face import MARGIN
    from agecam.models.store import user_models
    from agecam.vision.estimator import Estimator

    console = Console()
    with ExitStack() as bars:

        def begin(what: str, unit: str) -> "Watch":
            bar = bars.enter_context(
                tqdm(desc=what, unit=unit, unit_scale=unit == "B", delay=_PATIENCE_S, leave=False, dynamic_ncols=True)
            )

            def watch(done: int, of: int | None) -> None:
                bar.total = of
                bar.update(done - bar.n)

            return watch

        added = add_model(
            what,
            user_models(),
            begin,
            lambda card: Estimator.load(str(card.path), on_processor()),
            name=name,
            margin=MARGIN if margin is None else margin,
        )
    if isinstance(added, Waiting):
        console.say(
            f"The weights for the {added.task} are checked and kept. Add those for the {added.missing} too, "
            "and the model is complete."
        )
    else:
        shared = "" if added.arguments.get("shared", True) else " Their trunks differ, so both are run: half the speed."
        console.say(
            f"{added.name} is installed in {added.path.parent}.{shared} Use it with "
            f"'agecam --model {added.name}', or choose it in the window's settings."
        )
    return DONE
