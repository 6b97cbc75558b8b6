"""Cutting digits that touch: where a mark might be two.

A cut is a seam, a path from the top of the mark to its bottom that may lean, by way of as little
ink as possible, found by dynamic programming; it is proposed only, and whether it is made is
decided by what the recognizer makes of the pieces. Such an over-segmentation is how numbers on
checks and envelopes have been read since Matan, Burges, LeCun and Denker, 1992, "Multi-Digit
Recognition Using a Space Displacement Neural Network", and LeCun, Bottou, Bengio and Haffner, 1998,
"Gradient-Based Learning Applied to Document Recognition", section VII; Casey and Lecolinet, 1996,
"A Survey of Methods and Strategies in Character Segmentation", compare the ways to cut.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .marks import Mark, drawn, joined

_SIDE = 32  # pixels; marks are shrunk to it to be cut: a seam needs no more detail
_STEP = 0.03  # ink that a seam pays for each pixel of paper, so that it is short
_LEAN = 0.03  # … and for each pixel that it moves to the side
_LARGEST_CROSSING = 0.45  # of the mark's height; a seam through more ink than this is no cut
_SEPARATION = 0.1  # of the mark's height, between two cuts
_SMALLEST_PIECE = 0.06  # of the mark's ink


@dataclass(frozen=True, slots=True, eq=False)
class Pieces:
    """A mark that was cut.

    Attributes:
        marks: The pieces from left to right, at least one.
        crossings: How much ink each cut goes through, as a share of the mark's height; one fewer
            than marks.
    """

    marks: list[Mark]
    crossings: list[float]


def cut(mark: Mark, most: int) -> Pieces:
    """Proposes where a mark might be cut.

    Args:
        mark: What may be several digits that touch.
        most: Largest number of cuts.

    Returns:
        The pieces, at most `most` + 1; the mark alone where no cut suggests itself.
    """
    factor = -(-mark.extent // _SIDE)
    ink = _shrunk(mark, factor)
    rows, columns = (mark.rows - mark.top) // factor, (mark.columns - mark.left) // factor
    every_row = np.arange(len(ink))
    seams_on_left = np.zeros(rows.shape, np.intp)
    crossings: list[float] = []
    for seam in _seams(ink, most):
        seams_on_left += columns > seam[rows]
        crossings.append(float(ink[every_row, seam].sum()) / len(ink))
    smallest = _SMALLEST_PIECE * rows.size
    pieces = Pieces([], [])
    pending = np.zeros(rows.shape, np.bool_)
    for index in range(len(crossings) + 1):
        pending |= seams_on_left == index
        size = np.count_nonzero(pending)
        if size >= smallest:
            if pieces.marks:
                pieces.crossings.append(crossings[index - 1])
            pieces.marks.append(mark.part(pending))
            pending[:] = False
    if pending.any():
        pieces.marks[-1] = joined((pieces.marks[-1], mark.part(pending)))
    return pieces


def _shrunk(mark: Mark, factor: int) -> NDArray[np.float64]:
    """A mark's ink, 0…1, on its own bounding box shrunk by a whole number."""
    height, width = -(-mark.height // factor), -(-mark.width // factor)
    return drawn([mark], -(-mark.extent // factor))[0, :height, :width] / 255


def _seams(ink: NDArray[np.float64], most: int) -> list[NDArray[np.intp]]:
    """Finds the cheapest seams that differ.

    Args:
        ink: (height, width), 0…1.
        most: Largest number of seams.

    Returns:
        Column of each seam in every row, (height,), ordered by their columns in the middle row.
    """
    height, width = ink.shape
    if min(height, width) < 3:
        return []
    price = ink + _STEP
    middle = height // 2
    from_top, from_bottom = _sums(price[: middle + 1]), _sums(price[: middle - 1 : -1])
    through = from_top[-1] + from_bottom[-1] - price[middle]
    is_lowest = (through[1:-1] <= through[:-2]) & (through[1:-1] < through[2:])
    columns = np.flatnonzero(is_lowest) + 1
    separation = max(1, round(_SEPARATION * height))
    dearest = (_LARGEST_CROSSING + _STEP) * height
    chosen: list[int] = []
    for column in columns[np.argsort(through[columns], kind="stable")].tolist():
        apart = min([column, width - 1 - column, *(abs(column - other) for other in chosen)])
        if apart >= separation and through[column] <= dearest and len(chosen) < most:
            chosen.append(column)
    upper, lower = from_top.tolist(), from_bottom.tolist()
    return [
        np.array([*_traced(upper, column)[::-1], *_traced(lower, column)[1:]], np.intp)
        for column in sorted(chosen)
    ]


def _sums(price: NDArray[np.float64]) -> NDArray[np.float64]:
    """Price of the cheapest path from the first row to each pixel, (height, width)."""
    sums = price.copy()
    for row in range(1, len(price)):
        above = sums[row - 1]
        leaning = above + _LEAN
        best = above.copy()
        np.minimum(best[1:], leaning[:-1], out=best[1:])
        np.minimum(best[:-1], leaning[1:], out=best[:-1])
        sums[row] += best
    return sums


def _traced(sums: list[list[float]], column: int) -> list[int]:
    """The cheapest path from a column of the last row to the first: its columns, in that order."""
    path = [column]
    for row in reversed(sums[:-1]):
        best = column
        if column > 0 and row[column - 1] + _LEAN < row[best]:
            best = column - 1
        if column + 1 < len(row) and row[column + 1] + _LEAN < row[best] + _LEAN * (best != column):
            best = column + 1
        path.append(best)
        column = best
    return path
