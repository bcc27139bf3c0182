"""Runs networks with Keras: on a GPU, or on the processor as the reference and where OpenVINO cannot run a network.

Importing this module is cheap. Keras and its framework are imported when a `KerasBackend` is created: TensorFlow, or
the one in `KERAS_BACKEND` if that is honoured. No function of a specific framework is used here.
"""

import os
import sys
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from agecam.errors import UsageError, WeightsError
from agecam.models.card import Card, load_card, reason_of
from agecam.models.files import NetworkFiles
from agecam.models.store import find_model, network_files
from agecam.runtime.bundle import check_not_bundled
from agecam.runtime.device import has_bfloat16, has_tensorflow_package
from agecam.runtime.environment import FRAMEWORKS, restored_variables
from agecam.runtime.imports import hidden_modules
from agecam.types import OUTPUTS, FloatArray

if TYPE_CHECKING:
    import keras

_DEVICES = {"cpu": "cpu", "gpu": "gpu:0"}
"""Names that Keras understands with every framework; PyTorch takes 'cpu:0' for another device than 'cpu'."""


class KerasBackend:
    """Large networks run in bfloat16 on processors that support it; all others in float32."""

    name = "keras"

    def __init__(self, device: str = "cpu", *, any_framework: bool = False) -> None:
        """
        Args:
            device: 'cpu' or 'gpu'.
            any_framework: whether to honour the environment variable `KERAS_BACKEND`; otherwise the framework is
                TensorFlow, unless the calling program has already imported Keras.

        Raises:
            UsageError: Keras or its framework is not installed, or there is no GPU.
        """
        self.device = device
        with restored_variables("KERAS_BACKEND", *FRAMEWORKS):
            self._keras = _import_keras(any_framework)
            has_gpu = _has_gpu(self._keras)  # starts the devices, which reads the variables
        if device == "gpu" and not has_gpu:
            raise UsageError("Keras finds no GPU that {framework} can use.", framework=self.framework)

    @property
    def framework(self) -> str:
        """The framework behind Keras: 'tensorflow', 'torch' or 'jax'."""
        return str(self._keras.backend.backend())

    def runner(self, files: NetworkFiles) -> "KerasRunner":
        """Check a network and load it onto the device; raises WeightsError."""
        dtype = "bfloat16" if self.device == "cpu" and files.is_large and has_bfloat16() else "float32"
        with self._keras.device(_DEVICES[self.device]):
            return KerasRunner(load_network(files, dtype), self._keras, _DEVICES[self.device])


class KerasRunner:
    """A Keras network on a device.

    Batches are padded to powers of two, because some frameworks compile again for each batch size.
    """

    def __init__(self, network: "keras.Model", keras: Any, device: str) -> None:
        """
        Args:
            network: with one input and one output.
            keras: the imported package.
            device: in the notation of Keras.
        """
        self._keras = keras
        self._device = device
        self._network = network
        # Pictures differ in size, and JIT compilation would start again for each size.
        network.compile(jit_compile=False)

    def __call__(self, batch: FloatArray) -> FloatArray:
        """As described at `Runner`."""
        count = len(batch)
        rows = np.minimum(np.arange(1 << (count - 1).bit_length()), count - 1)
        return self.run_on_device(batch if len(rows) == count else batch[rows])[:count]

    def on_device(self, batch: FloatArray) -> Any:
        """The batch as a tensor in the device's memory."""
        with self._keras.device(self._device):
            return self._keras.ops.convert_to_tensor(batch)

    def run_on_device(self, batch: Any) -> FloatArray:
        """Outputs for a batch without padding, an array or a tensor from `on_device`; raises RuntimeError."""
        try:
            with self._keras.device(self._device):
                return np.asarray(self._network.predict_on_batch(batch), np.float32)
        except Exception as error:  # every framework has its own exceptions
            message = str(getattr(error, "message", error)).strip().partition("\n")[0]
            raise RuntimeError(message or type(error).__name__) from error


def load_model(name: str = "compact", dtype: str = "float32") -> tuple[Card, "keras.Model"]:
    """Load a model's card and its Keras network with weights, for training and comparisons.

    Raises:
        WeightsError: there is no such model, a file is missing or damaged, or card and weights do not match.
    """
    card = load_card(find_model(name))
    network = load_network(network_files(card), dtype)
    if network.output_shape != (None, OUTPUTS):
        raise WeightsError(
            "The network of the card {path} does not have {outputs} outputs: reinstall the model.",
            path=card.path,
            outputs=OUTPUTS,
        )
    return card, network


def load_network(files: NetworkFiles, dtype: str = "float32") -> "keras.Model":
    """Load a Keras network with its weights; raises WeightsError.

    Args:
        files: of the network.
        dtype: of weights and computation, except for the logits: 'float32' or 'bfloat16'.
    """
    from agecam.models.networks import build_network

    with ThreadPoolExecutor(1) as pool:  # reading a large file takes as long as building its network
        checking = pool.submit(files.weights.check)
        with _as_weights_error(files), _dtype_policy(dtype):
            network = build_network(files.network, files.size_px, **files.arguments)
        checking.result()
    with _as_weights_error(files), warnings.catch_warnings():
        # Keras only warns about weights that it skips.
        warnings.filterwarnings("error", category=UserWarning)
        # Only weights are read from the file, never code or a network definition.
        network.load_weights(files.weights.path)
    return network


@contextmanager
def _as_weights_error(files: NetworkFiles) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # Keras and HDF5 raise many kinds of errors for damaged files
        raise WeightsError(
            "The weights {path} do not fit the network on their card ({reason}): reinstall the model.",
            path=files.weights.path,
            reason=reason_of(error),
        ) from error


@contextmanager
def _dtype_policy(dtype: str) -> Iterator[None]:
    """Data type of the layers that Keras builds inside the block."""
    import keras

    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(dtype)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def _import_keras(any_framework: bool) -> Any:
    if (loaded := sys.modules.get("keras")) is not None:
        return loaded
    check_not_bundled("--backend keras")
    for name, value in FRAMEWORKS.items():
        os.environ.setdefault(name, value)
    if not any_framework:
        os.environ["KERAS_BACKEND"] = "tensorflow"
    try:
        # Keras would import these for features that AgeCam does not use, which takes a second.
        with hidden_modules("matplotlib.pyplot", "pandas"):
            import keras
    except ImportError as error:
        raise _missing(error) from error
    return keras


def _missing(error: ImportError) -> UsageError:
    if not has_tensorflow_package():
        return UsageError("TensorFlow has no package for this system: leave out --backend keras and --device gpu.")
    return UsageError(
        "Keras or TensorFlow cannot be imported ({reason}): run 'pip install tensorflow', or leave out --backend "
        "keras and --device gpu.",
        reason=error,
    )


def _has_gpu(keras: Any) -> bool:
    try:
        return bool(keras.distribution.list_devices("gpu"))
    except (AttributeError, NotImplementedError, RuntimeError, ValueError):
        pass
    try:  # Keras lists no devices for PyTorch
        with keras.device("gpu:0"):
            keras.ops.convert_to_numpy(keras.ops.zeros(1))
    except Exception:  # any error means that there is none
        return False
    return bool(keras.backend.backend() == "torch")
