"""AgeCam inside another program."""

import warnings
from collections.abc import Sequence
from typing import Any, overload

import numpy as np

from agecam.errors import SourceError
from agecam.runtime.environment import prepare_environment
from agecam.types import Face, Frame, Image

prepare_environment()


class Analyzer:
    """Finds faces in pictures and says their apparent age and gender.

        from agecam import Analyzer
        faces = Analyzer().analyze(image_bgr)

    One object serves one thread at a time.
    """

    def __init__(
        self, model: str = "compact", min_face_px: float = 40, device: str = "auto", backend: str = "auto"
    ) -> None:
        """
        Args:
            model: name of a model, as `agecam models` lists them, or the path of its card.
            min_face_px: smallest face to look for, as the side of its box in pixels.
            device: "auto", "cpu" or "gpu".
            backend: what runs the networks: "auto", "openvino" or "keras".

        Raises:
            WeightsError: there is no such model, or its files are damaged.
            UsageError: a GPU was asked for and there is none.
        """
        from agecam.engine.engine import build_engine

        self._engine = build_engine(model, device, min_face_px, track=False, backend=backend)  # type: ignore[arg-type]
        if self._engine.refusal is not None:
            warnings.warn(str(self._engine.refusal), RuntimeWarning, stacklevel=2)

    @overload
    def analyze(self, pictures: Image) -> list[Face]: ...
    @overload
    def analyze(self, pictures: Sequence[Image]) -> list[list[Face]]: ...
    def analyze(self, pictures: Any) -> list[Face] | list[list[Face]]:
        """Faces of one `(H, W, 3) uint8` BGR picture, best score first, or of each of several.

        Raises:
            SourceError: a picture has another form.
            DetectorError: the detector itself failed.
        """
        if isinstance(pictures, Sequence) and not isinstance(pictures, str | bytes):
            return [self._one(picture) for picture in pictures]
        return self._one(pictures)

    def _one(self, picture: Any) -> list[Face]:
        if not isinstance(picture, np.ndarray):
            raise SourceError(
                f"A picture must be a (height, width, 3) 8-bit BGR array, not {type(picture).__name__}: "
                "read its file first, for example with cv2.imread, which gives None where it cannot."
            )
        if picture.ndim != 3 or picture.shape[2] != 3 or picture.dtype != np.uint8 or not picture.size:
            raise SourceError(
                f"A picture must be (height, width, 3) 8-bit BGR, not {picture.shape} {picture.dtype}: "
                "convert it first, for example with cv2.cvtColor."
            )
        return list(self._engine.step(Frame(picture, 0, 0.0, "picture", still=True)).faces)
