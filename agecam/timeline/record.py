"""What a timeline keeps of one person: a row of numbers for each short time, and a few clear moments."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from agecam.overlay import blur_everything
from agecam.timeline.lane import GENDERS, Lane, Moment, Stretch
from agecam.timeline.thumbnail import thumbnail_of
from agecam.tracking.appearance import Appearance, appearance_of
from agecam.tracking.smoothing import FULL_SIZE_PX, face_quality
from agecam.types import Box, Detection, Face, Frame
from agecam.vision.pyramid import seen_in

MAX_MOMENTS = 8
"""Clear moments of a person, each the clearest of its part of the source."""
PART_S = 2.0
"""Length of such a part; it doubles when there are too many moments."""
BRIDGED_S = 1.0
"""A person who is missed for up to this time stays in view: the detector skips frames, and people turn away."""
_FIRST, _TIME, _AGES, _BOX, _GENDER, _PASS, _WIDTH = 0, 1, slice(2, 5), slice(5, 9), slice(9, 11), 11, 12
"""Columns of a row: the first and the last time at which the person was seen in it, then the latest estimates."""


class KeptMoment(NamedTuple):
    """A moment, and how the person looked."""

    moment: Moment
    appearance: Appearance

    @classmethod
    def of(cls, frame: Frame, face: Face, time_s: float) -> "KeptMoment":
        """The moment of a face in a frame; `time_s` is the time in the timeline."""
        image, scale = seen_in(frame, min(face.box[2:]), FULL_SIZE_PX)
        seen = Detection(face.box, face.score, face.landmarks).scaled(scale)
        moment = Moment(time_s, face_quality(seen, image), face.box, thumbnail_of(image, seen.box))
        return cls(moment, appearance_of(image, seen.box))


class Record:
    """One person. Not thread-safe."""

    def __init__(self, number: int, row_s: float) -> None:
        """`row_s` is the time that one row stands for, in seconds."""
        self.number = number
        self.moments: dict[int, KeptMoment] = {}
        self.seen = 0
        """Grows with each frame that shows somebody: for those who were not seen for longest."""
        self._row_s = row_s
        self._part_s = PART_S
        self._first = 0
        """Index of the first row; the time 0 is in row 0."""
        self._rows = np.full((0, _WIDTH), np.nan)
        self._lane: tuple[float, bool, Lane] | None = None

    @property
    def is_empty(self) -> bool:
        """Whether nothing has been put in yet."""
        return not self.moments

    @property
    def latest(self) -> npt.NDArray[np.float64]:
        """`(3,)`: apparent age, and gender with its probability, as estimated at the latest time."""
        known = self._known()
        return known[-1, [_AGES.start, _GENDER.start, _GENDER.start + 1]]

    def put(self, time_s: float, face: Face, pass_number: int) -> None:
        """Set what is known of this time; earlier estimates for it are replaced."""
        row = self._row_of(time_s)
        first_s, last_s = (time_s, time_s) if np.isnan(row[_TIME]) else (row[_FIRST], row[_TIME])
        row[:] = (
            min(first_s, time_s),
            max(last_s, time_s),
            *(face.age, face.age_low, face.age_high),
            *face.box,
            *(GENDERS.index(face.gender), face.gender_probability),
            pass_number,
        )
        self._lane = None

    def rename(self, number: int) -> None:
        """Give the person another number."""
        self.number, self._lane = number, None

    def has_row(self, time_s: float, pass_number: int) -> bool:
        """Whether this time was seen in this pass."""
        index = int(time_s / self._row_s) - self._first
        return 0 <= index < len(self._rows) and self._rows[index, _PASS] == pass_number

    def offer(self, kept: KeptMoment) -> None:
        """Keep a moment if it is the clearest of its part."""
        part = int(kept.moment.time_s / self._part_s)
        known = self.moments.get(part)
        if known is None or known.moment.quality <= kept.moment.quality:
            self.moments[part] = kept
            self._lane = None
        while len(self.moments) > MAX_MOMENTS:
            self._part_s *= 2
            self._keep([*self.moments.values()])

    def coarsen(self) -> None:
        """Let each row stand for twice the time."""
        old = list(zip(range(self._first, self._first + len(self._rows)), self._rows, strict=True))
        self._row_s *= 2
        self._first, self._rows = self._first // 2, np.full((0, _WIDTH), np.nan)
        for index, row in old:
            if not np.isnan(row[_TIME]):
                self._merge_row(index // 2, row)
        self._lane = None

    def box_at(self, time_s: float, reach_s: float, not_in_pass: int | None = None) -> Box | None:
        """Where the person was at a time, or up to `reach_s` before or after it; None if that is not known.

        Args:
            not_in_pass: leave out what was seen in this pass.
        """
        index = int(time_s / self._row_s) - self._first
        near = self._rows[max(0, index - 1) : max(0, index + 2)]
        away_s = np.maximum(near[:, _FIRST] - time_s, time_s - near[:, _TIME])  # NaN compares as False
        fits = (away_s <= reach_s) & (near[:, _PASS] != (-1 if not_in_pass is None else not_in_pass))
        if not fits.any():
            return None
        x, y, width, height = near[int(np.where(fits, away_s, np.inf).argmin()), _BOX].tolist()
        return x, y, width, height

    def is_seen_with(self, other: "Record") -> bool:
        """Whether both are in view at one time for longer than a moment: then they are two people."""
        first, end = max(self._first, other._first), min(self._end, other._end)
        if first >= end:
            return False
        rows = [record._rows[first - record._first : end - record._first, _TIME] for record in (self, other)]
        return int((~np.isnan(rows[0]) & ~np.isnan(rows[1])).sum()) > 1

    def add(self, other: "Record") -> None:
        """Take over what is known of another person, who is the same."""
        for offset, row in enumerate(other._rows):
            if not np.isnan(row[_TIME]):
                self._merge_row(other._first + offset, row)
        self._part_s = max(self._part_s, other._part_s)
        self._keep([*self.moments.values(), *other.moments.values()])
        self.seen = max(self.seen, other.seen)
        self._lane = None

    def split(self, time_s: float, number: int) -> "Record | None":
        """Move what was seen from a time on to a new record; None if that is everything or nothing."""
        known = self._known()
        moved = known[:, _FIRST] >= time_s
        if moved.all() or not moved.any():
            return None
        later = Record(number, self._row_s)
        later._part_s, later.seen = self._part_s, self.seen
        moments = sorted(self.moments.values(), key=lambda kept: kept.moment.time_s)
        start = int(known[moved][0, _FIRST] / self._row_s) - self._first
        later._first, later._rows = self._first + start, self._rows[start:].copy()
        self._rows = self._rows[:start].copy()
        before = [kept for kept in moments if kept.moment.time_s < time_s]
        after = [kept for kept in moments if kept.moment.time_s >= time_s]
        self._keep(before or after[:1])
        later._keep(after or before[-1:])
        self._lane = None
        return later

    def lane(self, bridged_s: float, blurred: bool) -> Lane:
        """The lane of this person.

        Args:
            bridged_s: somebody who is missed for up to this time stays in view.
            blurred: whether the thumbnail is blurred.
        """
        if self._lane is not None and self._lane[:2] == (bridged_s, blurred):
            return self._lane[2]
        known = self._known()
        clearest = max((kept.moment for kept in self.moments.values()), key=lambda moment: moment.quality)
        if blurred:
            clearest = clearest._replace(thumbnail_bgr=blur_everything(clearest.thumbnail_bgr))
        lane = Lane(
            number=self.number,
            stretches=tuple(_stretches(known, max(bridged_s, 1.5 * self._row_s))),
            times_s=known[:, _TIME],
            ages=known[:, _AGES],
            genders=known[:, _GENDER],
            clearest=clearest,
            blurred=blurred,
        )
        self._lane = bridged_s, blurred, lane
        return lane

    @property
    def _end(self) -> int:
        return self._first + len(self._rows)

    def _known(self) -> npt.NDArray[np.float64]:
        return np.asarray(self._rows[~np.isnan(self._rows[:, _TIME])])

    def _row_of(self, time_s: float) -> npt.NDArray[np.float64]:
        """The row of a time, to be written to."""
        index = int(time_s / self._row_s)
        if not len(self._rows):
            self._first = index
        if index < self._first:
            self._rows = np.concatenate([_empty(self._first - index), self._rows])
            self._first = index
        elif index >= self._end:
            # In a moving picture, the next rows follow soon: not each of them copies the whole table.
            self._rows = np.concatenate([self._rows, _empty(max(index + 1 - self._end, min(len(self._rows), 64)))])
        return np.asarray(self._rows[index - self._first])  # a view

    def _merge_row(self, index: int, row: npt.NDArray[np.float64]) -> None:
        target = self._row_of((index + 0.5) * self._row_s)
        later = target if row[_TIME] < target[_TIME] else row
        first_s = np.fmin(row[_FIRST], target[_FIRST])
        target[:] = later
        target[_FIRST] = first_s

    def _keep(self, moments: list[KeptMoment]) -> None:
        self.moments = {}
        for kept in moments:
            self.offer(kept)


def _empty(count: int) -> npt.NDArray[np.float64]:
    return np.full((count, _WIDTH), np.nan)


def _stretches(known: npt.NDArray[np.float64], bridged_s: float) -> Iterator[Stretch]:
    """The stretches of rows in order."""
    breaks = np.flatnonzero(known[1:, _FIRST] - known[:-1, _TIME] > bridged_s)
    for first, last in zip([0, *(breaks + 1)], [*breaks, len(known) - 1], strict=True):
        yield Stretch(float(known[first, _FIRST]), float(known[last, _TIME]))
