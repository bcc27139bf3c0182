"""Cards and weights are read as they were written, and errors are one sentence."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from models import TINY_SIZE_PX, change_card, is_one_sentence, tiny_network, write_model

from agecam.backends.keras import load_model
from agecam.errors import WeightsError
from agecam.models.card import MAX_CARD_BYTES, WEIGHTS_SUFFIX, load_card
from agecam.models.store import find_model


@pytest.fixture
def card_path(tmp_path: Path) -> Path:
    return write_model(tmp_path)


def weights_of(card_path: Path) -> Path:
    return card_path.with_suffix(WEIGHTS_SUFFIX)


def rejection(card_path: Path, faulty: Path) -> str:
    """The message with which a model is rejected; it names the faulty file."""
    with pytest.raises(WeightsError) as failure:
        load_model(str(card_path))
    message = str(failure.value)
    assert is_one_sentence(message)
    assert str(faulty) in message
    return message


def test_card_and_weights_are_read_as_they_were_written(card_path: Path) -> None:
    written = json.loads(card_path.read_text(encoding="utf-8"))
    card, network = load_model(str(card_path))
    assert json.loads(json.dumps(card.as_dict())) == written
    assert card.input_size_px == TINY_SIZE_PX
    assert card.weights_path == weights_of(card_path)
    faces = np.random.default_rng(0).uniform(0, 255, (2, TINY_SIZE_PX, TINY_SIZE_PX, 3)).astype(np.float32)
    expected = np.asarray(tiny_network()(faces, training=False))
    assert np.asarray(network(faces, training=False)) == pytest.approx(expected, abs=1e-5)
    assert np.abs(np.asarray(tiny_network(seed=1)(faces, training=False)) - expected).max() > 0.1


def test_a_model_is_found_by_either_of_its_files(card_path: Path) -> None:
    assert find_model(str(card_path)) == card_path
    assert find_model(str(weights_of(card_path))) == card_path


def test_an_unknown_model_is_rejected_by_name() -> None:
    with pytest.raises(WeightsError) as failure:
        find_model("enormous")
    assert is_one_sentence(str(failure.value))
    assert "'enormous'" in str(failure.value)
    assert "compact" in str(failure.value)


def test_damaged_weights_are_rejected(card_path: Path) -> None:
    weights = weights_of(card_path)
    content = bytearray(weights.read_bytes())
    content[len(content) // 2] ^= 0xFF
    weights.write_bytes(content)
    assert "damaged" in rejection(card_path, weights)


def test_truncated_weights_are_rejected(card_path: Path) -> None:
    weights = weights_of(card_path)
    weights.write_bytes(weights.read_bytes()[:5000])
    rejection(card_path, weights)


def test_missing_weights_are_rejected(card_path: Path) -> None:
    weights_of(card_path).unlink()
    rejection(card_path, weights_of(card_path))


def test_a_missing_card_is_rejected(card_path: Path) -> None:
    card_path.unlink()
    rejection(card_path, card_path)


def test_a_folder_instead_of_a_card_is_rejected(tmp_path: Path) -> None:
    folder = tmp_path / "folder.json"
    folder.mkdir()
    rejection(folder, folder)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no JSON",
        b"\xff\xfe\x00",
        b"[]",
        b"null",
        b"7",
        b'"card"',
        b"{}",
        b'{"card_version": 1}',
        b"[" * 100_000,
        b'{"card_version": ' + b"9" * 10_000 + b"}",
        b" " * (MAX_CARD_BYTES + 1),
    ],
    ids=lambda content: repr(content[:20]),
)
def test_invalid_cards_are_rejected(card_path: Path, content: bytes) -> None:
    card_path.write_bytes(content)
    rejection(card_path, card_path)


@pytest.mark.parametrize(
    ("changes", "about"),
    [
        ({"card_version": 2}, "version"),
        ({"colour_order": "BGR"}, "colour order"),
        ({"value_range": [0, 1]}, "value range"),
        ({"age_bins": [0, 90]}, "age bins"),
        ({"gender_classes": ["male", "female"]}, "gender classes"),
        ({"decoding": "argmax"}, "decoding"),
        ({"crop": {"size_px": 32, "margin": 0.0, "alignment": "ears"}}, "crop"),
        ({"crop": {"size_px": 100_000, "margin": 0.0}}, "crop size"),
        ({"crop": {"size_px": 32.0, "margin": 0.0}}, "crop size"),
        ({"crop": {"size_px": 32, "margin": 50}}, "crop margin"),
        ({"crop": {"size_px": 32, "margin": float("nan")}}, "crop margin"),
        ({"crop": {"size_px": 32, "margin": "0.2"}}, "crop margin"),
        ({"crop": [32, 0.0]}, "crop is not an object"),
        ({"crop": {"margin": 0.0}}, "crop size px is missing"),
        ({"calibration": None}, "calibration is not an object"),
        ({"licence": 5}, "licence is not a text"),
        ({"date": None}, "date is not a text"),
        ({"metrics": [1]}, "metrics is not an object"),
        ({"data_sets": {"name": "made"}}, "data sets is not a list"),
        ({"data_sets": ["made"]}, "data sets is not a list of the right values"),
        ({"arguments": [8]}, "arguments is not an object"),
        ({"forms": {}}, "forms are not a list"),
        ({"forms": [{"file": "a.onnx"}]}, "form sha256 is missing"),
        ({"forms": [{"file": 3, "sha256": ""}]}, "form file is not a text"),
        ({"colour": "blue"}, "unknown field 'colour'"),
        ({"name": ["tiny"]}, "name is not a text"),
        ({"sha256": 7}, "sha256 is not a text"),
        ({"calibration": {"interval_tail": 0.6, "gender_temperature": 1, "unsure_below": 0.6}}, "interval"),
        (
            {"calibration": {"interval_tail": 0.1, "gender_temperature": 1, "unsure_below": 0.6, "tails": [0.1]}},
            "interval by age",
        ),
        ({"calibration": {"interval_tail": 0.1, "gender_temperature": 0, "unsure_below": 0.6}}, "temperature"),
        ({"calibration": {"interval_tail": 0.1, "gender_temperature": 1, "unsure_below": 6}}, "unsure"),
    ],
)
def test_unsupported_values_on_a_card_are_rejected(card_path: Path, changes: dict[str, Any], about: str) -> None:
    change_card(card_path, **changes)
    assert about in rejection(card_path, card_path)


@pytest.mark.parametrize(
    "changes",
    [
        {"network": "huge"},
        {"network": ["compact"]},
        {"arguments": {"stem": 8, "stages": [[8, 1], [24, 1]]}},
        {"arguments": {"stem": 8, "stages": [[8, 1], [16, 1], [16, 1]]}},
        {"arguments": {"colour": "blue"}},
        {"arguments": {"stem": "eight"}},
        {"arguments": {"stem": -8}},
    ],
)
def test_weights_of_another_network_are_rejected(card_path: Path, changes: dict[str, Any]) -> None:
    change_card(card_path, **changes)
    rejection(card_path, card_path if "network" in changes else weights_of(card_path))


MISSING = object()
ODD_VALUES: tuple[Any, ...] = (None, True, -1, 10**400, "text", "0.6", [], [[]], {}, {"a": {}})


def changed_cards(good: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The card with each value missing, and with each replaced by every odd value."""
    for part in (None, "crop", "calibration", "arguments"):
        for key in good[part] if part else good:
            for value in (MISSING, *ODD_VALUES):
                card = json.loads(json.dumps(good))
                changed = card[part] if part else card
                changed[key] = value
                if value is MISSING:
                    del changed[key]
                yield card


def test_a_card_cannot_give_its_own_path(card_path: Path) -> None:
    card_path.write_text(json.dumps(json.loads(card_path.read_text(encoding="utf-8")) | {"path": "/etc"}), "utf-8")
    assert "unknown field 'path'" in rejection(card_path, card_path)


def test_odd_values_on_a_card_raise_no_other_error(card_path: Path) -> None:
    for card in changed_cards(json.loads(card_path.read_text(encoding="utf-8"))):
        card_path.write_text(json.dumps(card), encoding="utf-8")
        try:
            load_card(card_path)
        except WeightsError as failure:
            assert is_one_sentence(str(failure))
            assert str(card_path) in str(failure)


def test_damaged_weights_with_a_matching_hash_raise_no_other_error(card_path: Path) -> None:
    random = np.random.default_rng(0)
    weights = weights_of(card_path)
    good = weights.read_bytes()
    for _ in range(20):
        damaged = bytearray(good)
        # The structure of the file is stored at its start, where damage has most effect.
        for offset in random.integers(0, 4096, 30):
            damaged[offset] ^= int(random.integers(1, 256))
        weights.write_bytes(damaged)
        change_card(card_path, sha256=hashlib.sha256(damaged).hexdigest())
        try:
            load_model(str(card_path))
        except WeightsError as failure:
            assert is_one_sentence(str(failure))
            assert str(weights) in str(failure)


def test_the_shipped_model_matches_its_card() -> None:
    card, network = load_model("compact")
    assert card.name == "compact"
    assert network.input_shape == (None, card.input_size_px, card.input_size_px, 3)
    assert network.count_params() <= 5_000_000
    assert card.licence
    assert card.data_sets
    assert card.metrics
