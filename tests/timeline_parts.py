"""Frames with people for tests of the timeline, without networks: portraits at given places."""

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
from live_parts import face_at

from agecam.types import Face, Frame, FrameResult, Image

HEIGHT, WIDTH = 360, 640
SIDE = 80


def cut_out(portrait: Image, face_box: tuple[int, int, int, int]) -> Image:
    """A portrait around a face, scaled so that the face is `SIDE` wide, `(200, 120, 3)`."""
    x, y, width, height = face_box
    left, top = max(0, x - width // 4), y
    part = portrait[top : top + int(2.2 * height), left : left + int(1.5 * width)]
    return np.asarray(cv2.resize(part, (120, 200), interpolation=cv2.INTER_AREA), np.uint8)


class Person:
    """Somebody at a place, in the coordinates of their face."""

    def __init__(self, look: Image, left: int, track: int, age: float = 30.0, confirmed: bool = True) -> None:
        self.look, self.left, self.track, self.age, self.confirmed = look, left, track, age, confirmed

    @property
    def face(self) -> Face:
        """Their face."""
        face = face_at(self.left, 60, SIDE, self.age, self.track)
        return face if self.confirmed else replace(face, confirmed=False)


def frame_of(people: Sequence[Person], time_s: float, index: int = 0, still: bool = False) -> Frame:
    """A picture of these people."""
    image = np.full((HEIGHT, WIDTH, 3), 60, np.uint8)
    for person in people:
        left = max(0, person.left - 20)
        right = min(WIDTH, left + 120)
        image[50:250, left:right] = person.look[:, : right - left]
    return Frame(image, index, time_s, "film.mp4", still=still)


def result_of(people: Sequence[Person], frame: Frame) -> FrameResult:
    """The result that the engine would give for it."""
    faces = tuple(person.face for person in people)
    return FrameResult(frame.source, frame.index, frame.time_s, WIDTH, HEIGHT, faces)
