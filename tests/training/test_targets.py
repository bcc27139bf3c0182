"""Targets made of labels and other networks' opinions."""

from pathlib import Path

import numpy as np
import pytest

from agecam.errors import UsageError
from training.compact.targets import (
    AGES,
    DOUBTED_SHARE,
    LABEL_SHARE,
    label_distributions,
    label_shares,
    on_the_ranges,
    soft_targets,
)
from training.data.opinions import OUTPUTS, Opinions


def gaussian(mean: float, spread: float) -> np.ndarray:
    density = np.exp(-0.5 * ((AGES - mean) / spread) ** 2)
    return (density / density.sum()).astype(np.float32)


def teacher_says(*rows: tuple[float, float] | None) -> np.ndarray:
    """An opinion of a mean age and a probability of female for each face; None: not asked."""
    opinions = np.full((len(rows), OUTPUTS), np.nan, np.float32)
    for opinion, row in zip(opinions, rows, strict=True):
        if row is not None:
            opinion[:] = [*gaussian(row[0], 4.0), row[1], 1 - row[1]]
    return opinions


def targets(*rows: tuple[float, float, float]) -> np.ndarray:
    return np.array(rows, np.float32)


def expectation(distributions: np.ndarray) -> np.ndarray:
    return distributions[:, :101] @ AGES


def test_without_opinions_a_known_age_is_a_gaussian_that_widens_with_age() -> None:
    soft = soft_targets(
        targets((2, 2, 1), (50, 50, 0)), np.array(["headshots"] * 2), Opinions(teacher_says(None, None), {})
    )
    assert np.allclose(soft[:, :101].sum(1), 1, atol=1e-5)
    assert np.allclose(expectation(soft), [2, 50], atol=0.3)
    assert soft[0].max() > 2 * soft[1, :101].max()
    assert soft[:, 101].tolist() == [1, 0]
    assert soft[:, 102].tolist() == [0, 1]


def test_a_range_of_a_year_is_known() -> None:
    assert np.allclose(label_distributions(np.array([41.0]), np.array([42.0])) @ AGES, 41.5, atol=0.01)


def test_label_and_teacher_share_a_known_age() -> None:
    opinions = Opinions(teacher_says((46, 0.9)), {})
    (age,) = expectation(soft_targets(targets((40, 40, 0)), np.array(["aaf"]), opinions))
    assert age == pytest.approx(LABEL_SHARE * 40 + (1 - LABEL_SHARE) * 46, abs=0.05)
    female = soft_targets(targets((40, 40, 0)), np.array(["aaf"]), opinions)[0, 101]
    assert female == pytest.approx(0.2 * 0.9)


def test_only_estimated_labels_far_from_the_teacher_are_doubted() -> None:
    ages = np.array([40, 60, 60], np.float32)
    teacher = teacher_says((41, 1), (40, 1), (40, 1))[:, :101]
    shares = label_shares(ages, np.array(["utkface", "utkface", "aaf"]), teacher)
    assert shares == pytest.approx([LABEL_SHARE, DOUBTED_SHARE, LABEL_SHARE])


def test_opinions_stay_inside_the_range() -> None:
    rows = targets((20, 29, 1), (20, 29, 1), (20, 29, 0), (20, 29, 0))
    opinions = Opinions(
        teacher_says((22, 1), None, (90, 0), None), {"peer": np.array([28, 28, np.nan, np.nan], np.float32)}
    )
    soft = soft_targets(rows, np.array(["fairface"] * 4), opinions)
    assert np.allclose(soft[:, :101].sum(1), 1, atol=1e-5)
    assert np.allclose(soft[:, :20], 0)
    assert np.allclose(soft[:, 30:101], 0)
    both, peer_only, beyond, nobody = expectation(soft)
    assert both < peer_only  # the teacher says 22
    assert peer_only > 26
    assert beyond == pytest.approx(nobody)  # an opinion without any mass in the range says nothing
    assert nobody == pytest.approx(24.5, abs=0.01)


def test_a_peer_that_is_too_young_for_one_gender_is_corrected() -> None:
    random = np.random.default_rng(0)
    true = random.uniform(10, 70, 4000)
    low = np.floor(true / 10) * 10
    female = np.arange(4000) % 2 == 0
    given = (true - np.where(female, 6, 0)).astype(np.float32)
    corrected = on_the_ranges(given, low.astype(np.float32), (low + 9).astype(np.float32), female, np.ones(4000, bool))
    off = corrected - true
    assert abs(off[female].mean() - off[~female].mean()) < 0.3
    assert np.abs(off).mean() < 2


def write_opinions(path: Path, **arrays: np.ndarray) -> Path:
    np.savez(path, **arrays)
    return path


def test_opinions_are_matched_by_set_and_file(tmp_path: Path) -> None:
    p = teacher_says((30, 1), (60, 0))
    path = write_opinions(
        tmp_path / "o.npz",
        a_files=np.array(["x.webp", "y.webp"]),
        a_p=p,
        a_peer_age=np.array([31, 61]),
        a_peer_female=np.array([1.0, 0.0]),
        b_files=np.array(["x.webp"]),
        b_other_age=np.array([5.0]),
    )
    opinions = Opinions.read([path], np.array(["a", "b", "a", "c"]), np.array(["y.webp", "x.webp", "z.webp", "x.webp"]))
    assert np.allclose(opinions.teacher[0], p[1])
    assert np.isnan(opinions.teacher[1:]).all()
    assert set(opinions.peer_ages) == {"peer", "other"}
    assert opinions.peer_ages["peer"][0] == 61
    assert np.isnan(opinions.peer_ages["peer"][1:]).all()
    assert opinions.peer_ages["other"][1] == 5


def test_a_bad_file_of_opinions_is_refused_in_a_sentence(tmp_path: Path) -> None:
    text = tmp_path / "o.npz"
    text.write_text("no")
    short = write_opinions(tmp_path / "s.npz", a_files=np.array(["x", "y"]), a_peer_age=np.array([1.0]))
    for path in (tmp_path / "missing.npz", text, short):
        with pytest.raises(UsageError, match=path.name):
            Opinions.read([path], np.array(["a"]), np.array(["x"]))
