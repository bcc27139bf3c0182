"""The PyTorch twin computes what the Keras network computes, before and after training."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

# In a process of its own: Keras keeps to one backend, and the other tests run on TensorFlow.
COMPARED = """
import sys

import keras
import numpy as np
import torch

from training.torch_twin import TorchTwin
from training.trunks import TRUNKS

keras.utils.set_random_seed(1)
torch.set_num_threads(1)
random = np.random.default_rng(0)
network = TRUNKS[sys.argv[1]](48, **eval(sys.argv[2]))
for layer in network.layers:
    if isinstance(layer, keras.layers.BatchNormalization):
        layer.set_weights([random.uniform(0.5, 1.5, weights.shape) for weights in layer.get_weights()])
faces = random.integers(0, 256, (6, 48, 48, 3)).astype(np.float32)
twin = TorchTwin(network, bfloat16=False)

def agree():
    theirs = network.predict(faces, verbose=0)
    twin.eval()
    with torch.no_grad():
        ours = twin(torch.from_numpy(faces)).numpy()
    assert np.abs(ours - theirs).max() < 1e-4 * np.abs(theirs).max(), np.abs(ours - theirs).max()
    return ours

before = agree()
twin.train()
optimizer = torch.optim.SGD(twin.parameters(), 1e-2)
for _ in range(2):
    optimizer.zero_grad()
    twin(torch.from_numpy(faces)).square().mean().backward()
    optimizer.step()
twin.give(network)
assert np.abs(agree() - before).max() > 1e-3
"""


@pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="PyTorch, which only training can use, is absent")
@pytest.mark.parametrize(
    ("trunk", "arguments"),
    [("compact", "{}"), ("compact", "{'grid_features': 16}"), ("inverted", "{}"), ("patches", "{}")],
)
def test_the_twin_gives_the_networks_numbers_and_carries_its_learning_back(trunk: str, arguments: str) -> None:
    environment = os.environ | {"KERAS_BACKEND": "torch", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", COMPARED, trunk, arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
