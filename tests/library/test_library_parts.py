"""What `agecam library` is made of, and its bench."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from library_parts import write_portraits

from agecam.backends.openvino import OpenVinoBackend
from agecam.bench.library import rows
from agecam.cli import main
from agecam.commands.bench_library import _conclusions
from agecam.library.bounded import MAX_VALUES, BoundedBackend
from agecam.library.listing import Item
from agecam.library.run import LARGEST_PART, _batches, reason_of
from agecam.models.card import load_card
from agecam.models.store import find_model, network_files


def test_large_batches_are_run_in_parts() -> None:
    files = network_files(load_card(find_model("compact")))
    whole, bounded = OpenVinoBackend().runner(files), BoundedBackend(OpenVinoBackend()).runner(files)
    side = load_card(find_model("compact")).crop.size_px
    rows = MAX_VALUES // (3 * side * side)
    assert rows >= 4
    batch = np.random.default_rng(0).uniform(0, 255, (2 * rows + 3, side, side, 3)).astype(np.float32)
    assert np.allclose(bounded(batch), whole(batch), atol=1e-3)


def test_parts_are_small_at_first_and_at_last() -> None:
    """Few pictures occupy all workers too, and all workers end at about the same time."""
    sizes = [table.num_rows for table in _batches(Item(f"/{number}", f"/{number}") for number in range(30_000))]
    assert sum(sizes) == 30_000
    assert sizes[:8] == [4] * 8
    assert max(sizes) == LARGEST_PART
    largest = sizes.index(LARGEST_PART)
    assert sizes == sorted(sizes[:largest]) + sorted(sizes[largest:], reverse=True)
    assert max(sizes[-32:]) == 4
    assert sum(table.num_rows for table in _batches(Item(f"/{number}", f"/{number}") for number in range(3))) == 3
    assert isinstance(next(_batches(iter([Item("/a", "/a")]))), pa.Table)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            "\x1b[36mray::MapWorker()\x1b[39m (pid=1)\n"
            "ModuleNotFoundError: No module named 'agecam'\n\n"
            "The above exception was the direct cause:\nray.exceptions.UserCodeException: failed\n",
            "ModuleNotFoundError: No module named 'agecam'",
        ),
        ("The actor died.\nSee the log.", "The actor died"),
        ("", "RuntimeError"),
    ],
)
def test_the_reason_is_found_in_what_ray_says(text: str, reason: str) -> None:
    assert reason_of(RuntimeError(text)) == reason


def test_the_bench_measures_each_way(tmp_path: Path) -> None:
    write_portraits(tmp_path)
    measured = list(rows(tmp_path, 6, 8))
    assert [row["what"] for row in measured] == [
        *("analyze", "one worker", "2 workers", "6 tiny pictures", "8 tiny pictures")
    ]
    assert [row["pictures"] for row in measured] == [6, 6, 6, 6, 8]
    for row in measured:
        assert 0.1 < row["seconds"] < 200 and 30 < row["driver_mib"] < 2000
    for row in measured[1:3]:
        assert row["analysing_rate"] > 0 and 50 < row["worker_mib"] < 2000
        assert row["bytes_read"] == np.mean([path.stat().st_size for path in tmp_path.iterdir()])
        assert 0 < row["bytes_written"] < 50_000


def test_the_bench_says_what_follows_for_a_cluster() -> None:
    row = {"pictures": 100, "seconds": 20.0, "rate": 5.0, "analysing_rate": 6.0, "driver_mib": 250.0}
    size = {"bytes_read": 1 << 20, "bytes_written": 2048}
    two = row | size | {"rate": 10.0, "analysing_rate": 12.0}
    many = row | {"driver_mib": 260.0, "analysing_rate": 600.0}
    text = "\n".join(_conclusions([row | {"rate": 8.0}, row | size, two, row, many]))
    for expected in ("2.00 times", "1.25 times", "+10 MiB", "core: 6.0", "1,026 KiB", "100 cores", "0.7 hours on 64"):
        assert expected in text
    assert text.count("Assumption:") == 3


@pytest.mark.parametrize("name", ["nowhere", "empty"])
def test_the_bench_needs_pictures(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty").mkdir()
    target = tmp_path / "bench.json"
    assert main(["bench", "--library", str(tmp_path / name), "--json", str(target)]) == 2
    assert name in capsys.readouterr().err and not target.exists()
