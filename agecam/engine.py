"""One frame in, everything AgeCam says about it out. No thread, no file, no window."""

import tensorflow as tf

from agecam.detector import FaceDetector
from agecam.device import DeviceChoice, choose_device
from agecam.estimator import Estimator
from agecam.memory import give_back_unused
from agecam.tracker import Tracker
from agecam.types import Detection, Face, Frame, FrameResult


class Engine:
    """Detector, tracker and estimator in a row. Used by one thread at a time."""

    def __init__(self, detector: FaceDetector, estimator: Estimator, detect_every: int = 1, track: bool = True) -> None:
        """
        Args:
            detector, estimator: on the same device.
            detect_every: look for faces in every so many frames only; between them they keep their places.
            track: give every person a number; without, the faces of single pictures have none.
        """
        self.detector = detector
        self.estimator = estimator
        self.detect_every = detect_every
        self.track = track
        self.reset()

    def reset(self) -> None:
        """Forget the people seen so far: another source begins."""
        self._tracker = Tracker()
        self._since_detection = 0
        self._faces: list[Detection] = []
        self._numbers: list[int | None] = []

    def step(self, frame: Frame) -> FrameResult:
        """Find, follow and judge the faces of the next frame.

        Raises:
            DetectorError: the detector itself failed; a frame without faces is no failure.
        """
        height_px, width_px = frame.image_bgr.shape[:2]
        with tf.device(self.detector.device):
            pixels = tf.convert_to_tensor(frame.image_bgr)
        if self._since_detection % self.detect_every == 0:
            self._faces = self.detector.detect(pixels)
            self._numbers = list(self._tracker.update(self._faces)) if self.track else [None] * len(self._faces)
        self._since_detection += 1
        attributes = self.estimator.estimate(pixels, self._faces)
        faces = tuple(
            Face.of(face, of_face, number)
            for face, of_face, number in zip(self._faces, attributes, self._numbers, strict=True)
        )
        return FrameResult(frame.source, frame.index, frame.time_s, width_px, height_px, faces)


def build_engine(
    model: str = "compact",
    device: DeviceChoice = "auto",
    min_face_px: float = 40,
    detect_every: int = 1,
    track: bool = True,
) -> Engine:
    """The engine with the networks of a model, ready to step.

    Raises:
        WeightsError: there is no such model, or its files are damaged.
        UsageError: a GPU was asked for and there is none.
    """
    chosen = choose_device(device)
    engine = Engine(FaceDetector(chosen, min_face_px), Estimator.load(model, chosen), detect_every, track)
    give_back_unused()
    return engine
