"""Whether somebody who comes into view was seen before: by their place at a time that was seen, or by appearance.

Somebody who is not recognised with certainty counts as new: two lanes can be joined by hand, but one that mixes two
people is wrong.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence

import numpy as np

from agecam.timeline.lane import GENDERS, Moment
from agecam.timeline.record import Record
from agecam.tracking.appearance import Appearance, appearance_distance
from agecam.tracking.tracker import overlaps
from agecam.types import Box, Face

SAME_PLACE = 0.5
"""Intersection over union, from which two boxes at the same time of a source are of one face."""
REACH_S = 0.05
"""Tolerance of the same time: not every frame is analysed in every pass."""
SAME_APPEARANCE = 0.022
"""Distance of two appearances (`agecam.tracking.appearance`) below which they are of one person.

Measured on seven clips with 27 people, each appearance the mean of five: of 804 pairs of people seen together, the
closest have 0.023, so none is below; of 6,374 pairs from different clips, none; of 454 pairs of one person in one scene
at least a second apart, 84 %. Across a cut to another view nobody is recognised (26 pairs, from 0.042 on). The features
of the age network before its last layer, at the threshold at which 1 % of the people seen together are taken for one,
find 88 %, and both combined 89 % at 0.25 %: too little to be worth another output of the network. When parts of the
clips were played in random order, no frame of 5,283 was added to the lane of somebody else.
"""
LEAD = 0.006
"""By how much the appearance must be closer than that of anybody else."""
MAX_YEARS_APART = 15.0
"""Difference of the apparent ages from which two people differ, however alike they look."""
SURE_GENDER = 0.8
"""Probability from which two genders must not contradict each other."""


def known_by_place(records: Iterable[Record], box: Box, time_s: float, pass_number: int) -> Record | None:
    """Who was at this place at this time when it was seen in an earlier pass; None if nobody was."""
    found = [(record, seen) for record in records if (seen := record.box_at(time_s, REACH_S, not_in_pass=pass_number))]
    if not found:
        return None
    overlap = overlaps([box], [known for _, known in found])[0]
    best = int(overlap.argmax())
    return found[best][0] if overlap[best] >= SAME_PLACE else None


def known_numbers(before: Mapping[int, Sequence[Moment]], records: Collection[Record]) -> dict[int, int]:
    """Which numbers people had in another timeline of the same source, by their number in this one.

    Args:
        before: moments of the people there, by number.
        records: the people here; those who were not known there are left out of the result.
    """
    numbers: dict[int, int] = {}
    for number, moments in before.items():
        found = [known_by_place(records, moment.box, moment.time_s, -1) for moment in moments]
        free = Counter(record.number for record in found if record is not None and record.number not in numbers)
        numbers |= {here: number for here, _ in free.most_common(1)}
    return numbers


def known_by_appearance(records: Iterable[Record], face: Face, appearance: Appearance, time_s: float) -> Record | None:
    """Who looks like this; None if nobody does, or if it could be one of several.

    Args:
        records: everybody seen so far who is not in view.
        face: of the person who has come into view.
        appearance: of that person.
        time_s: when that is.
    """
    looked_at = [(record, kept.appearance) for record in records for kept in record.moments.values()]
    if not looked_at:
        return None
    distance = appearance_distance(appearance[None], np.stack([known for _, known in looked_at]))[0]
    nearest: dict[int, float] = {}
    by_number = {record.number: record for record, _ in looked_at}
    for (record, _), value in zip(looked_at, distance.tolist(), strict=True):
        nearest[record.number] = min(value, nearest.get(record.number, value))
    ranked = sorted(nearest, key=lambda number: nearest[number])
    best = by_number[ranked[0]]
    is_close = nearest[ranked[0]] < SAME_APPEARANCE
    is_clear = len(ranked) == 1 or nearest[ranked[1]] - nearest[ranked[0]] >= LEAD
    is_elsewhere = best.box_at(time_s, REACH_S) is not None
    return best if is_close and is_clear and not is_elsewhere and _may_be(best, face) else None


def _may_be(record: Record, face: Face) -> bool:
    age, gender, probability = record.latest.tolist()
    is_sure = min(probability, face.gender_probability) >= SURE_GENDER
    return abs(age - face.age) < MAX_YEARS_APART and not (is_sure and GENDERS[int(gender)] != face.gender)
