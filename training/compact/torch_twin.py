"""A copy of a Keras network as a plain PyTorch module: same results, about twice as many pictures per second.

On CPUs with bfloat16 (AVX-512), PyTorch's compiler trains the compact network twice as fast as TensorFlow, but it
cannot compile Keras's own layers. So the graph is rebuilt layer by layer from the Keras network and trained, and the
weights are copied back: `agecam.models.networks` stays the only definition. Needs `KERAS_BACKEND=torch`.
"""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from agecam.errors import UsageError

Step = Callable[..., torch.Tensor]
_Axes = tuple[int, ...]
_Pair = tuple[torch.Tensor, Any, _Axes, _Axes]
"""PyTorch tensor, Keras variable, and the axis orders that convert Keras to PyTorch and back."""


class TorchTwin(nn.Module):
    """`(N, H, W, 3)` RGB, 0 to 255 -> the Keras network's output, `float32`. Starts with the weights of the network."""

    def __init__(self, network: keras.Model, bfloat16: bool) -> None:
        """
        Args:
            network: a functional network of layers in `_BUILDERS`.
            bfloat16: convolve in bfloat16; weights, normalisation and gradients for the optimizer stay float32.

        Raises:
            UsageError: a layer of the network is not supported.
        """
        super().__init__()
        self.bfloat16 = bfloat16
        self.parts = nn.ModuleList()
        self.plan: list[tuple[list[int], int]] = []
        """For every part in order: the indices of its inputs and of its output."""
        self.layers: list[str] = []
        """Name of the Keras layer of each part."""
        indices: dict[int, int] = {id(network.inputs[0]): 0}
        for operation in network.operations:
            if isinstance(operation, keras.layers.InputLayer):
                continue
            if type(operation) not in _BUILDERS:
                raise UsageError(
                    f"The layer {type(operation).__name__} is not supported on PyTorch: add it in "
                    "training/compact/torch_twin.py, or train with KERAS_BACKEND=tensorflow."
                )
            self.parts.append(_BUILDERS[type(operation)](operation))
            self.layers.append(operation.name)
            sources = operation.input if isinstance(operation.input, list) else [operation.input]
            indices[id(operation.output)] = len(indices)
            self.plan.append(([indices[id(x)] for x in sources], indices[id(operation.output)]))
        self.result = indices[id(network.outputs[0])]
        self.copy_weights_from(network)
        self.to(memory_format=torch.channels_last)

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        values = {0: pictures.permute(0, 3, 1, 2)}
        with torch.autocast(pictures.device.type, torch.bfloat16, enabled=self.bfloat16):
            for part, (sources, target) in zip(self.parts, self.plan, strict=True):
                values[target] = part(*(values[source] for source in sources))
        return values[self.result].float()

    def copy_weights_from(self, network: keras.Model) -> None:
        """Copy the Keras network's weights into this module."""
        with torch.no_grad():
            for ours, theirs, to_ours, _ in self._pairs(network):
                ours.copy_(torch.from_numpy(np.transpose(keras.ops.convert_to_numpy(theirs), to_ours).copy()))

    def copy_weights_to(self, network: keras.Model) -> None:
        """Copy this module's weights into the Keras network."""
        for ours, theirs, _, to_theirs in self._pairs(network):
            theirs.assign(np.transpose(ours.detach().cpu().numpy(), to_theirs))

    def _pairs(self, network: keras.Model) -> list[_Pair]:
        pairs: list[_Pair] = []
        for name, part in zip(self.layers, self.parts, strict=True):
            layer = network.get_layer(name)
            if isinstance(layer, keras.layers.Conv2D):
                pairs.append((part.convolution.weight, layer.kernel, (3, 2, 0, 1), (2, 3, 1, 0)))
                if layer.use_bias:
                    pairs.append((part.convolution.bias, layer.bias, (0,), (0,)))
            elif isinstance(layer, keras.layers.Dense):
                pairs.append((part.weight, layer.kernel, (1, 0), (1, 0)))
                pairs.append((part.bias, layer.bias, (0,), (0,)))
            elif isinstance(layer, keras.layers.BatchNormalization):
                pairs += [
                    (part.weight, layer.gamma, (0,), (0,)),
                    (part.bias, layer.beta, (0,), (0,)),
                    (part.running_mean, layer.moving_mean, (0,), (0,)),
                    (part.running_var, layer.moving_variance, (0,), (0,)),
                ]
        return pairs


class _Convolution(nn.Module):
    """With Keras's padding: for `same`, an odd number of pixels puts the extra one on the right and bottom."""

    def __init__(self, layer: Any) -> None:
        super().__init__()
        kernel, stride = layer.kernel_size[0], layer.strides[0]
        side = layer.input.shape[1]
        padding = max(0, (-(-side // stride) - 1) * stride + kernel - side) if layer.padding == "same" else 0
        self.before, self.after = padding // 2, padding - padding // 2
        self.convolution = nn.Conv2d(
            *(layer.input.shape[-1], layer.filters, kernel, stride),
            padding=self.before if self.before == self.after else 0,
            groups=layer.groups,
            bias=layer.use_bias,
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.before != self.after:
            x = F.pad(x, (self.before, self.after, self.before, self.after))
        return self.convolution(x)


class _Dense(nn.Linear):
    """A dense layer with its activation."""

    def __init__(self, features_in: int, features_out: int, activation: str) -> None:
        super().__init__(features_in, features_out)
        self.activation = _ACTIVATIONS[activation]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.activation(super().forward(x))


class _Operation(nn.Module):
    """An operation without weights."""

    def __init__(self, step: Step) -> None:
        super().__init__()
        self.step = step

    def forward(self, *inputs: torch.Tensor) -> torch.Tensor:
        return self.step(*inputs)


def _normalisation(layer: Any) -> nn.Module:
    # Keras's momentum is the weight of the old mean, PyTorch's the weight of the new value.
    return nn.BatchNorm2d(layer.input.shape[-1], eps=layer.epsilon, momentum=1 - layer.momentum)


def _rescaling(layer: Any) -> nn.Module:
    scale, offset = layer.scale, layer.offset
    return _Operation(lambda x: x * scale + offset)


def _average(layer: Any) -> nn.Module:
    pool, stride = layer.pool_size[0], layer.strides[0]
    partial = layer.padding == "same" and layer.input.shape[1] % stride != 0
    return _Operation(lambda x: F.avg_pool2d(x, pool, stride, ceil_mode=partial))


def _dense(layer: Any) -> nn.Module:
    return _Dense(layer.input.shape[-1], layer.units, layer.activation.__name__)


def _reshape(layer: Any) -> nn.Module:
    height, width, channels = layer.target_shape
    return _Operation(lambda x: x.reshape(-1, height, width, channels).permute(0, 3, 1, 2))


def _zero_padding(layer: Any) -> nn.Module:
    (top, bottom), (left, right) = layer.padding
    return _Operation(lambda x: F.pad(x, (left, right, top, bottom)))


class _SkippedBlock(nn.Module):
    """Stochastic depth: drops whole pictures of a residual block."""

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * F.dropout(x.new_ones(len(x), 1, 1, 1), self.rate, self.training)


def _dropout(layer: Any) -> nn.Module:
    return nn.Dropout(layer.rate) if layer.noise_shape is None else _SkippedBlock(layer.rate)


_ACTIVATIONS: dict[str, Step] = {"linear": lambda x: x, "relu": F.relu, "sigmoid": torch.sigmoid}


_BUILDERS: dict[type, Callable[[Any], nn.Module]] = {
    keras.layers.Rescaling: _rescaling,
    keras.layers.Conv2D: _Convolution,
    keras.layers.BatchNormalization: _normalisation,
    keras.layers.ReLU: lambda layer: _Operation(F.relu),
    keras.layers.Add: lambda layer: _Operation(lambda *x: sum(x[1:], x[0])),
    keras.layers.Multiply: lambda layer: _Operation(lambda x, by: x * by.to(x.dtype)),
    keras.layers.ZeroPadding2D: _zero_padding,
    keras.layers.Reshape: _reshape,
    keras.layers.AveragePooling2D: _average,
    keras.layers.GlobalAveragePooling2D: lambda layer: _Operation(lambda x: x.mean((2, 3), dtype=torch.float32)),
    keras.layers.Dropout: _dropout,
    keras.layers.Flatten: lambda layer: _Operation(lambda x: x.permute(0, 2, 3, 1).flatten(1)),
    keras.layers.Dense: _dense,
}
