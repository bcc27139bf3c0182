"""The detector finds the faces that the mtcnn package finds, at every size it is asked for, and no others."""

import math

import cv2
import numpy as np
import pytest
import tensorflow as tf
from models import demo_images, is_one_sentence, overlap

from agecam.detection.pyramid import MAX_PYRAMID_SIDE_PX, pyramid_scales
from agecam.detector import FaceDetector
from agecam.errors import DetectorError
from agecam.types import Box, Detection, Image

ASTRONAUT: Box = (182, 64, 83, 107)
HOPPER: Box = (178, 110, 173, 220)


@pytest.fixture(scope="module", params=[False, True], ids=["graph", "compiled"])
def detector(request: pytest.FixtureRequest) -> FaceDetector:
    """In both ways."""
    return FaceDetector(min_face_px=20, compiled=request.param)


@pytest.fixture(scope="module")
def by_graph() -> FaceDetector:
    return FaceDetector(min_face_px=20, compiled=False)


@pytest.fixture(scope="module")
def compiled() -> FaceDetector:
    return FaceDetector(min_face_px=20, compiled=True)


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
def test_a_larger_smallest_face_does_not_blind_it(
    min_face_px: int, portrait: str, request: pytest.FixtureRequest
) -> None:
    box = ASTRONAUT if portrait == "astronaut_bgr" else HOPPER
    scale = 1.3 * min_face_px / box[3]
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    scaled = cv2.resize(request.getfixturevalue(portrait), None, fx=scale, fy=scale, interpolation=method)
    faces = FaceDetector(min_face_px=min_face_px).detect(np.asarray(scaled, np.uint8))
    assert len(faces) == 1
    assert overlap(faces[0].box, [scale * v for v in box]) > 0.7


def test_a_face_much_smaller_than_asked_for_is_left_out(astronaut_bgr: Image) -> None:
    assert FaceDetector(min_face_px=300).detect(astronaut_bgr) == []


def test_boxes_and_landmarks_are_in_pixels_of_the_frame(detector: FaceDetector, astronaut_bgr: Image) -> None:
    there = detector.detect(astronaut_bgr)[0]
    here = detector.detect(np.roll(astronaut_bgr, (60, 100), axis=(0, 1)))[0]
    x, y, width, height = there.box
    assert overlap(here.box, (x + 100, y + 60, width, height)) > 0.8
    assert here.landmarks == pytest.approx(there.landmarks + np.array([100, 60]), abs=3)


def test_boxes_end_at_the_edge_of_the_frame(detector: FaceDetector, hopper_bgr: Image) -> None:
    x, y, width, height = detector.detect(np.roll(hopper_bgr, (-140, -200), axis=(0, 1)))[0].box
    assert x >= 0
    assert y >= 0
    assert x + width <= 512
    assert y + height <= 600


def test_pyramid_levels_are_counted_right() -> None:
    random = np.random.default_rng(0)
    sizes = np.exp(random.uniform(0, np.log(9000), (500, 2))).astype(int)
    least = random.uniform(1, 400, 500)
    for (height_px, width_px), min_face_px in zip(sizes.tolist(), least.tolist(), strict=True):
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


def test_where_the_package_is_blind_the_pyramid_has_its_levels() -> None:
    # 480 px at a smallest face of 40: 144 px, then 102, 72, 51, 36, 25, 18 and 12.
    assert len(pyramid_scales(480, 640, 40)) == 8


@pytest.mark.parametrize("shape", [(512, 512), (1, 1), (5, 2000), (2000, 5), (12, 12), (0, 0), (0, 300)])
@pytest.mark.parametrize("level", [0, 127, 255])
def test_nothing_on_empty_frames(detector: FaceDetector, shape: tuple[int, int], level: int) -> None:
    assert detector.detect(np.full((*shape, 3), level, np.uint8)) == []


def test_noise_neither_fails_nor_shows_a_sure_face(detector: FaceDetector) -> None:
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
def test_a_frame_of_another_form_is_refused_in_one_sentence(
    detector: FaceDetector, frame: np.ndarray[tuple[int, ...], np.dtype[np.generic]]
) -> None:
    for given in (frame, tf.constant(frame)):
        with pytest.raises(DetectorError) as failure:
            detector.detect(given)
        assert is_one_sentence(str(failure.value))
        assert "BGR" in str(failure.value)


def test_a_tensor_gives_what_the_array_gives(detector: FaceDetector, hopper_bgr: Image) -> None:
    array, tensor = detector.detect(hopper_bgr), detector.detect(tf.constant(hopper_bgr))
    assert [face.box for face in array] == [face.box for face in tensor]
    assert [face.score for face in array] == [face.score for face in tensor]
    assert np.array_equal(array[0].landmarks, tensor[0].landmarks)


def test_colours_are_read_as_bgr(detector: FaceDetector, hopper_bgr: Image) -> None:
    from mtcnn import MTCNN

    # The wrong order still finds the face, but not quite where the package, which reads RGB, does.
    (their,) = MTCNN().detect_faces(np.ascontiguousarray(hopper_bgr[:, :, ::-1]))
    as_bgr = detector.detect(hopper_bgr)[0]
    as_rgb = detector.detect(np.ascontiguousarray(hopper_bgr[:, :, ::-1]))[0]
    assert overlap(as_bgr.box, their["box"]) > overlap(as_rgb.box, their["box"]) + 0.01


@pytest.mark.parametrize("min_face_px", [20, 40, 60, 100])
@pytest.mark.parametrize("size", [1.0, 0.71, 1.6])
def test_compiled_networks_find_what_the_graph_finds(
    by_graph: FaceDetector,
    compiled: FaceDetector,
    astronaut_bgr: Image,
    hopper_bgr: Image,
    min_face_px: int,
    size: float,
) -> None:
    # Where small faces are looked for, all is done in floats; elsewhere another of several good boxes may win.
    least_overlap, score, width_share = (0.9, 0.02, 0.03) if min_face_px <= 40 else (0.7, 0.03, 0.08)
    found = 0
    for picture in (astronaut_bgr, hopper_bgr, *demo_images(40, 250)):
        scaled = np.asarray(cv2.resize(picture, None, fx=size, fy=size, interpolation=cv2.INTER_AREA), np.uint8)
        theirs, ours = (detector.detect(scaled, min_face_px) for detector in (by_graph, compiled))
        # What is hardly a face may be found by one alone.
        for some, others in ((theirs, ours), (ours, theirs)):
            for face in (face for face in some if face.score > 0.9):
                found += 1
                same = max(others, key=lambda other: overlap(other.box, face.box))
                assert overlap(same.box, face.box) > least_overlap
                assert same.score == pytest.approx(face.score, abs=score)
                assert same.landmarks == pytest.approx(face.landmarks, abs=width_share * face.box[2])
    assert found >= 12


def test_nothing_of_a_frame_is_left_in_the_next(
    compiled: FaceDetector, astronaut_bgr: Image, hopper_bgr: Image
) -> None:
    first = compiled.detect(astronaut_bgr)
    compiled.detect(hopper_bgr, 60)
    compiled.detect(astronaut_bgr[::-1])
    again = compiled.detect(astronaut_bgr)
    assert [face.box for face in again] == [face.box for face in first]
    assert np.array_equal(again[0].landmarks, first[0].landmarks)


def test_a_frame_too_large_for_opencv_is_still_looked_at(compiled: FaceDetector, astronaut_bgr: Image) -> None:
    long = np.zeros((512, 33_000, 3), np.uint8)
    long[:, 20_000:20_512] = cv2.resize(astronaut_bgr, (512, 512))
    # On a picture so long a face must be large: the pyramid's first level has 2048 px.
    (face,) = compiled.detect(long)
    assert overlap(face.box, (20_000 + ASTRONAUT[0], *ASTRONAUT[1:])) > 0.7


def test_views_are_looked_at_as_copies_are(detector: FaceDetector, hopper_bgr: Image) -> None:
    mirrored = hopper_bgr[:, ::-1]
    (view,), (copy) = detector.detect(mirrored), detector.detect(mirrored.copy())
    assert view.box == copy[0].box


def test_frames_of_a_size_seen_before_trace_nothing(by_graph: FaceDetector, astronaut_bgr: Image) -> None:
    by_graph.detect(astronaut_bgr)
    graphs, before = len(by_graph._graphs), by_graph.tracings
    for shift in range(4):
        by_graph.detect(np.roll(astronaut_bgr, shift, axis=0))
        by_graph.detect(tf.constant(np.roll(astronaut_bgr, shift, axis=1)))
    assert (len(by_graph._graphs), by_graph.tracings) == (graphs, before)


def test_photographs_of_all_sizes_need_few_graphs(astronaut_bgr: Image) -> None:
    detector = FaceDetector(min_face_px=60, compiled=False)
    for side in range(341, 401, 20):
        assert len(detector.detect(np.asarray(cv2.resize(astronaut_bgr, (side + 7, side)), np.uint8))) == 1
    assert detector.tracings <= 2
