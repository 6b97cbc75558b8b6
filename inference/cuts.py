"""Cutting digits that touch: where a mark might be two.

A cut is a seam, a path from the top of the mark to its bottom that may lean, by way of as little
ink as possible, found by dynamic programming; it is proposed only, and whether it is made is
decided by what the recognizer makes of the pieces. Such an over-segmentation is how numbers on
checks and envelopes have been read since Matan, Burges, LeCun and Denker, 1992, "Multi-Digit
Recognition Using a Space Displacement Neural Network", and LeCun, Bottou, Bengio and Haffner, 1998,
"Gradient-Based Learning Applied to Document Recognition", section VII; Casey and Lecolinet, 1996,
"A Survey of Methods and Strategies in Character Segmentation", compare the ways to cut.
"""

import numpy as np
from numpy.typing import NDArray

from .marks import Mark, drawn, joined

_SIDE = 40  # pixels; marks are shrunk to it to be cut: a seam needs no more detail
_STEP = 0.03  # ink that a seam pays for each pixel of paper, so that it is short
_LEAN = 0.03  # … and for each pixel that it moves to the side
_LARGEST_CROSSING = 0.45  # of the mark's height; a seam through more ink than this is no cut
_SEPARATION = 0.1  # of the mark's height, between two cuts
_SMALLEST_PIECE = 0.06  # of the mark's ink


def cut(mark: Mark, most: int) -> list[Mark]:
    """Proposes where a mark might be cut.

    Args:
        mark: What may be several digits that touch.
        most: Largest number of cuts.

    Returns:
        The pieces from left to right, at most `most` + 1; the mark alone where no cut suggests
        itself.
    """
    factor = -(-mark.extent // _SIDE)
    ink = _shrunk(mark, factor)
    seams = _seams(ink, most)
    rows, columns = (mark.rows - mark.top) // factor, (mark.columns - mark.left) // factor
    piece = np.zeros(rows.shape, np.intp)
    for seam in seams:
        piece += columns > seam[rows]
    pieces = [mark.part(piece == index) for index in np.unique(piece)]
    return _without_slivers(pieces, int(_SMALLEST_PIECE * mark.rows.size))


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
    middle = height // 2
    price = ink + _STEP
    from_top, from_bottom = _sums(price), _sums(price[::-1])[::-1]
    through = from_top[middle] + from_bottom[middle] - price[middle]
    is_lowest = (through[1:-1] <= through[:-2]) & (through[1:-1] < through[2:])
    separation = max(1, round(_SEPARATION * height))
    dearest = (_LARGEST_CROSSING + _STEP) * height
    chosen: list[int] = []
    for column in sorted((np.flatnonzero(is_lowest) + 1).tolist(), key=lambda x: through[x]):
        apart = min([column, width - 1 - column, *(abs(column - other) for other in chosen)])
        if apart >= separation and through[column] <= dearest and len(chosen) < most:
            chosen.append(column)
    return [_traced(from_top, from_bottom, middle, column) for column in sorted(chosen)]


def _sums(price: NDArray[np.float64]) -> NDArray[np.float64]:
    """Price of the cheapest path from the first row to each pixel, (height, width)."""
    sums = price.copy()
    for row in range(1, len(price)):
        above = sums[row - 1]
        best = above.copy()
        np.minimum(best[1:], above[:-1] + _LEAN, out=best[1:])
        np.minimum(best[:-1], above[1:] + _LEAN, out=best[:-1])
        sums[row] += best
    return sums


def _traced(
    from_top: NDArray[np.float64], from_bottom: NDArray[np.float64], middle: int, column: int
) -> NDArray[np.intp]:
    """The cheapest path through a column of the middle row: its column in every row, (height,)."""
    path = np.full(len(from_top), column, np.intp)
    for row in range(middle - 1, -1, -1):
        path[row] = _cheapest_neighbour(from_top[row], int(path[row + 1]))
    for row in range(middle + 1, len(from_top)):
        path[row] = _cheapest_neighbour(from_bottom[row], int(path[row - 1]))
    return path


def _cheapest_neighbour(sums: NDArray[np.float64], column: int) -> int:
    neighbours = range(max(0, column - 1), min(len(sums), column + 2))
    return min(neighbours, key=lambda x: sums[x] + _LEAN * (x != column))


def _without_slivers(pieces: list[Mark], smallest: int) -> list[Mark]:
    """Joins pieces of too few pixels to the piece on their left, or the first to its right."""
    kept: list[Mark] = []
    for piece in pieces:
        if kept and min(piece.rows.size, kept[-1].rows.size) < smallest:
            kept[-1] = joined((kept[-1], piece))
        else:
            kept.append(piece)
    return kept
