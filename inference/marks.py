"""Marks: ink that hangs together, as lists of pixels."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

MARK_LEVEL = 48
"""Ink from this level up belongs to a mark; below it are a stroke's soft edge and noise."""

MAX_MARKS = 64
"""Of more marks than these, the largest are looked at, and the rest is taken for dirt."""


@dataclass(frozen=True, slots=True, eq=False)
class Mark:
    """Ink that hangs together, or a part of it.

    Attributes:
        rows: intp (pixels,), where each of its pixels is.
        columns: intp (pixels,), likewise.
        levels: uint8 (pixels,), the ink of each.
        top: First row of its bounding box.
        bottom: The row below the last.
        left: First column of its bounding box.
        right: The column right of the last.
    """

    rows: NDArray[np.intp]
    columns: NDArray[np.intp]
    levels: NDArray[np.uint8]
    top: int
    bottom: int
    left: int
    right: int

    @classmethod
    def of(
        cls, rows: NDArray[np.intp], columns: NDArray[np.intp], levels: NDArray[np.uint8]
    ) -> Self:
        """Makes a mark of pixels, at least one."""
        top, bottom = int(rows.min()), int(rows.max()) + 1
        return cls(rows, columns, levels, top, bottom, int(columns.min()), int(columns.max()) + 1)

    @property
    def height(self) -> int:
        """Of its bounding box, in pixels."""
        return self.bottom - self.top

    @property
    def width(self) -> int:
        """Of its bounding box, in pixels."""
        return self.right - self.left

    @property
    def extent(self) -> int:
        """The longer side of its bounding box, in pixels."""
        return max(self.height, self.width)

    def part(self, chosen: NDArray[np.bool_]) -> "Mark":
        """Its pixels for which `chosen`, bool (pixels,), is true; at least one is."""
        return Mark.of(self.rows[chosen], self.columns[chosen], self.levels[chosen])

    def stretch(self, start: int, stop: int, box: tuple[int, int, int, int]) -> "Mark":
        """Its pixels from index `start` to before `stop`, the bounding box of which is known."""
        return Mark(self.rows[start:stop], self.columns[start:stop], self.levels[start:stop], *box)

    def moved(self, rows: int, columns: int) -> "Mark":
        """The same mark, that many rows further down and columns further right."""
        return Mark(
            self.rows + rows,
            self.columns + columns,
            self.levels,
            self.top + rows,
            self.bottom + rows,
            self.left + columns,
            self.right + columns,
        )


def find_marks(ink: NDArray[np.uint8]) -> list[Mark]:
    """Parts ink into its connected components, pixels that touch at a corner included.

    Args:
        ink: uint8 (H, W), 0 paper … 255 full ink.

    Returns:
        The marks in no particular order, at most `MAX_MARKS` of them, the largest.
    """
    import cc3d  # Here, so that those who read single digits need not install it.

    inked = ink >= MARK_LEVEL
    positions = np.flatnonzero(inked)
    labels = cc3d.connected_components(inked, connectivity=8).ravel()[positions]
    order = np.argsort(labels, kind="stable")
    positions, labels = positions[order], labels[order]
    if not positions.size:
        return []
    starts = np.flatnonzero(np.append(True, labels[1:] != labels[:-1]))
    rows, columns = np.divmod(positions, ink.shape[1])
    levels = ink.ravel()[positions]
    top, bottom = np.minimum.reduceat(rows, starts), np.maximum.reduceat(rows, starts) + 1
    left, right = np.minimum.reduceat(columns, starts), np.maximum.reduceat(columns, starts) + 1
    ends = np.append(starts[1:], positions.size)
    largest = np.argsort(-np.maximum(bottom - top, right - left), kind="stable")[:MAX_MARKS]
    return [
        Mark(
            rows[starts[i] : ends[i]],
            columns[starts[i] : ends[i]],
            levels[starts[i] : ends[i]],
            int(top[i]),
            int(bottom[i]),
            int(left[i]),
            int(right[i]),
        )
        for i in largest
    ]


def joined(marks: Sequence[Mark]) -> Mark:
    """Several marks, at least one, as a single mark."""
    if len(marks) == 1:
        return marks[0]
    return Mark(
        np.concatenate([mark.rows for mark in marks]),
        np.concatenate([mark.columns for mark in marks]),
        np.concatenate([mark.levels for mark in marks]),
        *box_of(marks),
    )


def box_of(marks: Sequence[Mark]) -> tuple[int, int, int, int]:
    """Top, bottom, left and right of the bounding box of marks, at least one."""
    return (
        min([mark.top for mark in marks]),
        max([mark.bottom for mark in marks]),
        min([mark.left for mark in marks]),
        max([mark.right for mark in marks]),
    )


def gap(first: Mark, second: Mark) -> int:
    """Pixels of paper between the bounding boxes of two marks; 0 if these touch or overlap."""
    across = max(first.left, second.left) - min(first.right, second.right)
    down = max(first.top, second.top) - min(first.bottom, second.bottom)
    return max(across, down, 0)


def drawn(marks: Sequence[Mark], side: int) -> NDArray[np.uint8]:
    """Draws marks as images of one size.

    Args:
        marks: Any number of marks.
        side: Of the images, in pixels. A larger mark is shrunk to fit, by a whole number, so that
            every pixel is the average of as many.

    Returns:
        Ink, uint8 (marks, side, side), 0 paper … 255 full ink, every mark in the upper left corner.
    """
    images = np.zeros((len(marks), side, side), np.uint8)
    for image, mark in zip(images, marks, strict=True):
        rows, columns = mark.rows - mark.top, mark.columns - mark.left
        factor = -(-mark.extent // side)
        if factor == 1:
            image[rows, columns] = mark.levels
        else:
            positions = rows // factor * side + columns // factor
            sums = np.bincount(positions, mark.levels, minlength=side * side)
            image.ravel()[:] = sums / (factor * factor) + 0.5
    return images
