"""Where there is room for labels: the places around faces, the labels placed so far, and the rest of the picture."""

import numpy as np
import numpy.typing as npt

from agecam.overlay.sprites import Rect

Size = tuple[int, int]
"""`(width, height)` in pixels."""
Ints = npt.NDArray[np.int32]
COARSE_PX = 8
"""Resolution of the search for a place far from the face."""
_CELL_PX = 64
"""Side of the cells in which labels are looked up by their place."""


class Places:
    """The places around all boxes for labels of one form, and which of them are free of faces."""

    def __init__(self, sizes: Ints, boxes: Ints, area: Size, gap: int) -> None:
        """
        Args:
            sizes: `(n, 2)` widths and heights of the labels; zero for a face without a label of this form.
            boxes: `(n, 4)` left, top, right and bottom of the faces, inside the picture.
            area: of the picture.
            gap: pixels between a label and its own box.
        """
        left, top, right, bottom = boxes.T[:, :, None]
        width, height = sizes.T[:, :, None]
        along = [left, right - width, (left + right - width) // 2, left - width // 2, right - width // 2]
        beside = [top, (top + bottom - height) // 2, bottom - height]
        above, below, after, before = top - gap - height, bottom + gap, right + gap, left - gap - width
        # In the order of preference. Places along a side are moved into the picture.
        shifted = [(_moved(x, width, area[0]), y) for y in (above, below) for x in along]
        shifted += [(x, _moved(y, height, area[1])) for x in (after, before) for y in beside]
        shifted += [(x, y) for y in (above, below) for x in (after, before)]
        self._x = np.concatenate([x for x, _ in shifted], axis=1)
        self._y = np.concatenate([y for _, y in shifted], axis=1)
        self._sizes = sizes
        free = (self._x >= 0) & (self._y >= 0) & (self._x + width <= area[0]) & (self._y + height <= area[1])
        free &= (width > 0) & ~self._on_faces(boxes, gap)
        owners, places = np.nonzero(free)
        corners, ends = np.stack([self._x[free], self._y[free]]), sizes[owners].T
        self.free: list[dict[int, Rect]] = [{} for _ in boxes]
        """The places of each subject that are free of faces, in the order of preference."""
        columns = (owners, places, *corners, *(corners + ends))
        for i, place_index, x0, y0, x1, y1 in zip(*(column.tolist() for column in columns), strict=True):
            self.free[i][place_index] = (x0, y0, x1, y1)

    def _on_faces(self, boxes: Ints, gap: int) -> npt.NDArray[np.bool_]:
        """Which of the `(n, places)` cover a face. Only faces within reach are compared."""
        reach = np.hstack([boxes[:, :2] - self._sizes - gap, boxes[:, 2:] + self._sizes + gap])
        near = (reach[:, None, 0] < boxes[:, 2]) & (reach[:, None, 2] > boxes[:, 0])
        near &= (reach[:, None, 1] < boxes[:, 3]) & (reach[:, None, 3] > boxes[:, 1])
        np.fill_diagonal(near, True)
        own, other = np.nonzero(near)
        if not len(own):
            return np.zeros(self._x.shape, np.bool_)
        x, y, faces = self._x[own], self._y[own], boxes[other][:, :, None]
        hit = (x < faces[:, 2]) & (y < faces[:, 3])
        hit &= (x + self._sizes[own, :1] > faces[:, 0]) & (y + self._sizes[own, 1:] > faces[:, 1])
        starts = np.searchsorted(own, np.arange(len(boxes)))
        return np.logical_or.reduceat(hit, starts, axis=0)


class Taken:
    """The labels placed so far, found by their place."""

    def __init__(self) -> None:
        self._cells: dict[tuple[int, int], list[tuple[int, int, int, int, int]]] = {}
        """Left, top, right, bottom and owner of the labels in each cell."""

    def add(self, rect: Rect, owner: int) -> None:
        """Note a label."""
        for cell in _cells_of(*rect):
            self._cells.setdefault(cell, []).append((*rect, owner))

    def remove(self, rect: Rect, owner: int) -> None:
        """Take a label away that was added."""
        for cell in _cells_of(*rect):
            self._cells[cell].remove((*rect, owner))

    def is_free(self, rect: Rect, owner: int, gap: int) -> bool:
        """Whether no label but the owner's is within `gap` pixels."""
        left, top, right, bottom = rect[0] - gap, rect[1] - gap, rect[2] + gap, rect[3] + gap
        cells = self._cells
        for row in range(top // _CELL_PX, (bottom - 1) // _CELL_PX + 1):
            for column in range(left // _CELL_PX, (right - 1) // _CELL_PX + 1):
                for x0, y0, x1, y1, other in cells.get((column, row), ()):
                    if x0 < right and x1 > left and y0 < bottom and y1 > top and other != owner:
                        return False
        return True

    def owners_in(self, rect: Rect) -> set[int]:
        """The owners of the labels that a rectangle would cover."""
        return {
            owner
            for cell in _cells_of(*rect)
            for x0, y0, x1, y1, owner in self._cells.get(cell, ())
            if x0 < rect[2] and x1 > rect[0] and y0 < rect[3] and y1 > rect[1]
        }

    def rects(self) -> set[Rect]:
        """All labels."""
        return {item[:4] for cell in self._cells.values() for item in cell}


def _moved(start: Ints, length: Ints, end: int) -> Ints:
    """Move `start..start + length` into `0..end`."""
    return np.minimum(np.maximum(start, 0), end - length)


def _cells_of(left: int, top: int, right: int, bottom: int) -> list[tuple[int, int]]:
    columns = range(left // _CELL_PX, (right - 1) // _CELL_PX + 1)
    return [(column, row) for row in range(top // _CELL_PX, (bottom - 1) // _CELL_PX + 1) for column in columns]


def nearest_free(occupied: Ints, size: Size, centre: Size, area: Size) -> Size | None:
    """Left and top of the free rectangle of this size that lies nearest to `centre`; None if there is none."""
    # One cell more than the size needs, so that the rectangle lies in free cells wherever it begins.
    columns, rows = (-(-length // COARSE_PX) + 1 for length in size)
    sums = np.zeros((occupied.shape[0] + 1, occupied.shape[1] + 1), np.int32)
    sums[1:, 1:] = occupied.cumsum(0).cumsum(1)
    if sums.shape[0] <= rows or sums.shape[1] <= columns:
        return None
    filled = sums[rows:, columns:] - sums[:-rows, columns:] - sums[rows:, :-columns] + sums[:-rows, :-columns]
    y, x = np.nonzero(filled == 0)
    x, y = x * COARSE_PX, y * COARSE_PX
    inside = (x + size[0] <= area[0]) & (y + size[1] <= area[1])
    x, y = x[inside], y[inside]
    if not len(x):
        return None
    nearest = int(np.hypot(x - centre[0], y - centre[1]).argmin())
    return int(x[nearest]), int(y[nearest])
