"""What is made of a frame's picture is made once for all who need it."""

from dataclasses import replace

import numpy as np

from agecam.tracking.optical_flow import GreyFrame
from agecam.types import Frame


def test_what_is_derived_from_a_frame_is_computed_once() -> None:
    calls = []

    def brightness(frame: Frame) -> float:
        calls.append(frame)
        return float(frame.image_bgr.mean())

    frame = Frame(np.full((8, 8, 3), 7, np.uint8), 0, 0.0, "test")
    assert (frame.derived(brightness), frame.derived(brightness)) == (7.0, 7.0)
    assert len(calls) == 1
    assert frame.derived(GreyFrame.of_frame) is frame.derived(GreyFrame.of_frame)
    other = replace(frame, image=np.zeros((8, 8, 3), np.uint8))
    assert other.derived(brightness) == 0.0  # another picture shares nothing
