"""`agecam models`: what is installed, with the figures and the licence from each model's card."""

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from agecam.commands import DONE, FAILED
from agecam.commands.console import Console
from agecam.errors import WeightsError

if TYPE_CHECKING:
    from agecam.models.card import Card

_WIDTH = 100
_FIGURES = {
    "faces": ("faces", "{:,.0f}"),
    "mae": ("age error (years)", "{:.2f}"),
    "range_exact": ("age range right", "{:.1%}"),
    "gender": ("gender right", "{:.1%}"),
    "coverage": ("in the 80 % interval", "{:.1%}"),
}
"""Which of a card's figures are shown, under which heading and how."""


def run_models() -> int:
    """Print the installed models and return the exit code."""
    from agecam.models.card import load_card
    from agecam.models.store import find_models

    console = Console()
    cards = []
    for path in find_models():
        try:
            cards.append(load_card(path))
        except WeightsError as error:
            console.problem(str(error))
    if cards:
        console.say("\n\n".join(_described(card, console) for card in cards))
    elif not console.problems:
        console.problem("No model is installed: install AgeCam again.")
    return FAILED if console.problems else DONE


def _described(card: "Card", console: Console) -> str:
    try:
        size = f"{card.weights_path.stat().st_size / 1e6:.1f} MB"
    except OSError:
        size = "missing"
        console.problem(f"The weights {card.weights_path} are missing: install the model again.")
    lines = _table(
        [
            ("name", "network", "input", "file", "date"),
            (card.name, card.network, f"{card.input_size_px} px", size, card.date),
        ]
    )
    for split, sets in card.metrics.items():
        if isinstance(sets, dict) and sets:
            lines += ["", *(f"  {line}" for line in _table(_figures(split, sets)))]
    lines += ["", *textwrap.wrap(f"Licence: {card.licence}", _WIDTH, initial_indent="  ", subsequent_indent="  ")]
    return "\n".join(lines)


def _figures(split: str, sets: dict[str, Any]) -> list[tuple[str, ...]]:
    rows = {name: figures for name, figures in sets.items() if isinstance(figures, dict)}
    shown = [key for key in _FIGURES if any(_is_number(row.get(key)) for row in rows.values())]
    table = [(f"{split} faces of", *(_FIGURES[key][0] for key in shown))]
    for name, row in rows.items():
        cells = (_FIGURES[key][1].format(row[key]) if _is_number(row.get(key)) else "" for key in shown)
        table.append((name, *cells))
    return table


def _is_number(value: object) -> bool:
    return isinstance(value, int | float)


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines with their columns aligned."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
