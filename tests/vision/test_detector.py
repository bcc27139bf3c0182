"""The detector finds the same faces as the mtcnn package, at every requested size, and no others."""

import math

import cv2
import numpy as np
import pytest
from models import ASTRONAUT_LANDMARKS, demo_images, is_one_sentence, overlap

from agecam.backends.keras import KerasBackend
from agecam.backends.openvino import OpenVinoBackend
from agecam.errors import DetectorError
from agecam.types import Box, Detection, Image
from agecam.vision.detector import FaceDetector
from agecam.vision.pyramid import MAX_PYRAMID_SIDE_PX, pyramid_scales

ASTRONAUT: Box = (182, 64, 83, 107)
HOPPER: Box = (178, 110, 173, 220)


@pytest.fixture(scope="module", params=[KerasBackend, OpenVinoBackend], ids=["keras", "openvino"])
def detector(request: pytest.FixtureRequest) -> FaceDetector:
    """With both backends."""
    return FaceDetector(request.param(), min_face_px=20)


@pytest.fixture(scope="module")
def openvino_detector() -> FaceDetector:
    return FaceDetector(OpenVinoBackend(), min_face_px=20)


def assert_upright(face: Detection) -> None:
    left_eye, right_eye, nose, mouth_left, mouth_right = face.landmarks
    assert left_eye[0] < nose[0] < right_eye[0]
    assert mouth_left[0] < mouth_right[0]
    assert max(left_eye[1], right_eye[1]) < nose[1] < min(mouth_left[1], mouth_right[1])


def test_finds_the_one_face_of_each_portrait(detector: FaceDetector, astronaut_bgr: Image, hopper_bgr: Image) -> None:
    for picture, box in ((astronaut_bgr, ASTRONAUT), (hopper_bgr, HOPPER)):
        faces = detector.detect(picture)
        assert len(faces) == 1
        assert overlap(faces[0].box, box) > 0.8
        assert 0.95 < faces[0].score <= 1
        assert faces[0].landmarks.shape == (5, 2)
        assert_upright(faces[0])


def test_agrees_with_the_mtcnn_package(detector: FaceDetector, astronaut_bgr: Image, hopper_bgr: Image) -> None:
    from mtcnn import MTCNN

    package = MTCNN()
    for picture, count in zip((astronaut_bgr, hopper_bgr, *demo_images(40, 250)), (1, 1, 2, 4), strict=True):
        theirs = [
            face
            for face in package.detect_faces(np.ascontiguousarray(picture[:, :, ::-1]))
            if face["confidence"] >= 0.95
        ]
        ours = [face for face in detector.detect(picture) if face.score >= 0.95]
        assert len(theirs) == len(ours) == count
        for their in theirs:
            our = max(ours, key=lambda face: overlap(face.box, their["box"]))
            assert overlap(our.box, their["box"]) >= 0.6
            points = [their["keypoints"][key] for key in ("left_eye", "right_eye", "nose", "mouth_left", "mouth_right")]
            assert np.linalg.norm(our.landmarks - points, axis=1).mean() < 0.05 * their["box"][2]
            assert_upright(our)


@pytest.mark.parametrize(
    ("min_face_px", "portrait"),
    list(zip([20, 24, 40, 60, 80, 120], ["hopper_bgr", "astronaut_bgr"] * 3, strict=True)),
)
def test_faces_just_above_the_smallest_size_are_found(
    min_face_px: int, portrait: str, request: pytest.FixtureRequest
) -> None:
    box = ASTRONAUT if portrait == "astronaut_bgr" else HOPPER
    scale = 1.3 * min_face_px / box[3]
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    scaled = cv2.resize(request.getfixturevalue(portrait), None, fx=scale, fy=scale, interpolation=method)
    faces = FaceDetector(min_face_px=min_face_px).detect(np.asarray(scaled, np.uint8))
    assert len(faces) == 1
    assert overlap(faces[0].box, [scale * v for v in box]) > 0.7


def test_a_face_much_smaller_than_requested_is_not_found(astronaut_bgr: Image) -> None:
    assert FaceDetector(min_face_px=300).detect(astronaut_bgr) == []


def test_boxes_and_landmarks_are_in_pixels_of_the_frame(detector: FaceDetector, astronaut_bgr: Image) -> None:
    original = detector.detect(astronaut_bgr)[0]
    shifted = detector.detect(np.roll(astronaut_bgr, (60, 100), axis=(0, 1)))[0]
    x, y, width, height = original.box
    assert overlap(shifted.box, (x + 100, y + 60, width, height)) > 0.8
    assert shifted.landmarks == pytest.approx(original.landmarks + np.array([100, 60]), abs=3)


def test_boxes_end_at_the_edge_of_the_frame(detector: FaceDetector, hopper_bgr: Image) -> None:
    x, y, width, height = detector.detect(np.roll(hopper_bgr, (-140, -200), axis=(0, 1)))[0].box
    assert x >= 0
    assert y >= 0
    assert x + width <= 512
    assert y + height <= 600


def test_pyramid_scales() -> None:
    random = np.random.default_rng(0)
    sizes = np.exp(random.uniform(0, np.log(9000), (500, 2))).astype(int)
    smallest = random.uniform(1, 400, 500)
    for (height_px, width_px), min_face_px in zip(sizes.tolist(), smallest.tolist(), strict=True):
        scales = pyramid_scales(height_px, width_px, min_face_px)
        shorter, longer = sorted((height_px, width_px))
        first = 12 / max(min_face_px, 12)
        if longer * first <= MAX_PYRAMID_SIDE_PX:
            assert bool(scales) == (math.floor(shorter * first) >= 12)
            assert scales[:1] == ([pytest.approx(first)] if scales else [])
        for scale in scales:
            assert math.floor(shorter * scale) >= 12
            assert longer * scale <= MAX_PYRAMID_SIDE_PX
        assert scales[1:] == pytest.approx([0.709 * scale for scale in scales[:-1]])
        if scales:
            assert math.floor(shorter * scales[-1] * 0.709) < 12


def test_the_pyramid_has_all_levels_down_to_the_cell_size() -> None:
    # 480 px with a smallest face of 40: 144 px, then 102, 72, 51, 36, 25, 18 and 12.
    assert len(pyramid_scales(480, 640, 40)) == 8


@pytest.mark.parametrize("shape", [(512, 512), (1, 1), (5, 2000), (2000, 5), (12, 12), (0, 0), (0, 300)])
@pytest.mark.parametrize("level", [0, 127, 255])
def test_no_faces_in_empty_frames(detector: FaceDetector, shape: tuple[int, int], level: int) -> None:
    assert detector.detect(np.full((*shape, 3), level, np.uint8)) == []


def test_noise_gives_no_confident_face(detector: FaceDetector) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (512, 512, 3), np.uint8)
    assert [face for face in detector.detect(noise) if face.score > 0.95] == []


@pytest.mark.parametrize(
    "frame",
    [
        np.zeros((100, 100, 3), np.float32),
        np.zeros((100, 100, 3), np.int64),
        np.zeros((100, 100), np.uint8),
        np.zeros((100, 100, 1), np.uint8),
        np.zeros((100, 100, 4), np.uint8),
        np.zeros((2, 100, 100, 3), np.uint8),
    ],
)
def test_an_invalid_frame_is_refused_in_one_sentence(
    detector: FaceDetector, frame: np.ndarray[tuple[int, ...], np.dtype[np.generic]]
) -> None:
    with pytest.raises(DetectorError) as failure:
        detector.detect(frame)
    assert is_one_sentence(str(failure.value))
    assert "BGR" in str(failure.value)


def test_colours_are_read_as_bgr(detector: FaceDetector, hopper_bgr: Image) -> None:
    from mtcnn import MTCNN

    # In the wrong order the face is still found, but farther from where the package, which reads RGB, finds it.
    (their,) = MTCNN().detect_faces(np.ascontiguousarray(hopper_bgr[:, :, ::-1]))
    as_bgr = detector.detect(hopper_bgr)[0]
    as_rgb = detector.detect(np.ascontiguousarray(hopper_bgr[:, :, ::-1]))[0]
    assert overlap(as_bgr.box, their["box"]) > overlap(as_rgb.box, their["box"]) + 0.01


def test_frames_do_not_affect_later_frames(
    openvino_detector: FaceDetector, astronaut_bgr: Image, hopper_bgr: Image
) -> None:
    first = openvino_detector.detect(astronaut_bgr)
    openvino_detector.detect(hopper_bgr, 60)
    openvino_detector.detect(astronaut_bgr[::-1])
    again = openvino_detector.detect(astronaut_bgr)
    assert [face.box for face in again] == [face.box for face in first]
    assert np.array_equal(again[0].landmarks, first[0].landmarks)


def test_a_picture_searched_in_parts_has_the_same_faces(
    openvino_detector: FaceDetector, monkeypatch: pytest.MonkeyPatch
) -> None:
    (picture,) = demo_images(250)
    whole = openvino_detector.detect(picture)
    assert len(whole) > 2
    for sheet_px in (20_000, 150_001):
        monkeypatch.setattr("agecam.vision.mtcnn._MAX_SHEET_PX", sheet_px)
        parts = openvino_detector.detect(picture)
        assert [face.box for face in parts] == [face.box for face in whole]
        assert [face.score for face in parts] == [face.score for face in whole]
        assert all(np.array_equal(a.landmarks, b.landmarks) for a, b in zip(parts, whole, strict=True))


@pytest.mark.parametrize("length", [16_384, 20_001, 32_767, 33_001, 70_000])
@pytest.mark.parametrize("high", [False, True])
def test_a_very_long_frame_is_searched(
    openvino_detector: FaceDetector, astronaut_bgr: Image, length: int, high: bool
) -> None:
    # A face in such a picture may be as large as the picture is wide.
    scale = max(1.0, 3 * length / 32_767)
    portrait = np.asarray(cv2.resize(astronaut_bgr, None, fx=scale, fy=scale), np.uint8)
    side, start = portrait.shape[0], length // 2
    picture = np.zeros((length, side, 3) if high else (side, length, 3), np.uint8)
    left, top = (0, start) if high else (start, 0)
    picture[top : top + side, left : left + side] = portrait
    (face,) = openvino_detector.detect(picture)
    x, y, width, height = (scale * v for v in ASTRONAUT)
    assert overlap(face.box, (left + x, top + y, width, height)) > 0.8
    assert_upright(face)
    assert face.landmarks == pytest.approx(scale * ASTRONAUT_LANDMARKS + (left, top), abs=0.06 * width)


@pytest.mark.parametrize("high", [False, True])
def test_all_small_faces_of_a_panorama_are_found_once(
    openvino_detector: FaceDetector, astronaut_bgr: Image, high: bool
) -> None:
    # Beside each other and at distances that share no factor with the parts in which such a picture is searched
    starts = [0, *range(300, 5400, 300), *range(6001, 69_000, 611), 69_700]
    portrait = np.asarray(cv2.resize(astronaut_bgr, (300, 300), interpolation=cv2.INTER_AREA), np.uint8)
    picture = np.zeros((70_000, 300, 3) if high else (300, 70_000, 3), np.uint8)
    for start in starts:
        places = slice(start, start + 300)
        picture[places if high else slice(None), slice(None) if high else places] = portrait
    faces = [face for face in openvino_detector.detect(picture, 24) if face.score > 0.95]
    faces.sort(key=lambda face: face.box[1 if high else 0])
    assert len(faces) == len(starts)
    scale = 300 / 512
    for face, start in zip(faces, starts, strict=True):
        x, y, width, height = (scale * v for v in ASTRONAUT)
        shift = (0, start) if high else (start, 0)
        assert overlap(face.box, (x + shift[0], y + shift[1], width, height)) > 0.7
        assert face.landmarks == pytest.approx(scale * ASTRONAUT_LANDMARKS + shift, abs=0.1 * width)


def test_views_give_the_same_faces_as_copies(detector: FaceDetector, hopper_bgr: Image) -> None:
    mirrored = hopper_bgr[:, ::-1]
    (view,), (copy) = detector.detect(mirrored), detector.detect(mirrored.copy())
    assert view.box == copy[0].box
