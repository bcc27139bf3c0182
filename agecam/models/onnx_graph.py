"""Networks written in ONNX, layer by layer, by the `onnx` package.

Pictures come as everywhere, `(N, height, width, channels)`; inside, ONNX has the channels second. Kernels and matrices
are given as Keras keeps them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import onnx

from agecam.types import FloatArray

OPSET, IR_VERSION = 17, 8
"""Of 2022: what reads ONNX today reads these."""


@dataclass(frozen=True, slots=True)
class StoredNumbers:
    """Numbers that stay in another file, beside the ONNX file: float32, in the order of C, without gaps."""

    file: str
    offset: int
    shape: tuple[int, ...]


Numbers: TypeAlias = FloatArray | StoredNumbers
Padding: TypeAlias = tuple[int, int, int, int] | None
"""Top, left, bottom, right; None pads as TensorFlow's 'same' does, for maps of any size."""
NONE: Padding = (0, 0, 0, 0)


class OnnxGraph:
    """A network that grows; each method adds a layer to what it is given by name, and returns the name of its output.

    Feature maps are named as `(N, channels, height, width)` throughout; `flatten` and `head` know of it.
    """

    def __init__(self, name: str, height_px: int | None, width_px: int | None) -> None:
        """None where a side may be any."""
        self._name = name
        self._nodes: list[Any] = []
        self._numbers: list[Any] = []
        sides = ["N", height_px or "height", width_px or "width", 3]
        self._input = onnx.helper.make_tensor_value_info("pixels", onnx.TensorProto.FLOAT, sides)
        self.pixels = self.node("Transpose", "pixels", perm=[0, 3, 1, 2])

    def node(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """Any operator with one output."""
        output = f"{operator.lower()}_{len(self._nodes)}"
        self._nodes.append(onnx.helper.make_node(operator, inputs, [output], **attributes))
        return output

    def numbers(self, values: Numbers, shape: tuple[int, ...] | None = None) -> str:
        """A constant; `shape` sees it in another shape."""
        name = f"numbers_{len(self._numbers)}"
        if isinstance(values, StoredNumbers):
            tensor = onnx.TensorProto(name=name, data_type=onnx.TensorProto.FLOAT, dims=shape or values.shape)
            tensor.data_location = onnx.TensorProto.EXTERNAL
            size = 4 * int(np.prod(values.shape))
            for key, value in (("location", values.file), ("offset", values.offset), ("length", size)):
                tensor.external_data.add(key=key, value=str(value))
        else:
            array = np.asarray(values, np.float32)
            tensor = onnx.numpy_helper.from_array(np.ascontiguousarray(array.reshape(shape or array.shape)), name)
        self._numbers.append(tensor)
        return name

    def scale(self, x: str, factor: float, offset: float = 0.0) -> str:
        """Multiply, then add."""
        x = self.node("Mul", x, self.numbers(np.array(factor, np.float32)))
        return self.node("Add", x, self.numbers(np.array(offset, np.float32))) if offset else x

    def convolution(
        self, x: str, kernel: Numbers, bias: Numbers | None, padding: Padding, strides: Sequence[int] = (1, 1)
    ) -> str:
        """`kernel` is `(height, width, in, out)`."""
        order = [3, 2, 0, 1]
        if isinstance(kernel, StoredNumbers):
            weights = self.node("Transpose", self.numbers(kernel), perm=order)
        else:
            weights = self.numbers(kernel.transpose(order))
        inputs = [weights] if bias is None else [weights, self.numbers(bias)]
        sides = list(kernel.shape[:2])
        return self.node("Conv", x, *inputs, kernel_shape=sides, strides=list(strides), **_as_attribute(padding))

    def pool(self, x: str, operator: str, sides: Sequence[int], strides: Sequence[int], padding: Padding) -> str:
        """`operator` is 'MaxPool' or 'AveragePool'; an average leaves out what lies outside."""
        return self.node(operator, x, kernel_shape=list(sides), strides=list(strides), **_as_attribute(padding))

    def flatten(self, x: str) -> str:
        """Feature maps -> `(N, features)`, in the order in which Keras flattens them."""
        return self.node("Flatten", self.node("Transpose", x, perm=[0, 2, 3, 1]))

    def dense(self, x: str, kernel: Numbers, bias: Numbers) -> str:
        """`(N, in)` -> `(N, out)`; the kernel's last axis is 'out', all before it 'in'."""
        matrix = (int(np.prod(kernel.shape[:-1])), int(kernel.shape[-1]))
        return self.node("Add", self.node("MatMul", x, self.numbers(kernel, matrix)), self.numbers(bias))

    def as_bytes(self, output: str, shape: Sequence[int | str]) -> bytes:
        """The file's content, checked.

        Args:
            output: name of what the network gives, in the order of channels that it should have.
            shape: of it; words stand for sides that may be any.
        """
        self._nodes.append(onnx.helper.make_node("Identity", [output], ["outputs"]))
        result = onnx.helper.make_tensor_value_info("outputs", onnx.TensorProto.FLOAT, list(shape))
        graph = onnx.helper.make_graph(self._nodes, self._name, [self._input], [result], self._numbers)
        opset = onnx.helper.make_opsetid("", OPSET)
        model = onnx.helper.make_model(graph, opset_imports=[opset], ir_version=IR_VERSION, producer_name="agecam")
        if not any(tensor.data_location == onnx.TensorProto.EXTERNAL for tensor in self._numbers):
            onnx.checker.check_model(model, full_check=True)
        content: bytes = model.SerializeToString(deterministic=True)
        return content


def same_padding(
    shape: Sequence[int | None], kernel: Sequence[int], strides: Sequence[int]
) -> tuple[int, int, int, int] | None:
    """What 'same' adds in TensorFlow to maps of `(height, width)`; None where a side may be any."""
    before, after = [], []
    for side, size, stride in zip(shape, kernel, strides, strict=True):
        if side is None:
            return None
        total = max((-(-side // stride) - 1) * stride + size - side, 0)
        before.append(total // 2)
        after.append(total - total // 2)
    return before[0], before[1], after[0], after[1]


def _as_attribute(padding: Padding) -> dict[str, Any]:
    return {"auto_pad": "SAME_UPPER"} if padding is None else {"pads": list(padding)}


def largest_difference(reference: FloatArray, other: FloatArray) -> float:
    """Of two networks' outputs, as a share of the largest of the first."""
    return float(np.abs(reference - other).max() / np.abs(reference).max())


def stored(path: Path, dataset: Any) -> StoredNumbers:
    """The numbers of an HDF5 dataset that lies in one piece, in a file beside which the ONNX file will lie."""
    offset = dataset.id.get_offset()
    if offset is None or dataset.dtype != np.dtype("<f4"):
        raise ValueError(f"{dataset.name} is not float32 in one piece")
    return StoredNumbers(path.name, int(offset), tuple(int(side) for side in dataset.shape))
