"""Export a finished run as a model for the program: weights and card in `assets/models/`.

    python -m training.compact.export --run runs/compact --data faces/{utkface,fairface,aaf}.zip --name compact
    python -m training.evaluation.evaluate --weights compact --data faces/{utkface,fairface,aaf,omi}.zip --onto-card

Calibrates on the `val` split; see training.evaluation.calibrate.
"""

import argparse
import datetime
import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from agecam.errors import UsageError
from agecam.models.card import CONVENTIONS, WEIGHTS_SUFFIX, Card
from agecam.models.files import file_digest
from agecam.models.networks import build_network
from agecam.runtime.files import whole_file
from agecam.types import CropSpec
from training import command
from training.compact.onnx_export import form_summary, write_onnx
from training.data.crops import Crops
from training.data.face_zip import FaceZip
from training.data.known_sets import known_network, weights_licence
from training.data.opinions import asked_networks
from training.evaluation.calibrate import UNCALIBRATED, calibrate, calibration_summary
from training.files import write_json


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, required=True, help="folder that training.compact.train wrote")
    parser.add_argument("--data", nargs="+", type=Path, required=True, metavar="ZIP", help="what it was trained on")
    parser.add_argument("--name", default="compact")
    parser.add_argument("--out", type=Path, default=Path("assets/models"))
    options = parser.parse_args()
    run = read_run(options.run)
    crops = Crops.load([Path("cache/crops") / f"{path.stem}.npz" for path in options.data])
    arguments = json.loads(run["arguments"])
    network = build_network(run["network"], crops.size_px, **arguments)
    network.load_weights(options.run / "best.keras")

    card_path = options.out / f"{options.name}.json"
    weights_path = card_path.with_suffix(WEIGHTS_SUFFIX)
    with whole_file(weights_path) as part:
        network.save_weights(part)
    card = Card(
        name=options.name,
        network=run["network"],
        arguments=arguments,
        crop=CropSpec(crops.size_px, crops.margin),
        **CONVENTIONS,
        calibration=UNCALIBRATED,
        licence=weights_licence(path.stem for path in options.data),
        date=datetime.date.today().isoformat(),
        data_sets=[_counts(path) for path in options.data],
        opinions=_opinions([Path(path) for path in run.get("opinions", [])]),
        metrics={},
        sha256=file_digest(weights_path),
        path=card_path,
    )
    form = write_onnx(network, card_path)
    card = replace(card, forms=[form])
    calibration, reports = calibrate(card, options.data)
    card = replace(card, calibration=calibration, metrics={"calibration": reports})
    write_json(card_path, card.as_dict(), indent=2)
    print(f"{weights_path}: {weights_path.stat().st_size / 2**20:.1f} MiB, {network.count_params():,} parameters")
    print(form_summary(card, form))
    print(calibration_summary(calibration, reports))


def read_run(folder: Path) -> dict[str, Any]:
    """The options of a run of training.compact.train; raises UsageError if the folder holds none."""
    try:
        run: dict[str, Any] = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(
            f"{folder} contains no run of training.compact.train ({error}): pass its --out folder."
        ) from error
    if not (folder / "best.keras").exists():
        raise UsageError(f"{folder} has no best.keras yet: let training.compact.train finish an epoch.")
    return run


def _counts(path: Path) -> dict[str, Any]:
    faces = FaceZip(path).faces
    return {"name": path.stem, **{split: sum(f.split == split for f in faces) for split in ("train", "val", "test")}}


def _opinions(paths: list[Path]) -> list[dict[str, Any]]:
    asked = asked_networks(paths)
    return [{"name": name, **asdict(known_network(name)), "asked_about": sets} for name, sets in asked.items()]


if __name__ == "__main__":
    command(main)
