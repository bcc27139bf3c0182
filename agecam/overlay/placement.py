"""Places labels around faces: never on a face, never on another label, and steady from frame to frame.

Each face offers its label in several forms, from the full one to the smallest. First every face gets the smallest where
there is room, then all get the next fuller form as far as their neighbours allow it, and so on: nobody's full label
takes the room of a neighbour's age. Plain NumPy and Python; the window and the saved pictures share it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from agecam.overlay.room import COARSE_PX, Ints, Places, Size, Taken, nearest_free
from agecam.overlay.sprites import Rect

PATIENCE = 12
"""A fuller form must have had room in this many frames in a row before it replaces a smaller one."""
FAR, INSIDE = -1, -2
"""Where a label is that has no place around its box."""
GROUP = 12
"""More faces than this are a group."""
WIDEST = 4.0
"""Greatest width of a full label in a group, relative to the face."""
_LARGE = 0.5
"""A face that fills this share of the picture's width or height may leave no room around it."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A face that needs a label."""

    key: int
    """The same for the same person in the next frame."""
    box: Rect
    sizes: tuple[Size, ...]
    """Sizes of the forms of its label, the fullest first; none if it has no label."""
    fullest: int = 0
    """The fullest form it may have unless it is `first` or `on_top`."""
    first: bool = False
    """Gets its fullest form before all others, if need be at a distance: for the chosen person."""
    on_top: bool = False
    """Gets its fullest form without moving other labels; those that it covers disappear: for the face pointed at."""


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a label goes."""

    rect: Rect
    form: int
    """Index in the sizes of its subject."""
    place: int
    """Which of the places around the box it is, or `FAR`, or `INSIDE` the box."""
    patience: int = 0
    """For how many frames there has been room for a fuller form."""

    @property
    def is_far(self) -> bool:
        """Whether the label lies away from its face, so that a line must lead to it."""
        return self.place == FAR


class Placer:
    """Places the labels of one frame after another and remembers where they were."""

    def __init__(self) -> None:
        self._last: dict[int, Spot] = {}

    def reset(self) -> None:
        """Forget the last frame: the next one is placed as a picture of its own."""
        self._last = {}

    def place(self, subjects: Sequence[Subject], area: Size, gap: int) -> list[Spot | None]:
        """Return the spot of each subject; None where there is no room.

        Args:
            subjects: all faces, also those without a label, since no label may cover them.
            area: `(width, height)` of the picture; boxes are in its pixels and may reach over its edges.
            gap: pixels between a label and everything else.
        """
        spots = _Frame(subjects, area, gap, self._last).spots()
        placed = {s.key: spot for s, spot in zip(subjects, spots, strict=True) if spot is not None and not s.on_top}
        # Whatever a label on top covers returns to where it was.
        kept = self._last if any(s.on_top for s in subjects) else {}
        self._last = {s.key: kept[s.key] for s in subjects if s.key in kept} | placed
        return spots


def fullest_form(sizes: Sequence[Size], box: Rect, count: int) -> int:
    """Return the fullest form for a face among `count` others: in a group, labels are not much wider than their faces.

    Otherwise nobody could see whose label it is.
    """
    if count <= GROUP or len(sizes) < 2:
        return 0
    return int(sizes[0][0] > WIDEST * (box[2] - box[0]))


def place(subjects: Sequence[Subject], area: Size, gap: int) -> list[Spot | None]:
    """Place the labels of a single picture; see `Placer.place`."""
    return Placer().place(subjects, area, gap)


class _Frame:
    """The labels of one frame."""

    def __init__(self, subjects: Sequence[Subject], area: Size, gap: int, last: dict[int, Spot]) -> None:
        self._subjects, self._area, self._gap, self._last = subjects, area, gap, last
        boxes = np.array([subject.box for subject in subjects], np.int32).reshape(-1, 4)
        self._boxes = boxes.clip(0, np.array([*area, *area], np.int32))
        self._visible: list[bool] = np.all(self._boxes[:, 2:] > self._boxes[:, :2], axis=1).tolist()
        self._forms = [Places(self._sizes_of(form), self._boxes, area, gap) for form in range(self._count())]
        self._taken = Taken()
        self._spots: list[Spot | None] = [None] * len(subjects)

    def spots(self) -> list[Spot | None]:
        shown = [i for i, subject in enumerate(self._subjects) if subject.sizes and self._visible[i]]
        ordinary = [i for i in shown if not self._subjects[i].first and not self._subjects[i].on_top]
        for i in shown:
            if self._subjects[i].first and not self._subjects[i].on_top:
                self._settle(i, self._fullest(i))
        for i in sorted(ordinary, key=lambda i: self._subjects[i].key not in self._last):
            self._settle(i, self._kept(i) or self._smallest(i))
        for fullest in reversed(range(max(1, self._count() - 1))):
            for i in ordinary:
                self._widen(i, fullest)
        for i in ordinary:
            if self._spots[i] is None:
                self._settle(i, self._inside(i))
        for i in shown:
            if self._subjects[i].on_top:
                self._put_on_top(i)
        return self._spots

    def _settle(self, i: int, spot: Spot | None) -> None:
        if (before := self._spots[i]) is not None:
            self._taken.remove(before.rect, i)
        self._spots[i] = spot
        if spot is not None:
            self._taken.add(spot.rect, i)

    def _kept(self, i: int) -> Spot | None:
        """The place and form of the last frame, if they are still free."""
        last = self._last.get(self._subjects[i].key)
        subject = self._subjects[i]
        fullest = 0 if subject.first else subject.fullest
        if last is None or last.place < 0 or not fullest <= last.form < len(subject.sizes):
            return None
        rect = self._forms[last.form].free[i].get(last.place)
        return replace(last, rect=rect) if rect is not None and self._taken.is_free(rect, i, self._gap) else None

    def _smallest(self, i: int) -> Spot | None:
        """The first place for the smallest form, which leaves most room to the neighbours."""
        return next(self._around(i, len(self._subjects[i].sizes) - 1), None)

    def _widen(self, i: int, to: int) -> None:
        """Give a face a fuller form, at most this one, if there is room."""
        now, last = self._spots[i], self._last.get(self._subjects[i].key)
        fullest = now.form if now is not None else len(self._subjects[i].sizes)
        forms = range(max(to, self._subjects[i].fullest), fullest)
        if not forms:
            return
        fuller = next((spot for form in forms for spot in self._around(i, form)), None)
        if fuller is not None and (last is None or now is None or fuller.form >= last.form or now.patience >= PATIENCE):
            self._settle(i, fuller)
        elif now is not None and to == 0:  # once a frame
            self._spots[i] = replace(now, patience=now.patience + 1 if fuller is not None else 0)

    def _fullest(self, i: int) -> Spot | None:
        last = self._last.get(self._subjects[i].key)
        if last is not None and last.form == 0 and (kept := self._kept(i)) is not None:
            return kept
        near = next(self._around(i, 0), None)
        return (
            near
            or self._far(i)
            or next((spot for form in range(1, len(self._subjects[i].sizes)) for spot in self._around(i, form)), None)
        )

    def _put_on_top(self, i: int) -> None:
        spot = next(self._around(i, 0), None)
        if spot is None:
            spot = next((Spot(rect, 0, place_index) for place_index, rect in self._forms[0].free[i].items()), None)
        spot = spot or self._far(i) or self._inside(i)
        if spot is None:
            return
        for j in self._taken.owners_in(spot.rect):
            self._settle(j, None)
        self._settle(i, spot)

    def _around(self, i: int, form: int) -> Iterator[Spot]:
        """The free places around the box for a form, the last one first, then in the order of preference."""
        last, places = self._last.get(self._subjects[i].key), self._forms[form].free[i]
        if last is not None and last.place in places and self._taken.is_free(places[last.place], i, self._gap):
            yield Spot(places[last.place], form, last.place)
        for place_index, rect in places.items():
            if self._taken.is_free(rect, i, self._gap):
                yield Spot(rect, form, place_index)

    def _far(self, i: int) -> Spot | None:
        """The nearest place for the full form that is free of faces, and of labels too if there is one."""
        occupied = np.zeros((self._area[1] // COARSE_PX + 1, self._area[0] // COARSE_PX + 1), np.int32)
        for left, top, right, bottom in self._boxes:
            occupied[top // COARSE_PX : -(-bottom // COARSE_PX), left // COARSE_PX : -(-right // COARSE_PX)] = 1
        with_labels = occupied.copy()
        for left, top, right, bottom in self._taken.rects():
            with_labels[top // COARSE_PX : -(-bottom // COARSE_PX), left // COARSE_PX : -(-right // COARSE_PX)] = 1
        width, height = self._subjects[i].sizes[0]
        last = self._last.get(self._subjects[i].key)
        if last is not None and last.is_far and self._is_off_faces(last.rect) and self._has_size(last.rect, i):
            return last
        left, top, right, bottom = self._boxes[i].tolist()
        centre = ((left + right - width) // 2, (top + bottom - height) // 2)
        for field in (with_labels, occupied):
            found = nearest_free(field, (width, height), centre, self._area)
            if found is not None:
                return Spot((*found, found[0] + width, found[1] + height), 0, FAR)
        return None

    def _inside(self, i: int) -> Spot | None:
        """A corner of a face so large that there is no place around it: the only labels that lie in a box."""
        left, top, right, bottom = self._boxes[i].tolist()
        if max((right - left) / self._area[0], (bottom - top) / self._area[1]) < _LARGE:
            return None
        for form, (width, height) in enumerate(self._subjects[i].sizes):
            for x, y in (
                (left, bottom - height),
                (right - width, bottom - height),
                (left, top),
                (right - width, top),
            ):
                rect = (x, y, x + width, y + height)
                fits = x >= left and y >= top and x + width <= right and y + height <= bottom
                if fits and self._is_off_faces(rect, i) and self._taken.is_free(rect, i, self._gap):
                    return Spot(rect, form, INSIDE)
        return None

    def _is_off_faces(self, rect: Rect, but: int | None = None) -> bool:
        left, top, right, bottom = rect
        boxes = self._boxes
        hit = (boxes[:, 0] < right) & (boxes[:, 2] > left) & (boxes[:, 1] < bottom) & (boxes[:, 3] > top)
        return not any(index != but for index in np.flatnonzero(hit).tolist())

    def _has_size(self, rect: Rect, i: int) -> bool:
        return (rect[2] - rect[0], rect[3] - rect[1]) == self._subjects[i].sizes[0]

    def _count(self) -> int:
        return max((len(subject.sizes) for subject in self._subjects), default=0)

    def _sizes_of(self, form: int) -> Ints:
        """`(n, 2)`; zero for subjects that have no such form."""
        sizes = [subject.sizes[form] if form < len(subject.sizes) else (0, 0) for subject in self._subjects]
        return np.array(sizes, np.int32).reshape(-1, 2)
