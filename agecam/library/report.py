"""The report about a data set: one page of HTML that needs no other file."""

from collections.abc import Sequence
from datetime import datetime, timezone
from html import escape
from typing import Any

from agecam.library.charts import bars
from agecam.library.contact_sheet import SIDE_PX, Cutting, cuttings
from agecam.library.faces import opened
from agecam.library.figures import AGE_STEP, FACE_COUNTS, GENDERS, LAST_AGE, MAX_FAILED, Figures, figures_of
from agecam.library.storage import written
from agecam.outputs.report.style import STYLE_SHEET
from agecam.version import full_version

SHEET_FACES = 72
_MAX_YEARS = 60


def write_report(out: str, path: str, with_contact_sheet: bool = False) -> None:
    """Write the report.

    Args:
        out: the output of `run_library`.
        path: path or address of the HTML file.
        with_contact_sheet: whether to show some of the faces, cut from the pictures again.

    Raises:
        UsageError: there is no data set.
        OutputError: it is damaged, or the file cannot be written.
    """
    output = opened(out)
    figures = figures_of(output, SHEET_FACES if with_contact_sheet else 0)
    page = page_of(output.folder.name, output.about() or {}, figures, cuttings(figures.sample))
    with written(path) as file:
        file.write(page.encode())


def page_of(name: str, about: dict[str, Any], figures: Figures, faces: Sequence[Cutting]) -> str:
    """The HTML text."""
    sections = [_numbers(figures)]
    if figures.faces:
        sections += [_ages(figures), _genders(figures)]
    if figures.pictures > figures.failed:
        sections.append(_crowds(figures))
    if figures.years:
        sections.append(_years(figures))
    if faces:
        sections.append(_sheet(figures, faces))
    if figures.failures:
        sections.append(_failures(figures))
    smallest = about.get("smallest_face_px") or "24"
    foot = (
        f"AgeCam {full_version()}, model {about.get('model')} ({str(about.get('model_sha256'))[:12]}), faces from "
        f"{smallest} px, {datetime.now(timezone.utc):%Y-%m-%d %H:%M} UTC. The age is apparent: how old a face looks. "
        "The gender is a guess."
    )
    return _PAGE.format(name=escape(name), style=STYLE_SHEET + _STYLE, body="\n".join(sections), foot=escape(foot))


def _numbers(figures: Figures) -> str:
    with_faces = figures.pictures - figures.failed - figures.crowds[0]
    numbers = [
        ("pictures", f"{figures.pictures:,}"),
        ("with faces", f"{with_faces:,}"),
        ("faces", f"{figures.faces:,}"),
        ("failed", f"{figures.failed:,}"),
    ]
    if figures.remarked:
        numbers.append(("incomplete", f"{figures.remarked:,}"))
    if figures.pictures:
        numbers.append(("ms per picture", f"{1000 * figures.seconds / figures.pictures:,.0f}"))
    cells = "".join(f"<div><b>{value}</b>{escape(title)}</div>" for title, value in numbers)
    taken = ""
    if figures.first is not None and figures.last is not None:
        known = sum(figures.years.values())
        taken = f"<p>Taken from {figures.first:%Y-%m-%d} to {figures.last:%Y-%m-%d}, as far as known ({known:,}).</p>"
    return f'<section class="numbers">{cells}</section>{taken}'


def _ages(figures: Figures) -> str:
    starts = range(0, LAST_AGE + 1, AGE_STEP)
    series = {gender: [figures.ages[start, gender] for start in starts] for gender in GENDERS}
    keys = " ".join(f'<span class="key"><i class="{gender}"></i>{gender}</span>' for gender in GENDERS)
    labels = [f"{start}+" if start == LAST_AGE else str(start) for start in starts]
    return _section(f"Apparent age, in bands of {AGE_STEP} years", f"<p>{keys}</p>{bars(labels, series)}")


def _genders(figures: Figures) -> str:
    rows = []
    for gender in GENDERS:
        count = sum(number for (_, of), number in figures.ages.items() if of == gender)
        share = count / figures.faces
        rows.append(
            f'<tr><th>{gender}</th><td>{count:,}</td><td>{100 * share:.1f} %</td><td class="bar">'
            f'<i class="{gender}" style="width:{100 * share:.1f}%"></i></td></tr>'
        )
    return _section("Gender", f"<table>{''.join(rows)}</table>")


def _crowds(figures: Figures) -> str:
    labels = [_range(first, last) for first, last in FACE_COUNTS]
    values = [figures.crowds[index] for index in range(len(FACE_COUNTS))]
    return _section("Pictures by number of faces", bars(labels, {"plain": values}))


def _range(first: int, last: int | None) -> str:
    return f"{first}+" if last is None else str(first) if first == last else f"{first} to {last}"


def _years(figures: Figures) -> str:
    last = max(figures.years)
    years = range(max(min(figures.years), last - _MAX_YEARS + 1), last + 1)
    values = [figures.years[year] for year in years]
    return _section("Pictures by year", bars([str(year) for year in years], {"plain": values}))


def _sheet(figures: Figures, faces: Sequence[Cutting]) -> str:
    cells = [_figure(cutting) for cutting in sorted(faces, key=lambda cutting: float(cutting.face["age"]))]
    title = f"{len(faces)} of {figures.faces:,} faces, chosen at random, by apparent age"
    return _section(title, f'<div class="sheet">{"".join(cells)}</div>')


def _figure(cutting: Cutting) -> str:
    face = cutting.face
    words = f"{face['age']:.0f} ({face['age_low']:.0f} to {face['age_high']:.0f}), {face['gender']}"
    return (
        f'<figure title="{escape(cutting.path)}"><img alt="" width="{SIDE_PX}" height="{SIDE_PX}" '
        f'src="data:image/jpeg;base64,{cutting.jpeg}"><figcaption>{escape(words)}</figcaption></figure>'
    )


def _failures(figures: Figures) -> str:
    rows = "".join(f"<tr><td>{escape(path)}</td><td>{escape(why)}</td></tr>" for path, why in figures.failures)
    more = f"<p>The first {MAX_FAILED:,} are listed.</p>" if figures.failed > len(figures.failures) else ""
    title = f"Pictures that could not be analysed ({figures.failed:,})"
    return _section(title, f'{more}<table class="failed">{rows}</table>')


def _section(title: str, content: str) -> str:
    return f"<section><h2>{escape(title)}</h2>{content}</section>"


_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Faces in {name}</title>
<style>{style}</style>
</head>
<body>
<main>
<h1>Faces in {name}</h1>
{body}
<footer>{foot}</footer>
</main>
</body>
</html>
"""

_STYLE = """
:root { --plain: #5b7ea6; --female: #c2553e; --male: #3b76b5; --unsure: #a3a9b2; }
@media (prefers-color-scheme: dark) {
  :root { --plain: #7ea0c8; --female: #df8069; --male: #6ba3dd; --unsure: #6c737d; } }
main { max-width: 800px; }
.numbers { display: flex; flex-wrap: wrap; gap: 8px 32px; margin: 16px 0; color: var(--faint); }
.numbers b { display: block; color: var(--text); font-size: 24px; line-height: 1.3; }
section svg { display: block; width: 100%; height: auto; }
svg text { font-size: 11px; text-anchor: middle; fill: var(--text); } svg .label { fill: var(--faint); }
svg line { stroke: var(--line); }
.plain { fill: var(--plain); } .female { fill: var(--female); background: var(--female); }
.male { fill: var(--male); background: var(--male); } .unsure { fill: var(--unsure); background: var(--unsure); }
.key { margin-right: 16px; } .key i { display: inline-block; width: 12px; height: 12px; margin-right: 6px; }
table { border-collapse: collapse; width: 100%; } th, td { text-align: left; padding: 4px 12px 4px 0;
  border-bottom: 1px solid var(--line); font-weight: normal; vertical-align: top; }
.bar { width: 60%; } .bar i { display: block; height: 14px; margin-top: 4px; }
.failed td { font-size: 13px; }
.sheet { display: grid; grid-template-columns: repeat(auto-fill, minmax(112px, 1fr)); gap: 14px 8px; }
figure { margin: 0; break-inside: avoid; } figure img { display: block; border-radius: 8px; }
figcaption, section p, footer { color: var(--faint); } figcaption { font-size: 12px; }
footer { margin-top: 48px; font-size: 13px; }
"""
