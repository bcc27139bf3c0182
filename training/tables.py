"""Figures as Markdown tables."""

from collections.abc import Callable, Sequence
from typing import Any

from training.metrics import RESAMPLES

Figures = dict[str, Any]
Cell = Callable[[Figures], str]


def _plain(key: str, form: str) -> Cell:
    return lambda row: form.format(row[key]) if row.get(key) is not None else ""


def _with_interval(key: str) -> Cell:
    def cell(row: Figures) -> str:
        if row.get(key) is None:
            return ""
        low, high = row[f"{key}_interval"]
        return f"{row[key]:.2f} ({low:.2f} to {high:.2f})"

    return cell


def _of_gender(key: str, gender: str) -> Cell:
    def cell(row: Figures) -> str:
        share = row.get(key, {}).get(gender)
        return "" if share is None else f"{share:.1%}"

    return cell


def _confused(label: str, guess: str) -> Cell:
    return lambda row: f"{row['confusion'][label][guess]:,}" if "confusion" in row else ""


def _area(key: str, form: str) -> Cell:
    return lambda row: form.format(row[key]["area"]) if key in row else ""


FACES = ("faces", _plain("faces", "{:,}"))
ERROR = ("MAE (years)", _with_interval("mae"))
APPARENT_ERROR = ("apparent MAE", _with_interval("apparent_mae"))
RIGHT_RANGE = ("range exact", _plain("range_exact", "{:.1%}"))
RIGHT_GENDER = ("gender", _plain("gender", "{:.1%}"))
COVERED = ("80 % interval covers", _plain("coverage", "{:.1%}"))
TOUCHED = ("touches the range", _plain("range_touched", "{:.1%}"))

OVERALL = (
    FACES,
    ("found", _plain("found", "{:.1%}")),
    ERROR,
    ("bias", _plain("bias", "{:+.2f}")),
    ("CS@5", _plain("within_5", "{:.1%}")),
    RIGHT_RANGE,
    ("one off", _plain("range_one_off", "{:.1%}")),
    RIGHT_GENDER,
    ("unsure", _plain("unsure", "{:.1%}")),
    COVERED,
    TOUCHED,
    ("its width", _plain("interval_years", "{:.1f}")),
)
RATED = (
    ("faces", _plain("rated", "{:,}")),
    APPARENT_ERROR,
    ("apparent bias", _plain("apparent_bias", "{:+.2f}")),
    ("ChaLearn error", _plain("chalearn_error", "{:.3f}")),
    ("80 % interval covers the raters' mean", _plain("coverage", "{:.1%}")),
    ("and single guesses", _plain("covered_guesses", "{:.1%}")),
)
GENDER = (
    RIGHT_GENDER,
    ("precision female", _of_gender("precision", "female")),
    ("recall female", _of_gender("recall", "female")),
    ("precision male", _of_gender("precision", "male")),
    ("recall male", _of_gender("recall", "male")),
    ("female as female", _confused("female", "female")),
    ("as male", _confused("female", "male")),
    ("male as male", _confused("male", "male")),
    ("as female", _confused("male", "female")),
    ("right where not unsure", _plain("gender_when_sure", "{:.1%}")),
    ("calibration error", _plain("calibration_error", "{:.1%}")),
    ("by chance", _plain("calibration_error_by_chance", "{:.1%}")),
)
DOUBT = (
    ("area under MAE", _area("age_risk", "{:.2f}")),
    ("area under wrong range", _area("range_risk", "{:.3f}")),
    ("area under wrong gender", _area("gender_risk", "{:.3f}")),
)
WAYS = (
    FACES,
    ERROR,
    APPARENT_ERROR,
    ("ChaLearn error", _plain("chalearn_error", "{:.3f}")),
    RIGHT_RANGE,
    RIGHT_GENDER,
    COVERED,
    TOUCHED,
)

WORDS = f"""\
MAE is the mean absolute error in years, with the 95 % bootstrap interval of {RESAMPLES:,} resamples. Bias is signed:
positive is guessed too old. CS@5 is the share within five years. Where only ranges are known, 'range exact' and 'one
off' tell how often the likeliest range is the right one, or next to it, and an interval can but touch the range.
Gender counts the likelier of two words, also where the program says 'unsure'. 'Found' is the share of faces that the
detector finds in the picture with some room added around it."""

GENDER_WORDS = """\
The calibration error (ECE) is how far the probability is off the share of right genders, on average; 'by chance' is
what it would be on so many faces if every probability were true."""

DOUBT_WORDS = """\
The error among the faces that the network is surest of, averaged over all shares of them from the first to all: smaller
is better, and far below the error of all faces means that the network knows when it does not know."""

WAYS_WORDS = """\
The whole program on pictures of which it knows nothing, the face nearest the middle taken for the labelled one; beside
it, the same faces cut where training.locate places them."""


def table(rows: dict[str, Figures], columns: Sequence[tuple[str, Cell]], first: str = "set") -> str:
    """A Markdown table, without the columns that no row has; empty where that leaves none."""
    cells = {name: [cell(row) for _, cell in columns] for name, row in rows.items()}
    used = [place for place in range(len(columns)) if any(row[place] for row in cells.values())]
    if not used:
        return ""
    return markdown(
        [first, *(columns[place][0] for place in used)],
        [[name, *(row[place] for place in used)] for name, row in cells.items()],
    )


def markdown(heading: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Cells as a Markdown table."""
    lines = [heading, ["---"] * len(heading), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def of_sets(sets: dict[str, Figures], level: int = 2) -> list[str]:
    """Headings and tables of all sets of an evaluation."""
    mark = "#" * level
    text = [f"{mark} All faces", table(sets, OVERALL), WORDS]
    if rated := {name: of for name, of in sets.items() if "rated" in of}:
        text += [f"{mark} Against what people guessed", table(rated, RATED)]
    text += [f"{mark} Gender", table(sets, GENDER), GENDER_WORDS]
    text += [f"{mark} Of those it is surest of", table(sets, DOUBT), DOUBT_WORDS]
    if ways := of_ways(sets):
        text += [f"{mark} From whole pictures", ways, WAYS_WORDS]
    for name, figures in sets.items():
        for kind, parts in figures["by"].items():
            if parts:
                text += [f"{mark} {name} by {kind}", table(parts, (*OVERALL, APPARENT_ERROR), kind)]
    return text


def of_ways(sets: dict[str, Figures]) -> str:
    """How the same faces fare from whole pictures and cut by themselves; empty where nobody looked."""
    rows = {}
    for name, figures in sets.items():
        way = figures.get("end_to_end")
        if way is None:
            continue
        rows[f"{name}: all faces by themselves"] = figures
        if "found_faces" in way:
            rows[f"{name}: found in whole pictures ({way['found']:.1%})"] = way["found_faces"]
            rows[f"{name}: the same faces by themselves"] = way["same_faces_alone"]
    return table(rows, WAYS, "set and way") if rows else ""


ROBUST = (
    ("apparent_mae", "apparent MAE", "{:.2f} ({:+.2f})"),
    ("mae", "MAE", "{:.2f} ({:+.2f})"),
    ("range_exact", "range exact", "{:.1%} ({:+.1%})"),
)
"""What tells the age error of a set, best first."""


def of_robustness(sets: dict[str, Figures]) -> str:
    """One row a disturbance; of each set the age error and the gender, with their changes in brackets."""
    heading, columns = ["faces as they are, and"], []
    for name, of in sets.items():
        plain = of["figures"]["plain"]
        key, title, form = next(row for row in ROBUST if row[0] in plain)
        heading += [f"{name} {title} ({of['faces']:,} faces)", "gender"]
        columns += [(name, key, form), (name, "gender", "{:.1%} ({:+.1%})")]
    rows = []
    for variant in next(iter(sets.values()))["figures"]:
        cells = [(sets[name]["figures"][variant], key, form) for name, key, form in columns]
        rows.append([variant, *(_changed(*cell) for cell in cells)])
    return markdown(heading, rows)


def _changed(row: Figures, key: str, form: str) -> str:
    change = f"{key}_change"
    return form.format(row[key], row[change]) if change in row else form.split(" ")[0].format(row[key])
