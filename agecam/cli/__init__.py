"""The command line: parses the arguments and calls `agecam.commands`.

Nothing heavy is imported here, so that help and usage errors appear immediately.
"""

import argparse
import io
import logging
import os
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

from agecam.cli.analyze import analyze
from agecam.cli.bench import bench
from agecam.cli.library import library
from agecam.cli.models import models
from agecam.cli.parser import PRIVACY, Parser
from agecam.commands import DONE, FAILED, WRONG_USAGE
from agecam.errors import AgeCamError, UsageError, as_agecam_error
from agecam.runtime.environment import prepare_process
from agecam.runtime.log import start_log, without_passwords
from agecam.runtime.signals import exit_status, raise_on_termination
from agecam.version import full_version

log = logging.getLogger(__name__)


_ABOUT = """\
Show the apparent age and gender of every face.

SOURCE is a video, a picture, a folder of them, a camera (its number or name), a stream address
(rtsp://, http://, ...) or the word demo. The default is the first camera, or the demo if there is none.
Several sources, or a folder, open as a list with a filmstrip below the picture.

Other commands, each with its own --help:

  agecam analyze SOURCE...   write results, annotated videos and annotated pictures
  agecam library SOURCE...   analyse any number of pictures, on all cores or a cluster
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
    start_log()
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
        log.error("the command", exc_info=error)
        print(f"agecam: {without_passwords(str(_explained(error)))}", file=sys.stderr)
        return FAILED


def _explained(error: Exception) -> AgeCamError:
    if isinstance(error, ImportError):
        from agecam.ui.system.libraries import cannot_start

        if (missing := cannot_start(error)) is not None:
            return missing
    return as_agecam_error(error)


def _run(arguments: list[str]) -> int:
    command = _COMMANDS.get(arguments[0]) if arguments else None
    return _open_source(arguments) if command is None else command(arguments[1:])


def _open_source(arguments: list[str]) -> int:
    parser = Parser(
        prog="agecam",
        usage="agecam [SOURCE...] [--model NAME]\n       agecam {analyze,library,cameras,models,bench} ...",
        description=_ABOUT,
        epilog=PRIVACY,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("sources", metavar="SOURCE", nargs="*", help=argparse.SUPPRESS)
    parser.add_argument("--model", metavar="NAME", help="a model listed by agecam models (default: the last one used)")
    parser.add_argument("--version", action=_ShowVersion)
    menu = parser.add_mutually_exclusive_group()
    menu.add_argument("--install-desktop", action="store_true", help="add AgeCam to the menu of a Linux desktop")
    menu.add_argument("--remove-desktop", action="store_true", help="remove it from the menu")
    options = parser.parse_args(arguments)
    if options.install_desktop or options.remove_desktop:
        from agecam.commands.desktop import run_install_desktop, run_remove_desktop

        return run_install_desktop() if options.install_desktop else run_remove_desktop()
    from agecam.commands.window import run_open

    return run_open(options.sources, options.model)


def _cameras(arguments: list[str]) -> int:
    Parser(prog="agecam cameras", description="List the cameras of this computer.").parse_args(arguments)
    from agecam.commands.cameras import run_cameras

    return run_cameras()


_COMMANDS: dict[str, Callable[[list[str]], int]] = {
    "analyze": analyze,
    "library": library,
    "cameras": _cameras,
    "models": models,
    "bench": bench,
}


class _ShowVersion(argparse.Action):
    """Prints the version and the formats that can be read, which are looked up only then."""

    def __init__(self, **options: Any) -> None:
        super().__init__(nargs=0, help="show the version and the readable formats", **options)

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        from agecam.sources.picture_files.formats import picture_formats

        print(f"agecam {full_version()}")
        print(f"Pictures: {picture_formats()}")
        print("Videos: all formats that FFmpeg reads")
        parser.exit()


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
