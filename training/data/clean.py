"""Clean the index of IMDB-WIKI: keep the rows that are fit for training, and count why the others are left out.

    python -m training.data.clean --index wiki_crop/wiki.mat --out runs/wiki

The first five rules are those of the published recipe, which keep 22,578 rows of the real `wiki.mat`; the last two are
added here. A row counts for the first rule that leaves it out. Writes `clean.csv`, `clean.json`, `clean.md` and
`ages.png`, and prints the report. Pictures are looked up next to the index, or in --pictures.
"""

import argparse
import hashlib
import io
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
from tqdm import tqdm

from agecam.errors import UsageError
from agecam.runtime.files import write_whole
from training import command
from training.data.imdb_wiki import damaged, read_index
from training.files import markdown_table, write_json, write_text

MADE_BY = "training.data.clean"
MIN_SCORE = 3.0
YOUNGEST, OLDEST = 1, 100
PUBLISHED_ROWS = 22_578
"""Rows of the real `wiki.mat` that the recipe's rules keep."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A reason to leave rows out."""

    name: str
    fails: Callable[[pd.DataFrame], "pd.Series[bool]"]


RECIPE = (
    Rule("no face was found", lambda rows: rows["face_score"].isna() | (rows["face_score"] == -np.inf)),
    Rule("a second face", lambda rows: rows["second_face_score"].notna()),
    Rule(f"score of the face under {MIN_SCORE:g}", lambda rows: rows["face_score"] < MIN_SCORE),
    Rule("gender unknown", lambda rows: rows["female"].isna()),
    Rule(
        f"age not within {YOUNGEST} to {OLDEST}",
        lambda rows: ~rows["age"].between(YOUNGEST, OLDEST),
    ),
)
"""In the order in which they are applied."""
UNREADABLE, DUPLICATE = "picture cannot be read", "same picture as an earlier row"


@dataclass(frozen=True, slots=True)
class Cleaned:
    """The rows kept, and how many were left out for each reason."""

    rows: pd.DataFrame
    of: int
    left_out: dict[str, int]
    by_recipe: int
    """Rows that the recipe's own rules keep."""


def clean(index: pd.DataFrame, pictures: Path | None) -> Cleaned:
    """Apply all rules.

    Args:
        index: from `read_index`.
        pictures: folder that the paths in the index are relative to; None skips the checks of the pictures.
    """
    left_out: dict[str, int] = {}
    rows = index
    for rule in RECIPE:
        fails = rule.fails(rows)
        left_out[rule.name] = int(fails.sum())
        rows = rows[~fails]
    by_recipe = len(rows)
    if pictures is not None:
        digests = pd.Series(_digests([pictures / name for name in rows["file"]]), index=rows.index, dtype=object)
        left_out[UNREADABLE] = int(digests.isna().sum())
        rows, digests = rows[digests.notna()], digests.dropna()
        duplicate = digests.duplicated()
        left_out[DUPLICATE] = int(duplicate.sum())
        rows = rows[~duplicate]
    return Cleaned(rows.reset_index(drop=True), len(index), left_out, by_recipe)


def _digests(paths: list[Path]) -> list[str | None]:
    """SHA-256 of each file; None for a file that is not a picture. Reads from disk, so memory use does not grow."""
    with ThreadPoolExecutor() as pool:
        return list(tqdm(pool.map(_digest, paths), total=len(paths), desc="Reading pictures", delay=2))


def _digest(path: Path) -> str | None:
    try:
        content = path.read_bytes()
    except OSError:
        return None
    image = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_REDUCED_COLOR_8) if content else None
    if image is None or min(image.shape[:2]) < 2:  # the archives hold single grey pixels where one was lost
        return None
    return hashlib.sha256(content).hexdigest()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--index", type=Path, required=True, metavar="MAT")
    parser.add_argument("--pictures", type=Path, metavar="FOLDER", help="folder that the index's paths are relative to")
    parser.add_argument("--no-pictures", action="store_true", help="check the index only")
    parser.add_argument("--out", type=Path, default=Path("runs/wiki"))
    options = parser.parse_args()
    index = read_index(options.index)
    folder = None if options.no_pictures else (options.pictures or options.index.parent)
    cleaned = clean(index, folder)
    if cleaned.rows.empty:
        raise UsageError(
            f"No rows of {options.index} are left: check that its pictures are in {folder}, or pass the right "
            "folder with --pictures."
        )
    text = report(options.index.name, cleaned, damaged(index))
    write_whole(options.out / "clean.csv", cleaned.rows.to_csv(index=False).encode())
    write_whole(options.out / "ages.png", histograms(cleaned.rows))
    content: dict[str, Any] = {
        "made_by": MADE_BY,
        "index": options.index.name,
        "rows": cleaned.of,
        "damaged": damaged(index),
        "left_out": cleaned.left_out,
        "left_by_recipe": cleaned.by_recipe,
        "kept": len(cleaned.rows),
    }
    write_json(options.out / "clean.json", content)
    write_text(options.out / "clean.md", text)
    print(text)


def report(name: str, cleaned: Cleaned, damage: dict[str, int]) -> str:
    """The report in Markdown."""
    table = [["rows of the index", f"{cleaned.of:,}"]]
    table += [[f"left out: {why}", f"{count:,}"] for why, count in cleaned.left_out.items()]
    table += [["**kept**", f"**{len(cleaned.rows):,}**"]]
    women = int(cleaned.rows["female"].sum())
    damage_text = ", ".join(f"{what} in {count:,}" for what, count in damage.items() if count) or "nothing"
    lines = [
        f"# {name}, cleaned",
        markdown_table(["", "rows"], table),
        f"The recipe's own rules keep {cleaned.by_recipe:,} rows; for wiki.mat, {PUBLISHED_ROWS:,} were published.",
        f"Damaged values in the index: {damage_text}.",
        f"Kept: {women:,} women and {len(cleaned.rows) - women:,} men, aged {cleaned.rows['age'].min():.0f} to "
        f"{cleaned.rows['age'].max():.0f}, median age {cleaned.rows['age'].median():.0f}.",
    ]
    return "\n\n".join(lines) + "\n"


def histograms(rows: pd.DataFrame) -> bytes:
    """A PNG with the number of faces of each age and gender."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.0, 4.0), layout="constrained")
    FigureCanvasAgg(figure)
    by_age, by_gender = figure.subplots(1, 2, width_ratios=(3, 1))
    edges = np.arange(YOUNGEST, OLDEST + 2) - 0.5
    both = [rows.loc[rows["female"] == female, "age"] for female in (1, 0)]
    by_age.hist(both, bins=list(edges), stacked=True, color=["#c55a11", "#1f4e79"], label=["female", "male"])
    by_age.set(xlabel="age (year photographed minus year of birth)", ylabel="faces", xlim=(0, OLDEST + 1))
    by_age.legend(frameon=False)
    by_gender.bar(["female", "male"], [len(of) for of in both], color=["#c55a11", "#1f4e79"])
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=110)
    return file.getvalue()


if __name__ == "__main__":
    command(main)
