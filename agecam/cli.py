"""The command line: parses the arguments and calls `agecam.commands`.

Nothing heavy is imported here, so that help and usage errors appear immediately.
"""

import argparse
import io
import logging
import math
import os
import re
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from agecam.commands import DONE, FAILED, WRONG_USAGE
from agecam.errors import AgeCamError, UsageError, as_agecam_error
from agecam.runtime.environment import prepare_process
from agecam.runtime.signals import exit_status, raise_on_termination
from agecam.types import MAX_FACE_PX, MIN_FACE_PX
from agecam.version import __version__

log = logging.getLogger(__name__)

_PRIVACY = "Everything is computed locally: no picture and no result leaves this computer."

_ABOUT = """\
Show the apparent age and gender of every face.

SOURCE is a video, a picture, a folder of them, a camera (its number or name), a stream address
(rtsp://, http://, ...) or the word demo. The default is the first camera, or the demo if there is none.

Other commands, each with its own --help:

  agecam analyze SOURCE...   write results, annotated videos and annotated pictures
  agecam cameras             list the cameras of this computer
  agecam models              list the installed models and their accuracy
  agecam bench               measure the speed on this computer

To open a source that has the name of a command, give its path: ./analyze"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `agecam` with `arguments`, by default those of the process.

    Returns the exit code: 0 success, 1 something could not be done, 2 wrong usage, 130 interrupted, 143 terminated.
    """
    prepare_process()
    if threading.current_thread() is threading.main_thread():
        raise_on_termination()
    _allow_any_text()
    try:
        try:
            status = _run(list(sys.argv[1:] if arguments is None else arguments))
        except SystemExit:  # raised by argparse after --help and --version
            status = DONE
        if sys.stdout is not None:
            sys.stdout.flush()
        return status
    except BrokenPipeError:
        return _close_broken_pipe()
    except AgeCamError as error:
        if isinstance(error.__cause__, BrokenPipeError):
            return _close_broken_pipe()
        print(f"agecam: {error}", file=sys.stderr)
        return WRONG_USAGE if isinstance(error, UsageError) else FAILED
    except KeyboardInterrupt as interruption:
        with suppress(OSError):  # the terminal may be gone
            print("agecam: Stopped.", file=sys.stderr)
        return exit_status(interruption)
    except Exception as error:
        log.error("%s", " ".join(sys.argv[1:2]), exc_info=error)
        print(f"agecam: {as_agecam_error(error)}", file=sys.stderr)
        return FAILED


def _run(arguments: list[str]) -> int:
    command = _COMMANDS.get(arguments[0]) if arguments else None
    return _open_source(arguments) if command is None else command(arguments[1:])


def _open_source(arguments: list[str]) -> int:
    parser = _Parser(
        prog="agecam",
        usage="agecam [SOURCE] [--model NAME]\n       agecam {analyze,cameras,models,bench} ...",
        description=_ABOUT,
        epilog=_PRIVACY,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("source", metavar="SOURCE", nargs="?", help=argparse.SUPPRESS)
    parser.add_argument("--model", metavar="NAME", help="a model listed by agecam models (default: the last one used)")
    parser.add_argument("--version", action="version", version=f"agecam {__version__}")
    options = parser.parse_args(arguments)
    from agecam.commands.window import run_open

    return run_open(options.source, options.model)


def _analyze(arguments: list[str]) -> int:
    parser = _Parser(
        prog="agecam analyze",
        description="Find the faces in videos, pictures, folders, cameras and streams, and estimate their "
        "apparent age and gender. Without any of the outputs below, a summary is printed.",
        epilog="Every frame of a file is analysed. A camera or stream runs until --max-frames or Ctrl-C, "
        f"and the files are complete up to then. {_PRIVACY}",
    )
    parser.add_argument(
        "sources",
        metavar="SOURCE",
        nargs="+",
        help="video, picture, camera, stream address or demo; a folder means all its pictures and videos",
    )
    parser.add_argument("--recursive", action="store_true", help="search the subfolders of folders too")
    outputs = parser.add_argument_group("outputs")
    outputs.add_argument("--jsonl", metavar="F", help="one line of JSON per frame; - is standard output")
    outputs.add_argument("--csv", metavar="F", help="one row per face; - is standard output")
    outputs.add_argument(
        "--video",
        metavar="F",
        help="annotated video, .mp4 or .mkv; a name without such a suffix is a folder, which gets "
        "one NAME.mp4 per video",
    )
    outputs.add_argument(
        "--images",
        metavar="DIR",
        help="annotated pictures: one per picture and one per second of video",
    )
    outputs.add_argument(
        "--plot",
        metavar="F",
        help="the annotated picture and the age distributions of its faces, as .png; a name without a "
        "suffix is a folder, which gets one NAME.png per picture",
    )
    outputs.add_argument("--blur-faces", action="store_true", help="blur faces in pictures and videos")
    outputs.add_argument(
        "--hide-gender",
        action="store_true",
        help="omit gender from pictures, videos and summaries; --jsonl and --csv keep it",
    )
    outputs.add_argument("--quiet", action="store_true", help="print only errors and warnings")

    analysis = parser.add_argument_group("analysis")
    analysis.add_argument(
        "--model", metavar="NAME", default="compact", help="a model listed by agecam models (%(default)s)"
    )
    analysis.add_argument(
        "--min-face",
        metavar="PX",
        dest="min_face_px",
        type=_face_px,
        default=40.0,
        help="smallest face to detect, in pixels (%(default)g)",
    )
    analysis.add_argument(
        "--detect-every",
        metavar="N",
        type=_count,
        default=1,
        help="in videos, detect faces only in every Nth frame (%(default)s)",
    )
    analysis.add_argument(
        "--each-frame",
        action="store_true",
        help="in videos, estimate each person from the current frame only, not from all frames so far",
    )
    analysis.add_argument("--max-frames", metavar="N", type=_count, help="stop each source after N frames")
    analysis.add_argument(
        "--device", choices=("auto", "cpu", "gpu"), default="auto", help="device for the networks (%(default)s)"
    )
    analysis.add_argument(
        "--backend",
        type=_backend,
        choices=("auto", "openvino", "keras"),
        default="auto",
        help="library that runs the networks (%(default)s: OpenVINO on the CPU, Keras with TensorFlow on a GPU)",
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
        description="List the installed models: size, accuracy, licence and date. To install another model, see "
        "agecam models add --help.",
    ).parse_args(arguments)
    from agecam.commands.models import run_models

    return run_models()


def _models_add(arguments: list[str]) -> int:
    parser = _Parser(
        prog="agecam models add",
        description="Install weights: either the VGG-Face networks for age and gender (age_model_weights.h5 and "
        "gender_model_weights.h5, as published or as written by training.vgg_face.transfer), together or one after the "
        "other, or a model's NAME.weights.h5 in the same folder as its NAME.json. The weights are checked and copied "
        "to your data folder.",
        epilog="An address is downloaded because you name it, and an interrupted download is resumed; nothing else is "
        "ever downloaded.",
    )
    parser.add_argument("files", metavar="FILE", nargs="+", help="path, or address starting with http:// or https://")
    parser.add_argument("--name", type=_model_name, help="name of the model (vgg-face)")
    parser.add_argument(
        "--margin",
        type=_margin,
        help="margin around the face that the weights were trained with, as a share of the face box on every side "
        "(0.4, as in the IMDB-WIKI archives)",
    )
    options = parser.parse_args(arguments)
    from agecam.commands.models_add import run_models_add

    return run_models_add(options.files, options.name, options.margin)


def _bench(arguments: list[str]) -> int:
    parser = _Parser(prog="agecam bench", description="Measure the speed of AgeCam on this computer.")
    parser.add_argument("--json", metavar="F", type=Path, help="also write the results as JSON")
    parser.add_argument("--plot", metavar="F", type=Path, help="also plot the results, as PNG")
    parser.add_argument("--peer", choices=["deepface"], help="also measure this package, which must be installed")
    parser.add_argument(
        "--window",
        metavar="SOURCE",
        nargs="?",
        const="demo",
        help="measure how smoothly the window shows a source (demo)",
    )
    parser.add_argument("--vgg-face", action="store_true", help="measure the VGG-Face networks with random weights")
    parser.add_argument("--gpu", action="store_true", help="measure faces per second on the GPU; honours KERAS_BACKEND")
    parser.add_argument("--start", action="store_true", help="measure start-up time and memory")
    parser.add_argument("--picture", metavar="F", type=Path, help="with --start: the picture to analyse")
    parser.add_argument("--clip", metavar="F", type=Path, help="with --start: the video to show in the window")
    parser.add_argument("--beside", metavar="DIR", type=Path, help="with --start: also measure another checkout")
    parser.add_argument(
        "--seconds",
        metavar="N",
        type=_count,
        default=60,
        help="with --window: how long to measure, in seconds (%(default)s)",
    )
    options = parser.parse_args(arguments)
    if options.window:
        from agecam.commands.bench_window import run_bench_window

        return run_bench_window(options.json, options.window, options.seconds)
    from agecam.runtime.quiet import quiet_stderr

    if options.start:
        from agecam.commands.bench_start import run_bench_start

        return run_bench_start(options.json, options.picture, options.clip, options.beside)
    with quiet_stderr:  # TensorFlow logs about the machine
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
    def __init__(self, **options: object) -> None:
        super().__init__(allow_abbrev=False, **options)  # type: ignore[arg-type]

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message[:1].upper()}{message[1:]}; see '{self.prog} --help'.")


def _count(text: str) -> int:
    if not re.fullmatch(r"\d{1,9}", text, re.ASCII) or int(text) == 0:
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number of at least 1")
    return int(text)


def _backend(text: str) -> str:
    return "keras" if text == "tensorflow" else text  # an alias: Keras runs on TensorFlow


def _model_name(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,49}", text):
        raise argparse.ArgumentTypeError(
            f"'{text}' is not a name of up to 50 letters, digits, - and _ that starts with a letter or digit"
        )
    if text == "compact":
        raise argparse.ArgumentTypeError("'compact' is the name of the built-in model")
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
    if not MIN_FACE_PX <= size_px <= MAX_FACE_PX:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number of pixels from {MIN_FACE_PX} to {MAX_FACE_PX}")
    return size_px


def _allow_any_text() -> None:
    """Keep file names with characters that the terminal cannot show from ending the program."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def _close_broken_pipe() -> int:
    """Exit quietly after the reader of standard output has closed it."""
    # Otherwise Python fails again at exit while flushing its buffer.
    with Path(os.devnull).open("wb") as null:
        os.dup2(null.fileno(), sys.stdout.fileno())
    return FAILED
