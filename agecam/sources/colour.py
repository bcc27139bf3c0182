"""The colours of high dynamic range and of wide gamuts, as an ordinary screen shows them (BT.709).

A lattice of colours is converted here, once for each kind of video, and FFmpeg interpolates between them.
"""

import tempfile
from dataclasses import dataclass
from enum import IntEnum
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
from av.filter import Graph
from av.video.frame import VideoFrame

Colours = npt.NDArray[np.float64]
"""`(N, 3)`, red, green, blue."""

REFERENCE_WHITE_NITS = 203.0
"""White of a sheet of paper in high dynamic range (BT.2408): it becomes the white of the screen."""
PEAK_NITS = 1000.0
"""The brightest light that can still be distinguished; also the peak of the display that HLG is meant for."""
_KNEE = 0.7
"""Light above this share of white is compressed, to leave room for what is brighter than white."""
_SCREEN_GAMMA = 2.4  # BT.1886
_LATTICE = 49
_HLG_GAMMA = 1.2
_LUMA_2020 = np.array([0.2627, 0.6780, 0.0593])
_LUMA_709 = np.array([0.2126, 0.7152, 0.0722])


class Transfer(IntEnum):
    """Codes of the transfer functions of high dynamic range."""

    PQ = 16
    HLG = 18


class Primaries(IntEnum):
    """Codes of primary colours."""

    BT709 = 1
    UNSPECIFIED = 2
    BT2020 = 9
    DCI_P3 = 11
    DISPLAY_P3 = 12


_TO_BT709 = {
    Primaries.BT2020: (
        (1.660491, -0.587641, -0.072850),
        (-0.124550, 1.132900, -0.008349),
        (-0.018151, -0.100579, 1.118730),
    ),
    Primaries.DISPLAY_P3: ((1.224940, -0.224940, 0.0), (-0.042057, 1.042057, 0.0), (-0.019638, -0.078636, 1.098274)),
}
_TO_BT709[Primaries.DCI_P3] = _TO_BT709[Primaries.DISPLAY_P3]  # which differs in its white only


@dataclass(frozen=True, slots=True)
class ColourKind:
    """A kind of video whose colours differ from those of a screen."""

    transfer: Transfer | None
    """None for the usual dynamic range."""
    primaries: Primaries

    @classmethod
    def of(cls, transfer_code: int, primaries_code: int) -> "ColourKind | None":
        """The kind of a video by the codes that it states; None if a screen can show its colours as they are."""
        transfer = Transfer(transfer_code) if transfer_code in set(Transfer) else None
        primaries = Primaries(primaries_code) if primaries_code in set(Primaries) else Primaries.BT709
        if primaries is Primaries.UNSPECIFIED:
            primaries = Primaries.BT709 if transfer is None else Primaries.BT2020
        return None if transfer is None and primaries is Primaries.BT709 else cls(transfer, primaries)


def screen_colours(colours: Colours, kind: ColourKind) -> Colours:
    """Convert encoded colours from 0 to 1 to those of a screen, also 0 to 1."""
    light = _light(np.asarray(colours, np.float64), kind.transfer)
    if kind.primaries in _TO_BT709:
        light = light @ np.array(_TO_BT709[kind.primaries]).T
    if kind.transfer is not None:
        light = _compressed(light)
    return np.clip(_within_gamut(light), 0, 1) ** (1 / _SCREEN_GAMMA)


def _light(encoded: Colours, transfer: Transfer | None) -> Colours:
    """Light as displayed, relative to white."""
    match transfer:
        case Transfer.PQ:
            power = encoded ** (32 / 2523)
            nits = 10_000 * (np.maximum(power - 107 / 128, 0) / (2413 / 128 - 2392 / 128 * power)) ** (8192 / 1305)
        case Transfer.HLG:
            a, b, c = 0.17883277, 0.28466892, 0.55991073
            scene = np.where(encoded <= 0.5, encoded**2 / 3, (np.exp((encoded - c) / a) + b) / 12)
            luminance = np.maximum(scene @ _LUMA_2020, 1e-9)
            nits = PEAK_NITS * scene * luminance[:, None] ** (_HLG_GAMMA - 1)
        case None:
            return np.asarray(encoded**_SCREEN_GAMMA)
    return np.asarray(nits / REFERENCE_WHITE_NITS)


def _compressed(light: Colours) -> Colours:
    """Bring light of up to `PEAK_NITS` below 1, with the hue kept; below the knee nothing changes."""
    brightest = light.max(axis=1)
    above = np.maximum(brightest - _KNEE, 0) / (1 - _KNEE)
    peak = (PEAK_NITS / REFERENCE_WHITE_NITS - _KNEE) / (1 - _KNEE)
    shown = _KNEE + (1 - _KNEE) * above * (1 + above / peak**2) / (1 + above)
    scale = np.where(above > 0, np.minimum(shown, 1) / np.maximum(brightest, 1e-9), 1.0)
    return np.asarray(light * scale[:, None])


def _within_gamut(light: Colours) -> Colours:
    """Desaturate colours that a screen cannot show just so far that it can."""
    grey = np.clip(light @ _LUMA_709, 0, 1)[:, None]
    lowest = light.min(axis=1, keepdims=True)
    share = np.where(lowest < 0, grey / np.maximum(grey - lowest, 1e-9), 1.0)
    return np.asarray(grey + (light - grey) * share)


class ColourMap:
    """Converts frames of one kind and size."""

    def __init__(self, kind: ColourKind, width: int, height: int) -> None:
        """`width` and `height` in pixels."""
        # FFmpeg reads the lattice from a file only, at once.
        with tempfile.TemporaryDirectory(prefix="agecam-") as folder:
            path = Path(folder) / "colours.cube"
            path.write_text(cube(kind), encoding="ascii")
            self._graph = Graph()
            source = f"video_size={width}x{height}:pix_fmt=gbrp16le:time_base=1/1000:colorspace=gbr:range=pc"
            self._graph.link_nodes(
                self._graph.add("buffer", source),
                self._graph.add("lut3d", file=str(path), interp="tetrahedral"),
                self._graph.add("buffersink"),
            ).configure()

    def convert(self, frame: VideoFrame) -> VideoFrame:
        """Convert a frame of the format `gbrp16le`."""
        frame.colorspace, frame.color_range = 0, 2  # as the buffer says
        self._graph.vpush(frame)
        return self._graph.vpull()


@cache
def cube(kind: ColourKind) -> str:
    """The lattice as a text in the format `.cube`."""
    steps = np.linspace(0, 1, _LATTICE)
    blue, green, red = np.meshgrid(steps, steps, steps, indexing="ij")
    colours = screen_colours(np.stack([red, green, blue], axis=-1).reshape(-1, 3), kind)
    lines = "\n".join(" ".join(f"{value:.5f}" for value in colour) for colour in colours.tolist())
    return f"LUT_3D_SIZE {_LATTICE}\n{lines}\n"
