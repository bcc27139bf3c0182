"""Faces of one frame -> one batch -> age distributions and gender probabilities, and their decoding."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import cv2
import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from agecam.alignment import crop_faces, squares_of
from agecam.compiled import CompiledNetwork, can_compile, reference_if_refused
from agecam.cutting import cut_faces
from agecam.device import has_bfloat16
from agecam.errors import EstimatorError
from agecam.types import AGE_CLASSES, Attributes, Detection, FloatArray, Gender, Image
from agecam.weights import Calibration, Card, load_model

BATCH_SIZES = (1, 2, 4, 8, 16, 32)
"""Batches are filled up to these, so that the processor's kernels are prepared once for each."""

LARGE = 50_000_000
"""A network of more parameters stays in variables: as constants of a graph it would fill memory several times over."""

_AGES = np.arange(AGE_CLASSES, dtype=np.float32)


Pixels: TypeAlias = "Image | tf.Tensor"
"""`(H, W, 3) uint8`, BGR, wherever it is."""
Squares: TypeAlias = npt.NDArray[np.float32]
"""`(N, 4)` of `agecam.alignment`."""


class Estimator:
    """Apparent age and gender of faces, by one network. Not safe for use from several threads at once."""

    def __init__(self, card: Card, network: keras.Model, device: str = "/CPU:0", compiled: bool | None = None) -> None:
        """
        Args:
            card, network: from `agecam.weights.load_model`.
            device: TensorFlow's name of the device, from `choose_device`.
            compiled: whether OpenVINO runs the network; None: on the processor, if it is installed and the network is
                not large.
        """
        self.card = card
        self.device = device
        self._large = network.count_params() > LARGE
        network = network if self._large else _folded(network)
        logits = None
        with tf.device(device):
            if compiled or (compiled is None and device.startswith("/CPU") and not self._large and can_compile()):
                with reference_if_refused(compiled):
                    logits = self._by_openvino(network)
            self._logits = logits or self._by_tensorflow(network)

    @classmethod
    def load(cls, model: str = "compact", device: str = "/CPU:0", compiled: bool | None = None) -> "Estimator":
        """The estimator of a model by its name; raises WeightsError."""
        return cls(*load_model(model, large_in_bfloat16=has_bfloat16(device)), device, compiled)

    def estimate(self, frame: Pixels, faces: Sequence[Detection], *, twice: bool = False) -> list[Attributes]:
        """Attributes of faces of one `(H, W, 3) uint8` BGR frame, in their order.

        Where the frame is does not matter; it is brought to the device if need be.

        Args:
            twice: look at each face also in the mirror, and say the mean: about as much better as a network of twice
                the size, for twice the time.
        """
        return self.estimate_squares(frame, squares_of(faces, self.card.crop.alignment), twice=twice)

    def estimate_squares(self, frame: Pixels, squares: Squares, *, twice: bool = False) -> list[Attributes]:
        """The same for `(N, 4)` squares of `agecam.alignment`: how evaluation judges faces it knows by place.

        Raises:
            EstimatorError: the network itself failed.
        """
        if not len(squares):
            return []
        try:
            parts = [
                self._logits(frame, squares[i : i + BATCH_SIZES[-1]], twice)
                for i in range(0, len(squares), BATCH_SIZES[-1])
            ]
        except (tf.errors.OpError, RuntimeError, cv2.error) as error:
            reason = str(getattr(error, "message", error)).strip().partition("\n")[0]
            raise EstimatorError("The faces of a picture cannot be judged: {reason}", reason=reason) from error
        return decode(np.concatenate(parts), self.card.calibration)

    def _by_tensorflow(self, network: keras.Model) -> "_Logits":
        """Crop and network as one graph, open in the frame's size and the batch; another one for two looks."""
        signature = [tf.TensorSpec((None, None, 3), tf.uint8), tf.TensorSpec((None, 4), tf.float32)]

        def graph_of(twice: bool) -> Any:
            def run(frame: tf.Tensor, squares: tf.Tensor) -> tf.Tensor:
                faces = crop_faces(frame, squares, self.card.crop)
                if not twice:
                    return network(faces, training=False)
                logits = network(tf.concat([faces, tf.reverse(faces, axis=[2])], axis=0), training=False)
                return tf.add_n(tf.split(logits, 2)) / 2

            graph = tf.function(run, input_signature=signature, autograph=False).get_concrete_function()
            if self._large:
                return graph
            from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

            # The processor's kernels lay constant weights out once for all frames; variables, in every frame.
            frozen = convert_variables_to_constants_v2(graph)
            return lambda frame, squares: frozen(frame, squares)[0]

        graphs = {False: graph_of(twice=False)}

        def logits(frame: Pixels, squares: Squares, twice: bool) -> FloatArray:
            with tf.device(self.device):
                if twice not in graphs:
                    graphs[twice] = graph_of(twice)
                filled = _filled(squares)
                return np.asarray(graphs[twice](tf.convert_to_tensor(frame), tf.constant(filled)))[: len(squares)]

        return logits

    def _by_openvino(self, network: keras.Model) -> "_Logits":
        side = self.card.crop.size_px
        compiled = CompiledNetwork(lambda faces: network(faces, training=False), (None, side, side, 3))

        def logits(frame: Pixels, squares: Squares, twice: bool) -> FloatArray:
            faces = _filled(cut_faces(np.asarray(frame), squares, self.card.crop))
            (logits,) = compiled(faces)
            if twice:
                logits = (logits + compiled(faces[:, :, ::-1])[0]) / np.float32(2)
            return logits[: len(squares)]

        return logits


_Logits = Callable[[Pixels, Squares, bool], FloatArray]
"""Frame, squares, and whether to look twice -> `(N, 103)`."""


def _filled(rows: FloatArray) -> FloatArray:
    """As many as the next batch size, the last one again and again."""
    size = next(size for size in BATCH_SIZES if size >= len(rows))
    return rows[np.minimum(np.arange(size), len(rows) - 1)]


def decode(logits: FloatArray, calibration: Calibration) -> list[Attributes]:
    """`(N, 103)` logits -> attributes: the one place where outputs become years and words."""
    distributions = _softmax(logits[:, :AGE_CLASSES])
    genders = _softmax(logits[:, AGE_CLASSES:] / np.float32(calibration.gender_temperature))
    return [
        attributes_of(distribution, float(gender[0]), calibration)
        for distribution, gender in zip(distributions, genders, strict=True)
    ]


def attributes_of(distribution: FloatArray, female_probability: float, calibration: Calibration) -> Attributes:
    """One face's attributes from its `(101,)` age distribution and calibrated gender probability."""
    low, high = interval(distribution, calibration.interval_tail)
    probability = max(female_probability, 1 - female_probability)
    gender: Gender = "female" if female_probability >= 0.5 else "male"
    return Attributes(
        age=float(distribution @ _AGES),
        age_low=low,
        age_high=high,
        gender=gender if probability >= calibration.unsure_below else "unsure",
        gender_probability=probability,
        female_probability=female_probability,
        age_distribution=distribution,
    )


def interval(distribution: FloatArray, tail: float) -> tuple[float, float]:
    """Ages in years that leave `tail` of a `(101,)` distribution out at each end, each age a bin a year wide."""
    reached = np.concatenate([[0], np.cumsum(distribution, dtype=np.float64)])
    low, high = np.interp([tail, 1 - tail], reached / reached[-1], np.arange(AGE_CLASSES + 1) - 0.5)
    return float(max(low, 0)), float(min(high, AGE_CLASSES - 1))


def _softmax(logits: FloatArray) -> FloatArray:
    shifted = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=-1, keepdims=True), np.float32)


class _BiasedConv2D(keras.layers.Conv2D):
    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        # Keras adds the bias as any other tensor, which TensorFlow does not fuse with the convolution.
        return tf.nn.bias_add(self.convolution_op(inputs, self.kernel), self.bias)


def _folded(network: keras.Model) -> keras.Model:
    """The same function with each convolution's normalisation folded into its weights.

    TensorFlow then makes one pass over memory of convolution, bias and activation.
    """
    consumers = Counter(id(tensor) for layer in network.layers for tensor in keras.tree.flatten(layer.input))
    convolutions = {
        id(layer.output): layer.name
        for layer in network.layers
        if isinstance(layer, keras.layers.Conv2D)
        and layer.activation is keras.activations.linear
        and consumers[id(layer.output)] == 1
    }
    normalised = {
        convolutions[id(layer.input)]: layer
        for layer in network.layers
        if isinstance(layer, keras.layers.BatchNormalization)
        and layer.scale
        and layer.center
        and id(layer.input) in convolutions
    }
    folded_away = {layer.name for layer in normalised.values()}

    def cloned(layer: keras.layers.Layer) -> keras.layers.Layer:
        if layer.name in normalised:
            return _BiasedConv2D.from_config(layer.get_config() | {"use_bias": True})
        return type(layer).from_config(layer.get_config())

    def called(layer: keras.layers.Layer, *inputs: Any, **arguments: Any) -> Any:
        return inputs[0] if layer.name in folded_away else layer(*inputs, **arguments)

    folded = keras.models.clone_model(network, clone_function=cloned, call_function=called)
    for layer in network.layers:
        weights = layer.get_weights()
        if layer.name in normalised:
            gamma, beta, mean, variance = normalised[layer.name].get_weights()
            scale = gamma / np.sqrt(variance + normalised[layer.name].epsilon)
            kernel, bias = weights if layer.use_bias else (*weights, 0)
            weights = [kernel * scale, beta + (bias - mean) * scale]
        if layer.name not in folded_away:
            folded.get_layer(layer.name).set_weights(weights)
    return folded
