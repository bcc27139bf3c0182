"""Markdown tables of the figures."""

from collections.abc import Callable, Sequence

from training.evaluation.figures import Figures
from training.evaluation.metrics import RESAMPLES
from training.files import markdown_table

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


def _gender_share(key: str, gender: str) -> Cell:
    def cell(row: Figures) -> str:
        share = row.get(key, {}).get(gender)
        return "" if share is None else f"{share:.1%}"

    return cell


def _confused(label: str, estimate: str) -> Cell:
    return lambda row: f"{row['confusion'][label][estimate]:,}" if "confusion" in row else ""


def _area(key: str, form: str) -> Cell:
    return lambda row: form.format(row[key]["area"]) if key in row else ""


FACES = ("faces", _plain("faces", "{:,}"))
ERROR = ("MAE (years)", _with_interval("mae"))
APPARENT_ERROR = ("apparent MAE", _with_interval("apparent_mae"))
RIGHT_RANGE = ("range exact", _plain("range_exact", "{:.1%}"))
RIGHT_GENDER = ("gender", _plain("gender", "{:.1%}"))
GENDER_WHEN_SURE = ("correct if not unsure", _plain("gender_when_sure", "{:.1%}"))
COVERED = ("80 % interval covers", _plain("coverage", "{:.1%}"))
TOUCHED = ("overlaps the range", _plain("range_touched", "{:.1%}"))

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
    ("interval width", _plain("interval_years", "{:.1f}")),
)
RATED = (
    ("faces", _plain("rated", "{:,}")),
    APPARENT_ERROR,
    ("apparent bias", _plain("apparent_bias", "{:+.2f}")),
    ("ChaLearn error", _plain("chalearn_error", "{:.3f}")),
    ("80 % interval covers the raters' mean", _plain("coverage", "{:.1%}")),
    ("covers single estimates", _plain("covered_guesses", "{:.1%}")),
)
GENDER = (
    RIGHT_GENDER,
    ("precision female", _gender_share("precision", "female")),
    ("recall female", _gender_share("recall", "female")),
    ("precision male", _gender_share("precision", "male")),
    ("recall male", _gender_share("recall", "male")),
    ("female as female", _confused("female", "female")),
    ("as male", _confused("female", "male")),
    ("male as male", _confused("male", "male")),
    ("as female", _confused("male", "female")),
    GENDER_WHEN_SURE,
    ("calibration error", _plain("calibration_error", "{:.1%}")),
    ("by chance", _plain("calibration_error_by_chance", "{:.1%}")),
)
RISK = (
    ("area under MAE", _area("age_risk", "{:.2f}")),
    ("area under wrong range", _area("range_risk", "{:.3f}")),
    ("area under wrong gender", _area("gender_risk", "{:.3f}")),
)
END_TO_END = (
    FACES,
    ERROR,
    APPARENT_ERROR,
    ("ChaLearn error", _plain("chalearn_error", "{:.3f}")),
    RIGHT_RANGE,
    RIGHT_GENDER,
    COVERED,
    TOUCHED,
)

OVERALL_NOTE = f"""\
MAE is the mean absolute error in years, with the 95 % bootstrap interval of {RESAMPLES:,} resamples. Bias is the mean
signed error: positive means estimated too old. CS@5 is the share of errors of at most five years. For labels that are
age ranges, 'range exact' is how often the likeliest range is the labelled one, 'one off' how often it is that one or a
neighbour, and 'overlaps the range' how often the 80 % interval overlaps it. Gender is the share of faces whose likelier
gender matches the label, including those shown as 'unsure'. 'Found' is the share of faces that the detector finds in
the picture with a border added around it."""

GENDER_NOTE = """\
The calibration error (ECE) is the mean difference between the probability and the share of correct genders; 'by chance'
is its value for the same number of faces if every probability were exact."""

RISK_NOTE = """\
Area under the risk-coverage curve: the error of the most certain faces, averaged over all shares of the faces. Smaller
is better; a value far below the error of all faces means that the uncertainty of the network is informative."""

END_TO_END_NOTE = """\
Results of the whole program on whole pictures, where the face nearest to the centre is taken as the labelled one, and
for comparison the same faces cropped where training.data.locate found them."""


def table(rows: dict[str, Figures], columns: Sequence[tuple[str, Cell]], first: str = "set") -> str:
    """A Markdown table without empty columns; an empty string if no column is left."""
    cells = {name: [cell(row) for _, cell in columns] for name, row in rows.items()}
    used = [index for index in range(len(columns)) if any(row[index] for row in cells.values())]
    if not used:
        return ""
    return markdown_table(
        [first, *(columns[index][0] for index in used)],
        [[name, *(row[index] for index in used)] for name, row in cells.items()],
    )


def set_tables(sets: dict[str, Figures], level: int = 2) -> list[str]:
    """Headings and tables for all sets of an evaluation."""
    mark = "#" * level
    text = [f"{mark} All faces", table(sets, OVERALL), OVERALL_NOTE]
    if rated := {name: of for name, of in sets.items() if "rated" in of}:
        text += [f"{mark} Compared with people's estimates", table(rated, RATED)]
    text += [f"{mark} Gender", table(sets, GENDER), GENDER_NOTE]
    text += [f"{mark} Error of the most certain faces", table(sets, RISK), RISK_NOTE]
    if whole_pictures := end_to_end_table(sets):
        text += [f"{mark} From whole pictures", whole_pictures, END_TO_END_NOTE]
    for name, figures in sets.items():
        for kind, parts in figures["by"].items():
            if parts:
                text += [f"{mark} {name} by {kind}", table(parts, (*OVERALL, GENDER_WHEN_SURE, APPARENT_ERROR), kind)]
    return text


def end_to_end_table(sets: dict[str, Figures]) -> str:
    """Figures of the same faces from whole pictures and cropped alone; empty if this was not measured."""
    rows = {}
    for name, figures in sets.items():
        whole_pictures = figures.get("end_to_end")
        if whole_pictures is None:
            continue
        rows[f"{name}: all faces, cropped alone"] = figures
        if "found_faces" in whole_pictures:
            rows[f"{name}: found in whole pictures ({whole_pictures['found']:.1%})"] = whole_pictures["found_faces"]
            rows[f"{name}: the same faces, cropped alone"] = whole_pictures["same_faces_alone"]
    return table(rows, END_TO_END, "set and method") if rows else ""


AGE_ERRORS = (
    ("apparent_mae", "apparent MAE", "{:.2f} ({:+.2f})"),
    ("mae", "MAE", "{:.2f} ({:+.2f})"),
    ("range_exact", "range exact", "{:.1%} ({:+.1%})"),
)
"""Key, heading and format of the age error; the first that a set has is shown."""


def robustness_table(sets: dict[str, Figures]) -> str:
    """One row per disturbance: age error and gender of each set, with the changes in brackets."""
    heading, columns = ["disturbance"], []
    for name, of in sets.items():
        plain = of["figures"]["plain"]
        key, title, form = next(row for row in AGE_ERRORS if row[0] in plain)
        heading += [f"{name} {title} ({of['faces']:,} faces)", "gender"]
        columns += [(name, key, form), (name, "gender", "{:.1%} ({:+.1%})")]
    rows = []
    for variant in next(iter(sets.values()))["figures"]:
        cells = [(sets[name]["figures"][variant], key, form) for name, key, form in columns]
        rows.append([variant, *(_changed(*cell) for cell in cells)])
    return markdown_table(heading, rows)


def _changed(row: Figures, key: str, form: str) -> str:
    change = f"{key}_change"
    return form.format(row[key], row[change]) if change in row else form.split(" ")[0].format(row[key])
