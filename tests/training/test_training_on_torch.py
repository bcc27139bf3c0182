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

from agecam.models.networks import compact
from training.compact.large import large
from training.compact.torch_twin import TorchTwin

keras.utils.set_random_seed(1)
torch.set_num_threads(1)
random = np.random.default_rng(0)
network = eval(sys.argv[1])
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


@pytest.mark.parametrize(
    "network", ["compact(48)", "compact(48, grid_features=16)", "large(48, stem=16, stages=((16, 2), (32, 2)))"]
)
def test_the_twin_matches_the_network_and_copies_its_weights_back(network: str) -> None:
    run(COMPARE, network)


SKIPPED = """
import keras
import torch

from training.compact.torch_twin import TorchTwin

pictures = keras.Input((4, 4, 3))
network = keras.Model(pictures, keras.layers.Dropout(0.25, noise_shape=(None, 1, 1, 1))(pictures))
twin, ones = TorchTwin(network, bfloat16=False), torch.ones(2000, 4, 4, 3)
values = twin.train()(ones).reshape(2000, -1)
assert torch.equal(values.amin(1), values.amax(1))
assert sorted(values[:, 0].unique().tolist()) == [0.0, torch.tensor(4 / 3).item()]
assert 0.7 < (values[:, 0] > 0).float().mean() < 0.8
assert torch.equal(twin.eval()(ones).sum(), ones.sum())
"""


def test_stochastic_depth_drops_whole_pictures_in_training() -> None:
    run(SKIPPED)


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
        quiet=True, no_backup=False, minutes=None, workers=0,
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


FEED = """
import multiprocessing

import cv2
import numpy as np
import torch

from agecam.errors import UsageError
from training.compact.feed import feed

class Batches:
    epoch = 3

    def __len__(self):
        return 5

    def __getitem__(self, index):
        if self.epoch == 5 and index == 1:
            raise ValueError("no such face")
        random = np.random.default_rng((self.epoch, index))
        faces = random.integers(0, 256, (4, 64, 64, 3)).astype(np.uint8)
        smaller = np.stack([cv2.resize(face, (16, 16), interpolation=cv2.INTER_AREA) for face in faces])
        return smaller, random.random((4, 3)).astype(np.float32)

    def on_epoch_begin(self):
        self.epoch += 1

Batches()[0]  # OpenCV's threads are there before the processes are
between, parallel = (feed(Batches(), torch.device("cpu"), workers) for workers in (0, 3))
for _ in range(11):
    for ours, theirs in zip(next(parallel), next(between), strict=True):
        assert ours.dtype == theirs.dtype
        assert torch.equal(ours, theirs)
for made in (between, parallel):
    try:
        next(made)
    except ValueError as error:
        assert str(error) == "no such face"
    else:
        raise AssertionError("the error was lost")

made = feed(Batches(), torch.device("cpu"), 2)
next(made)
for process in multiprocessing.active_children():
    process.kill()
try:
    while True:
        next(made)
except UsageError as error:
    assert "fewer --workers" in str(error)
"""


def test_processes_make_the_same_views_in_the_same_order() -> None:
    run(FEED)


# The teacher sees 32 px and is right; the labels are wrong. The student sees 24 px.
TAUGHT = """
import sys
from argparse import Namespace
from pathlib import Path

import keras
import numpy as np
import torch

from agecam.models.networks import compact
from training.compact.adamw import rate_schedule
from training.compact.losses import DistilledLoss, DistributionLoss
from training.compact.torch_fit import fit

torch.set_num_threads(1)
SHAPE = {"stem": 8, "stages": ((8, 1), (16, 1)), "dropout": 0.0}

class Batches:
    epoch = 0

    def __len__(self):
        return 40

    def __getitem__(self, index):
        random = np.random.default_rng((self.epoch, index))
        shades = random.integers(0, 2, 16)
        faces = np.full((16, 32, 32, 3), 60, np.uint8) + (120 * shades[:, None, None, None]).astype(np.uint8)
        return faces, WRONG[shades]

    def on_epoch_begin(self):
        self.epoch += 1

def distribution(age):
    row = np.zeros(103, np.float32)
    row[age], row[101] = 1, 1
    return row

WRONG = np.stack([distribution(70), distribution(70)])

class Validation(keras.callbacks.Callback):
    epochs = 0

    def on_epoch_end(self, epoch, logs=None):
        self.epochs += 1

def run(network, targets, teacher, **more):
    global WRONG
    WRONG = targets
    options = Namespace(
        out=Path(sys.argv[1]), epochs=4, rate=0.01, decay=0.0, ema=0.8, bfloat16=False, jit=False, quiet=True,
        no_backup=True, workers=None, **({"minutes": None} | more),
    )
    labels = DistributionLoss(expectation=0.1, reduction=None if teacher else "mean")
    loss = DistilledLoss(labels, 0.9) if teacher else labels
    validation = Validation()
    fit(network, teacher, Batches(), loss, rate_schedule(options, 40), validation, options)
    return validation.epochs

def ages(network, size_px):
    faces = np.stack([np.full((size_px, size_px, 3), shade, np.float32) for shade in (60, 180)])
    return network.predict(faces, verbose=0)[:, :101].argmax(1).tolist()

keras.utils.set_random_seed(1)
teacher = compact(32, **SHAPE)
run(teacher, np.stack([distribution(20), distribution(50)]), None)
assert ages(teacher, 32) == [20, 50], ages(teacher, 32)
student = compact(24, **SHAPE)
wrong = np.stack([distribution(70), distribution(70)])
assert run(student, wrong, teacher) == 4
assert ages(student, 24) == [20, 50], ages(student, 24)
assert run(student, wrong, teacher, minutes=1e-6) == 1  # ends after its first step
"""


def test_a_student_learns_from_a_teacher_of_another_size_and_stops_in_time(tmp_path: Path) -> None:
    run(TAUGHT, str(tmp_path))
