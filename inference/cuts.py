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

_HEIGHT = 70  # pixels; higher marks are shrunk to be cut: a seam needs no more detail
_STEP = 0.02  # ink that a seam pays for each pixel of paper, so that it is short
_LEAN = 0.06  # … and for each pixel that it moves to the side
_ARM = 0.5  # stroke widths; how far ink reaches on all sides of such a place
_IN_BLOT = 0.05  # of their price, where strokes lie side by side: digits that touch along a stroke
_LARGEST_CROSSING = 0.13  # of the mark's height; what a seam pays at most
_SMALLEST_PIECE = 0.1  # of the mark's ink


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
    factor = -(-mark.height // _HEIGHT)
    ink = _shrunk(mark, factor)
    rows, columns = (mark.rows - mark.top) // factor, (mark.columns - mark.left) // factor
    every_row = np.arange(len(ink))
    seams_on_left = np.zeros(rows.shape, np.intp)
    crossings: list[float] = []
    price = ink * np.where(_blots(ink), _IN_BLOT, 1)
    for seam in _seams(ink, price + _STEP, most):
        seams_on_left += columns > seam[rows]
        crossings.append(float(price[every_row, seam].sum()) / len(ink))
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


def _seams(
    ink: NDArray[np.float64], price: NDArray[np.float64], most: int
) -> list[NDArray[np.intp]]:
    """Finds the cheapest seams that part the ink differently.

    Args:
        ink: (height, width), 0…1.
        price: (height, width), what a seam pays for each pixel.
        most: Largest number of seams.

    Returns:
        Column of each seam in every row, (height,), ordered by how much ink is on their left.
    """
    height, width = ink.shape
    if min(height, width) < 3:
        return []
    # Both halves at once, from top and bottom to the middle row: (2, rows, width).
    middle = height // 2
    lower = price[middle:] if height % 2 else np.vstack((price[middle:], price[-1:]))
    sums, moves = _cheapest_paths(np.stack((price[: middle + 1], lower[::-1])))
    through = sums[0] + sums[1] - price[middle]
    is_lowest = (through[1:-1] <= through[:-2]) & (through[1:-1] < through[2:])
    columns = np.flatnonzero(is_lowest & (through[1:-1] <= _LARGEST_CROSSING * height)) + 1
    columns = columns[np.argsort(through[columns], kind="stable")]
    above, below = _traced(moves, columns)
    paths = np.vstack((above[::-1], below[1:]))[:height]  # (height, seams)
    up_to = np.cumsum(ink, axis=1)
    ink_on_left = np.take_along_axis(up_to, paths, axis=1).sum(axis=0).tolist()
    total = float(up_to[:, -1].sum())
    seams: dict[float, NDArray[np.intp]] = {}  # by the ink on their left
    for path, on_left in zip(paths.T, ink_on_left, strict=True):
        if all(abs(on_left - other) >= _SMALLEST_PIECE * total for other in (0, total, *seams)):
            seams[on_left] = path
        if len(seams) == most:
            break
    return [seams[on_left] for on_left in sorted(seams)]


def _blots(ink: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Where strokes lie side by side: the ink reaches farther than a stroke's width both ways."""
    inked = ink > 0.5
    outline = np.count_nonzero(inked[1:] != inked[:-1]) + np.count_nonzero(
        inked[:, 1:] != inked[:, :-1]
    )
    stroke_width = 2.5 * np.count_nonzero(inked) / max(outline, 1)
    reach = max(1, round(_ARM * stroke_width))
    blots = inked.copy()
    blots[:reach] = blots[-reach:] = False
    blots[:, :reach] = blots[:, -reach:] = False
    blots[reach:] &= inked[:-reach]
    blots[:-reach] &= inked[reach:]
    blots[:, reach:] &= inked[:, :-reach]
    blots[:, :-reach] &= inked[:, reach:]
    return blots


def _cheapest_paths(
    price: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.int8]]:
    """Finds the cheapest paths from the first row to each pixel of the last.

    Args:
        price: (2, rows, width), of two images at once.

    Returns:
        Price of the paths, (2, width); and by how many columns the path to each pixel moved on its
        way from the row before, (2, rows, width).
    """
    sums = price.copy()
    for row in range(1, price.shape[1]):
        before, here = sums[:, row - 1], sums[:, row]
        leaning = before + _LEAN
        best = before.copy()
        np.minimum(best[:, 1:], leaning[:, :-1], out=best[:, 1:])
        np.minimum(best[:, :-1], leaning[:, 1:], out=best[:, :-1])
        here += best
    before = sums[:, :-1]
    leaning = before + _LEAN
    moves = np.zeros(price.shape, np.int8)
    from_left = moves[:, 1:, 1:]
    from_left[leaning[:, :, :-1] < before[:, :, 1:]] = 1
    from_right = moves[:, 1:, :-1]
    is_right_cheaper = leaning[:, :, 1:] < before[:, :, :-1]
    is_right_cheaper[:, :, 1:] &= before[:, :, 2:] < before[:, :, :-2]
    from_right[is_right_cheaper] = -1
    return sums[:, -1], moves


def _traced(moves: NDArray[np.int8], columns: NDArray[np.intp]) -> NDArray[np.intp]:
    """Follows the paths to columns of the last row, (paths,), back to the first row.

    Returns:
        Their columns in both images, (2, rows, paths), the last row first.
    """
    here = np.stack((columns, columns))
    which = np.array([[0], [1]])
    paths = [here]
    for row in range(moves.shape[1] - 1, 0, -1):
        here = here - moves[which, row, here]
        paths.append(here)
    return np.stack(paths, axis=1)
