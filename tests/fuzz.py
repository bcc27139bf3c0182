"""Fuzzes AgeCam with damaged files: python -m tests.fuzz [--cases 20000] [--seed 1] [--only video]

Hypothesis creates the damage. The files are read in separate processes, so a crash, a hang of over 10 s or memory over
2 GB is detected and the next process continues; the files that caused it are stored in tests/fuzz_cases/, and
tests/test_fuzz.py reads them again.
"""

import argparse
import io
import json
import multiprocessing
import os
import resource
import shutil
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pillow_heif
import pillow_jxl  # noqa: F401  registers itself
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from PIL import Image as Pillow
from PIL import ImageCms
from tqdm import tqdm

from agecam.errors import AgeCamError
from agecam.runtime.environment import prepare_environment
from agecam.runtime.settings import Settings, load_settings, save_settings
from agecam.sources import open_source
from agecam.types import Image
from tests.sources.picture_files import exr, profile

CASES_FOLDER = Path(__file__).parent / "fuzz_cases"
MAX_INTERVAL_S = 10.0
MAX_MIB = 2048
_MAX_FRAMES = 40
_CASES_PER_PROCESS = 1000
"""Cases per process; its peak memory is checked at the end."""


# --- undamaged files -----------------------------------------------------------------------------------


def small_picture(side: int = 48) -> Image:
    """A picture with edges, noise and flat areas."""
    image = np.zeros((side, side, 3), np.uint8)
    image[: side // 2] = np.random.default_rng(0).integers(0, 256, (side // 2, side, 3))
    image[side // 2 :, : side // 2] = (40, 90, 200)
    return image


def undamaged_pictures() -> list[tuple[str, bytes]]:
    """Name and content of a picture in each format."""
    files = []
    picture = Pillow.fromarray(small_picture()[..., ::-1])
    for suffix, name in ((".png", "PNG"), (".jpg", "JPEG"), (".webp", "WEBP"), (".tif", "TIFF"), (".bmp", "BMP")):
        file = io.BytesIO()
        picture.save(file, name)
        files.append((f"picture{suffix}", file.getvalue()))
    rotated = io.BytesIO()
    exif = Pillow.Exif()
    exif[0x0112] = 6
    picture.save(rotated, "JPEG", exif=exif.tobytes())
    deep = cv2.imencode(".png", small_picture().astype(np.uint16) * 257)[1].tobytes()
    return [*files, ("turned.jpg", rotated.getvalue()), ("deep.png", deep), *undamaged_by_plugins(picture)]


def undamaged_by_plugins(picture: Pillow.Image) -> list[tuple[str, bytes]]:
    """The formats that OpenCV does not read, further pages and frames, colour profiles, and deep numbers."""
    pillow_heif.register_heif_opener()
    wide = profile("Adobe RGB")
    several = {"save_all": True, "append_images": [picture.rotate(90), picture.rotate(180)]}
    moving = several | {"duration": [40, 200, 100]}
    written: list[tuple[str, str, dict[str, Any]]] = [
        ("phone.heic", "HEIF", {"quality": 80}),
        ("tiled.heic", "HEIF", {"tile_size": 16}),
        ("still.avif", "AVIF", {}),
        ("still.jxl", "JXL", {}),
        ("box.jxl", "JXL", {"use_container": True}),
        ("still.qoi", "QOI", {}),
        ("still.tga", "TGA", {"compression": "tga_rle"}),
        ("still.pcx", "PCX", {}),
        ("still.ico", "ICO", {"sizes": [(48, 48), (16, 16)]}),
        ("still.jp2", "JPEG2000", {}),
        ("profile.jpg", "JPEG", {"icc_profile": wide}),
        ("profile.png", "PNG", {"icc_profile": wide}),
        ("pages.tif", "TIFF", several),
        ("lzw.tif", "TIFF", several | {"compression": "tiff_lzw"}),
        ("moving.webp", "WEBP", moving),
        ("moving.png", "PNG", moving),
        ("moving.avif", "AVIF", moving),
    ]
    files = []
    for name, form, options in written:
        file = io.BytesIO()
        picture.save(file, form, **options)
        files.append((name, file.getvalue()))
    for mode in ("CMYK", "LAB", "F", "I;16"):
        file = io.BytesIO()
        stored = Pillow.fromarray(small_picture()[..., 0].astype(np.uint16)) if mode == "I;16" else None
        if mode == "LAB":
            stored = ImageCms.profileToProfile(
                picture, ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), outputMode="LAB"
            )
        (stored or picture.convert(mode)).save(file, "TIFF")
        files.append((f"{mode.lower().replace(';', '')}.tif", file.getvalue()))
    light = small_picture().astype(np.float32) / 255
    for suffix in (".hdr", ".pfm", ".tiff"):
        files.append((f"light{suffix}", cv2.imencode(suffix, light)[1].tobytes()))
    return [*files, ("light.exr", exr(light))]


def undamaged_videos() -> list[tuple[str, bytes]]:
    """Half a second of video in each common container."""
    files = []
    for name, codec, pixels in (
        ("clip.mp4", "libx264", "yuv420p"),
        ("clip.mkv", "libx264", "yuv420p"),
        ("clip.avi", "mpeg4", "yuv420p"),
        ("clip.webm", "libvpx", "yuv420p"),
        ("clip.ts", "libx264", "yuv420p"),
        ("clip.gif", "gif", "rgb8"),
        ("clip.mov", "mjpeg", "yuvj420p"),
    ):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / name
            with av.open(str(path), "w") as file:
                stream = file.add_stream(codec, rate=24)
                assert isinstance(stream, av.VideoStream)
                stream.width = stream.height = 48
                stream.pix_fmt = pixels
                for index in range(12):
                    frame = av.VideoFrame.from_ndarray(np.roll(small_picture(), 2 * index, axis=1), format="bgr24")
                    file.mux(stream.encode(frame.reformat(format=pixels)))
                file.mux(stream.encode())
            files.append((name, path.read_bytes()))
    return files


def undamaged_settings() -> list[tuple[str, bytes]]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "settings.json"
        save_settings(Settings(recent=["a.mp4", "rtsp://camera/live"], folder="saved", theme="dark"), path)
        return [("settings.json", path.read_bytes())]


def undamaged_models() -> list[tuple[str, bytes]]:
    """A card and its weights, which have the same name before the dot."""
    from tests.models import write_model

    with tempfile.TemporaryDirectory() as folder:
        card = write_model(Path(folder))
        weights = card.with_suffix(".weights.h5")
        return [(card.name, card.read_bytes()), (weights.name, weights.read_bytes())]


# --- damage --------------------------------------------------------------------------------------------


@st.composite
def damaged(draw: st.DrawFn, content: bytes) -> bytes:
    """The content with bytes changed, removed, repeated or zeroed, or its end missing, in up to six places."""
    data = bytearray(content)
    for _ in range(draw(st.integers(1, 6))):
        if not data:
            break
        # Half of the damage is in the first tenth, because damaged headers have most effect.
        reach = draw(st.sampled_from([len(data), max(1, len(data) // 10)]))
        offset = draw(st.integers(0, reach - 1))
        length = draw(st.sampled_from([1, 2, 4, 8, 64, 1024]))
        kind = draw(st.sampled_from(["change", "number", "cut", "double", "blank", "end"]))
        if kind == "change":
            data[offset : offset + length] = draw(st.binary(min_size=1, max_size=length))
        elif kind == "number":
            number = draw(st.sampled_from([0, 1, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF]))
            order = draw(st.sampled_from(["big", "little"]))
            data[offset : offset + 4] = number.to_bytes(4, order)  # type: ignore[arg-type]
        elif kind == "cut":
            del data[offset : offset + length]
        elif kind == "double":
            data[offset:offset] = data[offset : offset + length]
        elif kind == "blank":
            data[offset : offset + length] = bytes(min(length, len(data) - offset))
        else:
            del data[offset:]
    return bytes(data)


_ODD = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=40)
    | st.sampled_from(["../../../etc/passwd", "rtsp://user:secret@host/", "\x00", "a" * 5000, 1e308, -1, 2**70]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=8,
)


@st.composite
def odd_json(draw: st.DrawFn, content: bytes) -> bytes:
    """The same fields with other values, or damaged like any file."""
    if draw(st.booleans()):
        return draw(damaged(content))
    fields = json.loads(content)
    for name in draw(st.lists(st.sampled_from(sorted(fields)), min_size=1, max_size=4, unique=True)):
        inner = fields[name]
        if isinstance(inner, dict) and inner and draw(st.booleans()):
            inner[draw(st.sampled_from(sorted(inner)))] = draw(_ODD)
        elif draw(st.integers(0, 9)) == 0:
            fields.pop(name, None)
        else:
            fields[name] = draw(_ODD)
    return json.dumps(fields).encode("utf-8", "surrogatepass")


# --- reading -------------------------------------------------------------------------------------------


def read_source(path: Path) -> None:
    """Read some frames, then seek, as the program does."""
    with open_source(str(path)) as source:
        for count, frame in enumerate(source):
            assert frame.image_bgr.dtype == np.uint8
            assert frame.image_bgr.ndim == 3
            if count >= _MAX_FRAMES:
                break
    with open_source(str(path)) as source:
        if hasattr(source, "seek"):
            source.seek(0.3)
            source.read()


def read_settings(path: Path) -> None:
    """Loading never fails, and its result can be saved."""
    found, _ = load_settings(path)
    saved = path.with_name("again.json")
    save_settings(found, saved)
    again, problem = load_settings(saved)
    assert problem is None
    assert again == found


def read_card(path: Path) -> None:
    from agecam.models.card import load_card

    load_card(path)


def read_model(path: Path) -> None:
    """Load a card with damaged weights, whose SHA-256 is put on the card."""
    import hashlib

    from agecam.backends.keras import load_model

    card = path.with_name(path.name.removesuffix(".weights.h5") + ".json")
    fields = json.loads(card.read_bytes())
    fields["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    card.write_text(json.dumps(fields))
    load_model(str(card))


@dataclass(frozen=True)
class Kind:
    """One kind of input file."""

    undamaged: Callable[[], list[tuple[str, bytes]]]
    damage: Callable[[bytes], st.SearchStrategy[bytes]]
    read: Callable[[Path], None]
    share: float
    """Share of all cases."""
    suffix: str = ""
    """Only files with this suffix are damaged."""


KINDS = {
    "picture": Kind(undamaged_pictures, damaged, read_source, 0.35),
    "video": Kind(undamaged_videos, damaged, read_source, 0.35),
    "settings": Kind(undamaged_settings, odd_json, read_settings, 0.15),
    "card": Kind(undamaged_models, odd_json, read_card, 0.1, ".json"),
    "weights": Kind(undamaged_models, damaged, read_model, 0.05, ".h5"),
}


def read_case(kind: str, path: Path) -> None:
    """Read a case as the fuzz run does; AgeCam's own errors are expected."""
    try:
        KINDS[kind].read(path)
    except AgeCamError as error:
        message = str(error)
        assert message.strip()
        assert "Traceback" not in message


# --- the run -------------------------------------------------------------------------------------------


def _work(kind: str, seed_value: int, cases: int, folder: Path, line: Connection) -> None:
    """Run `cases` in a separate process; the current file is always in `folder`."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # hide the decoders' messages
    spec = KINDS[kind]
    files = spec.undamaged()
    targets = [(name, content) for name, content in files if name.endswith(spec.suffix)]

    @seed(seed_value)
    @settings(
        max_examples=cases,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.data())
    def read_one(data: st.DataObject) -> None:
        name, content = data.draw(st.sampled_from(targets))
        for other, undamaged in files:
            if other != name and spec.suffix:
                (folder / other).write_bytes(undamaged)
        path = folder / name
        path.write_bytes(data.draw(spec.damage(content)))
        line.send(("begins", name))
        try:
            read_case(kind, path)
        except Exception:
            line.send(("failed", traceback.format_exc()))
            shutil.copy(path, path.with_name(f"failed-{time.monotonic_ns()}-{name}"))
        path.unlink(missing_ok=True)

    try:
        read_one()
    except Exception:
        line.send(("failed", traceback.format_exc()))
    line.send(("ended", peak_mib()))


def peak_mib() -> float:
    """Peak memory of this process in MiB. `getrusage` is not used on Linux, because it includes the parent's peak."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
        return int(status.partition("VmHWM:")[2].split()[0]) / 1024
    except (OSError, IndexError):  # not Linux
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def run(kind: str, seed_value: int, cases: int, done: Callable[[], object]) -> tuple[list[str], int, float, float]:
    """Run one process.

    Returns:
        The faults, the number of cases read, the duration of the longest in seconds, and the peak memory in MiB.
    """
    prepare_environment()  # inherited by the process: OpenCV reads it when it is imported
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    with tempfile.TemporaryDirectory(prefix="agecam-fuzz-") as name:
        folder = Path(name)
        process = context.Process(target=_work, args=(kind, seed_value, cases, folder, theirs), daemon=True)
        process.start()
        theirs.close()
        faults: list[str] = []
        read, longest, peak = 0, 0.0, 0.0
        began: float | None = None
        while True:
            if not ours.poll(MAX_INTERVAL_S if began is not None else 120):
                faults.append(f"{kind} of seed {seed_value}: over {MAX_INTERVAL_S:.0f} s")
                process.kill()
                break
            try:
                event, value = ours.recv()
            except EOFError:
                process.join()
                faults.append(f"{kind} of seed {seed_value}: the process ended with {process.exitcode}")
                break
            now = time.monotonic()
            if event == "ended":
                peak = value
                if peak > MAX_MIB:
                    faults.append(f"{kind} of seed {seed_value}: {peak:.0f} MiB")
                break
            if event == "failed":
                faults.append(f"{kind} of seed {seed_value}: {value}")
                continue
            if began is not None:
                longest = max(longest, now - began)
            began = now
            read += 1
            done()
        process.join()
        if faults:
            CASES_FOLDER.mkdir(exist_ok=True)
            for index, path in enumerate(sorted(folder.iterdir())):
                shutil.copy(path, CASES_FOLDER / f"{kind}-{seed_value}-{index}-{path.name.rpartition('-')[2]}")
    return faults, read, longest, peak


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=sorted(KINDS))
    options = parser.parse_args()
    faults: list[str] = []
    lines = []
    with tqdm(total=options.cases, desc="Damaged files", disable=None) as bar:
        for kind, spec in KINDS.items():
            if options.only not in (None, kind):
                continue
            target = round(options.cases * (spec.share if options.only is None else 1))
            total, longest, peak, seed_value = 0, 0.0, 0.0, options.seed
            while total < target:
                found, read, took, mib = run(kind, seed_value, min(target - total, _CASES_PER_PROCESS), bar.update)
                faults += found
                total, seed_value = total + max(read, 1), seed_value + 1
                longest, peak = max(longest, took), max(peak, mib)
            lines.append(f"{kind}: {total:,} cases, the longest {longest:.1f} s, {peak:.0f} MiB at most")
    print("\n".join([*lines, *faults, f"{len(faults)} faults"]))
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main())
