"""Builds ONNX networks layer by layer, with the `onnx` package.

Inputs are `(N, height, width, channels)` as everywhere; inside, ONNX has the channels second. Kernels and matrices are
given in the layout of Keras.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import onnx

from agecam.types import FloatArray

OPSET, IR_VERSION = 17, 8
"""From 2022: supported by all current ONNX software."""


@dataclass(frozen=True, slots=True)
class ExternalTensor:
    """A tensor stored in another file next to the ONNX file: float32, C order, contiguous."""

    file: str
    offset: int
    shape: tuple[int, ...]


Tensor: TypeAlias = FloatArray | ExternalTensor
Padding: TypeAlias = tuple[int, int, int, int] | None
"""Top, left, bottom, right; None is TensorFlow's 'same' padding, for maps of any size."""
NONE: Padding = (0, 0, 0, 0)


class OnnxGraph:
    """A network under construction; each method adds a layer to the named input and returns the name of its output.

    Feature maps are `(N, channels, height, width)`; `flatten` returns to the order of Keras.
    """

    def __init__(self, name: str, height_px: int | None, width_px: int | None) -> None:
        """None for sides of any size."""
        self._name = name
        self._nodes: list[Any] = []
        self._constants: list[Any] = []
        sides = ["N", height_px or "height", width_px or "width", 3]
        self._input = onnx.helper.make_tensor_value_info("pixels", onnx.TensorProto.FLOAT, sides)
        self.pixels = self.node("Transpose", "pixels", perm=[0, 3, 1, 2])

    def node(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """Add an operator with one output."""
        output = f"{operator.lower()}_{len(self._nodes)}"
        self._nodes.append(onnx.helper.make_node(operator, inputs, [output], **attributes))
        return output

    def numbers(self, values: Tensor, shape: tuple[int, ...] | None = None) -> str:
        """Add a constant, reshaped to `shape` if given."""
        name = f"numbers_{len(self._constants)}"
        if isinstance(values, ExternalTensor):
            tensor = onnx.TensorProto(name=name, data_type=onnx.TensorProto.FLOAT, dims=shape or values.shape)
            tensor.data_location = onnx.TensorProto.EXTERNAL
            size = 4 * int(np.prod(values.shape))
            for key, value in (("location", values.file), ("offset", values.offset), ("length", size)):
                tensor.external_data.add(key=key, value=str(value))
        else:
            array = np.asarray(values, np.float32)
            tensor = onnx.numpy_helper.from_array(np.ascontiguousarray(array.reshape(shape or array.shape)), name)
        self._constants.append(tensor)
        return name

    def scale(self, x: str, factor: float, offset: float = 0.0) -> str:
        """`x * factor + offset`."""
        x = self.node("Mul", x, self.numbers(np.array(factor, np.float32)))
        return self.node("Add", x, self.numbers(np.array(offset, np.float32))) if offset else x

    def subtract(self, x: str, channels: Sequence[float]) -> str:
        """Subtract a number from each channel of feature maps."""
        return self.node("Sub", x, self.numbers(np.array(channels, np.float32), (1, len(channels), 1, 1)))

    def convolution(
        self, x: str, kernel: Tensor, bias: Tensor | None, padding: Padding, strides: Sequence[int] = (1, 1)
    ) -> str:
        """Convolve; `kernel` is `(height, width, in, out)`."""
        order = [3, 2, 0, 1]
        if isinstance(kernel, ExternalTensor):
            weights = self.node("Transpose", self.numbers(kernel), perm=order)
        else:
            weights = self.numbers(kernel.transpose(order))
        inputs = [weights] if bias is None else [weights, self.numbers(bias)]
        sides = list(kernel.shape[:2])
        return self.node("Conv", x, *inputs, kernel_shape=sides, strides=list(strides), **_padding_attribute(padding))

    def pool(self, x: str, operator: str, sides: Sequence[int], strides: Sequence[int], padding: Padding) -> str:
        """Pool; `operator` is 'MaxPool' or 'AveragePool', whose averages exclude the padding."""
        return self.node(operator, x, kernel_shape=list(sides), strides=list(strides), **_padding_attribute(padding))

    def flatten(self, x: str) -> str:
        """Feature maps -> `(N, features)`, in the order of Keras."""
        return self.node("Flatten", self.node("Transpose", x, perm=[0, 2, 3, 1]))

    def dense(self, x: str, kernel: Tensor, bias: Tensor) -> str:
        """`(N, in)` -> `(N, out)`; the kernel's last axis is 'out', the axes before it are 'in'."""
        matrix = (int(np.prod(kernel.shape[:-1])), int(kernel.shape[-1]))
        return self.node("Add", self.node("MatMul", x, self.numbers(kernel, matrix)), self.numbers(bias))

    def as_bytes(self, output: str, shape: Sequence[int | str]) -> bytes:
        """Content of the ONNX file, checked unless it has external tensors.

        Args:
            output: name of the network's output, with its axes in the final order.
            shape: of the output; strings for sides of any size.
        """
        self._nodes.append(onnx.helper.make_node("Identity", [output], ["outputs"]))
        result = onnx.helper.make_tensor_value_info("outputs", onnx.TensorProto.FLOAT, list(shape))
        graph = onnx.helper.make_graph(self._nodes, self._name, [self._input], [result], self._constants)
        opset = onnx.helper.make_opsetid("", OPSET)
        model = onnx.helper.make_model(graph, opset_imports=[opset], ir_version=IR_VERSION, producer_name="agecam")
        if not any(tensor.data_location == onnx.TensorProto.EXTERNAL for tensor in self._constants):
            onnx.checker.check_model(model, full_check=True)
        content: bytes = model.SerializeToString(deterministic=True)
        return content


def same_padding(
    shape: Sequence[int | None], kernel: Sequence[int], strides: Sequence[int]
) -> tuple[int, int, int, int] | None:
    """Padding that 'same' means in TensorFlow for maps of `(height, width)`; None if a side may have any size."""
    before, after = [], []
    for side, size, stride in zip(shape, kernel, strides, strict=True):
        if side is None:
            return None
        total = max((-(-side // stride) - 1) * stride + size - side, 0)
        before.append(total // 2)
        after.append(total - total // 2)
    return before[0], before[1], after[0], after[1]


def _padding_attribute(padding: Padding) -> dict[str, Any]:
    return {"auto_pad": "SAME_UPPER"} if padding is None else {"pads": list(padding)}


def largest_difference(reference: FloatArray, other: FloatArray) -> float:
    """Largest difference between the outputs of two networks, relative to the largest reference output."""
    return float(np.abs(reference - other).max() / np.abs(reference).max())


def external_tensor(path: Path, dataset: Any) -> ExternalTensor:
    """Reference to a contiguous HDF5 dataset in the file `path`, which will be next to the ONNX file.

    Raises:
        ValueError: the dataset is not contiguous float32.
    """
    offset = dataset.id.get_offset()
    if offset is None or dataset.dtype != np.dtype("<f4"):
        raise ValueError(f"{dataset.name} is not contiguous float32")
    return ExternalTensor(path.name, int(offset), tuple(int(side) for side in dataset.shape))
