"""The arguments of `agecam analyze`."""

from agecam.cli.parser import PRIVACY, Parser, backend, count, face_px, time_s


def analyze(arguments: list[str]) -> int:
    """Parse the arguments and run the command; returns the exit code."""
    parser = Parser(
        prog="agecam analyze",
        description="Find the faces in videos, pictures, folders, cameras and streams, and estimate their "
        "apparent age and gender. Without any of the outputs below, a summary is printed.",
        epilog="Every frame of a file is analysed. A camera or stream runs until --max-frames or Ctrl-C, "
        f"and the files are complete up to then. {PRIVACY}",
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
    outputs.add_argument(
        "--report",
        metavar="F",
        help="one page about everybody seen, as .html (one file that contains its pictures) or .pdf",
    )
    outputs.add_argument(
        "--blur-faces",
        action="store_true",
        help="blur faces in pictures and videos; those smaller than --min-face are not found and stay clear",
    )
    outputs.add_argument(
        "--hide-gender",
        action="store_true",
        help="omit gender from pictures, videos, summaries and reports; --jsonl and --csv keep it",
    )
    outputs.add_argument(
        "--no-sound", action="store_true", help="leave the sound out of annotated videos; cameras have none anyway"
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
        type=face_px,
        help="smallest face to detect, in pixels (24 in pictures; 60 in videos, less in small ones)",
    )
    analysis.add_argument(
        "--detect-every",
        metavar="N",
        type=count,
        default=1,
        help="in videos, detect faces only in every Nth frame (%(default)s); with --blur-faces in every frame",
    )
    analysis.add_argument(
        "--each-frame",
        action="store_true",
        help="in videos, estimate each person from the current frame only, not from all frames so far",
    )
    analysis.add_argument("--max-frames", metavar="N", type=count, help="stop each source after N frames")
    analysis.add_argument(
        "--start", metavar="TIME", dest="start_s", type=time_s, help="begin each video there: 80, 1:20 or 1:02:03.5"
    )
    analysis.add_argument("--end", metavar="TIME", dest="end_s", type=time_s, help="end each video there")
    analysis.add_argument(
        "--every",
        metavar="TIME",
        dest="every_s",
        type=time_s,
        help="analyse one frame of each video per so many seconds, for example 0.5s, instead of all",
    )
    analysis.add_argument(
        "--device", choices=("auto", "cpu", "gpu"), default="auto", help="device for the networks (%(default)s)"
    )
    analysis.add_argument(
        "--backend",
        type=backend,
        choices=("auto", "openvino", "keras"),
        default="auto",
        help="library that runs the networks (%(default)s: OpenVINO on the CPU, Keras with TensorFlow on a GPU)",
    )
    options = parser.parse_intermixed_args(arguments)
    from agecam.commands.analyze import AnalyzeOptions, run_analyze

    return run_analyze(AnalyzeOptions(**vars(options)))
