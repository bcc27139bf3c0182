"""Average the weights of several runs of the same network (Wortsman et al. 2022).

    python -m training.compact.average --weights first.weights.h5 runs/second/best.keras runs/second/last.keras \
        --shares 0.2 0.4 0.4 --run runs/second --out runs/compact

All must have begun with the same weights; else their mean means nothing. Choose the shares on `val`. The result is a
run for training.compact.export. Expected for the shipped weights: training/README.md.
"""

import argparse
import json
from pathlib import Path

import keras
import numpy as np

from agecam.errors import UsageError
from agecam.models.card import WEIGHTS_SUFFIX
from agecam.models.networks import build_network
from agecam.runtime.files import whole_file
from training import command
from training.compact.export import read_run
from training.files import write_json


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", nargs="+", type=Path, required=True, metavar="FILE", help=".keras or .weights.h5")
    parser.add_argument("--shares", nargs="+", type=float, metavar="SHARE", help="of each file; equal by default")
    parser.add_argument("--run", type=Path, required=True, help="the run that describes the network and its training")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    shares = options.shares or [1 / len(options.weights)] * len(options.weights)
    if len(shares) != len(options.weights) or not np.isclose(sum(shares), 1):
        raise UsageError("--shares must give one share per file of --weights, and 1 in all.")
    run = read_run(options.run)
    network = build_network(run["network"], run["size_px"], **json.loads(run["arguments"]))
    each = [_weights_of(network, path) for path in options.weights]
    network.set_weights(
        [sum(share * array for share, array in zip(shares, arrays, strict=True)) for arrays in zip(*each, strict=True)]
    )
    options.out.mkdir(parents=True, exist_ok=True)
    with whole_file(options.out / "best.keras") as part:
        network.save(part)
    averaged = [{"file": path.name, "share": share} for path, share in zip(options.weights, shares, strict=True)]
    write_json(options.out / "run.json", run | {"averaged": averaged})
    print(f"{options.out / 'best.keras'}: the mean of {len(each)} files")


def _weights_of(network: keras.Model, path: Path) -> list[np.ndarray]:
    try:
        if path.name.endswith(WEIGHTS_SUFFIX):
            network.load_weights(path)
            return list(network.get_weights())
        weights = list(keras.models.load_model(path, compile=False).get_weights())
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} cannot be read ({error}): pass weights of this network.") from error
    if [array.shape for array in weights] != [array.shape for array in network.get_weights()]:
        raise UsageError(f"{path} holds another network than {network.name}: pass weights of this one.")
    return weights


if __name__ == "__main__":
    command(main)
