"""Python interface to AgeCam."""

import threading
import warnings
from collections.abc import Sequence
from typing import Any, overload

import numpy as np

from agecam.errors import SourceError, UsageError
from agecam.runtime.environment import restored_variables
from agecam.types import MAX_FACE_PX, MIN_FACE_PX, Face, Frame, Image

_SET_BY_OPENCV = ("QT_QPA_PLATFORM_PLUGIN_PATH", "QT_QPA_FONTDIR", "LD_LIBRARY_PATH")
"""OpenCV sets these when it is imported, for its own windows; other programs with Qt windows would not start."""


class Analyzer:
    """Finds faces in pictures and estimates their apparent age and gender.

        from agecam import Analyzer
        faces = Analyzer().analyze(image_bgr)

    It may be used from several threads; their pictures are analysed one after the other.
    """

    def __init__(
        self, model: str = "compact", min_face_px: float | None = None, device: str = "auto", backend: str = "auto"
    ) -> None:
        """
        Args:
            model: name of a model, as listed by `agecam models`, or the path of its card.
            min_face_px: smallest face to detect, as the side of its box in pixels; 24 by default.
            device: "auto", "cpu" or "gpu".
            backend: library that runs the networks: "auto", "openvino" or "keras".

        Raises:
            WeightsError: there is no such model, or its files are damaged.
            UsageError: an argument has a value that AgeCam does not know, or the requested device or backend is not
                available.
        """
        _check_choice("device", device, ("auto", "cpu", "gpu"))
        _check_choice("backend", backend, ("auto", "openvino", "keras"))
        if min_face_px is not None:
            _check_min_face(min_face_px)
        with restored_variables(*_SET_BY_OPENCV):
            from agecam.engine.engine import build_engine
            from agecam.engine.options import EngineOptions

        options = EngineOptions(model, device, backend, min_face_px, track=False)  # type: ignore[arg-type]
        self._lock = threading.Lock()
        self._engine = build_engine(options)
        if self._engine.refusal is not None:
            warnings.warn(str(self._engine.refusal), RuntimeWarning, stacklevel=2)

    @overload
    def analyze(self, pictures: Image) -> list[Face]: ...
    @overload
    def analyze(self, pictures: Sequence[Image]) -> list[list[Face]]: ...
    def analyze(self, pictures: Any) -> list[Face] | list[list[Face]]:
        """Find the faces of one `(H, W, 3) uint8` BGR picture, highest score first, or of each picture of a sequence.

        Raises:
            SourceError: a picture has another type or shape.
            DetectorError, EstimatorError: a network failed.
        """
        if isinstance(pictures, Sequence) and not isinstance(pictures, str | bytes):
            return [self._analyze_one(picture) for picture in pictures]
        return self._analyze_one(pictures)

    def _analyze_one(self, picture: Any) -> list[Face]:
        if not isinstance(picture, np.ndarray):
            raise SourceError(
                f"A picture must be a (height, width, 3) 8-bit BGR array, not {type(picture).__name__}: "
                "read its file first, for example with cv2.imread, which returns None if it fails."
            )
        if picture.ndim != 3 or picture.shape[2] != 3 or picture.dtype != np.uint8 or not picture.size:
            raise SourceError(
                f"A picture must be (height, width, 3) 8-bit BGR, not {picture.shape} {picture.dtype}: "
                "convert it first, for example with cv2.cvtColor."
            )
        with self._lock:
            return list(self._engine.step(Frame(picture, 0, 0.0, "picture", still=True)).people)


def _check_choice(name: str, value: object, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise UsageError(f"{name} is {value!r}: choose one of {', '.join(map(repr, choices))}.")


def _check_min_face(value: object) -> None:
    is_number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    if not is_number or not MIN_FACE_PX <= float(value) <= MAX_FACE_PX:  # type: ignore[arg-type]
        raise UsageError(f"min_face_px is {value!r}: choose a number of pixels from {MIN_FACE_PX} to {MAX_FACE_PX}.")
