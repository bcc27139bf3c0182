"""`agecam models`: lists the installed models with the metrics and licence from their cards."""

import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agecam.batch.console import Console
from agecam.commands import DONE, FAILED
from agecam.errors import WeightsError
from agecam.runtime.bundle import is_bundled

if TYPE_CHECKING:
    from agecam.models.card import Card

_WIDTH = 100
_METRICS = {
    "faces": ("faces", "{:,.0f}"),
    "mae": ("age error (years)", "{:.2f}"),
    "range_exact": ("age range correct", "{:.1%}"),
    "gender": ("gender correct", "{:.1%}"),
    "coverage": ("in the 80 % interval", "{:.1%}"),
}
"""The metrics of a card that are shown: key, heading, format."""


def run_models() -> int:
    """Print the installed models and return the exit code."""
    from agecam.models.card import load_card
    from agecam.models.store import find_models, user_models, waiting_files

    console = Console()
    cards = []
    for path in find_models():
        try:
            cards.append(load_card(path))
        except WeightsError as error:
            console.error(str(error))
    if cards:
        console.result("\n\n".join(_description(card, console) for card in cards))
    elif not console.errors:
        console.error("No model is installed: reinstall AgeCam.")
    for name, files in waiting_files(user_models()).items():
        console.result(f"\n{_plain(name)} waits for its second weights file; it has the one for {', '.join(files)}.")
    return FAILED if console.errors else DONE


def _description(card: "Card", console: Console) -> str:
    path = _shown_file(card)
    try:
        size = f"{path.stat().st_size / 1e6:.1f} MB"
    except OSError:
        size = "missing"
        console.error(f"The weights {path} are missing: reinstall the model.")
    lines = _table(
        [
            ("name", "network", "input", "file", "date"),
            (_plain(card.path.stem), card.network, f"{card.input_size_px} px", size, _plain(card.date)),
        ]
    )
    for split, sets in card.metrics.items():
        if isinstance(sets, dict) and sets:
            lines += ["", *(f"  {line}" for line in _table(_metrics_rows(split, sets)))]
    lines += [
        "",
        *textwrap.wrap(f"Licence: {_plain(card.licence)}", _WIDTH, initial_indent="  ", subsequent_indent="  "),
    ]
    return "\n".join(lines)


def _shown_file(card: "Card") -> Path:
    """The weights; in the bundle, which does not contain those that only Keras reads, the ONNX file instead."""
    from agecam.models.store import network_files

    onnx = network_files(card).onnx
    return onnx.path if is_bundled() and onnx is not None and not card.weights_path.exists() else card.weights_path


def _metrics_rows(split: str, sets: dict[str, Any]) -> list[tuple[str, ...]]:
    metrics = {name: values for name, values in sets.items() if isinstance(values, dict)}
    shown = [key for key in _METRICS if any(_is_number(row.get(key)) for row in metrics.values())]
    table = [(f"{_plain(split)} faces of", *(_METRICS[key][0] for key in shown))]
    for name, row in metrics.items():
        cells = (_METRICS[key][1].format(row[key]) if _is_number(row.get(key)) else "" for key in shown)
        table.append((_plain(name), *cells))
    return table


def _plain(text: str) -> str:
    """The text on one line and without control characters, which anyone may have written on a card."""
    return "".join(character for character in " ".join(text.split()) if character.isprintable())


def _is_number(value: object) -> bool:
    return isinstance(value, int | float)


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines with their columns aligned."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
