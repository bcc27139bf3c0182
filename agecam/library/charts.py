"""Bar charts as SVG, coloured by the style sheet of the page."""

from collections.abc import Mapping, Sequence
from html import escape

_WIDTH, _HEIGHT = 720, 240
_LEFT, _BOTTOM, _TOP = 8, 24, 20
_MAX_LABELS = 20


def bars(labels: Sequence[str], series: Mapping[str, Sequence[int]]) -> str:
    """Stacked bars with the total above each, as an `<svg>` element.

    Args:
        labels: below the bars.
        series: the values of each colour, by the name of its class in the style sheet.
    """
    totals = [sum(values) for values in zip(*series.values(), strict=True)]
    highest = max([*totals, 1])
    step = (_WIDTH - 2 * _LEFT) / max(len(labels), 1)
    parts = []
    for number, (label, total) in enumerate(zip(labels, totals, strict=True)):
        x = _LEFT + number * step
        bottom = float(_HEIGHT - _BOTTOM)
        middle = x + step / 2
        for name, values in series.items():
            height = (_HEIGHT - _BOTTOM - _TOP) * values[number] / highest
            bottom -= height
            if values[number]:
                parts.append(
                    f'<rect class="{escape(name)}" x="{x + 0.1 * step:.1f}" y="{bottom:.1f}" width="{0.8 * step:.1f}" '
                    f'height="{height:.1f}"><title>{escape(label)}, {escape(name)}: {values[number]:,}</title></rect>'
                )
        if total:
            parts.append(f'<text x="{middle:.1f}" y="{bottom - 5:.1f}">{_short(total)}</text>')
        if number % -(-len(labels) // _MAX_LABELS) == 0:
            parts.append(f'<text class="label" x="{middle:.1f}" y="{_HEIGHT - 7}">{escape(label)}</text>')
    parts.append(f'<line x1="{_LEFT}" x2="{_WIDTH - _LEFT}" y1="{_HEIGHT - _BOTTOM}" y2="{_HEIGHT - _BOTTOM}"/>')
    return f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img">{"".join(parts)}</svg>'


def _short(count: int) -> str:
    for size, letter in ((1_000_000, "M"), (1_000, "k")):
        if count >= 10 * size:
            return f"{count / size:.0f}{letter}"
    return f"{count:,}"
