from dataclasses import replace

import cv2
import matplotlib.cbook
import numpy as np
import pytest

from agecam.overlay import PALETTE, OverlayStyle, Placer, Words, annotate, label_lines
from agecam.overlay.typeface import Written
from agecam.types import Face

SPAN = "29\N{EN DASH}40"
NO_TEXT = {"show_age": False, "show_interval": False, "show_gender": False, "show_track": False}
BOX_ONLY = OverlayStyle(**NO_TEXT)
NOTHING = OverlayStyle(show_box=False, **NO_TEXT)
TEXT_ONLY = OverlayStyle(show_box=False)


def make_face(box, track=None, age=34.2, low=29.0, high=40.4, gender="female", probability=0.968):
    x, y, w, h = box
    places = [(0.3, 0.4), (0.7, 0.4), (0.5, 0.6), (0.35, 0.8), (0.65, 0.8)]
    landmarks = np.array([(x + a * w, y + b * h) for a, b in places], np.float32)
    distribution = np.full(101, 1 / 101, np.float32)
    return Face(box, 0.99, landmarks, age, low, high, gender, probability, probability, distribution, track)


def grey(width, height, level=128):
    return np.full((height, width, 3), level, np.uint8)


def changed_box(before, after):
    """Bounding box (left, top, right, bottom) of the changed pixels, or None."""
    rows, columns = np.nonzero((before != after).any(axis=2))
    return (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1) if len(rows) else None


def changed_px(before, after):
    return np.count_nonzero((before != after).any(axis=2))


@pytest.fixture(scope="module")
def portrait_bgr():
    with matplotlib.cbook.get_sample_data("grace_hopper.jpg") as file:
        return cv2.imdecode(np.frombuffer(file.read(), np.uint8), cv2.IMREAD_COLOR)


def test_label_text():
    assert label_lines(make_face((0, 0, 9, 9))) == [f"34 ({SPAN})", "female 97 %"]
    assert label_lines(make_face((0, 0, 9, 9), track=3)) == [f"34 ({SPAN}) #3", "female 97 %"]
    assert label_lines(make_face((0, 0, 9, 9), gender="unsure", probability=0.55)) == [
        f"34 ({SPAN})",
        "unsure",
    ]


@pytest.mark.parametrize(
    ("style", "lines"),
    [
        (OverlayStyle(show_interval=False), ["34 #3", "female 97 %"]),
        (OverlayStyle(show_age=False), [f"{SPAN} #3", "female 97 %"]),
        (OverlayStyle(show_probability=False), [f"34 ({SPAN}) #3", "female"]),
        (OverlayStyle(show_gender=False), [f"34 ({SPAN}) #3"]),
        (OverlayStyle(show_track=False), [f"34 ({SPAN})", "female 97 %"]),
        (OverlayStyle(show_age=False, show_interval=False), ["female 97 % #3"]),
        (NOTHING, []),
    ],
)
def test_each_part_of_the_label_can_be_hidden(style, lines):
    assert label_lines(make_face((0, 0, 9, 9), track=3), style) == lines


def test_another_language_with_its_own_typeface():
    requested = []

    def squares(text, size_px, bold):
        requested.append((text, bold))
        return Written(np.full((size_px, 40), 255, np.uint8), 40, size_px)

    words = Words(female="\uc5ec\uc131", male="\ub0a8\uc131", unsure="?", typeface=squares)
    style = OverlayStyle(words=words)
    face = make_face((40, 60, 40, 40))
    assert label_lines(face, style) == [f"34 ({SPAN})", "\uc5ec\uc131 97 %"]
    assert label_lines(make_face((0, 0, 9, 9), gender="male"), style)[1] == "\ub0a8\uc131 97 %"
    assert label_lines(make_face((0, 0, 9, 9), gender="unsure"), style)[1] == "?"
    drawn = annotate(grey(200, 200), [face], style)
    assert ("\uc5ec\uc131 97 %", False) in requested
    assert ("34", True) in requested
    assert changed_px(drawn, annotate(grey(200, 200), [face])) > 100


def test_the_input_is_not_modified(portrait_bgr):
    before = portrait_bgr.copy()
    out = annotate(portrait_bgr, [make_face((160, 70, 200, 230))])
    assert np.array_equal(portrait_bgr, before)
    assert out.shape == before.shape and out.dtype == np.uint8
    assert changed_box(before, out) is not None
    assert not np.shares_memory(out, portrait_bgr)


@pytest.mark.parametrize("faces", [[], [make_face((20, 20, 40, 40))]])
def test_without_anything_to_draw_the_picture_is_unchanged(faces):
    image = grey(100, 80)
    assert np.array_equal(annotate(image, faces, NOTHING), image)


@pytest.mark.parametrize("level", [0, 60, 128, 200, 255])
@pytest.mark.parametrize("track", range(1, len(PALETTE) + 1))
def test_box_is_in_place_and_visible_on_any_background(level, track):
    image = grey(640, 480, level)
    out = annotate(image, [make_face((200, 150, 120, 160), track)], BOX_ONLY)
    left, top, right, bottom = changed_box(image, out)
    assert (left, top) == (pytest.approx(200, abs=3), pytest.approx(150, abs=3))
    assert (right, bottom) == (pytest.approx(320, abs=3), pytest.approx(310, abs=3))
    assert np.array_equal(out[160:300, 210:310], image[160:300, 210:310])  # nothing is drawn inside the box
    across_left_side = cv2.cvtColor(out[230:231, 194:207], cv2.COLOR_BGR2GRAY).astype(int)
    assert np.ptp(across_left_side) >= 60


def test_the_colour_depends_on_the_track_not_the_gender():
    image = grey(640, 480)
    female, male = (
        annotate(image, [make_face((200, 150, 120, 160), 2, gender=gender)], BOX_ONLY) for gender in ("female", "male")
    )
    other = annotate(image, [make_face((200, 150, 120, 160), 3)], BOX_ONLY)
    assert np.array_equal(female, male)
    assert not np.array_equal(female, other)


def test_text_shows_the_rounded_age():
    image = grey(640, 480)
    outs = [annotate(image, [make_face((200, 150, 120, 160), age=age)], TEXT_ONLY) for age in (34.2, 34.4, 35)]
    assert np.array_equal(outs[0], outs[1])
    assert not np.array_equal(outs[0], outs[2])


@pytest.mark.parametrize(("size", "text_px"), [((480, 270), 11), ((1280, 720), 15.8), ((1920, 1080), 23.8)])
def test_label_scales_with_the_picture(size, text_px):
    image = grey(*size)
    only_gender = OverlayStyle(show_box=False, show_age=False, show_interval=False, show_track=False)
    box = (size[0] // 2, size[1] // 2, size[0] // 10, size[1] // 6)
    _, top, _, bottom = changed_box(image, annotate(image, [make_face(box)], only_gender))
    assert bottom - top == pytest.approx(1.73 * text_px, abs=2)  # height of capitals and padding on both sides


@pytest.mark.parametrize(
    ("box", "place"),
    [
        ((200, 150, 120, 160), "above"),
        ((200, 5, 120, 160), "below"),
        ((200, 0, 200, 480), "beside"),
        ((-50, -50, 740, 580), "inside"),
    ],
)
def test_label_is_above_else_below_else_beside_else_inside(box, place):
    image = grey(640, 480)
    left, top, right, bottom = changed_box(image, annotate(image, [make_face(box)], TEXT_ONLY))
    x, y, w, h = box
    assert left >= 0 and right <= 640
    if place == "above":
        assert top >= 0 and bottom <= y and left == pytest.approx(x, abs=3)
    elif place == "below":
        assert top >= y + h and bottom <= 480 and left == pytest.approx(x, abs=3)
    elif place == "beside":
        assert left >= x + w or right <= x
    else:
        assert top >= y and bottom <= y + h and left >= x and right <= x + w


@pytest.mark.parametrize("size", [(480, 270), (1280, 720), (1920, 1080)])
@pytest.mark.parametrize(("count", "step"), [(2, 0.2), (3, 0.5), (5, 1.1), (8, 1.6), (40, 1.1)])
def test_no_label_covers_a_face_or_another_label(size, count, step):
    width, height = size
    side = height / 10
    image = grey(width, height)
    columns = max(2, int(0.75 * width / (step * side)))
    faces = [
        make_face(
            (width / 8 + index % columns * step * side, height / 4 + index // columns * 1.4 * side, side, side),
            index + 1,
            age=20 + index,
        )
        for index in range(count)
    ]
    drawn = (annotate(image, faces, TEXT_ONLY) != image).any(axis=2)
    for face in faces:
        left, top, w, h = (round(value) for value in face.box)
        assert not drawn[top : top + h, left : left + w].any()
    # Each label or dot is a patch of its own.
    patches, _, stats, _ = cv2.connectedComponentsWithStats(drawn.astype(np.uint8))
    assert 2 <= patches - 1 <= count
    assert (stats[1:, cv2.CC_STAT_AREA] > 20).all()


@pytest.mark.parametrize("count", [51, 200])
def test_in_a_group_texts_are_small_in_relation_to_the_faces(count):
    image = grey(2600, 1700)
    side = {51: 80, 200: 40}[count]
    faces = [
        make_face((20 + index % 20 * 128, 60 + index // 20 * 150, side, 1.25 * side), index + 1)
        for index in range(count)
    ]
    drawn = (annotate(image, faces, TEXT_ONLY) != image).any(axis=2)
    patches, _, stats, _ = cv2.connectedComponentsWithStats(drawn.astype(np.uint8))
    assert patches - 1 == count  # nobody goes without
    assert (stats[1:, cv2.CC_STAT_HEIGHT] <= 1.25 * side).all()
    few = annotate(image, faces[:3], TEXT_ONLY)
    _, top, _, bottom = changed_box(image, few)
    assert bottom - top > stats[1:, cv2.CC_STAT_HEIGHT].max()


def test_a_face_that_is_not_confirmed_has_a_dotted_box_and_no_label():
    image, face = grey(640, 480), make_face((200, 150, 120, 160), 1)
    boxed = annotate(image, [face], BOX_ONLY)
    face = replace(face, confirmed=False)
    assert np.array_equal(annotate(image, [face], TEXT_ONLY), image)
    dotted = annotate(image, [face], BOX_ONLY)
    assert 0.25 < changed_px(image, dotted) / changed_px(image, boxed) < 0.75
    assert changed_box(image, dotted) == pytest.approx(changed_box(image, boxed), abs=6)


def test_labels_of_a_video_stay_in_place():
    image, placer = grey(640, 480), Placer()
    face, above = make_face((200, 150, 120, 160), 1), make_face((200, 20, 120, 120), 2)
    annotate(image, [face, above], TEXT_ONLY, placer)
    alone = annotate(image, [face], TEXT_ONLY, placer)
    _, top, _, _ = changed_box(image, alone)
    assert top >= 310  # still below, where the face above had left room
    _, top, _, _ = changed_box(image, annotate(image, [face], TEXT_ONLY))
    assert top < 150


def test_label_avoids_the_face_above():
    image = grey(640, 480)
    upper, lower = (200, 150, 120, 100), (200, 260, 120, 100)
    without = annotate(image, [make_face(upper, 1)], TEXT_ONLY)
    _, top, _, _ = changed_box(without, annotate(image, [make_face(upper, 1), make_face(lower, 2)], TEXT_ONLY))
    assert top >= 360


@pytest.mark.parametrize("size", [(1, 1), (2, 1), (1, 7), (9, 9), (23, 17), (40, 200), (90, 12), (64, 48)])
def test_pictures_of_any_size(size):
    rng = np.random.default_rng(1)
    image = rng.integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    boxes = [
        (0, 0, *size),
        (-3, -3, 5, 5),
        (size[0] - 1, size[1] - 1, 40, 40),
        (-50, 0, 20, 5),
        (0.2, 0.2, 0.3, 0.3),
    ]
    boxes.append((-1e6, -1e6, 2e6, 2e6))
    faces = [make_face(box, track) for track, box in enumerate(boxes, 1)]
    out = annotate(image, faces, OverlayStyle(show_landmarks=True, blur_faces=True))
    assert out.shape == image.shape


def test_label_shrinks_in_a_narrow_picture():
    usual, narrow = grey(300, 300), grey(60, 300)
    face = make_face((5, 150, 50, 60))
    left, _, right, _ = changed_box(usual, annotate(usual, [face], TEXT_ONLY))
    assert right - left > 60
    left, _, right, _ = changed_box(narrow, annotate(narrow, [face], TEXT_ONLY))
    assert 40 < right - left <= 60


def test_a_box_partly_outside_is_clipped_not_moved():
    large, small = grey(400, 400), grey(200, 200)
    face = make_face((120, 130, 150, 160), 1)
    small_out, large_out = annotate(small, [face], BOX_ONLY), annotate(large, [face], BOX_ONLY)
    # Both pictures are small enough for lines of one pixel, so the small one equals a part of the large one.
    assert np.array_equal(small_out, large_out[:200, :200])
    left, top, _, _ = changed_box(small, small_out)
    assert (left, top) == (pytest.approx(120, abs=2), pytest.approx(130, abs=2))


def test_a_face_outside_is_not_drawn():
    image = grey(200, 200)
    outside = [make_face((-80, 20, 60, 60), 1), make_face((20, 220, 60, 60), 2)]
    assert np.array_equal(annotate(image, outside), image)


def test_landmarks_are_drawn_as_dots():
    image = grey(640, 480)
    face = make_face((200, 150, 120, 160), 1)
    dots = OverlayStyle(show_box=False, show_landmarks=True, **NO_TEXT)
    differs = (annotate(image, [face], dots) != image).any(axis=2)
    count, _, stats, centroids = cv2.connectedComponentsWithStats(differs.astype(np.uint8))
    assert count - 1 == 5
    assert sorted(map(tuple, np.round(centroids[1:]))) == sorted(map(tuple, np.round(face.landmarks)))
    assert stats[1:, cv2.CC_STAT_AREA].max() < 80


def test_blur_removes_the_details_of_the_face_only(portrait_bgr):
    box = (160, 70, 200, 230)
    out = annotate(portrait_bgr, [make_face(box)], OverlayStyle(show_box=False, blur_faces=True, **NO_TEXT))

    def detail(image, x0, y0, x1, y1):
        return cv2.Laplacian(image[y0:y1, x0:x1], cv2.CV_64F).std()

    inside = (180, 90, 340, 280)
    assert detail(out, *inside) < 0.05 * detail(portrait_bgr, *inside)
    rest = np.s_[350:, :]
    assert np.array_equal(out[rest], portrait_bgr[rest])
    assert np.array_equal(out[:, :100], portrait_bgr[:, :100])
