"""The arguments of `agecam bench`."""

from pathlib import Path

from agecam.cli.parser import Parser, count
from agecam.runtime.bundle import check_not_bundled


def bench(arguments: list[str]) -> int:
    """Parse the arguments and run the command; returns the exit code."""
    parser = Parser(prog="agecam bench", description="Measure the speed of AgeCam on this computer.")
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
    parser.add_argument(
        "--live",
        metavar="CLIP",
        nargs="*",
        type=Path,
        help="measure how much of the processor the demo, a picture and these videos need",
    )
    parser.add_argument("--vgg-face", action="store_true", help="measure the VGG-Face networks with random weights")
    parser.add_argument("--gpu", action="store_true", help="measure faces per second on the GPU; honours KERAS_BACKEND")
    parser.add_argument(
        "--library", metavar="FOLDER", type=Path, help="measure agecam library with the pictures of a folder"
    )
    parser.add_argument(
        "--pictures", metavar="N", type=count, default=2000, help="with --library: number of pictures (%(default)s)"
    )
    parser.add_argument("--start", action="store_true", help="measure start-up time and memory")
    parser.add_argument("--picture", metavar="F", type=Path, help="with --start: the picture to analyse")
    parser.add_argument("--clip", metavar="F", type=Path, help="with --start: the video to show in the window")
    parser.add_argument("--beside", metavar="DIR", type=Path, help="with --start, --live: another checkout to measure")
    parser.add_argument(
        "--seconds",
        metavar="N",
        type=count,
        default=60,
        help="with --window, --live: how long to measure, in seconds (%(default)s)",
    )
    options = parser.parse_args(arguments)
    if options.window:
        from agecam.commands.bench_window import run_bench_window

        return run_bench_window(options.json, options.window, options.seconds)
    check_not_bundled("agecam bench without --window")
    from agecam.runtime.quiet import quiet_stderr

    if options.library is not None:
        from agecam.commands.bench_library import run_bench_library

        return run_bench_library(options.json, options.library, options.pictures)
    if options.live is not None:
        from agecam.commands.bench_live import run_bench_live

        return run_bench_live(options.json, options.live, options.seconds, options.beside)
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
