"""Caffe's files: all forms are read, and what is damaged or no VGG-16 is refused in one sentence."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from caffe_files import (
    layer_of,
    message,
    network,
    random_blobs,
    write_description,
    write_pair,
    write_weights,
)
from legacy_hdf5 import random_tensors, write_published
from models import is_one_sentence

from agecam.errors import WeightsError
from agecam.models.install.caffe import opened
from agecam.models.install.layers import CONVOLUTIONS
from agecam.models.install.vgg_face import checked
from agecam.models.store import find_model
from agecam.types import Image

AGES, GENDERS = random_blobs(101, seed=1), random_blobs(2, seed=2)


@pytest.mark.parametrize("values", ["data", "double_data", "raw", "raw_double", "raw_half"])
@pytest.mark.parametrize("form", ["current", "v1"])
def test_all_forms_of_weights_are_read(tmp_path: Path, form: str, values: str) -> None:
    weights, description = write_pair(tmp_path, "age", AGES, form=form, values=values)
    with opened(weights, description) as layers:
        assert (layers.layout.task, layers.layout.size_px) == ("age", 32)
        assert (layers.layout.channels, layers.layout.features) == (2, 8)
        for index in range(CONVOLUTIONS):
            kernel, bias = layers.tensors(index)
            written, written_bias = AGES[index]
            if index == 0:
                written = written[:, ::-1]
            expected = np.atleast_3d(written).reshape(*written.shape, *(1,) * (4 - written.ndim))
            if index == 13:
                expected = written.reshape(8, 16, 1, 1)
            if values == "raw_half":
                expected, written_bias = expected.astype(np.float16), written_bias.astype(np.float16)
            assert np.array_equal(kernel, expected.transpose(2, 3, 1, 0).astype(np.float32))
            assert np.array_equal(bias, written_bias)


def test_weights_in_several_parts_are_read(tmp_path: Path) -> None:
    """Fields of the same number may stand apart in a file."""
    path = write_weights(tmp_path / "age.caffemodel", network(AGES))
    net = network(AGES)
    blob = layer_of(net, "fc7").blobs[0]
    head, tail = message("BlobProto")(), message("BlobProto")()
    head.shape.CopyFrom(blob.shape)
    head.data.extend(blob.data[:20])
    tail.data.extend(blob.data[20:])
    both = head.SerializeToString() + tail.SerializeToString()
    bias = layer_of(net, "fc7").blobs[1].SerializeToString()
    del layer_of(net, "fc7").blobs[:]
    encoded = layer_of(net, "fc7").SerializeToString()
    for content in (both, bias):
        encoded += bytes([7 << 3 | 2]) + _length(content) + content
    parts = [
        bytes([0xA2, 0x06]) + _length(content) + content
        for content in (encoded if of.name == "fc7" else of.SerializeToString() for of in net.layer)
    ]
    split = tmp_path / "split.caffemodel"
    split.write_bytes(b"".join(parts))
    with opened(path) as layers, opened(split) as in_parts:
        assert np.array_equal(layers.tensors(14)[0], in_parts.tensors(14)[0])


def _length(content: bytes) -> bytes:
    length, encoded = len(content), bytearray()
    while length > 127:
        encoded.append(length & 127 | 128)
        length >>= 7
    return bytes([*encoded, length])


def test_a_description_names_the_layers_in_their_order(tmp_path: Path) -> None:
    weights, description = write_pair(tmp_path, "age", AGES)
    shuffled = network(AGES)
    layers = sorted(shuffled.layer, key=lambda layer: str(layer.name))
    copies = [message("LayerParameter").FromString(layer.SerializeToString()) for layer in layers]
    del shuffled.layer[:]
    shuffled.layer.extend(copies)
    write_weights(weights, shuffled)
    with opened(weights, description) as found:
        assert np.array_equal(found.tensors(14)[0][0, 0], AGES[14][0].T)
    assert "use another file" in refusal(weights)


def test_weights_without_other_layers_are_known_by_their_names(tmp_path: Path) -> None:
    net = network(AGES)
    bare = message("NetParameter")()
    for layer in net.layer:
        if layer.blobs:
            kept = bare.layer.add(name=layer.name, type=layer.type)
            kept.blobs.extend(layer.blobs)
    path = write_weights(tmp_path / "age.caffemodel", bare)
    with opened(path) as layers:
        assert layers.layout.task == "age"
    bare.layer[4].name = "second"
    write_weights(path, bare)
    assert ".prototxt" in refusal(path)
    description = write_description(tmp_path / "age.prototxt", network(AGES, values="none"))
    layer_name = layer_of(network(AGES), "conv3_1").name
    assert f"'{layer_name}'" in refusal(path, description)


def refusal(path: Path, description: Path | None = None) -> str:
    with pytest.raises(WeightsError) as failure:
        checked(path, description=description)
    text = str(failure.value)
    assert is_one_sentence(text), text
    assert path.name in text or (description is not None and description.name in text)
    return text


@pytest.mark.parametrize("form", ["current", "v1"])
def test_a_truncated_file_is_refused(tmp_path: Path, form: str) -> None:
    whole = write_weights(tmp_path / "age.caffemodel", network(AGES, form=form)).read_bytes()
    path = tmp_path / "cut.caffemodel"
    for end in [*range(0, len(whole) - 40, 997), len(whole) - 41, len(whole) - 200]:
        path.write_bytes(whole[:end])
        text = refusal(path)
        assert "incomplete" in text or "use another file" in text


def test_a_damaged_file_is_refused_in_one_sentence_or_fits(tmp_path: Path) -> None:
    weights, description = write_pair(tmp_path, "age", AGES)
    random = np.random.default_rng(3)
    whole, text = weights.read_bytes(), description.read_bytes()
    heads = [
        place for place in range(len(whole) - 40) if whole[place : place + 2] in (b"\xa2\x06", b"\x3a\x05", b"\x0a\x04")
    ]
    refused = 0
    for _ in range(300):
        content, lines = bytearray(whole), bytearray(text)
        content[int(random.choice(heads)) + int(random.integers(0, 40))] = int(random.integers(0, 256))
        lines[int(random.integers(0, len(lines)))] = int(random.integers(0, 256))
        weights.write_bytes(content)
        description.write_bytes(lines)
        for given in (None, description):
            try:
                checked(weights, description=given)
            except WeightsError as error:
                refused += 1
                assert str(error).endswith(".")
                assert str(error).isprintable()
    assert refused > 200


def test_foreign_files_are_refused(tmp_path: Path, astronaut_bgr: Image) -> None:
    path = tmp_path / "age.caffemodel"
    assert "check the path" in refusal(path)
    onnx = find_model("compact").with_suffix(".onnx").read_bytes()
    jpeg = cv2.imencode(".jpg", astronaut_bgr)[1].tobytes()
    random = np.random.default_rng(0)
    for content in (b"", b"<html>Not found</html>", jpeg, onnx, b"\0" * 5000, random.bytes(5000)):
        path.write_bytes(content)
        assert "not a file of Caffe weights" in refusal(path)
    write_weights(path, network(random_blobs(1000)))
    assert "1000 outputs in its last layer 'fc8-1000'" in refusal(path)
    hdf5 = write_published(path, random_tensors(101, channels=2, features=8, side=1))
    assert checked(hdf5).origin.name == "vgg-face"  # only its name is wrong


def _set(layer: str, parameter: str, option: str, value: float) -> Callable[[Any], None]:
    return lambda net: setattr(getattr(layer_of(net, layer), parameter), option, value)


CHANGES: dict[str, tuple[str, Callable[[Any], object]]] = {
    "other pooling": ("pool2", _set("pool2", "pooling_param", "pool", 1)),
    "other stride": ("pool4", _set("pool4", "pooling_param", "stride", 1)),
    "leaky": ("relu_conv3_1", _set("relu_conv3_1", "relu_param", "negative_slope", 0.5)),
    "transposed": ("fc7", _set("fc7", "inner_product_param", "transpose", True)),
    "groups": ("conv2_1", _set("conv2_1", "convolution_param", "group", 2)),
    "no padding": ("conv4_2", lambda net: layer_of(net, "conv4_2").convolution_param.ClearField("pad")),
    "uneven padding": ("conv4_2", lambda net: layer_of(net, "conv4_2").convolution_param.pad.append(2)),
    "dilated": ("conv5_1", lambda net: layer_of(net, "conv5_1").convolution_param.dilation.append(2)),
    "other kind": ("relu_conv2_2", lambda net: setattr(layer_of(net, "relu_conv2_2"), "type", "Sigmoid")),
    "no bias": ("conv1_2", lambda net: layer_of(net, "conv1_2").blobs.pop()),
    "no weights": ("conv1_2", lambda net: layer_of(net, "conv1_2").ClearField("blobs")),
    "other shape": ("fc7", lambda net: layer_of(net, "fc7").blobs[0].shape.dim.__setitem__(slice(2), [4, 16])),
    "not finite": ("conv3_2", lambda net: layer_of(net, "conv3_2").blobs[0].data.__setitem__(7, np.nan)),
}


@pytest.mark.parametrize("what", CHANGES)
def test_another_network_is_refused_with_the_layers_name(tmp_path: Path, what: str) -> None:
    layer, change = CHANGES[what]
    net = network(AGES)
    change(net)
    assert f"'{layer}'" in refusal(write_weights(tmp_path / "age.caffemodel", net))


def test_infinite_doubles_and_incomplete_values_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "age.caffemodel"
    net = network(AGES, values="double_data")
    layer_of(net, "fc6").blobs[0].double_data[3] = 1e300
    assert "not finite in the layer 'fc6'" in refusal(write_weights(path, net))
    net = network(AGES, values="raw")
    blob = layer_of(net, "fc6").blobs[0]
    blob.raw_data = blob.raw_data[:-1]
    assert "incomplete" in refusal(write_weights(path, net))
    net = network(AGES)
    layer_of(net, "fc6").blobs[0].data.pop()
    assert "incomplete" in refusal(write_weights(path, net))


def test_a_description_of_something_else_is_refused(tmp_path: Path) -> None:
    weights, description = write_pair(tmp_path, "age", AGES)
    for content in (
        "",
        "<html>",
        "layer {",
        'layer { name: "a }',
        "layer { name }",
        "}",
        "layer: {}}",
        "\0\1",
        "{" * 99,
    ):
        description.write_text(content)
        assert description.name in refusal(weights, description)
    description.write_bytes(b"\xff\xfe")
    assert "not a description" in refusal(weights, description)
    write_description(description, network(random_blobs(101, features=16), values="none"))
    assert "'fc6'" in refusal(weights, description)
    for option, wrong in (("kernel_size: 3", "kernel_size: 5"), ("kernel_size: 3", ""), ("pool: MAX", "pool: AVE")):
        write_description(description, network(AGES, values="none"))
        text = description.read_text()
        assert option in text
        description.write_text(text.replace(option, wrong, 1))
        assert ("'pool1'" if "pool" in option else "'conv1_1'") in refusal(weights, description)
    write_description(description, network(AGES, values="none", input_px=64))
    assert "3 x 64 x 64" in refusal(weights, description)
    net = network(AGES, values="none")
    layer_of(net, "conv3_2").name = "other"
    write_description(description, net)
    assert "no weights for the layer 'other'" in refusal(weights, description)


def test_current_descriptions_with_an_input_layer_are_read(tmp_path: Path) -> None:
    weights, description = write_pair(tmp_path, "age", AGES)
    text = re.sub(r"^(input|input_dim): .*\n", "", description.read_text(), flags=re.MULTILINE)
    for side, fits in ((32, True), (224, False)):
        layer = f"layer {{ name: 'data' type: 'Input' input_param {{ shape: {{ dim: [1, 3, {side}, {side}] }} }} }}\n"
        layer = layer.replace("[", "").replace(", 3", " dim: 3").replace(f", {side}", f" dim: {side}").replace("]", "")
        description.write_text(layer + text)
        if fits:
            assert checked(weights, description=description).layout.size_px == 32
        else:
            assert "3 x 224 x 224" in refusal(weights, description)
