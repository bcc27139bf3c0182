"""Face detection with MTCNN (Zhang et al. 2016) and the three networks of the `mtcnn` package."""

import cv2
import numpy as np

from agecam.backends import Backend, choose_backend
from agecam.errors import DetectorError
from agecam.models.store import detector_files
from agecam.types import Detection, FloatArray, Image
from agecam.vision.mtcnn import MAX_SIDE_PX, Mtcnn
from agecam.vision.pyramid import count_halvings, pyramid_scales


class FaceDetector:
    """Finds faces and their five landmarks. Not thread-safe."""

    def __init__(self, backend: Backend | None = None, min_face_px: float = 40) -> None:
        """
        Args:
            backend: runs the networks; by default the one that `choose_backend` selects.
            min_face_px: smallest face to detect, as the side of its box in pixels of the frame; at least 12. The cost
                is inversely proportional to its square.

        Raises:
            WeightsError: the network files are missing or damaged.
        """
        backend = backend or choose_backend()[0]
        self.min_face_px = float(min_face_px)
        self._mtcnn = Mtcnn({name: backend.runner(files) for name, files in detector_files().items()})

    def detect(self, frame: Image, min_face_px: float | None = None) -> list[Detection]:
        """Faces of one frame, best score first; empty if there are none.

        Args:
            frame: `(H, W, 3) uint8`, BGR.
            min_face_px: smallest face to detect in this frame; by default that of the detector.

        Raises:
            DetectorError: the frame has another shape or type, or the networks failed.
        """
        if len(frame.shape) != 3 or frame.shape[2] != 3 or frame.dtype != np.uint8:
            raise DetectorError(
                "The detector needs a (height, width, 3) 8-bit BGR picture, not {shape} {kind}: convert it first.",
                shape=tuple(frame.shape),
                kind=frame.dtype,
            )
        height_px, width_px = int(frame.shape[0]), int(frame.shape[1])
        smallest_px = min_face_px or self.min_face_px
        try:
            shrunk, factor = _halved_to_fit(frame) if pyramid_scales(height_px, width_px, smallest_px) else (frame, 1)
            scales = pyramid_scales(shrunk.shape[0], shrunk.shape[1], smallest_px / factor)
            if not scales:
                return []
            halvings = min(count_halvings(side_px) for side_px in shrunk.shape[:2])
            rows = self._mtcnn.find_faces(np.ascontiguousarray(shrunk), tuple(scales), halvings)
        except (RuntimeError, MemoryError, cv2.error) as error:
            raise DetectorError(
                "Face detection failed on a {width}x{height} picture ({reason}): try a smaller one or --device cpu.",
                width=width_px,
                height=height_px,
                reason=str(error).strip().partition("\n")[0],
            ) from error
        return [_detection(row, height_px, width_px, factor) for row in rows]


def _halved_to_fit(frame: Image) -> tuple[Image, int]:
    """The frame, halved until OpenCV can resample it, and the factor by which it was shrunk.

    No detail is lost: the largest level of the pyramid is many times smaller.
    """
    factor = 1
    while max(frame.shape[:2]) > MAX_SIDE_PX:
        size = (max(1, frame.shape[1] // 2), max(1, frame.shape[0] // 2))
        frame = np.asarray(cv2.resize(frame, size, interpolation=cv2.INTER_AREA), np.uint8)
        factor *= 2
    return frame, factor


def _detection(row: FloatArray, height_px: int, width_px: int, factor: int) -> Detection:
    left, right = (float(v) for v in np.clip(factor * row[[1, 3]], 0, width_px))
    top, bottom = (float(v) for v in np.clip(factor * row[[0, 2]], 0, height_px))
    landmarks = (factor * np.stack([row[5:10], row[10:15]], axis=1)).astype(np.float32)
    return Detection(box=(left, top, right - left, bottom - top), score=float(row[4]), landmarks=landmarks)
