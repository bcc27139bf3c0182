"""The arguments of `agecam library`."""

from agecam.cli.parser import Parser, count, face_px
from agecam.runtime.bundle import check_not_bundled

_PRIVACY = (
    "Everything is computed on this computer, or on those of the cluster that --address names: no picture and no "
    "result goes anywhere else."
)


def library(arguments: list[str]) -> int:
    """Parse the arguments and run the command; returns the exit code."""
    parser = Parser(
        prog="agecam library",
        description="Analyse any number of pictures on all cores, or on a Ray cluster, into a Parquet data set with "
        "one row a picture. Called again, it goes on where it was stopped, and adds the pictures that are new.",
        epilog=f"DIR and SOURCE may be paths or addresses that fsspec knows, such as s3://bucket/folder. {_PRIVACY}",
    )
    parser.add_argument(
        "sources",
        metavar="SOURCE",
        nargs="*",
        help="folder, picture, pattern such as 'photos/*.jpg', zip or tar archive of pictures, or a list of paths or "
        "addresses: .txt with one a line, or .parquet with a column 'path'",
    )
    parser.add_argument("--out", metavar="DIR", required=True, help="folder for the data set, which is in DIR/pictures")
    parser.add_argument("--recursive", action="store_true", help="search the subfolders of folders too")
    parser.add_argument("--quiet", action="store_true", help="print only errors and warnings")
    analysis = parser.add_argument_group("analysis")
    analysis.add_argument(
        "--model", metavar="NAME", default="compact", help="a model listed by agecam models (%(default)s)"
    )
    analysis.add_argument(
        "--min-face",
        metavar="PX",
        dest="min_face_px",
        type=face_px,
        help="smallest face to detect, in pixels (24)",
    )
    analysis.add_argument(
        "--retry-failed", action="store_true", help="analyse again the pictures that could not be analysed before"
    )
    analysis.add_argument("--workers", metavar="N", type=count, help="number of worker processes (one a core)")
    analysis.add_argument(
        "--address",
        metavar="A",
        help="of a running Ray cluster: auto, HOST:PORT or ray://HOST:PORT; by default Ray is started for this run",
    )
    derived = parser.add_argument_group("made from the data set, also without SOURCE")
    derived.add_argument("--faces", metavar="F", help="Parquet file with one row a face")
    derived.add_argument("--report", metavar="F", help="HTML page with counts, distributions and failed pictures")
    derived.add_argument(
        "--contact-sheet", action="store_true", help="with --report: also show some of the faces, cut from the pictures"
    )
    options = parser.parse_intermixed_args(arguments)
    check_not_bundled("agecam library")
    from agecam.commands.library import LibraryArguments, run_library_command

    return run_library_command(LibraryArguments(**vars(options)))
