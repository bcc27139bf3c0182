"""Training on PyTorch: the twin gives the results of the Keras network, and training can be resumed."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# In a separate process: Keras supports one backend per process, and the other tests run on TensorFlow.
COMPARE = """
import sys

import keras
import numpy as np
import torch

from training.compact.torch_twin import TorchTwin
from agecam.models.networks import build_network

keras.utils.set_random_seed(1)
torch.set_num_threads(1)
random = np.random.default_rng(0)
network = build_network("compact", 48, **eval(sys.argv[1]))
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
twin.copy_weights_to(network)
assert np.abs(agree() - before).max() > 1e-3
"""


pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("torch") is None, reason="PyTorch, an option for training, is not installed"
)


def run(script: str, *arguments: str) -> None:
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = os.environ | {"KERAS_BACKEND": "torch", "PYTHONPATH": path}
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("arguments", ["{}", "{'grid_features': 16}"])
def test_the_twin_matches_the_network_and_copies_its_weights_back(arguments: str) -> None:
    run(COMPARE, arguments)


# Brightness stands for the age and red for the gender. The second run is stopped after its first epoch and resumed.
TRAIN_AND_RESUME = """
import sys
from argparse import Namespace
from pathlib import Path

import keras
import numpy as np
import torch

from training.compact.losses import FaceLoss
from training.compact.torch_fit import fit
from training.compact.adamw import rate_schedule
from agecam.models.networks import build_network

torch.set_num_threads(1)
EPOCHS = 4

class Batches:
    def __init__(self, epoch):
        self.epoch = epoch

    def __len__(self):
        return 12

    def __getitem__(self, index):
        random = np.random.default_rng((self.epoch, index))
        ages, female = random.integers(10, 90, 16), random.integers(0, 2, 16)
        faces = np.repeat(ages * 2.5, 24 * 24 * 3).reshape(16, 24, 24, 3)
        faces[..., 0] += 40 * female[:, None, None]
        return faces.clip(0, 255).astype(np.uint8), np.stack([ages, ages, female], axis=1).astype(np.float32)

    def on_epoch_begin(self):
        self.epoch += 1

class ValidationCallback(keras.callbacks.Callback):
    def __init__(self, stops_after=None):
        super().__init__()
        self.stops_after, self.losses = stops_after, {}

    def on_epoch_end(self, epoch, logs=None):
        self.losses[epoch] = logs["loss"]

class Stopped(Exception):
    pass

def trained(out, stop_in=None):
    keras.utils.set_random_seed(1)
    network = build_network("compact", 24, stem=8, stages=((8, 1), (16, 1)), dropout=0.0)
    options = Namespace(
        out=out, epochs=EPOCHS, batch=16, rate=0.01, decay=0.01, ema=0.8, bfloat16=False, jit=False,
        quiet=True, no_backup=False,
    )
    validation, first = ValidationCallback(), 1 if (out / "backup.pt").exists() else 0
    batches = Batches(first)
    if stop_in is not None:
        on_epoch_end = validation.on_epoch_end
        def stop_or_validate(epoch, logs=None):
            if epoch == stop_in:
                raise Stopped
            on_epoch_end(epoch, logs)
        validation.on_epoch_end = stop_or_validate
    try:
        fit(network, None, batches, FaceLoss(), rate_schedule(options, 12), validation, options)
    except Stopped:
        pass
    return network, validation.losses

folder = Path(sys.argv[1])
(folder / "whole").mkdir()
(folder / "stopped").mkdir()
whole, losses = trained(folder / "whole")
assert sorted(losses) == [0, 1, 2, 3], losses
assert losses[3] < losses[0] - 0.5, losses
_, before = trained(folder / "stopped", stop_in=1)
assert sorted(before) == [0]
resumed, after = trained(folder / "stopped")
assert sorted(after) == [1, 2, 3], after
for ours, theirs in zip(resumed.get_weights(), whole.get_weights(), strict=True):
    np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-4)
assert not list(folder.glob("*/*backup*"))
"""


def test_training_learns_and_resumes(tmp_path: Path) -> None:
    run(TRAIN_AND_RESUME, str(tmp_path))
