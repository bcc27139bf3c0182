"""Writes the files of Caffe networks, with the `protobuf` package, and computes what such a network computes.

Nothing here is shared with `agecam.models.install`: the messages are those of Caffe's caffe.proto, and the network runs
in NumPy, on BGR faces with the channels first, as Caffe runs it.
"""

from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, text_format

Array = npt.NDArray[Any]
Blobs = list[tuple[Array, Array]]
"""Weights and bias of each layer, in Caffe's layout: `(out, in, height, width)` or `(out, in)`, and `(out,)`."""

MEAN_BGR = (104.0, 117.0, 123.0)
NAMES = [
    *("conv1_1", "conv1_2", "conv2_1", "conv2_2", "conv3_1", "conv3_2", "conv3_3", "conv4_1", "conv4_2", "conv4_3"),
    *("conv5_1", "conv5_2", "conv5_3", "fc6", "fc7"),
]
POOLED = (1, 3, 6, 9, 12)
"""Indices of the convolutions before a pooling layer."""

_TYPES = {"int32": 5, "int64": 3, "uint32": 13, "bool": 8, "float": 2, "double": 1, "string": 9, "bytes": 12}
_FIELDS = {
    "BlobShape": ["dim:1:int64*!"],
    "BlobProto": [
        *("num:1:int32", "channels:2:int32", "height:3:int32", "width:4:int32", "data:5:float*!", "diff:6:float*!"),
        *("shape:7:BlobShape", "double_data:8:double*!", "raw_data_type:10:int32", "raw_data:12:bytes"),
    ],
    "ConvolutionParameter": [
        *("num_output:1:uint32", "bias_term:2:bool", "pad:3:uint32*", "kernel_size:4:uint32*", "group:5:uint32"),
        *("stride:6:uint32*", "pad_h:9:uint32", "pad_w:10:uint32", "kernel_h:11:uint32", "kernel_w:12:uint32"),
        "dilation:18:uint32*",
    ],
    "InnerProductParameter": ["num_output:1:uint32", "axis:5:int32", "transpose:6:bool"],
    "PoolingParameter": ["pool:1:int32", "kernel_size:2:uint32", "stride:3:uint32", "pad:4:uint32"],
    "ReLUParameter": ["negative_slope:1:float"],
    "V1LayerParameter": [
        *("bottom:2:string*", "top:3:string*", "name:4:string", "type:5:int32", "blobs:6:BlobProto*"),
        *("convolution_param:10:ConvolutionParameter", "inner_product_param:17:InnerProductParameter"),
        *("pooling_param:19:PoolingParameter", "relu_param:30:ReLUParameter"),
    ],
    "LayerParameter": [
        *("name:1:string", "type:2:string", "bottom:3:string*", "top:4:string*", "blobs:7:BlobProto*"),
        *("convolution_param:106:ConvolutionParameter", "inner_product_param:117:InnerProductParameter"),
        *("pooling_param:121:PoolingParameter", "relu_param:123:ReLUParameter"),
    ],
    "NetParameter": [
        *("name:1:string", "layers:2:V1LayerParameter*", "input:3:string*", "input_dim:4:int32*"),
        "layer:100:LayerParameter*",
    ],
}
V1_KINDS = {"Convolution": 4, "Dropout": 6, "InnerProduct": 14, "LRN": 15, "Pooling": 17, "ReLU": 18, "Softmax": 20}


@cache
def message(name: str) -> Any:
    """The class of a message of caffe.proto; '*' above is a repeated field, '!' a packed one."""
    file = descriptor_pb2.FileDescriptorProto(name="caffe_test.proto", package="caffe_test", syntax="proto2")
    for kind, fields in _FIELDS.items():
        described = file.message_type.add(name=kind)
        for entry in fields:
            field_name, number, kind_name = entry.rstrip("*!").split(":")
            field = described.field.add(name=field_name, number=int(number), label=3 if "*" in entry else 1)
            if kind_name in _TYPES:
                field.type = _TYPES[kind_name]
            else:
                field.type, field.type_name = 11, f".caffe_test.{kind_name}"
            field.options.packed = "!" in entry
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    classes = {
        kind: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"caffe_test.{kind}")) for kind in _FIELDS
    }
    return classes if name == "all" else message("all")[name]


def random_blobs(classes: int, seed: int = 0, channels: int = 2, features: int = 8, side: int = 1) -> Blobs:
    """Weights that keep the scale of signals (He et al. 2015); the first ones take pixels from 0 to 255."""
    random = np.random.default_rng(seed)
    widths = [3, *(channels * times for times in (1, 1, 2, 2, 4, 4, 4, 8, 8, 8, 8, 8, 8))]
    shapes: list[tuple[int, ...]] = [(after, before, 3, 3) for before, after in pairwise(widths)]
    shapes += [(features, widths[-1] * side * side), (features, features), (classes, features)]
    blobs = []
    for index, shape in enumerate(shapes):
        scale = np.sqrt(2 / np.prod(shape[1:])) / (60 if index == 0 else 1)
        blobs.append(
            (
                (random.standard_normal(shape) * scale).astype(np.float32),
                random.uniform(-0.2, 0.2, shape[0]).astype(np.float32),
            )
        )
    return blobs


def random_faces(count: int, size_px: int = 32) -> Array:
    """`(N, size_px, size_px, 3) float32`, RGB, whole numbers from 0 to 255."""
    return np.rint(np.random.default_rng(5).uniform(0, 255, (count, size_px, size_px, 3))).astype(np.float32)


def forward(
    blobs: Blobs, faces_rgb: Array, mean_bgr: Sequence[float] = MEAN_BGR, dtype: type[np.floating[Any]] = np.float64
) -> Array:
    """`(N, size, size, 3)` RGB, 0 to 255 -> `(N, classes)` logits."""
    x = faces_rgb[..., ::-1].transpose(0, 3, 1, 2).astype(dtype) - np.array(mean_bgr, dtype)[:, None, None]
    for index, (weights, bias) in enumerate(blobs[:13]):
        windows = np.lib.stride_tricks.sliding_window_view(np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1))), (3, 3), (2, 3))
        x = np.einsum("nchwij,ocij->nohw", windows, weights.astype(dtype), optimize=True)
        x = np.maximum(x + bias.astype(dtype)[:, None, None], 0)
        if index in POOLED:
            x = x.reshape(*x.shape[:2], x.shape[2] // 2, 2, x.shape[3] // 2, 2).max((3, 5))
    x = x.reshape(len(x), -1)
    for index, (weights, bias) in enumerate(blobs[13:]):
        x = x @ weights.T.astype(dtype) + bias.astype(dtype)
        if index < 2:
            x = np.maximum(x, 0)
    return np.asarray(x)


def network(blobs: Blobs, *, form: str = "current", values: str = "data", input_px: int | None = None) -> Any:
    """A `NetParameter` with its weights.

    Args:
        form: 'current' layers or 'v1' layers, whose tensors have four sides each.
        values: how blobs are stored: 'data', 'double_data', 'raw', 'raw_double', 'raw_half' or 'none'.
        input_px: side of the input, as a description gives it.
    """
    net = message("NetParameter")(name="VGG_16")
    if input_px is not None:
        net.input.append("data")
        net.input_dim.extend([1, 3, input_px, input_px])
    names = [*NAMES, f"fc8-{len(blobs[-1][1])}"]
    for index, (name, tensors) in enumerate(zip(names, blobs, strict=True)):
        is_convolution = index < 13
        layer = _add(net, form, name, "Convolution" if is_convolution else "InnerProduct")
        outputs = len(tensors[1])
        if is_convolution:
            layer.convolution_param.num_output = outputs
            layer.convolution_param.pad.append(1)
            layer.convolution_param.kernel_size.append(3)
        else:
            layer.inner_product_param.num_output = outputs
        for tensor in tensors if values != "none" else ():
            _fill(layer.blobs.add(), tensor, form, values)
        if index < 15:
            _add(net, form, f"relu_{name}", "ReLU")
        if index in (13, 14):
            _add(net, form, f"drop_{name}", "Dropout")
        if index in POOLED:
            pool = _add(net, form, f"pool{POOLED.index(index) + 1}", "Pooling")
            pool.pooling_param.pool = 0
            pool.pooling_param.kernel_size = pool.pooling_param.stride = 2
    _add(net, form, "prob", "Softmax")
    return net


def layer_of(net: Any, name: str) -> Any:
    """A layer by its name."""
    return next(layer for layer in [*net.layers, *net.layer] if layer.name == name)


def _add(net: Any, form: str, name: str, kind: str) -> Any:
    if form == "v1":
        return net.layers.add(name=name, type=V1_KINDS[kind])
    return net.layer.add(name=name, type=kind)


def _fill(blob: Any, tensor: Array, form: str, values: str) -> None:
    if form == "v1":
        blob.num, blob.channels, blob.height, blob.width = (1,) * (4 - tensor.ndim) + tensor.shape
    else:
        blob.shape.dim.extend(tensor.shape)
    if values.startswith("raw"):
        code, dtype = {"raw": (1, "<f4"), "raw_double": (0, "<f8"), "raw_half": (2, "<f2")}[values]
        blob.raw_data_type, blob.raw_data = code, tensor.astype(dtype).tobytes()
    else:
        getattr(blob, values).extend(tensor.ravel().tolist())


def write_weights(path: Path, net: Any) -> Path:
    path.write_bytes(net.SerializeToString())
    return path


def write_description(path: Path, net: Any) -> Path:
    """Write the text form, with the names of Caffe's enumerations."""
    text = text_format.MessageToString(net).replace("pool: 0\n", "pool: MAX\n").replace("pool: 1\n", "pool: AVE\n")
    for kind, number in V1_KINDS.items():
        name = {"InnerProduct": "INNER_PRODUCT"}.get(kind, kind.upper())
        text = text.replace(f"type: {number}\n", f"type: {name}\n")
    path.write_text(f"# The network\n{text}", encoding="utf-8")
    return path


def write_pair(folder: Path, task: str, blobs: Blobs, *, form: str = "current", values: str = "data") -> list[Path]:
    """Write weights and their description, named as in the study."""
    size_px = 32 * int(np.sqrt(blobs[13][0].shape[1] // blobs[12][0].shape[0]))
    name = {"age": "dex_chalearn_iccv2015", "gender": "gender"}[task]
    folder.mkdir(exist_ok=True)
    return [
        write_weights(folder / f"{name}.caffemodel", network(blobs, form=form, values=values)),
        write_description(folder / f"{task}.prototxt", network(blobs, form=form, values="none", input_px=size_px)),
    ]


def write_large(path: Path, blobs: Blobs) -> Path:
    """Write weights one layer at a time; zeros of the largest ones become holes in the file."""
    net = network(blobs, values="none")
    with path.open("wb") as file:
        for layer in net.layer:
            index = [*NAMES, f"fc8-{len(blobs[-1][1])}"].index(layer.name) if layer.name[:2] in ("co", "fc") else None
            stored = [] if index is None else [_encoded(tensor) for tensor in blobs[index]]
            size = layer.ByteSize() + sum(len(head) + tensor.nbytes for head, tensor in stored)
            file.write(_key(100, 2) + _varint(size) + layer.SerializeToString())
            for head, tensor in stored:
                file.write(head)
                _write_sparse(file, tensor)
        file.truncate(file.tell())
    return path


def _encoded(tensor: Array) -> tuple[bytes, Array]:
    """A blob up to its values, which follow: as field 7 of a layer."""
    shape = message("BlobShape")()
    shape.dim.extend(tensor.shape)
    encoded_shape = shape.SerializeToString()
    head = _key(7, 2) + _varint(len(encoded_shape)) + encoded_shape + _key(5, 2) + _varint(tensor.nbytes)
    return _key(7, 2) + _varint(len(head) + tensor.nbytes) + head, tensor


def _write_sparse(file: BinaryIO, tensor: Array) -> None:
    for row in tensor:
        if row.any():
            file.write(row.astype("<f4").tobytes())
        else:
            file.seek(row.nbytes, 1)


def _key(number: int, wire_type: int) -> bytes:
    return _varint(number << 3 | wire_type)


def _varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*encoded, value])
