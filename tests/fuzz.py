"""Damaged files by the thousand: python -m tests.fuzz [--cases 20000] [--seed 1] [--only video]

Hypothesis makes the damage. The files are read in processes of their own, so that a crash, a hang of over 10 s or
memory over 2 GB is seen and the next one goes on; what did it is kept in tests/fuzz_cases/, which the tests read again.
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

import av
import cv2
import numpy as np
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from PIL import Image as Pillow
from tqdm import tqdm

from agecam.errors import AgeCamError
from agecam.runtime.environment import prepare_environment
from agecam.runtime.settings import Settings, load_settings, save_settings
from agecam.sources import open_source
from agecam.types import Image

KEPT = Path(__file__).parent / "fuzz_cases"
LONGEST_S = 10.0
MOST_MIB = 2048
_FRAMES = 40
_ROUND = 1000
"""Cases between two looks at the memory of a process."""


# --- what is damaged -----------------------------------------------------------------------------------


def small_picture(side: int = 48) -> Image:
    """Something of everything: edges, noise, flat parts."""
    image = np.zeros((side, side, 3), np.uint8)
    image[: side // 2] = np.random.default_rng(0).integers(0, 256, (side // 2, side, 3))
    image[side // 2 :, : side // 2] = (40, 90, 200)
    return image


def whole_pictures() -> list[tuple[str, bytes]]:
    """A name and the content of a picture of each kind."""
    files = []
    picture = Pillow.fromarray(small_picture()[..., ::-1])
    for suffix, name in ((".png", "PNG"), (".jpg", "JPEG"), (".webp", "WEBP"), (".tif", "TIFF"), (".bmp", "BMP")):
        file = io.BytesIO()
        picture.save(file, name)
        files.append((f"picture{suffix}", file.getvalue()))
    turned = io.BytesIO()
    exif = Pillow.Exif()
    exif[0x0112] = 6
    picture.save(turned, "JPEG", exif=exif.tobytes())
    deep = cv2.imencode(".png", small_picture().astype(np.uint16) * 257)[1].tobytes()
    return [*files, ("turned.jpg", turned.getvalue()), ("deep.png", deep)]


def whole_videos() -> list[tuple[str, bytes]]:
    """Half a second in each container that people have."""
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


def whole_settings() -> list[tuple[str, bytes]]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "settings.json"
        save_settings(Settings(recent=["a.mp4", "rtsp://camera/live"], folder="saved", theme="dark"), path)
        return [("settings.json", path.read_bytes())]


def whole_models() -> list[tuple[str, bytes]]:
    """A card and its weights; what belongs together has one name before the dot."""
    from tests.models import write_model

    with tempfile.TemporaryDirectory() as folder:
        card = write_model(Path(folder))
        weights = card.with_suffix(".weights.h5")
        return [(card.name, card.read_bytes()), (weights.name, weights.read_bytes())]


# --- how it is damaged ---------------------------------------------------------------------------------


@st.composite
def damaged(draw: st.DrawFn, content: bytes) -> bytes:
    """A few wounds: bytes changed, cut out, doubled, blanked, or the rest missing."""
    data = bytearray(content)
    for _ in range(draw(st.integers(1, 6))):
        if not data:
            break
        # Headers are where it hurts: half of the wounds are in the first tenth.
        reach = draw(st.sampled_from([len(data), max(1, len(data) // 10)]))
        place = draw(st.integers(0, reach - 1))
        length = draw(st.sampled_from([1, 2, 4, 8, 64, 1024]))
        kind = draw(st.sampled_from(["change", "number", "cut", "double", "blank", "end"]))
        if kind == "change":
            data[place : place + length] = draw(st.binary(min_size=1, max_size=length))
        elif kind == "number":
            number = draw(st.sampled_from([0, 1, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF]))
            order = draw(st.sampled_from(["big", "little"]))
            data[place : place + 4] = number.to_bytes(4, order)  # type: ignore[arg-type]
        elif kind == "cut":
            del data[place : place + length]
        elif kind == "double":
            data[place:place] = data[place : place + length]
        elif kind == "blank":
            data[place : place + length] = bytes(min(length, len(data) - place))
        else:
            del data[place:]
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
    """The same fields with other values, or damaged as any file."""
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


# --- what is done with it ------------------------------------------------------------------------------


def read_source(path: Path) -> None:
    """As the program does: some frames, and another place."""
    with open_source(str(path)) as source:
        for count, frame in enumerate(source):
            assert frame.image_bgr.dtype == np.uint8
            assert frame.image_bgr.ndim == 3
            if count >= _FRAMES:
                break
    with open_source(str(path)) as source:
        if hasattr(source, "seek"):
            source.seek(0.3)
            source.read()


def read_settings(path: Path) -> None:
    """Never fails, and what it gives can be saved."""
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
    """Both files, as one would install them; the card vouches for the damaged weights."""
    import hashlib

    from agecam.backends.keras import load_model

    card = path.with_name(path.name.removesuffix(".weights.h5") + ".json")
    fields = json.loads(card.read_bytes())
    fields["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    card.write_text(json.dumps(fields))
    load_model(str(card))


@dataclass(frozen=True)
class Kind:
    """One sort of file."""

    whole: Callable[[], list[tuple[str, bytes]]]
    damage: Callable[[bytes], st.SearchStrategy[bytes]]
    read: Callable[[Path], None]
    share: float
    """Of all cases."""
    suffix: str = ""
    """Of those of its files that are damaged."""


KINDS = {
    "picture": Kind(whole_pictures, damaged, read_source, 0.35),
    "video": Kind(whole_videos, damaged, read_source, 0.35),
    "settings": Kind(whole_settings, odd_json, read_settings, 0.15),
    "card": Kind(whole_models, odd_json, read_card, 0.1, ".json"),
    "weights": Kind(whole_models, damaged, read_model, 0.05, ".h5"),
}


def read_again(kind: str, path: Path) -> None:
    """A case as the fuzz run would read it: fails, or returns."""
    try:
        KINDS[kind].read(path)
    except AgeCamError as error:
        told = str(error)
        assert told.strip()
        assert "Traceback" not in told


# --- the run -------------------------------------------------------------------------------------------


def _work(kind: str, number: int, cases: int, folder: Path, line: Connection) -> None:
    """In a process of its own: so many cases, the one at work always in `folder`."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # what the decoders say
    of = KINDS[kind]
    files = of.whole()
    targets = [(name, content) for name, content in files if name.endswith(of.suffix)]

    @seed(number)
    @settings(
        max_examples=cases,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.data())
    def one(data: st.DataObject) -> None:
        name, content = data.draw(st.sampled_from(targets))
        for other, whole in files:
            if other != name and of.suffix:
                (folder / other).write_bytes(whole)
        path = folder / name
        path.write_bytes(data.draw(of.damage(content)))
        line.send(("begins", name))
        try:
            read_again(kind, path)
        except Exception:
            line.send(("failed", traceback.format_exc()))
            shutil.copy(path, path.with_name(f"failed-{time.monotonic_ns()}-{name}"))
        path.unlink(missing_ok=True)

    try:
        one()
    except Exception:
        line.send(("failed", traceback.format_exc()))
    line.send(("ended", peak_mib()))


def peak_mib() -> float:
    """Most memory of this process so far. Not as `getrusage` has it: that counts what a large parent had."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
        return int(status.partition("VmHWM:")[2].split()[0]) / 1024
    except (OSError, IndexError):  # not Linux
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def run(kind: str, number: int, cases: int, done: Callable[[], object]) -> tuple[list[str], int, float, float]:
    """One process; returns what went wrong, the cases that were read, the longest of them in seconds, and the peak of
    memory in MiB."""
    prepare_environment()  # for the process: OpenCV reads it when it is imported
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    with tempfile.TemporaryDirectory(prefix="agecam-fuzz-") as name:
        folder = Path(name)
        process = context.Process(target=_work, args=(kind, number, cases, folder, theirs), daemon=True)
        process.start()
        theirs.close()
        faults: list[str] = []
        read, longest, peak = 0, 0.0, 0.0
        began: float | None = None
        while True:
            if not ours.poll(LONGEST_S if began is not None else 120):
                faults.append(f"{kind} of seed {number}: over {LONGEST_S:.0f} s")
                process.kill()
                break
            try:
                word, value = ours.recv()
            except EOFError:
                process.join()
                faults.append(f"{kind} of seed {number}: the process ended with {process.exitcode}")
                break
            now = time.monotonic()
            if word == "ended":
                peak = value
                if peak > MOST_MIB:
                    faults.append(f"{kind} of seed {number}: {peak:.0f} MiB")
                break
            if word == "failed":
                faults.append(f"{kind} of seed {number}: {value}")
                continue
            if began is not None:
                longest = max(longest, now - began)
            began = now
            read += 1
            done()
        process.join()
        if faults:
            KEPT.mkdir(exist_ok=True)
            for place, path in enumerate(sorted(folder.iterdir())):
                shutil.copy(path, KEPT / f"{kind}-{number}-{place}-{path.name.rpartition('-')[2]}")
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
        for kind, of in KINDS.items():
            if options.only not in (None, kind):
                continue
            wanted = round(options.cases * (of.share if options.only is None else 1))
            total, longest, peak, number = 0, 0.0, 0.0, options.seed
            while total < wanted:
                found, read, took, mib = run(kind, number, min(wanted - total, _ROUND), bar.update)
                faults += found
                total, longest, peak, number = total + max(read, 1), max(longest, took), max(peak, mib), number + 1
            lines.append(f"{kind}: {total:,} cases, the longest {longest:.1f} s, {peak:.0f} MiB at most")
    print("\n".join([*lines, *faults, f"{len(faults)} faults"]))
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main())
