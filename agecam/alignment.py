"""The only crop: five landmarks, or a box, to one square upright face.

Training, evaluation and the running program all call `crop_faces`; what it does is settled by the
`CropSpec` on the weights' card. The geometry (a handful of numbers a face) is computed here in
numpy; the pixels are resampled on the device, all faces of a frame in one batch.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from agecam.types import OUTSIDE_GREY, Box, CropSpec, Detection, FloatArray

TEMPLATE = np.array(
    [[0.3204, 0.2900], [0.6778, 0.2880], [0.5003, 0.4932], [0.3534, 0.7025], [0.6494, 0.7009]], np.float32
)
"""`(5, 2)`: where the landmarks of an upright face lie in the unit square, x and y. The five-point
template of Deng et al. (ArcFace, 2019), 14 % closer and from above the brows to the chin: tightly cut
data sets end there, and a crop that reaches past their pictures lets a network read the set off the
border."""


def squares_of(faces: Sequence[Detection]) -> npt.NDArray[np.float32]:
    """`(N, 4)`: the template's square of each face in the frame, as (centre x, centre y, half-side vector x, y).

    The half-side vector points from the centre to the middle of the square's right edge, so that its
    length is half the side and its direction the turn of the head.
    """
    return np.array([square_from_landmarks(face.landmarks) for face in faces], np.float32).reshape(-1, 4)


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


def square_from_box(box: Box) -> npt.NDArray[np.float32]:
    """The upright square that landmarks usually give for a detector's box; for faces known by box alone."""
    x, y, width, height = box
    return np.array([x + width / 2, y + height * BOX_CENTRE, height * BOX_SIDE / 2, 0], np.float32)


BOX_CENTRE, BOX_SIDE = 0.59, 0.91
"""In heights of the box, from its top. Between the medians of 300 faces each of FairFace (0.587, 0.900),
UTKFace (0.591, 0.897) and All-Age-Faces (0.580, 0.937), of the squares of the landmarks in the detector's boxes."""


FINEST_OCTAVE = 3
"""Faces are sampled up to 8 times finer than the network needs: at 80 px, without gaps up to 2,500 px of face."""


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
    return tf.round(faces[..., ::-1])


def _patches(frame: tf.Tensor, centre: tf.Tensor, reach: tf.Tensor, patch_px: int) -> tf.Tensor:
    """Upright squares of `(N, 2)` centres and `(N, 1)` half-sides -> `(N, patch_px, patch_px, 3) float32`."""
    patches = _sampled(frame, centre, reach, patch_px)
    # Bilinear samples more than 2 px apart would skip pixels: large faces are sampled finer and averaged.
    step = 2 * reach[:, 0] / patch_px
    for octave in range(1, FINEST_OCTAVE + 1):
        finer = 2**octave
        large = step >= finer if octave == FINEST_OCTAVE else (step >= finer) & (step < 2 * finer)
        patches = tf.cond(
            tf.reduce_any(large),
            lambda patches=patches, large=large, finer=finer: tf.tensor_scatter_nd_update(
                patches,
                tf.where(large),
                tf.nn.avg_pool2d(_sampled(frame, centre[large], reach[large], finer * patch_px), finer, finer, "VALID"),
            ),
            lambda patches=patches: patches,
        )
    return patches


def _sampled(frame: tf.Tensor, centre: tf.Tensor, reach: tf.Tensor, side_px: int) -> tf.Tensor:
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
