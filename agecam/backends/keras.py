"""Networks run by Keras: resident on a GPU; on the processor the reference, and what serves where OpenVINO does not.

Importing this module is cheap. Keras and its framework are imported when a `KerasBackend` is made: TensorFlow, or what
`KERAS_BACKEND` names where that is honoured. Nothing here names a framework's own functions.
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
from agecam.runtime.device import has_bfloat16
from agecam.types import OUTPUTS, FloatArray

if TYPE_CHECKING:
    import keras


class KerasBackend:
    """Large networks compute in bfloat16 on a processor that has it; all others in float32."""

    name = "keras"

    def __init__(self, device: str = "cpu", *, any_framework: bool = False) -> None:
        """
        Args:
            device: 'cpu' or 'gpu'.
            any_framework: honour the environment's `KERAS_BACKEND`; else it is TensorFlow, unless the importing
                program has imported Keras already.

        Raises:
            UsageError: Keras or its framework is not installed, or there is no GPU.
        """
        self.device = device
        self._keras = _imported(any_framework)
        if device == "gpu" and not _has_gpu(self._keras):
            raise UsageError("Keras sees no GPU that it can use with {framework}.", framework=self.framework)

    @property
    def framework(self) -> str:
        """What computes behind Keras: 'tensorflow', 'torch' or 'jax'."""
        return str(self._keras.backend.backend())

    def runner(self, files: NetworkFiles) -> "KerasRunner":
        """The network with its weights on the device; raises WeightsError."""
        numbers = "bfloat16" if self.device == "cpu" and files.is_large and has_bfloat16() else "float32"
        with self._keras.device(f"{self.device}:0"):
            return KerasRunner(load_network(files, numbers), self._keras, f"{self.device}:0")


class KerasRunner:
    """A Keras network on a device.

    Batches are filled up to powers of two, so that a framework that prepares itself for each size meets few of them.
    """

    def __init__(self, network: "keras.Model", keras: Any, device: str) -> None:
        """
        Args:
            network: with one input and one output.
            keras: the package, imported.
            device: as Keras names it.
        """
        self._keras = keras
        self._device = device
        self._network = network
        # Pictures differ in size, and a compiler would begin anew with each.
        network.compile(jit_compile=False)

    def __call__(self, batch: FloatArray) -> FloatArray:
        """As `Runner` says."""
        count = len(batch)
        rows = np.minimum(np.arange(1 << (count - 1).bit_length()), count - 1)
        return self.run_on_device(batch if len(rows) == count else batch[rows])[:count]

    def on_device(self, batch: FloatArray) -> Any:
        """The batch as a tensor in the device's memory."""
        with self._keras.device(self._device):
            return self._keras.ops.convert_to_tensor(batch)

    def run_on_device(self, batch: Any) -> FloatArray:
        """The outputs for a batch as it is, an array or a tensor of `on_device`; raises RuntimeError."""
        try:
            with self._keras.device(self._device):
                return np.asarray(self._network.predict_on_batch(batch), np.float32)
        except Exception as error:  # every framework has errors of its own
            message = str(getattr(error, "message", error)).strip().partition("\n")[0]
            raise RuntimeError(message or type(error).__name__) from error


def load_model(name: str = "compact", numbers: str = "float32") -> tuple[Card, "keras.Model"]:
    """The card of a model and its Keras network with the weights: for training, and for comparing.

    Raises:
        WeightsError: there is no such model, a file is missing or damaged, or card and weights do not fit.
    """
    card = load_card(find_model(name))
    network = load_network(network_files(card), numbers)
    if network.output_shape != (None, OUTPUTS):
        raise WeightsError(
            "The network on the card {path} does not give {outputs} outputs.", path=card.path, outputs=OUTPUTS
        )
    return card, network


def load_network(files: NetworkFiles, numbers: str = "float32") -> "keras.Model":
    """The Keras network of some files, with its weights; raises WeightsError.

    Args:
        numbers: what it keeps its weights as and computes in, all but its logits: 'float32' or 'bfloat16'.
    """
    from agecam.models.networks import build_network

    with ThreadPoolExecutor(1) as pool:  # reading a large file takes as long as making room for it
        checking = pool.submit(files.weights.check)
        with _as_weights_error(files), _dtype_policy(numbers):
            network = build_network(files.network, files.size_px, **files.arguments)
        checking.result()
    with _as_weights_error(files), warnings.catch_warnings():
        # Keras only warns of weights that it skips.
        warnings.filterwarnings("error", category=UserWarning)
        # Only the numbers are read from the file: the network comes from our own code, none from the file.
        network.load_weights(files.weights.path)
    return network


@contextmanager
def _as_weights_error(files: NetworkFiles) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # Keras and HDF5 raise nearly anything over what does not fit or is damaged
        raise WeightsError(
            "The weights {path} do not fit the network on their card ({reason}): reinstall the model.",
            path=files.weights.path,
            reason=reason_of(error),
        ) from error


@contextmanager
def _dtype_policy(numbers: str) -> Iterator[None]:
    """What Keras builds meanwhile keeps its weights as, and computes in."""
    import keras

    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(numbers)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def _imported(any_framework: bool) -> Any:
    if "keras" in sys.modules:
        return sys.modules["keras"]
    # Read once, when the frameworks start: take GPU memory as it is needed, and leave other programs theirs.
    os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
    wanted = os.environ.get("KERAS_BACKEND")
    if not any_framework:
        os.environ["KERAS_BACKEND"] = "tensorflow"
    try:
        # They are imported for nothing that AgeCam uses, which would take a second more.
        with _absent("matplotlib.pyplot", "pandas"):
            import keras
    except ImportError as error:
        raise UsageError(
            "Keras or TensorFlow cannot be imported ({reason}): run 'pip install tensorflow', or leave out --backend "
            "keras and --device gpu.",
            reason=error,
        ) from error
    finally:
        if not any_framework and wanted is None:
            del os.environ["KERAS_BACKEND"]
        elif wanted is not None:
            os.environ["KERAS_BACKEND"] = wanted
    return keras


@contextmanager
def _absent(*modules: str) -> Iterator[None]:
    hidden = [name for name in modules if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]  # None: not to be imported
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]


def _has_gpu(keras: Any) -> bool:
    try:
        return bool(keras.distribution.list_devices("gpu"))
    except (AttributeError, NotImplementedError, RuntimeError, ValueError):
        pass
    try:  # Keras lists no devices for PyTorch
        with keras.device("gpu:0"):
            keras.ops.convert_to_numpy(keras.ops.zeros(1))
    except Exception:  # whatever it raises, there is none
        return False
    return bool(keras.backend.backend() == "torch")
