"""Face detection with MTCNN (Zhang et al. 2016) and the three networks of the `mtcnn` package."""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise

import cv2
import numpy as np

from agecam.backends import Backend, choose_backend
from agecam.errors import DetectorError
from agecam.models.store import detector_files
from agecam.types import Detection, FloatArray, Image
from agecam.vision.drawing import DrawingClassifier
from agecam.vision.mtcnn import Mtcnn, suppress
from agecam.vision.pyramid import FINAL_OVERLAP, MAX_PYRAMID_SIDE_PX, count_halvings, halved, pyramid_scales

_HALVED_FROM_PX = 8 * MAX_PYRAMID_SIDE_PX
"""In frames with a side this long, no faces below 96 px are searched for: when halved, they still have the 48 px that
the last network sees."""
_PART_ASPECT = 4
"""Among them, those more than this times as long as they are wide, such as panoramas, are searched in parts of this
shape instead: their faces are small in relation to their length."""
_LANDMARKS_ALONG = (slice(10, 15), slice(5, 10))
"""Columns of `Mtcnn.find_faces` with the landmarks' y and x."""


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
        self._classifier = DrawingClassifier(backend)

    def detect(self, frame: Image, min_face_px: float | None = None, halves: Sequence[Image] = ()) -> list[Detection]:
        """Faces of one frame, best score first; empty if there are none.

        Args:
            frame: `(H, W, 3) uint8`, BGR.
            min_face_px: smallest face to detect in this frame; by default that of the detector.
            halves: the frame at half its width and height, at a quarter and so on, as far as they are at hand.

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
        with _failures_named(frame):
            rows = self._find(frame, min_face_px or self.min_face_px, halves)
        return [_detection(row, height_px, width_px) for row in rows]

    def are_drawn(self, frame: Image, faces: Sequence[Detection]) -> list[bool]:
        """Whether each face that was detected in a frame is drawn rather than photographed, as in a comic.

        Raises:
            DetectorError: the network failed.
        """
        with _failures_named(frame):
            return self._classifier.are_drawn(frame, faces)

    def _find(self, frame: Image, smallest_px: float, halves: Sequence[Image] = ()) -> FloatArray:
        """The rows of `Mtcnn.find_faces`, in pixels of a frame of any size."""
        if _is_long(frame):
            return self._find_in_parts(frame, smallest_px)
        is_searched = bool(pyramid_scales(frame.shape[0], frame.shape[1], smallest_px))
        shrunk, factor = halved_to_fit(frame) if is_searched else (frame, 1)
        scales = pyramid_scales(shrunk.shape[0], shrunk.shape[1], smallest_px / factor)
        if not scales:
            return np.zeros((0, 15), np.float32)
        halvings = min(count_halvings(side_px) for side_px in shrunk.shape[:2])
        known = halves[:halvings] if factor == 1 else ()
        rows = self._mtcnn.find_faces(np.ascontiguousarray(shrunk), tuple(scales), halvings, known)
        rows[:, :4] *= factor
        rows[:, 5:] *= factor
        return rows

    def _find_in_parts(self, frame: Image, smallest_px: float) -> FloatArray:
        axis = int(frame.shape[1] > frame.shape[0])
        length_px, across_px = frame.shape[axis], frame.shape[1 - axis]
        part_px = max(_PART_ASPECT * across_px, MAX_PYRAMID_SIDE_PX)
        # Neighbours overlap by the frame's width, so that each face is whole in the part that its centre belongs to.
        count = math.ceil((length_px - across_px) / (part_px - across_px))
        starts = [round(start) for start in np.linspace(0, length_px - part_px, count)]
        borders = [-math.inf, *((a + part_px + b) / 2 for a, b in pairwise(starts)), math.inf]
        found = []
        for start, (first, end) in zip(starts, pairwise(borders), strict=True):
            places = slice(start, start + part_px)
            rows = self._find(frame[:, places] if axis else frame[places], smallest_px)
            rows[:, [axis, axis + 2]] += start
            rows[:, _LANDMARKS_ALONG[axis]] += start
            centres = rows[:, [axis, axis + 2]].mean(axis=1)
            found.append(rows[(first <= centres) & (centres < end)])
        return suppress(np.concatenate(found), FINAL_OVERLAP, over_smaller=True)


@contextmanager
def _failures_named(frame: Image) -> Iterator[None]:
    """Turn a failure of the networks into a DetectorError that names the picture."""
    try:
        yield
    except (RuntimeError, MemoryError, cv2.error) as error:
        raise DetectorError(
            "Face detection failed on a {width}x{height} picture ({reason}): try a smaller one or --device cpu.",
            width=int(frame.shape[1]),
            height=int(frame.shape[0]),
            reason=str(error).strip().partition("\n")[0],
        ) from error


def halved_to_fit(frame: Image) -> tuple[Image, int]:
    """The frame, halved until it is not longer than needed, and the factor by which it was shrunk.

    Frames that are searched in parts are left as they are.
    """
    factor = 1
    while max(frame.shape[:2]) >= _HALVED_FROM_PX and not _is_long(frame):
        frame = halved(frame)
        factor *= 2
    return frame, factor


def _is_long(frame: Image) -> bool:
    shorter, longer = sorted((len(frame), int(frame.shape[1])))
    return longer >= _HALVED_FROM_PX and longer > _PART_ASPECT * shorter


def _detection(row: FloatArray, height_px: int, width_px: int) -> Detection:
    left, right = (float(v) for v in np.clip(row[[1, 3]], 0, width_px))
    top, bottom = (float(v) for v in np.clip(row[[0, 2]], 0, height_px))
    landmarks = np.stack([row[5:10], row[10:15]], axis=1).astype(np.float32)
    return Detection(box=(left, top, right - left, bottom - top), score=float(row[4]), landmarks=landmarks)
