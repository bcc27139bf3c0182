"""The layers of a Caffe network, from its weights (`.caffemodel`) or its description (`.prototxt`).

Both are the message `NetParameter` of https://github.com/BVLC/caffe/blob/master/src/caffe/proto/caffe.proto, in binary
and in text. Only the few fields that a plain network needs are read, of the old layers (`V1LayerParameter`) and the
current ones (`LayerParameter`).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agecam.models.install.protobuf import BYTES, Bytes, Field, fields, integers, number, text
from agecam.models.install.prototxt import Message, read_prototxt

_V1_LAYER, _LAYER = 2, 100
"""Numbers of the layers in `NetParameter`."""
_V1_KINDS = {
    1: ("ACCURACY", "Accuracy"),
    4: ("CONVOLUTION", "Convolution"),
    5: ("DATA", "Data"),
    6: ("DROPOUT", "Dropout"),
    12: ("IMAGE_DATA", "ImageData"),
    14: ("INNER_PRODUCT", "InnerProduct"),
    17: ("POOLING", "Pooling"),
    18: ("RELU", "ReLU"),
    20: ("SOFTMAX", "Softmax"),
    21: ("SOFTMAX_LOSS", "SoftmaxWithLoss"),
    22: ("SPLIT", "Split"),
    29: ("MEMORY_DATA", "MemoryData"),
}
"""Kinds of layers in `V1LayerParameter`: number, name in descriptions, and current name."""
_V1_NAMES = dict(_V1_KINDS.values())
_FILTER = {"pad": 0.0, "stride": 1.0, "group": 1.0, "dilation": 1.0}


@dataclass(frozen=True, slots=True)
class _Options:
    """The message with a layer's options."""

    message: str
    """Its name in the description."""
    number: int
    """In `LayerParameter`."""
    v1_number: int
    names: Mapping[int, str]
    """Numbers and names of its fields; height and width of one option have the same name."""
    defaults: Mapping[str, float]


_OPTIONS = {
    "Convolution": _Options(
        "convolution_param",
        106,
        10,
        {1: "num_output", 2: "bias_term", 3: "pad", 4: "kernel_size", 5: "group", 6: "stride", 18: "dilation"}
        | {9: "pad", 10: "pad", 11: "kernel_size", 12: "kernel_size", 13: "stride", 14: "stride"},
        {"bias_term": 1.0, **_FILTER},
    ),
    "InnerProduct": _Options(
        "inner_product_param",
        117,
        17,
        {1: "num_output", 2: "bias_term", 5: "axis", 6: "transpose"},
        {"bias_term": 1.0, "axis": 1.0, "transpose": 0.0},
    ),
    "Pooling": _Options(
        "pooling_param",
        121,
        19,
        {1: "pool", 2: "kernel_size", 3: "stride", 4: "pad", 12: "global_pooling"}
        | {5: "kernel_size", 6: "kernel_size", 7: "stride", 8: "stride", 9: "pad", 10: "pad"},
        {"pool": 0.0, "pad": 0.0, "stride": 1.0, "global_pooling": 0.0},
    ),
    "ReLU": _Options("relu_param", 123, 30, {1: "negative_slope"}, {"negative_slope": 0.0}),
}
_ENUMERATIONS = {"MAX": 0.0, "AVE": 1.0, "STOCHASTIC": 2.0}
_DTYPES = {0: "<f8", 1: "<f4", 2: "<f2"}
"""Of raw blobs, as NVIDIA's Caffe writes them."""


@dataclass(frozen=True, slots=True)
class Blob:
    """A tensor in a weights file."""

    shape: tuple[int, ...]
    dtype: str
    parts: tuple[tuple[int, int], ...]
    """Place of the first byte and number of values of each part."""


@dataclass(frozen=True, slots=True)
class CaffeLayer:
    """A layer."""

    name: str
    kind: str
    """'Convolution', 'ReLU', ..., as in current Caffe."""
    options: Mapping[str, list[float]] | None
    """The values of each option, several where height and width are given apart; None if none are in the file."""
    blobs: list[Blob] = field(default_factory=list)

    def values(self, option: str) -> list[float]:
        """The values of an option, or its default; empty if there is none."""
        if given := (self.options or {}).get(option):
            return given
        default = _OPTIONS[self.kind].defaults.get(option) if self.kind in _OPTIONS else None
        return [] if default is None else [default]


def described_layers(path: Path) -> tuple[list[CaffeLayer], list[int]]:
    """The layers that a description lists, and the dimensions of the input, empty if it does not give them.

    Raises:
        WeightsError: the file cannot be read or is not a description.
    """
    network = read_prototxt(path)
    layers, shapes = [], [*_messages(network, "input_shape")]
    for message in [*_messages(network, "layers"), *_messages(network, "layer")]:
        kind = _first_text(message, "type")
        kind = _V1_NAMES.get(kind, kind)
        options: dict[str, list[float]] | None = None
        if kind in _OPTIONS:
            options = {}
            for given in _messages(message, _OPTIONS[kind].message):
                for name, values in given.items():
                    options.setdefault(name.removesuffix("_h").removesuffix("_w"), []).extend(_numbers(values))
        for given in _messages(message, "input_param"):
            shapes += _messages(given, "shape")
        layers.append(CaffeLayer(_plain(_first_text(message, "name")), _plain(kind), options))
    dimensions = network.get("input_dim", []) + [side for shape in shapes[:1] for side in shape.get("dim", [])]
    return layers, [int(side) for side in _numbers(dimensions)]


def stored_layers(data: Bytes) -> list[CaffeLayer]:
    """The layers of a weights file, with the places of their tensors.

    Raises:
        ValueError: it is no weights file, or is incomplete.
    """
    layers = []
    for part in fields(data, 0, len(data)):
        if part.number in (_V1_LAYER, _LAYER):
            if part.wire_type != BYTES:
                raise ValueError("a layer is not a message")
            layers.append(_stored_layer(data, part, is_v1=part.number == _V1_LAYER))
    return layers


def _stored_layer(data: Bytes, place: Field, *, is_v1: bool) -> CaffeLayer:
    name_number, kind_number, blobs_number = (4, 5, 6) if is_v1 else (1, 2, 7)
    parts = list(fields(data, place.start, place.end))
    name = kind = ""
    blobs = []
    for part in parts:
        if part.number == name_number:
            name = text(data, part)
        elif part.number == kind_number:
            kind = _V1_KINDS.get(part.value, ("", f"number {part.value}"))[1] if is_v1 else text(data, part)
        elif part.number == blobs_number:
            blobs.append(_blob(data, part))
    options: dict[str, list[float]] | None = None
    if form := _OPTIONS.get(kind):
        for part in parts:
            if part.number == (form.v1_number if is_v1 else form.number):
                options = {} if options is None else options
                for option in fields(data, part.start, part.end):
                    if option.number in form.names:
                        values: list[Any] = (
                            integers(data, option) if option.wire_type == BYTES else [number(data, option)]
                        )
                        options.setdefault(form.names[option.number], []).extend(values)
    return CaffeLayer(_plain(name), _plain(kind), options, blobs)


def _blob(data: Bytes, place: Field) -> Blob:
    """A `BlobProto`: its shape is a list of sides, or the four sides of old files."""
    if place.wire_type != BYTES:
        raise ValueError("a blob is not a message")
    sides: list[int] | None = None
    old_sides, raw_dtype = [0, 0, 0, 0], ""
    found: list[tuple[str, Field]] = []
    for part in fields(data, place.start, place.end):
        if part.number == 7 and part.wire_type == BYTES:
            dimensions = (side for side in fields(data, part.start, part.end) if side.number == 1)
            sides = [value for side in dimensions for value in integers(data, side)]
        elif 1 <= part.number <= 4:
            old_sides[part.number - 1] = part.value
        elif part.number == 10:
            raw_dtype = _DTYPES.get(part.value, "unknown")
        elif part.number in (5, 8, 12):
            if part.wire_type != BYTES:
                raise ValueError("values are not packed")
            found.append(({5: "<f4", 8: "<f8", 12: "raw"}[part.number], part))
    dtypes = {(raw_dtype or _DTYPES[0]) if dtype == "raw" else dtype for dtype, _ in found}
    if len(dtypes) > 1 or "unknown" in dtypes:
        raise ValueError(f"values of the types {dtypes}")
    dtype = dtypes.pop() if dtypes else "<f4"
    size = int(dtype[-1])
    if any((part.end - part.start) % size for _, part in found):
        raise ValueError("incomplete values")
    parts = tuple((part.start, (part.end - part.start) // size) for _, part in found)
    shape = tuple(old_sides if sides is None else sides)
    if sum(count for _, count in parts) != math.prod(shape):
        raise ValueError(f"a blob of {shape} with {parts}")
    return Blob(shape, dtype, parts)


def _plain(name: str) -> str:
    """The name as it can be shown, whatever stands in the file."""
    return "".join(character for character in name if character.isprintable())[:50]


def _messages(message: Message, name: str) -> list[Message]:
    return [value for value in message.get(name, []) if isinstance(value, dict)]


def _first_text(message: Message, name: str) -> str:
    return next((value for value in message.get(name, []) if isinstance(value, str)), "")


def _numbers(values: list[Any]) -> list[float]:
    return [value if isinstance(value, float) else _ENUMERATIONS.get(str(value), math.nan) for value in values]
