"""`agecam library`: analyses any number of pictures into a Parquet data set, and derives files from it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agecam.batch.console import Console
from agecam.batch.interrupts import Interrupts
from agecam.commands import DONE, FAILED
from agecam.errors import UsageError
from agecam.library import require_library
from agecam.library.words import many
from agecam.runtime.signals import exit_status

if TYPE_CHECKING:
    from agecam.library.run import Counts


@dataclass(frozen=True, slots=True)
class LibraryArguments:
    """The arguments of `agecam library`."""

    sources: Sequence[str]
    out: str
    recursive: bool = False
    quiet: bool = False
    model: str = "compact"
    min_face_px: float | None = None
    retry_failed: bool = False
    workers: int | None = None
    address: str | None = None
    faces: str | None = None
    report: str | None = None
    contact_sheet: bool = False


def run_library_command(arguments: LibraryArguments) -> int:
    """Run the command and return the exit code: 1 also if a source could not be listed.

    Pictures that could not be analysed are in the data set, with the reason, and do not change the exit code.

    Raises:
        UsageError: the arguments contradict each other or the data set, or Ray and PyArrow are not installed.
        OutputError: something cannot be written, or another run writes to the output.
        WeightsError: the model cannot be used.
    """
    require_library()
    derives = arguments.faces is not None or arguments.report is not None
    if not arguments.sources and not derives:
        raise UsageError("Nothing to do: name the pictures to analyse, or a file with --faces or --report.")
    if arguments.contact_sheet and arguments.report is None:
        raise UsageError("--contact-sheet is a part of the report: add --report F.html.")
    if not arguments.sources and arguments.retry_failed:
        raise UsageError("--retry-failed needs the sources of the pictures: name them again.")
    console = Console(arguments.quiet)
    with Interrupts() as interrupts:
        if arguments.sources:
            try:
                _analyse(arguments, console, interrupts)
            except KeyboardInterrupt as interruption:
                return exit_status(interruption)
        try:
            with interrupts.immediate():
                _derive(arguments, console)
        except KeyboardInterrupt as interruption:
            console.warning("Stopped: the data set is complete, call the command again for the rest.")
            return exit_status(interruption)
    return FAILED if console.errors else DONE


def _analyse(arguments: LibraryArguments, console: Console, interrupts: Interrupts) -> None:
    from agecam.library.run import Counts, LibraryOptions, run_library
    from agecam.library.storage import shown

    options = LibraryOptions(
        arguments.sources,
        arguments.out,
        arguments.recursive,
        arguments.model,
        arguments.min_face_px,
        arguments.retry_failed,
        arguments.workers,
        arguments.address,
    )
    counts = Counts()
    try:
        run_library(options, console, interrupts, counts)
    except KeyboardInterrupt:
        console.warning(f"Stopped: {_added(counts, arguments.out)}. Call the same command again to go on.")
        raise
    if counts.pictures:
        console.result(f"{_added(counts, arguments.out)}{_rate(counts)}.")
    elif counts.done_before:
        console.result(f"Nothing new: {many(counts.done_before, 'picture')} in {shown(arguments.out)} already.")
    if counts.failed:
        console.result(f"{many(counts.failed, 'picture')} could not be analysed: see the column 'error', or --report.")


def _added(counts: "Counts", out: str) -> str:
    from agecam.library.storage import shown

    before = f" ({counts.done_before:,} were there before)" if counts.done_before else ""
    return f"{many(counts.pictures, 'picture')} with {many(counts.faces, 'face')} added to {shown(out)}{before}"


def _rate(counts: "Counts") -> str:
    if not counts.pictures or not counts.seconds:
        return ""
    return f", {counts.pictures / counts.seconds:.1f} pictures a second"


def _derive(arguments: LibraryArguments, console: Console) -> None:
    if arguments.faces is not None:
        from agecam.library.faces import write_faces

        faces = write_faces(arguments.out, arguments.faces)
        console.result(f"{arguments.faces}: {many(faces, 'face')}.")
    if arguments.report is not None:
        from agecam.library.report import write_report

        write_report(arguments.out, arguments.report, arguments.contact_sheet)
        console.result(f"{arguments.report}: report.")
