"""Write a model's card for people, `NAME.md` next to `NAME.json`, from the results of the other steps.

    python -m training.evaluation.card --weights compact --evaluation runs/evaluation/evaluation.json \\
        --robustness runs/robustness/robustness.json

All figures come from these files. They must be results on the split `test`, measured with the same weights and
calibration; otherwise no card is written.
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from agecam.backends.keras import load_model
from agecam.errors import UsageError
from agecam.models.card import Card
from training import command
from training.data.known_sets import known_set
from training.evaluation import calibrate, evaluate, robustness
from training.evaluation.figures import Figures
from training.evaluation.tables import APPARENT_ERROR, OVERALL, robustness_table, set_tables, table
from training.files import markdown_table, read_json, write_text

MIN_FACES = 30
"""Groups with fewer faces are left out of the sentences."""
CHILDREN = ("0-2", "3-9", "10-19")
"""Age bands of the section on children."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", default="compact", help="name of a model, or path of its card or weights")
    parser.add_argument("--evaluation", type=Path, default=Path("runs/evaluation/evaluation.json"))
    parser.add_argument(
        "--robustness",
        type=Path,
        help="results of training.evaluation.robustness; without them the card has no such section",
    )
    options = parser.parse_args()
    card, network = load_model(options.weights)
    evaluated = read_json(options.evaluation, evaluate.MADE_BY)
    check(card, evaluated, options.evaluation)
    disturbed = None
    if options.robustness:
        disturbed = read_json(options.robustness, robustness.MADE_BY)
        check(card, disturbed, options.robustness)
    target = write_text(card.path.with_suffix(".md"), render(card, network.count_params(), evaluated, disturbed))
    print(f"{target}: {target.stat().st_size / 1e3:.0f} kB")


def check(card: Card, content: dict[str, Any], path: Path) -> None:
    """Raises UsageError unless a result file belongs to this model and to the split `test`."""
    again = f"run python -m {content['made_by']} again with --weights {card.name}"
    if content.get("sha256") != card.sha256:
        raise UsageError(f"{path} was measured with other weights than those of '{card.name}': {again}.")
    if content.get("calibration") != json.loads(json.dumps(asdict(card.calibration))):
        raise UsageError(f"{path} was measured with another calibration than that of '{card.name}': {again}.")
    if content.get("split") != "test":
        raise UsageError(f"{path} is for the split '{content.get('split')}', but a card reports 'test': {again}.")
    if not content.get("sets"):
        raise UsageError(f"{path} contains no sets: {again}.")


def render(card: Card, parameters: int, evaluated: dict[str, Any], disturbed: dict[str, Any] | None) -> str:
    """The card in Markdown."""
    sets: dict[str, Figures] = evaluated["sets"]
    parts = [
        f"# AgeCam model `{card.name}`",
        f"Estimates the apparent age and the gender of a face. Network `{card.network}`, {parameters:,} parameters, "
        f"input of {card.input_size_px} px, exported {card.date}, measured {evaluated['date']}. The SHA-256 of the "
        f"weights starts with `{card.sha256[:16]}`. `python -m training.evaluation.card` generates this file, with all "
        "figures in it.",
        *_uses(),
        "## Data",
        _data(card, sets),
        *_opinions(card),
        f"The `test` split was not used for any choice. {card.licence}",
        "## Results",
        *set_tables(sets, level=3),
        "## Children",
        *_children(sets),
        "## Calibration",
        *_calibration(card, sets),
        *_robustness(disturbed),
        "## Limits",
        _bullets(_limits(sets)),
        "## How to reproduce it",
        _reproduction(card, evaluated, disturbed),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _uses() -> list[str]:
    return [
        "## Intended use and limits of use",
        "The model estimates how a face appears: the *apparent* age, which is the age that people would estimate, and "
        "which of two gender labels annotators would have chosen. It is made for demonstrations, entertainment and "
        "research.",
        "It is not for decisions about a person. It does not measure anyone's real age, so it must not control access, "
        "permit or refuse a sale, or check a document. It does not measure anyone's gender either, which no picture "
        "shows. It does not recognise people. When you show results to people, tell them this, and let them hide the "
        "gender.",
    ]


def _data(card: Card, sets: dict[str, Figures]) -> str:
    rows = []
    for of in card.data_sets:
        known = known_set(of["name"])
        counts = [f"{of.get(split, 0):,}" for split in ("train", "val", "test")]
        rows.append([known.title, known.what, known.licence, *counts])
    trained_on = {of["name"] for of in card.data_sets}
    for name, figures in sets.items():
        if name not in trained_on:
            known = known_set(name)
            rows.append(
                [f"{known.title} (only measured on)", known.what, known.licence, "", "", f"{figures['faces']:,}"]
            )
    return markdown_table(["set", "description", "licence of the pictures", "train", "val", "test"], rows)


def _opinions(card: Card) -> list[str]:
    if not card.opinions:
        return []
    rows = []
    for of in card.opinions:
        titles = ", ".join(known_set(name).title for name in of["asked_about"])
        rows.append([of["title"], of["what"], of["licence"], of["trained_on"], titles])
    return [
        "The network learned not only the labels but also what other networks say of the same faces:",
        markdown_table(["network", "description", "licence of its weights", "trained on", "asked about"], rows),
    ]


def _children(sets: dict[str, Figures]) -> list[str]:
    rows = {
        f"{name}, {band}": figures["by"]["age"][band]
        for name, figures in sets.items()
        for band in CHILDREN
        if band in figures["by"]["age"]
    }
    if not rows:
        return ["None of the sets has faces under twenty, so the error on them is unknown."]
    lowest = [
        f"{name} ({_lowest_gender(figures)}, compared with {figures['gender']:.1%} for all faces)"
        for name, figures in sets.items()
        if any(band in figures["by"]["age"] for band in CHILDREN)
    ]
    return [
        table(rows, (*OVERALL, APPARENT_ERROR), "set and age"),
        f"Share of correct genders in the worst of these age bands: {', '.join(lowest)}. Do not show a gender for "
        "children.",
    ]


def _lowest_gender(figures: Figures) -> str:
    bands = [figures["by"]["age"][band] for band in CHILDREN if band in figures["by"]["age"]]
    return f"{min(band['gender'] for band in bands):.1%}"


def _calibration(card: Card, sets: dict[str, Figures]) -> list[str]:
    guarantee = (
        "The 80 % interval is calibrated on `val` to cover four out of five ages of the training sets taken together "
        "(split conformal prediction; all sets have equal weight). How much of the distribution it leaves out depends "
        "on the estimated age, so that it covers about as many of the young as of the old. This is an average: "
        "coverage differs by age and by group, as the tables show. There is no guarantee for other kinds of pictures. "
        "Coverage is lower for harder pictures. It is higher for labels that average many people's estimates, and "
        "lower for the single estimates of those people, since the interval is made for labels that are each one "
        "estimate with its own error."
    )
    measured = [
        f"{name}: covers {figures['coverage']:.1%} of the ages, {_range_by_band(figures)} by age band"
        for name, figures in sets.items()
        if "coverage" in figures
    ]
    measured += [
        f"{name}: overlaps {figures['range_touched']:.1%} of the ranges"
        for name, figures in sets.items()
        if "range_touched" in figures
    ]
    measured += [
        f"{name}: covers {figures['covered_guesses']:.1%} of single raters' estimates, assuming a normal distribution"
        for name, figures in sets.items()
        if "covered_guesses" in figures
    ]
    gender = ", ".join(
        f"{name} {figures['calibration_error']:.1%} ({figures['calibration_error_by_chance']:.1%} by chance alone)"
        for name, figures in sets.items()
    )
    parts = [guarantee, _bullets(measured)]
    if reports := card.metrics.get("calibration"):
        parts += [
            "Results of the calibration on `val`; 'left out' is a set's coverage with a calibration on the other sets "
            "only, which shows how far off a new set may be:",
            calibrate.calibration_summary(card.calibration, reports),
        ]
    parts.append(f"Mean error of the gender probabilities (expected calibration error): {gender}.")
    return parts


def _range_by_band(figures: Figures) -> str:
    bands = figures["by"]["age"].values()
    values = [band["coverage"] for band in bands if "coverage" in band and band["faces"] >= MIN_FACES]
    return f"{min(values):.0%} to {max(values):.0%}" if values else "with too few faces for figures"


def _robustness(disturbed: dict[str, Any] | None) -> list[str]:
    if disturbed is None:
        return []
    return [
        "## Robustness",
        robustness_table(disturbed["sets"]),
        "Values in brackets: change compared with the same faces undisturbed. Light, scan and dust are simulated.",
    ]


def _limits(sets: dict[str, Figures]) -> list[str]:
    sentences = []
    for name, figures in sets.items():
        for kind, what in (("age", "in the age band"), ("race", "in the group"), ("gender", "of those labelled")):
            groups = {f"{what} {part}": of for part, of in figures["by"][kind].items() if of["faces"] >= MIN_FACES}
            sentences += [f"{name}: {sentence}." for sentence in _extremes(groups)]
    for name, figures in sets.items():
        if "end_to_end" in figures:
            missed = 1 - figures["end_to_end"]["found"]
            sentences.append(f"{name}: {missed:.1%} of the faces are not found in whole pictures.")
    sentences.append(
        "The labels contain errors, and the terms for race and gender are those of the sets' annotators. Groups of "
        f"fewer than {MIN_FACES} faces are in the tables but not in this list."
    )
    return sentences


def _extremes(groups: dict[str, Figures]) -> list[str]:
    """Sentences on the groups with the best and the worst figures."""
    sentences = []
    for key, lowest_is_best, sentence in (
        ("mae", True, "the mean error is {:.2f} years {} and {:.2f} {}"),
        ("range_exact", False, "the range is correct for {:.0%} {} and for {:.0%} {}"),
        ("gender", False, "the gender is correct for {:.1%} {} and for {:.1%} {}"),
    ):
        order = sorted((of[key], group) for group, of in groups.items() if key in of)
        if len(order) > 1:
            best, worst = (order[0], order[-1]) if lowest_is_best else (order[-1], order[0])
            sentences.append(sentence.format(*best, *worst))
    return sentences


def _reproduction(card: Card, evaluated: dict[str, Any], disturbed: dict[str, Any] | None) -> str:
    def zips(names: Sequence[str]) -> str:
        return " ".join(f"faces/{name}.zip" for name in names)

    trained = [of["name"] for of in card.data_sets]
    commands = [
        f"python -m training.data.crops --data {zips(trained)}",
        f"python -m training.compact.train --crops {' '.join(f'cache/crops/{name}.npz' for name in trained)} "
        f"--out runs/{card.name}",
        f"python -m training.compact.export --run runs/{card.name} --data {zips(trained)} --name {card.name}",
        f"python -m training.evaluation.evaluate --weights {card.name} --data {zips(list(evaluated['sets']))} "
        "--onto-card",
    ]
    if disturbed is not None:
        commands.append(
            f"python -m training.evaluation.robustness --weights {card.name} --data {zips(list(disturbed['sets']))}"
        )
    last = " --robustness runs/robustness/robustness.json" if disturbed is not None else ""
    commands.append(f"python -m training.evaluation.card --weights {card.name}{last}")
    return "`training/README.md` describes the format of the sets and the training with its options.\n\n" + "\n".join(
        f"    {line}" for line in commands
    )


def _bullets(sentences: Sequence[str]) -> str:
    return "\n".join(f"- {sentence}" for sentence in sentences)


if __name__ == "__main__":
    command(main)
