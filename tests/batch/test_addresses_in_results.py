"""Streams whose addresses differ only in their secrets stay apart in the results and on the disk."""

import json
from pathlib import Path

import numpy as np
import pytest
from mjpeg import mjpeg_server

from agecam.batch.inputs import find_inputs, unique_stems
from agecam.cli import main


@pytest.mark.parametrize(
    "addresses",
    [
        ("http://a/cam", "http://b/cam"),
        ("http://ann:one@a/cam", "http://ann:two@a/cam", "http://a/cam"),
        ("http://a/cam?channel=1", "http://a/cam?channel=2"),
        ("rtsp://a/user=ann&channel=1", "rtsp://a/user=ann&channel=2"),
        ("http://a/cam", "HTTP://a/cam", "http://a/cam#2"),
        ("http://a/cam", "http://a/cam?1", "http://a/cam (2)"),
        ("http://a/cam", "http://a_cam", "http://A/cam"),
    ],
)
def test_addresses_have_names_of_their_own(addresses: tuple[str, ...]) -> None:
    inputs = find_inputs(addresses).inputs
    assert (
        len({item.name for item in inputs})
        == len({stem.casefold() for stem in unique_stems(inputs).values()})
        == len(addresses)
    )
    assert not any(secret in item.name for item in inputs for secret in ("ann", "one", "two", "channel"))


def test_streams_of_one_host_stay_apart(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    images = [np.full((48, 64, 3), 90, np.uint8)] * 10
    results, videos = tmp_path / "r.jsonl", tmp_path / "videos"
    with mjpeg_server(images) as host:
        addresses = [f"http://{host}/live?channel={number}" for number in (1, 2)]
        status = main(
            ["analyze", *addresses, "--max-frames", "2", "--jsonl", str(results), "--video", f"{videos}/", "--quiet"]
        )
    assert status == 0, capsys.readouterr().err
    sources = [json.loads(line)["source"] for line in results.read_text().splitlines()]
    assert sources == [f"http://{host}/live"] * 2 + [f"http://{host}/live (2)"] * 2
    assert len(list(videos.iterdir())) == 2
