"""What other networks say of the faces of a set, read from files and matched to the faces by file name.

An opinion file is an `.npz` with these arrays for each set SET; row i of each is about the picture `SET_files[i]`:

- `SET_files`: `(N,)`, paths of the pictures inside the zip.
- `SET_WHO_age`: `(N,)`, years, from the network WHO.
- `SET_p`: `(N, 103)`, a teacher's probabilities of the 101 ages and of female and male.

Every array but `SET_files` may be missing, and so may whole sets and single pictures.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from agecam.errors import UsageError
from agecam.types import AGE_CLASSES

Floats = npt.NDArray[np.float32]
OUTPUTS = AGE_CLASSES + 2


@dataclass(frozen=True, slots=True)
class Opinions:
    """Opinions on N faces. NaN where there is none."""

    teacher: Floats
    """`(N, 103)`: probabilities of the 101 ages and of female and male."""
    peer_ages: dict[str, Floats]
    """Name of a network -> `(N,)` years."""

    @classmethod
    def read(cls, paths: Sequence[Path], sets: npt.NDArray[np.str_], files: npt.NDArray[np.str_]) -> "Opinions":
        """
        Args:
            paths: opinion files.
            sets: `(N,)`, name of the set of each face.
            files: `(N,)`, path of each face's picture inside the zip of its set.

        Raises:
            UsageError: a file is missing or not as described above.
        """
        row_of = {(of, file): row for row, (of, file) in enumerate(zip(sets.tolist(), files.tolist(), strict=True))}
        teacher = np.full((len(files), OUTPUTS), np.nan, np.float32)
        peer_ages: dict[str, Floats] = {}
        for path in paths:
            for name, about, kind, values in _arrays(path):
                rows = np.array([row_of.get((name, file), -1) for file in about.tolist()])
                known = rows >= 0
                if kind == "p":
                    teacher[rows[known]] = values[known]
                else:
                    ages = peer_ages.setdefault(kind, np.full(len(files), np.nan, np.float32))
                    ages[rows[known]] = values[known]
        return cls(teacher, peer_ages)


def asked_networks(paths: Sequence[Path]) -> dict[str, list[str]]:
    """The networks in opinion files ('teacher' for the teacher), each with the names of the sets it was asked about."""
    asked: dict[str, list[str]] = {}
    for path in paths:
        for name, _, kind, _ in _arrays(path):
            asked.setdefault("teacher" if kind == "p" else kind, []).append(name)
    return {network: sorted(sets) for network, sets in sorted(asked.items())}


def _arrays(path: Path) -> Iterator[tuple[str, npt.NDArray[np.str_], str, Floats]]:
    """Set, files, network ('p' for the teacher) and values of each array of a file."""
    try:
        with np.load(path) as archive:
            arrays = {name: archive[name] for name in archive.files}
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} is not a file of opinions ({error}): pass an .npz file.") from error
    for name in [key.removesuffix("_files") for key in arrays if key.endswith("_files")]:
        about = arrays[f"{name}_files"]
        for key, values in arrays.items():
            kind = key.removeprefix(f"{name}_")
            if kind == key or not (kind == "p" or kind.endswith("_age")):
                continue
            expected = (len(about), OUTPUTS) if kind == "p" else (len(about),)
            if values.shape != expected:
                raise UsageError(f"{key} in {path} has the shape {values.shape}: it must be {expected}.")
            yield name, about, kind.removesuffix("_age"), values.astype(np.float32)
