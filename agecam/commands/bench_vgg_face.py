"""`agecam bench --vgg-face`: measures VGG-Face with random weights, with both heads and as two networks."""

import json
from pathlib import Path
from typing import Any

from agecam.bench.vgg_face import vgg_face_figures
from agecam.commands import DONE
from agecam.runtime.files import write_whole


def run_bench_vgg_face(json_path: Path | None) -> int:
    """Print the results and return the exit code. Needs about 3 GB of disk for a minute; raises OutputError."""
    figures = vgg_face_figures()
    print(_table(figures))
    if json_path is not None:
        write_whole(json_path, json.dumps(figures, indent=1).encode())
    return DONE


def _table(figures: dict[str, Any]) -> str:
    separate = figures["separate_ms"]
    added, installed = figures["given_mb"], figures["installed_mb"]
    lines = [f"loading both heads, from disk                      {figures['load_s']:8.1f} s"]
    lines += [f"on disk, from {added:.0f} MB of files added               {installed:8.0f} MB"]
    lines += [f"resident memory with both heads                    {figures['memory_mib']:8.0f} MiB"]
    lines += [f"two separate networks, float32, 1 face             {separate:8.1f} ms"]
    for name, ms in figures["ms"].items():
        dtype, faces = name.split()
        speedup = f"  {separate / ms:5.1f} times as fast" if faces == "1" else ""
        label = f"both heads on one backbone, {dtype}, {faces} {'face' if faces == '1' else 'faces'}"
        lines += [f"{label:<50} {ms:8.1f} ms{speedup}"]
    study = figures["two_backbones"]
    for name, ms in study["ms"].items():
        dtype, faces = name.split()
        label = f"two backbones, as in DEX, {dtype}, {faces} {'face' if faces == '1' else 'faces'}"
        lines += [f"{label:<50} {ms:8.1f} ms"]
    lines += [f"{'resident memory with two backbones':<50} {study['memory_mib']:8.0f} MiB"]
    if "years_off" in figures:
        lines += [f"largest change of an apparent age by bfloat16      {figures['years_off']:8.2f} years"]
    return "\n".join(lines)
