"""The command line: reads the arguments and hands over to `agecam.commands`.

Nothing heavy is imported here, so that help and wrong arguments answer at once.
"""

import argparse
import io
import math
import os
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from agecam import __version__
from agecam.commands import DONE, FAILED, INTERRUPTED, WRONG_USAGE
from agecam.errors import AgeCamError, UsageError
from agecam.runtime.environment import prepare_process

_PRIVACY = "Everything is computed here: no picture and no result leaves this computer."
_SMALLEST_FACE_PX = 12

_ABOUT = """\
Apparent age and gender beside every face.

SOURCE is a video, a picture, a folder of them, a camera (its number or name), a stream address
(rtsp://, http://, ...) or the word demo. Without one, AgeCam takes the first camera, or else the demo.

There are further commands; each has its own --help:

  agecam analyze SOURCE...   write results, annotated videos and annotated pictures
  agecam cameras             list the cameras of this computer
  agecam models              list the installed models with their figures
  agecam bench               measure the speed on this computer

A source with the name of a command can be given with its path: ./analyze"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `agecam` with `arguments`, by default those of the process.

    Returns the exit code: 0 all done, 1 something could not be done, 2 wrong usage, 130 interrupted.
    """
    prepare_process()
    _allow_any_text()
    try:
        try:
            status = _run(list(sys.argv[1:] if arguments is None else arguments))
        except SystemExit:  # how argparse ends after --help and --version
            status = DONE
        if sys.stdout is not None:
            sys.stdout.flush()
        return status
    except BrokenPipeError:
        return _after_broken_pipe()
    except AgeCamError as error:
        if isinstance(error.__cause__, BrokenPipeError):
            return _after_broken_pipe()
        print(f"agecam: {error}", file=sys.stderr)
        return WRONG_USAGE if isinstance(error, UsageError) else FAILED
    except KeyboardInterrupt:
        print("agecam: Stopped.", file=sys.stderr)
        return INTERRUPTED


def _run(arguments: list[str]) -> int:
    command = _COMMANDS.get(arguments[0]) if arguments else None
    return _open(arguments) if command is None else command(arguments[1:])


def _open(arguments: list[str]) -> int:
    parser = _Parser(
        prog="agecam",
        usage="agecam [SOURCE] [--model NAME]\n       agecam {analyze,cameras,models,bench} ...",
        description=_ABOUT,
        epilog=_PRIVACY,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("source", metavar="SOURCE", nargs="?", help=argparse.SUPPRESS)
    parser.add_argument("--model", metavar="NAME", help="see agecam models (the last one used)")
    parser.add_argument("--version", action="version", version=f"agecam {__version__}")
    options = parser.parse_args(arguments)
    from agecam.commands.window import run_open

    return run_open(options.source, options.model)


def _analyze(arguments: list[str]) -> int:
    parser = _Parser(
        prog="agecam analyze",
        description="Find the faces of videos, pictures, folders, cameras and streams, with their apparent "
        "age and gender. Without any of the outputs below, a summary is printed.",
        epilog="Every frame of a file is analysed. A camera or stream runs until --max-frames or Ctrl-C, "
        f"which leaves complete files of what was done. {_PRIVACY}",
    )
    parser.add_argument(
        "sources",
        metavar="SOURCE",
        nargs="+",
        help="video, picture, camera, stream address or demo; a folder stands for its pictures and videos",
    )
    outputs = parser.add_argument_group("outputs")
    outputs.add_argument("--jsonl", metavar="F", help="one line of JSON a frame; - is standard output")
    outputs.add_argument("--csv", metavar="F", help="one row a face; - is standard output")
    outputs.add_argument(
        "--video",
        metavar="F",
        help="annotated video, .mp4 or .mkv; a name without such an ending is a folder, which gets "
        "one NAME.mp4 for each video",
    )
    outputs.add_argument(
        "--images",
        metavar="DIR",
        help="annotated pictures: one for each picture, and one for each second of a video",
    )
    outputs.add_argument(
        "--plot",
        metavar="F",
        help="a picture with its labels beside the distributions over the ages of its faces, as .png; a name "
        "without an ending is a folder, which gets one NAME.png for each picture",
    )
    outputs.add_argument("--blur-faces", action="store_true", help="make faces unrecognisable in them")
    outputs.add_argument(
        "--hide-gender",
        action="store_true",
        help="leave gender out of pictures, videos and summaries; --jsonl and --csv keep it",
    )
    outputs.add_argument("--quiet", action="store_true", help="print nothing but errors")

    analysis = parser.add_argument_group("analysis")
    analysis.add_argument("--model", metavar="NAME", default="compact", help="see agecam models (%(default)s)")
    analysis.add_argument(
        "--min-face",
        metavar="PX",
        dest="min_face_px",
        type=_face_px,
        default=40.0,
        help="smallest face to look for, in pixels (%(default)g)",
    )
    analysis.add_argument(
        "--detect-every",
        metavar="N",
        type=_count,
        default=1,
        help="in videos, look for new faces in every Nth frame only (%(default)s)",
    )
    analysis.add_argument(
        "--each-frame",
        action="store_true",
        help="in videos, say of a person what each frame shows by itself, not what all until then show together",
    )
    analysis.add_argument("--max-frames", metavar="N", type=_count, help="end each source after its first N frames")
    analysis.add_argument(
        "--device", choices=("auto", "cpu", "gpu"), default="auto", help="where to compute (%(default)s)"
    )
    analysis.add_argument(
        "--backend",
        type=_backend,
        choices=("auto", "openvino", "keras"),
        default="auto",
        help="what runs the networks (%(default)s: OpenVINO on the processor, Keras with TensorFlow on a GPU)",
    )
    options = parser.parse_intermixed_args(arguments)
    from agecam.commands.analyze import AnalyzeOptions, run_analyze

    return run_analyze(AnalyzeOptions(**vars(options)))


def _cameras(arguments: list[str]) -> int:
    _Parser(prog="agecam cameras", description="List the cameras of this computer.").parse_args(arguments)
    from agecam.commands.cameras import run_cameras

    return run_cameras()


def _models(arguments: list[str]) -> int:
    if arguments[:1] == ["add"]:
        return _models_add(arguments[1:])
    _Parser(
        prog="agecam models",
        usage="agecam models\n       agecam models add FILE...",
        description="List the installed models: size, figures, licence and date. 'add' installs others: "
        "see agecam models add --help.",
    ).parse_args(arguments)
    from agecam.commands.models import run_models

    return run_models()


def _models_add(arguments: list[str]) -> int:
    parser = _Parser(
        prog="agecam models add",
        description="Install weights: the age and the gender network of VGG-Face (age_model_weights.h5 and "
        "gender_model_weights.h5, as published or as training.transfer writes them), together or one after the "
        "other; or a model's NAME.weights.h5 that lies beside its NAME.json. They are checked, and put into your "
        "data folder.",
        epilog="An address is fetched now, because you name it, and resumed where it was cut off; nothing else is "
        "ever fetched.",
    )
    parser.add_argument("what", metavar="FILE", nargs="+", help="path, or address that begins with http:// or https://")
    parser.add_argument("--name", type=_model_name, help="how to call it (vgg-face)")
    parser.add_argument(
        "--margin",
        type=_margin,
        help="room around the face that the weights were trained with, as a share of the face's box on every side "
        "(0.4, as the archives of IMDB-WIKI have it)",
    )
    options = parser.parse_args(arguments)
    from agecam.commands.models_add import run_models_add

    return run_models_add(options.what, options.name, options.margin)


def _bench(arguments: list[str]) -> int:
    parser = _Parser(prog="agecam bench", description="Measure the speed of AgeCam on this computer.")
    parser.add_argument("--json", metavar="F", type=Path, help="also write the figures as JSON")
    parser.add_argument("--plot", metavar="F", type=Path, help="also draw them, as PNG")
    parser.add_argument("--peer", choices=["deepface"], help="also measure this package, if it is installed")
    parser.add_argument(
        "--window", metavar="SOURCE", nargs="?", const="demo", help="how smoothly the window shows a source (the demo)"
    )
    parser.add_argument("--vgg-face", action="store_true", help="the recipe's networks, with random weights")
    parser.add_argument("--gpu", action="store_true", help="faces a second on the GPU; honours KERAS_BACKEND")
    parser.add_argument("--start", action="store_true", help="how long AgeCam takes to start, and its memory")
    parser.add_argument("--picture", metavar="F", type=Path, help="with --start: the picture to analyse")
    parser.add_argument("--clip", metavar="F", type=Path, help="with --start: the video to show in the window")
    parser.add_argument("--beside", metavar="DIR", type=Path, help="with --start: measure another checkout, too")
    parser.add_argument(
        "--seconds", metavar="N", type=_count, default=60, help="how long to watch the window (%(default)s)"
    )
    options = parser.parse_args(arguments)
    if options.window:
        from agecam.commands.bench_window import run_bench_window

        return run_bench_window(options.json, options.window, options.seconds)
    from agecam.runtime.quiet import quiet_stderr

    if options.start:
        from agecam.commands.bench_start import run_bench_start

        return run_bench_start(options.json, options.picture, options.clip, options.beside)
    with quiet_stderr:  # TensorFlow's remarks on the machine
        if options.gpu:
            from agecam.commands.bench_gpu import run_bench_gpu

            return run_bench_gpu(options.json)
        if options.vgg_face:
            from agecam.commands.bench_vgg_face import run_bench_vgg_face

            return run_bench_vgg_face(options.json)
        from agecam.commands.bench import run_bench

    return run_bench(options.json, options.plot, options.peer)


_COMMANDS: dict[str, Callable[[list[str]], int]] = {
    "analyze": _analyze,
    "cameras": _cameras,
    "models": _models,
    "bench": _bench,
}


class _Parser(argparse.ArgumentParser):
    def __init__(self, **details: object) -> None:
        super().__init__(allow_abbrev=False, **details)  # type: ignore[arg-type]

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message[:1].upper()}{message[1:]}; '{self.prog} --help' says what can be given.")


def _count(text: str) -> int:
    if not re.fullmatch(r"\d{1,9}", text, re.ASCII) or int(text) == 0:
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number from 1 on")
    return int(text)


def _backend(text: str) -> str:
    return "keras" if text == "tensorflow" else text  # which is what Keras computes with


def _model_name(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,49}", text):
        raise argparse.ArgumentTypeError(f"'{text}' is not made of letters, digits, - and _")
    if text == "compact":
        raise argparse.ArgumentTypeError("'compact' is the model that AgeCam brings along")
    return text


def _margin(text: str) -> float:
    try:
        margin = float(text)
    except ValueError:
        margin = math.nan
    if not 0 <= margin <= 2:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number from 0 to 2")
    return margin


def _face_px(text: str) -> float:
    try:
        size_px = float(text)
    except ValueError:
        size_px = 0
    if not _SMALLEST_FACE_PX <= size_px <= 10_000:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number of pixels from {_SMALLEST_FACE_PX} on")
    return size_px


def _allow_any_text() -> None:
    """File names may hold characters that the terminal cannot show: they must not end the program."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def _after_broken_pipe() -> int:
    """End quietly: whoever read standard output has seen enough."""
    # Else Python fails once more at its end, over what is still buffered.
    with Path(os.devnull).open("wb") as nowhere:
        os.dup2(nowhere.fileno(), sys.stdout.fileno())
    return FAILED
