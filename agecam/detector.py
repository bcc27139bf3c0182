"""Face detection: MTCNN (Zhang et al. 2016) over the `mtcnn` package's own three networks.

On a GPU all three stages run inside one TensorFlow graph, which is the reference. On the processor OpenVINO runs the
networks where it is installed: nearly always the same faces, in half the time.
"""

from typing import Any

import cv2
import numpy as np
import tensorflow as tf

from agecam.compiled import can_compile, reference_if_refused
from agecam.detection.graph import find_faces
from agecam.detection.networks import folded_networks
from agecam.detection.processor import MOST_SIDE_PX, ProcessorDetector
from agecam.detection.pyramid import halvings_of, pyramid_scales
from agecam.errors import DetectorError
from agecam.types import Detection, Image


class FaceDetector:
    """Finds faces with five landmarks. Not safe for use from several threads at once."""

    def __init__(self, device: str = "/CPU:0", min_face_px: float = 40, compiled: bool | None = None) -> None:
        """
        Args:
            device: TensorFlow's name of the device, from `choose_device`.
            min_face_px: smallest face to look for, as the side of its box in pixels of the frame;
                at least 12. Cost grows with the inverse of its square.
            compiled: whether OpenVINO runs the networks; None: on the processor, if it is installed.
        """
        self.device = device
        self.min_face_px = float(min_face_px)
        self._networks = folded_networks()
        self._graphs: dict[tuple[float, ...], Any] = {}
        self._processor = None
        if compiled or (compiled is None and device.startswith("/CPU") and can_compile()):
            with reference_if_refused(compiled):
                self._processor = ProcessorDetector(self._networks)

    @property
    def is_compiled(self) -> bool:
        """Whether OpenVINO runs the networks; then another smallest face costs nothing to change to."""
        return self._processor is not None

    @property
    def tracings(self) -> int:
        """How often TensorFlow has built a graph so far."""
        return sum(graph.experimental_get_tracing_count() for graph in self._graphs.values())

    def detect(self, frame: Image | tf.Tensor, min_face_px: float | None = None) -> list[Detection]:
        """Faces of one `(H, W, 3) uint8` BGR frame, best score first; empty where there are none.

        Where the frame is does not matter; it is brought to the device if need be.

        Args:
            min_face_px: smallest face in this frame, if it is another than usual.

        Raises:
            DetectorError: the frame has another form, or the networks themselves failed.
        """
        if len(frame.shape) != 3 or frame.shape[2] != 3 or frame.dtype != np.uint8:
            raise DetectorError(
                "The detector takes (height, width, 3) 8-bit BGR pictures, not {shape} {kind}.",
                shape=tuple(frame.shape),
                kind=frame.dtype,
            )
        height_px, width_px = int(frame.shape[0]), int(frame.shape[1])
        scales = pyramid_scales(height_px, width_px, min_face_px or self.min_face_px)
        if not scales:
            return []
        halvings = min(halvings_of(height_px), halvings_of(width_px))
        try:
            if self._processor is not None and max(height_px, width_px) <= MOST_SIDE_PX:
                rows = self._processor.find_faces(np.ascontiguousarray(frame), tuple(scales), halvings)
            else:
                with tf.device(self.device):
                    rows = self._graph(scales, halvings)(tf.convert_to_tensor(frame)).numpy()
        except (tf.errors.OpError, RuntimeError, cv2.error) as error:
            raise DetectorError(
                "The face detector failed on a {width}x{height} picture: {reason}",
                width=width_px,
                height=height_px,
                reason=str(getattr(error, "message", error)),
            ) from error
        return [_detection(row, height_px, width_px) for row in rows]

    def _graph(self, scales: list[float], halvings: int) -> Any:
        """One graph for each depth of the pyramid, open in the frame's size: a folder of photographs of all
        sizes needs few, and on a steady video it is as fast as one made for its size."""
        key = (halvings, *scales)
        if key not in self._graphs:
            self._graphs[key] = tf.function(
                lambda frame: find_faces(frame, scales, halvings, self._networks),
                input_signature=[tf.TensorSpec((None, None, 3), tf.uint8)],
                autograph=False,
            )
        return self._graphs[key]


def _detection(row: np.ndarray, height_px: int, width_px: int) -> Detection:
    left, right = (float(v) for v in np.clip(row[[1, 3]], 0, width_px))
    top, bottom = (float(v) for v in np.clip(row[[0, 2]], 0, height_px))
    landmarks = np.stack([row[5:10], row[10:15]], axis=1).astype(np.float32)
    return Detection(box=(left, top, right - left, bottom - top), score=float(row[4]), landmarks=landmarks)
