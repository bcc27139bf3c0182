"""Zooming and panning, and the way between picture and widget."""

import time

import cv2
import numpy as np
import pytest

from agecam.types import Image
from agecam.ui.widgets.scaling import Scaler, scaled
from agecam.ui.widgets.viewport import MAX_ZOOM, Viewport
from agecam.vision.pyramid import halved


def fitted(
    picture: tuple[int, int] = (1280, 720), widget: tuple[int, int] = (900, 600), mirrored: bool = False
) -> Viewport:
    return Viewport().fitted(picture, widget, mirrored)


def point_at(view: Viewport, at: tuple[float, float]) -> tuple[float, float]:
    """The point of the picture, not mirrored, that is shown at a point of the widget."""
    left, top, width, height = view.to_widget((0, 0, *view.picture))
    x, y = (at[0] - left) / width * view.picture[0], (at[1] - top) / height * view.picture[1]
    return (view.picture[0] - x if view.mirrored else x), y


def test_the_whole_picture_is_centred() -> None:
    view = fitted()
    assert view.visible() == (0, 0, 1280, 720)
    assert view.place_of(view.visible()) == pytest.approx((0, (600 - 506.25) / 2, 900, 506.25))
    assert fitted((100, 400)).place_of((0, 0, 100, 400)) == pytest.approx((375, 0, 150, 600))


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("at", [(450, 300), (100, 100), (899, 599), (3, 500)])
def test_zooming_keeps_the_point_under_the_pointer(at: tuple[float, float], mirrored: bool) -> None:
    view = fitted((1280, 720), (1280, 720), mirrored)
    before = point_at(view, at)
    for _ in range(6):
        view = view.zoomed(1.25, at)
        assert point_at(view, at) == pytest.approx(before, abs=1e-6)
    assert view.zoom == pytest.approx(1.25**6)
    for _ in range(9):
        view = view.zoomed(0.8, at)
    assert view.visible() == (0, 0, 1280, 720)
    assert view.centre == (0.5, 0.5)


def test_zoom_has_limits() -> None:
    assert fitted().zoomed(1e6, (1, 1)).zoom == MAX_ZOOM
    assert fitted().zoomed(1e-6, (1, 1)).zoom == 1


def test_panning_stops_at_the_edges() -> None:
    view = fitted((1280, 720), (1280, 720)).zoomed(4, (640, 360))
    moved = view.panned(100, -40)
    assert moved.to_widget((640, 360, 0, 0))[:2] == pytest.approx((740, 320))
    assert view.panned(9999, 9999).visible() == (0, 0, 320, 180)
    assert view.panned(-9999, -9999).visible() == (960, 540, 1280, 720)
    assert fitted().panned(50, 50) == fitted()


def test_a_part_lies_where_its_boxes_lie() -> None:
    for mirrored in (False, True):
        view = fitted((640, 480), (700, 500), mirrored).zoomed(3.3, (200, 420))
        left, top, right, bottom = view.visible()
        box = (640 - right if mirrored else left, top, right - left, bottom - top)
        assert view.to_widget(box) == pytest.approx(view.place_of((left, top, right, bottom)))


def test_the_visible_part_covers_the_widget() -> None:
    view = fitted((640, 480), (700, 500)).zoomed(5, (200, 420))
    left, top, width, height = view.place_of(view.visible())
    assert left <= 0 and top <= 0 and left + width >= 700 and top + height >= 500
    assert width < 700 + 3 * view.scale


@pytest.mark.parametrize(
    "size", [(1110, 624), (900, 506), (640, 360), (600, 338), (320, 180), (2000, 1125), (1280, 720)]
)
def test_scaling_loses_nothing_that_can_be_seen(size: tuple[int, int], hopper_bgr: Image) -> None:
    frame = np.asarray(cv2.resize(hopper_bgr[:288], (1280, 720), interpolation=cv2.INTER_CUBIC), np.uint8)
    best = cv2.INTER_AREA if size[0] < 1280 else cv2.INTER_LINEAR
    wanted = cv2.resize(frame, size, interpolation=best)
    got = scaled(frame, size)
    assert got.shape == wanted.shape
    assert np.abs(got.astype(int) - wanted).mean() < 1.5


@pytest.mark.parametrize("part", [(0, 0, 5001, 3003), (1003, 501, 4011, 2300), (2000, 1000, 2600, 1360)])
def test_parts_of_a_huge_picture(part: tuple[int, int, int, int], hopper_bgr: Image) -> None:
    huge = np.asarray(cv2.resize(hopper_bgr[:307], (5001, 3003), interpolation=cv2.INTER_CUBIC), np.uint8)
    left, top, right, bottom = part
    size = (600, 360)
    scaler = Scaler(huge)
    got = scaler.scaled(part, size)
    wanted = cv2.resize(huge[top:bottom, left:right], size, interpolation=cv2.INTER_AREA)
    assert np.abs(got.astype(int) - wanted).mean() < 4  # it lies less than a pixel beside
    times_ms = []
    for _ in range(5):
        started = time.perf_counter()
        again = scaler.scaled(part, size)
        times_ms.append(1e3 * (time.perf_counter() - started))
    assert np.array_equal(again, got)
    assert min(times_ms) < 15


def test_a_large_picture_is_shown_from_its_half(hopper_bgr: Image) -> None:
    whole = np.asarray(cv2.resize(hopper_bgr[:288], (3840, 2160), interpolation=cv2.INTER_CUBIC), np.uint8)

    class LargePicture:
        size = (3840, 2160)

        def whole(self) -> Image:
            raise AssertionError

        def halved(self, times: int = 1) -> Image:
            return halved(whole) if times == 1 else halved(self.halved(times - 1))

    part, size = (0, 0, 3840, 2160), (1110, 624)
    assert np.array_equal(Scaler(LargePicture()).scaled(part, size), Scaler(whole).scaled(part, size))
    with pytest.raises(AssertionError):
        Scaler(LargePicture()).scaled((0, 0, 1000, 563), size)  # zoomed in, where the half would be blurred


def test_scaling_a_frame_is_fast() -> None:
    frame = np.random.default_rng(1).integers(0, 256, (720, 1280, 3), np.uint8)
    times_ms: dict[str, float] = {}
    for name, scale in (("ours", lambda: scaled(frame, (900, 506))), ("area", lambda: area(frame))):
        taken = []
        for _ in range(15):
            started = time.perf_counter()
            scale()
            taken.append(1e3 * (time.perf_counter() - started))
        times_ms[name] = min(taken)
    assert times_ms["ours"] < 0.5 * times_ms["area"]


def area(frame: Image) -> Image:
    return np.asarray(cv2.resize(frame, (900, 506), interpolation=cv2.INTER_AREA), np.uint8)
