"""The only crop: five landmarks, or a box, to one square face.

Training, evaluation and the running program all call `crop_faces`; what it does is settled by the
`CropSpec` on the weights' card. The geometry (a handful of numbers a face) is computed here in
numpy; the pixels are resampled on the device, all faces of a frame in one batch.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from agecam.types import OUTSIDE_GREY, Alignment, Box, CropSpec, Detection, FloatArray

TEMPLATE = np.array(
    [[0.3204, 0.2900], [0.6778, 0.2880], [0.5003, 0.4932], [0.3534, 0.7025], [0.6494, 0.7009]], np.float32
)
"""`(5, 2)`: where the landmarks of an upright face lie in the unit square, x and y. The five-point
template of Deng et al. (ArcFace, 2019), 14 % closer and from above the brows to the chin: tightly cut
data sets end there, and a crop that reaches past their pictures lets a network read the set off the
border."""


def squares_of(faces: Sequence[Detection], alignment: Alignment = "five-landmarks") -> npt.NDArray[np.float32]:
    """`(N, 4)`: the square of each face in the frame, as (centre x, centre y, half-side vector x, y).

    The half-side vector points from the centre to the middle of the square's right edge, so that its
    length is half the side and its direction the turn of the head.
    """
    squares = [
        square_around(face.box) if alignment == "box" else square_from_landmarks(face.landmarks) for face in faces
    ]
    return np.array(squares, np.float32).reshape(-1, 4)


def square_from_landmarks(landmarks: FloatArray) -> npt.NDArray[np.float32]:
    """`(5, 2)` pixels -> `(4,)` square: the least-squares similarity (shift, scale, turn) of the template."""
    template = TEMPLATE - TEMPLATE.mean(0)
    points = landmarks - landmarks.mean(0)
    along = float((template * points).sum())
    across = float((template[:, 0] * points[:, 1] - template[:, 1] * points[:, 0]).sum())
    scale_cos, scale_sin = np.array([along, across]) / float((template**2).sum())
    x, y = 0.5 - TEMPLATE.mean(0)
    centre = landmarks.mean(0) + np.array([scale_cos * x - scale_sin * y, scale_sin * x + scale_cos * y])
    return np.array([*centre, scale_cos / 2, scale_sin / 2], np.float32)


def square_around(box: Box) -> npt.NDArray[np.float32]:
    """The upright square about a box, as wide as its longer side: for networks trained on boxes."""
    x, y, width, height = box
    return np.array([x + width / 2, y + height / 2, max(width, height) / 2, 0], np.float32)


def around_box_of(square: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """The same, where only the template's square is known: about the box that such a face usually has."""
    x, y, *right = square.tolist()
    height = 2 * float(np.hypot(*right)) / BOX_SIDE
    return np.array([x, y + (0.5 - BOX_CENTRE) * height, height / 2, 0], np.float32)


def square_from_box(box: Box) -> npt.NDArray[np.float32]:
    """The upright square that landmarks usually give for a detector's box; for faces known by box alone."""
    x, y, width, height = box
    return np.array([x + width / 2, y + height * BOX_CENTRE, height * BOX_SIDE / 2, 0], np.float32)


BOX_CENTRE, BOX_SIDE = 0.59, 0.91
"""In heights of the box, from its top. Between the medians of 300 faces each of FairFace (0.587, 0.900),
UTKFace (0.591, 0.897) and All-Age-Faces (0.580, 0.937), of the squares of the landmarks in the detector's boxes."""


MOST_HALVINGS = 12
"""More than any picture takes: a face of half a million pixels a side."""


def crop_faces(frame: tf.Tensor, squares: tf.Tensor, spec: CropSpec) -> tf.Tensor:
    """Cut faces out of one frame, in one batch.

    Args:
        frame: `(H, W, 3) uint8`, BGR, on the device.
        squares: `(N, 4) float32`, from `squares_of`.
        spec: from the weights' card.

    Returns:
        `(N, size_px, size_px, 3) float32`, RGB, whole numbers 0 to 255; grey outside the frame.
    """
    centre, right = squares[:, :2], squares[:, 2:] * (1 + 2 * spec.margin)
    half = tf.norm(right, axis=1, keepdims=True)
    right /= half
    # 1. The upright square around the turned one, at twice the crop's resolution
    patch_px = 2 * spec.size_px
    reach = half * tf.reduce_sum(tf.abs(right), axis=1, keepdims=True)
    patches = _patches(frame, centre, reach, patch_px)
    # 2. Turned upright and brought to size: (x, y) of the crop -> (x, y) of the patch
    zoom = half / reach * 2
    cos, sin = zoom * right[:, :1], zoom * right[:, 1:]
    middle, patch_middle = (spec.size_px - 1) / 2, (patch_px - 1) / 2
    shift_x = patch_middle - middle * (cos - sin)
    shift_y = patch_middle - middle * (sin + cos)
    rest = tf.zeros_like(cos)
    faces = tf.raw_ops.ImageProjectiveTransformV3(
        images=patches,
        transforms=tf.concat([cos, -sin, shift_x, sin, cos, shift_y, rest, rest], axis=1),
        output_shape=(spec.size_px, spec.size_px),
        interpolation="BILINEAR",
        fill_mode="NEAREST",
        fill_value=0.0,
    )
    return tf.reverse(tf.round(faces), axis=[-1])


def _patches(frame: tf.Tensor, centre: tf.Tensor, reach: tf.Tensor, patch_px: int) -> tf.Tensor:
    """Upright squares of `(N, 2)` centres and `(N, 1)` half-sides -> `(N, patch_px, patch_px, 3) float32`."""
    # Bilinear samples more than 2 px apart would skip pixels: large faces are halved until they are closer.
    step = 2 * reach / patch_px
    halvings = tf.reduce_sum(tf.cast(step >= 2.0 ** tf.range(1.0, MOST_HALVINGS + 1), tf.int32), axis=1)

    def small_and_large() -> tf.Tensor:
        small, large = (tf.where(mask)[:, 0] for mask in (halvings == 0, halvings > 0))
        patches = tf.map_fn(
            lambda face: _halved_and_sampled(frame, face[0], face[1], face[2], patch_px),
            [tf.gather(of_faces, large) for of_faces in (centre, reach, halvings)],
            fn_output_signature=tf.TensorSpec((patch_px, patch_px, 3), tf.float32),
        )
        whole = _sampled(frame, tf.gather(centre, small), tf.gather(reach, small), patch_px)
        return tf.dynamic_stitch([tf.cast(small, tf.int32), tf.cast(large, tf.int32)], [whole, patches])

    return tf.cond(tf.reduce_any(halvings > 0), small_and_large, lambda: _sampled(frame, centre, reach, patch_px))


def _halved_and_sampled(
    frame: tf.Tensor, centre: tf.Tensor, reach: tf.Tensor, halvings: tf.Tensor, patch_px: int
) -> tf.Tensor:
    """One face's `(patch_px, patch_px, 3)`, out of its part of the frame halved so often: means of square blocks.

    The blocks count from the frame's corner, so that a face is cut the same whatever else is in the batch.
    """
    block_px = tf.bitwise.left_shift(1, halvings)
    block = tf.cast(block_px, tf.float32)
    size = tf.shape(frame)[:2]
    blocks = -(-size // block_px)
    # 1. The face's part in blocks, (y, x): with one of room, and no more than two of grey around the frame
    first = tf.clip_by_value(tf.cast(tf.floor((centre - reach) / block), tf.int32)[::-1] - 1, -2, blocks)
    end = tf.clip_by_value(tf.cast(tf.math.ceil((centre + reach) / block), tf.int32)[::-1] + 1, 0, blocks + 2)
    inner, inner_end = tf.clip_by_value(first * block_px, 0, size), tf.clip_by_value(end * block_px, 0, size)
    part = frame[inner[0] : inner_end[0], inner[1] : inner_end[1]]
    room = tf.stack([inner - first * block_px, end * block_px - inner_end], axis=1)
    part = tf.pad(part, tf.concat([room, [[0, 0]]], axis=0), constant_values=int(OUTSIDE_GREY))[tf.newaxis]
    # 2. Halved
    part = tf.while_loop(
        lambda _, left: left > 0,
        lambda part, left: (_halved(part), left - 1),
        (_halved(part), halvings - 1),
        shape_invariants=(tf.TensorShape((1, None, None, 3)), tf.TensorShape(())),
    )[0][0]
    # 3. Sampled, as a small face is
    centre_in_part = centre / block - tf.cast(first[::-1], tf.float32)
    return _sampled(part, centre_in_part[tf.newaxis], reach[tf.newaxis] / block, patch_px)[0]


def _halved(pixels: tf.Tensor) -> tf.Tensor:
    # At exactly one half, bilinear interpolation is the mean of 2 x 2 pixels.
    return tf.image.resize(pixels, tf.shape(pixels)[1:3] // 2, method="bilinear")


def _sampled(frame: tf.Tensor, centre: tf.Tensor, reach: tf.Tensor, side_px: int) -> tf.Tensor:
    """Bilinear samples of `(N, 2)` centres and `(N, 1)` half-sides in `(H, W, 3)`, uint8 or float32."""
    step = 2 * reach / side_px
    first = centre - reach + step / 2 - 0.5
    size = tf.cast(tf.shape(frame)[:2], tf.float32)[::-1] - 1
    corners = tf.concat([(first / size)[:, ::-1], ((first + step * (side_px - 1)) / size)[:, ::-1]], axis=1)
    return tf.image.crop_and_resize(
        frame[tf.newaxis],
        corners,
        tf.zeros(tf.shape(centre)[:1], tf.int32),
        (side_px, side_px),
        extrapolation_value=OUTSIDE_GREY,
    )
