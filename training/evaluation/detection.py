"""Compare the detector with the `mtcnn` package and with hand-drawn boxes, and count what it takes for people.

    python -m training.evaluation.detection --photos photos/ --videos videos/

Takes a folder of photographs with `boxes.csv` (file, x, y, width, height in pixels; ignore is 1 for a face too hard to
count) and `photos.csv` (file, kind). Both detectors look for faces of at least 20 px, the package's default and the
only setting at which it works. Takes about a minute for 28 photographs and another for seven short videos.

Expected: 99 % of the package's faces with all five landmarks within 5 % of the face width, 42 of 43 drawn boxes found,
and no more false detections than the package. Of 24 drawn faces 8 are detected and 2 count as people. Of the videos
only `stage.mp4` shows a false track, that of a head whose face is outside the picture.
"""

import argparse
import csv
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from mtcnn import MTCNN
from tqdm import tqdm

from agecam.engine.engine import Engine, build_engine
from agecam.engine.options import EngineOptions
from agecam.sources import open_source, read_picture
from agecam.tracking.tracker import overlaps
from agecam.types import Box, Detection, Frame, Image
from agecam.vision.detector import FaceDetector
from training import command

CONFIDENT = 0.95
SAME_FACE = 0.6
"""Intersection over union."""
DRAWN_FACE = 0.4
"""Intersection over union; lower, since drawn boxes are looser than those of detectors."""
LANDMARKS_WITHIN = 0.05
"""As a share of the face width."""
PEOPLE = {
    "classroom.gif": 4,
    "crowd-1080p.mp4": 9,
    "phone-portrait.mp4": 1,
    "stage.mp4": 8,
    "two-people.gif": 2,
    "walking-three-people.gif": 3,
    "webcam-720p.mp4": 1,
}
"""People whose faces can be seen in each video, counted by eye; in `stage.mp4` once for each scene."""


def package_faces(package: MTCNN, picture: Image) -> list[Detection]:
    """Detections of the package, without the rounding to whole pixels in its dictionaries."""
    rows = package.detect_faces(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), output_type="numpy")
    return [
        Detection(
            (float(row[1]), float(row[2]), float(row[3]), float(row[4])),
            float(row[5]),
            np.stack([row[6:11], row[11:16]], axis=1).astype(np.float32),
        )
        for row in rows
    ]


def agreement(reference: Sequence[Detection], ours: Sequence[Detection]) -> tuple[int, int, int]:
    """Of the reference's confident faces: the total, those found, and those found with all landmarks in place."""
    confident = [face for face in reference if face.score >= CONFIDENT]
    overlap = overlaps([face.box for face in confident], [face.box for face in ours])
    found = placed = 0
    for face, row in zip(confident, overlap, strict=True):
        if row.size and row.max() >= SAME_FACE:
            found += 1
            off = np.linalg.norm(ours[int(row.argmax())].landmarks - face.landmarks, axis=1)
            placed += bool(off.max() <= LANDMARKS_WITHIN * face.box[2])
    return len(confident), found, placed


def against_drawn(boxes: Sequence[Box], ignored: Sequence[bool], faces: Sequence[Detection]) -> tuple[int, int]:
    """Number of drawn faces that were found, and of detections where no face is drawn."""
    overlap = overlaps(boxes, [face.box for face in faces]) >= DRAWN_FACE
    hits = int((overlap.any(1) & ~np.asarray(ignored)).sum())
    return hits, int((~overlap.any(0)).sum())


def faces_where_none_are(folder: Path) -> list[tuple[str, int, int]]:
    """For each photograph without a real face: its name, the faces detected in it, and those that count as people."""
    engine = build_engine(EngineOptions())
    with (folder / "photos.csv").open(newline="") as file:
        names = [row["file"] for row in csv.DictReader(file) if row["kind"] == "no_real_face"]
    counts = []
    for name in names:
        result = engine.step(Frame(read_picture(folder / name), 0, 0.0, name, still=True))
        counts.append((name, len(result.faces), len(result.people)))
    return counts


def track_counts(engine: Engine, path: Path) -> tuple[int, int, float]:
    """Tracks in a video, those that count as people, and the minutes that it lasts."""
    engine.reset()
    tracks, people, end_s = Counter[int](), Counter[int](), 0.0
    with open_source(str(path)) as frames:
        for frame in tqdm(frames, desc=path.name, disable=None):
            result = engine.step(frame)
            tracks.update(face.track for face in result.faces if face.track is not None)
            people.update(face.track for face in result.people if face.track is not None)
            end_s = frame.time_s
    return len(tracks), len(people), end_s / 60


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=Path, required=True, metavar="DIR")
    parser.add_argument("--videos", type=Path, metavar="DIR", help="also count the people in these videos")
    arguments = parser.parse_args()
    compare(arguments.photos)
    for name, detected, people in faces_where_none_are(arguments.photos):
        print(f"{name}, without a real face: {detected} detected, {people} counted as people")
    if arguments.videos is not None:
        count_tracks(arguments.videos)


def count_tracks(folder: Path) -> None:
    """Print how many more people are counted in each video than it shows."""
    engine = build_engine(EngineOptions())
    for path in sorted(folder.iterdir()):
        if path.name in PEOPLE:
            tracks, people, minutes = track_counts(engine, path)
            false_tracks, false_people = (max(count - PEOPLE[path.name], 0) / minutes for count in (tracks, people))
            print(
                f"{path.name}: {PEOPLE[path.name]} people, {tracks} tracks ({false_tracks:.0f} false ones a minute), "
                f"{people} counted as people ({false_people:.0f} false ones a minute)"
            )


def compare(folder: Path) -> None:
    """Print how the detector agrees with the package and with the drawn boxes."""
    drawn: dict[str, list[tuple[Box, bool]]] = defaultdict(list)
    with (folder / "boxes.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            x, y, width, height = (float(row[key]) for key in ("x", "y", "width", "height"))
            drawn[row["file"]].append(((x, y, width, height), row["ignore"] == "1"))
    package, detector = MTCNN(), FaceDetector(min_face_px=20)
    agreed, hits = np.zeros(3, int), {"package": np.zeros(2, int), "AgeCam": np.zeros(2, int)}
    for path in tqdm(sorted(folder.glob("*.jpg")), desc="Comparing", disable=None):
        picture = read_picture(path)
        found = {"package": package_faces(package, picture), "AgeCam": detector.detect(picture)}
        agreed += agreement(found["package"], found["AgeCam"])
        for name, faces in found.items():
            if path.name in drawn:
                boxes, ignored = zip(*drawn[path.name], strict=True)
                hits[name] += against_drawn(boxes, ignored, faces)
    count, same, placed = agreed
    print(
        f"Of {count} faces with a score of at least {CONFIDENT:.0%} in the package, {same} ({same / count:.1%}) are "
        f"found, {placed} ({placed / count:.1%}) with all five landmarks within {LANDMARKS_WITHIN:.0%} of the face "
        "width."
    )
    countable = sum(not ignore for boxes in drawn.values() for _, ignore in boxes)
    for name, (found_faces, false_faces) in hits.items():
        print(f"{name}: {found_faces} of {countable} drawn faces found, {false_faces} false detections")


if __name__ == "__main__":
    command(main)
