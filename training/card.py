"""Write a model's card for people, `NAME.md` beside `NAME.json`, from what the other steps measured.

    python -m training.card --weights compact --evaluation runs/evaluation/evaluation.json \\
        --robustness runs/robustness/robustness.json

Every figure in it comes from these files. They must be of these very weights, calibrated as they are, and the
evaluation of the split `test`; else the card is refused.
"""

import argparse
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from agecam.backends.keras import load_model
from agecam.errors import UsageError
from agecam.models.card import Card
from training import calibrate, command, evaluate, robustness
from training.files import read_json, write_text
from training.known_sets import described
from training.tables import APPARENT_ERROR, OVERALL, Figures, markdown, of_robustness, of_sets, table

FEW = 30
"""Parts of a set with fewer faces are not singled out in words."""
CHILDREN = ("0-2", "3-9", "10-19")
"""Age bands that are told apart."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", default="compact", help="name of a model, or path of its card or weights")
    parser.add_argument("--evaluation", type=Path, default=Path("runs/evaluation/evaluation.json"))
    parser.add_argument("--robustness", type=Path, help="left out of the card where it is not named")
    options = parser.parse_args()
    card, network = load_model(options.weights)
    evaluated = read_json(options.evaluation, evaluate.MADE_BY)
    check(card, evaluated, options.evaluation)
    disturbed = None
    if options.robustness:
        disturbed = read_json(options.robustness, robustness.MADE_BY)
        check(card, disturbed, options.robustness)
    target = write_text(card.path.with_suffix(".md"), written(card, network.count_params(), evaluated, disturbed))
    print(f"{target}: {target.stat().st_size / 1e3:.0f} kB")


def check(card: Card, content: dict[str, Any], path: Path) -> None:
    """Raises UsageError where a result file is not of this model's `test`."""
    again = f"run python -m {content['made_by']} again with --weights {card.name}"
    if content.get("sha256") != card.sha256:
        raise UsageError(f"{path} was measured with other weights than those of '{card.name}': {again}.")
    if content.get("calibration") != asdict(card.calibration):
        raise UsageError(f"{path} was measured with another calibration than that of '{card.name}': {again}.")
    if content.get("split") != "test":
        raise UsageError(f"{path} is of the split '{content.get('split')}': a card tells of 'test', so {again}.")
    if not content.get("sets"):
        raise UsageError(f"{path} tells of no set: {again}.")


def written(card: Card, parameters: int, evaluated: dict[str, Any], disturbed: dict[str, Any] | None) -> str:
    """The card in Markdown."""
    sets: dict[str, Figures] = evaluated["sets"]
    parts = [
        f"# AgeCam model `{card.name}`",
        f"Guesses the apparent age and the gender of a face. Network `{card.network}`, {parameters:,} parameters, on "
        f"faces of {card.input_size_px} px, exported {card.date}, measured {evaluated['date']}. The weights' SHA-256 "
        f"begins with `{card.sha256[:16]}`. This file is made by `python -m training.card`, with every figure in it.",
        *_uses(),
        "## Data",
        _data(card, sets),
        f"Nothing is chosen by `test`. {card.licence}",
        "## How good it is",
        *of_sets(sets, level=3),
        "## Children",
        *_children(sets),
        "## How far to trust what it says of itself",
        *_trust(card, sets),
        *_robust(disturbed),
        "## Limits",
        _bullets(_limits(sets)),
        "## How to make it again",
        _again(card, evaluated, disturbed),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _uses() -> list[str]:
    return [
        "## What it is for, and what not",
        "It tells what a face looks like: the *apparent* age, the age that people would guess, and which of two words "
        "annotators would have chosen for the gender. It is made for demonstrations, for play and for research.",
        "It is not for decisions about a person. It does not know anybody's age, so it must not open or close a door, "
        "sell or refuse a thing, or check a document; and it does not know anybody's gender, which no picture shows. "
        "It does not recognise people. Where it is shown to people, tell them so, and let them hide the gender.",
    ]


def _data(card: Card, sets: dict[str, Figures]) -> str:
    rows = []
    for of in card.data_sets:
        known = described(of["name"])
        counts = [f"{of.get(split, 0):,}" for split in ("train", "val", "test")]
        rows.append([known.title, known.what, known.licence, *counts])
    trained_on = {of["name"] for of in card.data_sets}
    for name, figures in sets.items():
        if name not in trained_on:
            known = described(name)
            rows.append(
                [f"{known.title} (only measured on)", known.what, known.licence, "", "", f"{figures['faces']:,}"]
            )
    return markdown(["set", "what it is", "licence of the pictures", "train", "val", "test"], rows)


def _children(sets: dict[str, Figures]) -> list[str]:
    rows = {
        f"{name}, {band}": figures["by"]["age"][band]
        for name, figures in sets.items()
        for band in CHILDREN
        if band in figures["by"]["age"]
    }
    if not rows:
        return ["None of the sets shows faces under twenty: nothing is known of how it does on them."]
    worse = [
        f"{name} ({_least_gender(figures)} against {figures['gender']:.1%} of all)"
        for name, figures in sets.items()
        if any(band in figures["by"]["age"] for band in CHILDREN)
    ]
    return [
        table(rows, (*OVERALL, APPARENT_ERROR), "set and age"),
        f"Right genders in the hardest of these bands: {', '.join(worse)}. Show no gender for children.",
    ]


def _least_gender(figures: Figures) -> str:
    bands = [figures["by"]["age"][band] for band in CHILDREN if band in figures["by"]["age"]]
    return f"{min(band['gender'] for band in bands):.1%}"


def _trust(card: Card, sets: dict[str, Figures]) -> list[str]:
    promised = (
        "The 80 % interval is set on `val` so that it covers four of five ages of the sets that it is trained on, "
        "taken together (split conformal prediction; sets count alike). That is an average: by age and by group it "
        "covers more or less, as the tables tell. On other kinds of pictures nothing is promised. Harder pictures are "
        "covered less; and labels that average many people's guesses are covered more, single guesses of those people "
        "less, since the interval is made for labels that are each one judgement with its own error."
    )
    measured = [
        f"{name}: {figures['coverage']:.1%} of the ages, {_by_band(figures)} by age band"
        for name, figures in sets.items()
        if "coverage" in figures
    ]
    measured += [
        f"{name}: touches {figures['range_touched']:.1%} of the ranges"
        for name, figures in sets.items()
        if "range_touched" in figures
    ]
    measured += [
        f"{name}: {figures['covered_guesses']:.1%} of single raters' guesses, if these are normally distributed"
        for name, figures in sets.items()
        if "covered_guesses" in figures
    ]
    gender = ", ".join(
        f"{name} {figures['calibration_error']:.1%} ({figures['calibration_error_by_chance']:.1%} by chance alone)"
        for name, figures in sets.items()
    )
    parts = [promised, _bullets(measured)]
    if reports := card.metrics.get("calibration"):
        parts += [
            "What calibration saw on `val`; 'left out' is a set's coverage had only the others been known, which shows "
            "how far a new set may lie off:",
            calibrate.told(card.calibration, reports),
        ]
    parts.append(f"Gender probabilities are off by this much on average (expected calibration error): {gender}.")
    return parts


def _by_band(figures: Figures) -> str:
    bands = figures["by"]["age"].values()
    values = [band["coverage"] for band in bands if "coverage" in band and band["faces"] >= FEW]
    return f"{min(values):.0%} to {max(values):.0%}" if values else "with too few faces to tell"


def _robust(disturbed: dict[str, Any] | None) -> list[str]:
    if disturbed is None:
        return []
    return [
        "## How far it is thrown off",
        of_robustness(disturbed["sets"]),
        "In brackets the change against the same faces as they are. Light, scan and dust are simulated.",
    ]


def _limits(sets: dict[str, Figures]) -> list[str]:
    sentences = []
    for name, figures in sets.items():
        for kind, what in (("age", "in the age band"), ("race", "in the group"), ("gender", "of those labelled")):
            parts = {f"{what} {part}": of for part, of in figures["by"][kind].items() if of["faces"] >= FEW}
            sentences += [f"{name}: {sentence}." for sentence in _extremes(parts)]
    for name, figures in sets.items():
        if "end_to_end" in figures:
            missed = 1 - figures["end_to_end"]["found"]
            sentences.append(f"{name}: {missed:.1%} of the faces are not found in the whole pictures.")
    sentences.append(
        "The labels have errors of their own, and the words for race and gender are those of the sets' annotators; "
        f"parts of fewer than {FEW} faces are in the tables but not singled out here."
    )
    return sentences


def _extremes(parts: dict[str, Figures]) -> list[str]:
    """In words, where figures are best and worst."""
    sentences = []
    for key, lowest_is_best, told in (
        ("mae", True, "the mean error is {:.2f} years {} and {:.2f} {}"),
        ("range_exact", False, "the range is right for {:.0%} {} and for {:.0%} {}"),
        ("gender", False, "the gender is right for {:.1%} {} and for {:.1%} {}"),
    ):
        order = sorted((of[key], part) for part, of in parts.items() if key in of)
        if len(order) > 1:
            best, worst = (order[0], order[-1]) if lowest_is_best else (order[-1], order[0])
            sentences.append(told.format(*best, *worst))
    return sentences


def _again(card: Card, evaluated: dict[str, Any], disturbed: dict[str, Any] | None) -> str:
    def zips(names: Sequence[str]) -> str:
        return " ".join(f"faces/{name}.zip" for name in names)

    trained = [of["name"] for of in card.data_sets]
    commands = [
        f"python -m training.crops --data {zips(trained)}",
        f"python -m training.train --crops {' '.join(f'cache/crops/{name}.npz' for name in trained)} "
        f"--out runs/{card.name}",
        f"python -m training.export --run runs/{card.name} --data {zips(trained)} --name {card.name}",
        f"python -m training.evaluate --weights {card.name} --data {zips(list(evaluated['sets']))} --onto-card",
    ]
    if disturbed is not None:
        commands.append(f"python -m training.robustness --weights {card.name} --data {zips(list(disturbed['sets']))}")
    last = " --robustness runs/robustness/robustness.json" if disturbed is not None else ""
    commands.append(f"python -m training.card --weights {card.name}{last}")
    return (
        "`training/README.md` tells how the sets are to look and how the training went; its options are there.\n\n"
        + "\n".join(f"    {line}" for line in commands)
    )


def _bullets(sentences: Sequence[str]) -> str:
    return "\n".join(f"- {sentence}" for sentence in sentences)


if __name__ == "__main__":
    command(main)
