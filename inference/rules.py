"""Ruled lines and boxes, under or around a number: found and taken away.

A line is where the ink's pixels pile up when they are projected along it: a Hough transform over
the few slopes that a page seen almost straight can have (Duda and Hart, 1972, "Use of the Hough
Transformation to Detect Lines and Curves in Pictures").
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .marks import Mark, find_marks

LONG = 1.5  # heights of the line's digits; a lone stroke that is as wide and flat is ruled
WIDE = 2.2  # of its own height; a narrower mark does not hold a line and digits that touch it
THICK = 0.12  # of a mark's height; no line is thicker
STEEPEST = 0.1  # rows for each column
COVERED = 0.85  # of a mark's width, by a horizontal line
COVERED_DOWN = 0.8  # of its height, by a vertical line; a 1 in a box is not as high
MOST_LINES = 6  # in a direction

_FLAT = 0.3  # heights of the line's digits; a lone line is no higher
_CLEARLY_INKED = 128  # more than the soft edge of a line
_EDGE = 0.08  # of a frame's box, near its sides
_FRAMED = 0.8  # of each side of a frame is inked


def without_rules(marks: Sequence[Mark], height: int) -> list[Mark]:
    """Takes away what is ruled: lines that stand alone, and those that touch digits.

    Args:
        marks: All marks of a picture.
        height: Of the line's digits, in pixels.

    Returns:
        The marks without lines, what a line joined being apart again. Marks of nothing but lines
        stay if there is nothing else: that is how some write a 1 or a minus.
    """
    kept: list[Mark] = []
    for mark in marks:
        if mark.height <= _FLAT * height and mark.width >= LONG * height:
            continue
        is_frame = any(_holds(mark, other) for other in marks) and _is_frame(mark)
        kept += _unruled(mark) if is_frame or mark.width > WIDE * mark.height else [mark]
    return kept or list(marks)


def _holds(mark: Mark, other: Mark) -> bool:
    """Whether another mark of some size lies within a mark's bounding box."""
    return (
        mark.left < other.left
        and other.right < mark.right
        and mark.top < other.top
        and other.bottom < mark.bottom
        and other.extent > _FLAT * mark.height
    )


def _is_frame(mark: Mark) -> bool:
    """Whether the mark's ink runs along all four sides of its bounding box."""
    down, across = mark.rows - mark.top, mark.columns - mark.left
    deep, wide = max(1, _EDGE * mark.height), max(1, _EDGE * mark.width)
    sides = (
        (across, down < deep, mark.width),
        (across, down >= mark.height - deep, mark.width),
        (down, across < wide, mark.height),
        (down, across >= mark.width - wide, mark.height),
    )
    return all(
        np.count_nonzero(np.bincount(along[near])) >= _FRAMED * length
        for along, near, length in sides
    )


def _unruled(mark: Mark) -> list[Mark]:
    """What is left of a mark without its lines."""
    down, across = mark.rows - mark.top, mark.columns - mark.left
    ink = np.zeros((mark.height, mark.width), np.uint8)
    ink[down, across] = mark.levels
    lines = _erase_lines(ink, COVERED)
    if lines > 1:
        lines += _erase_lines(ink.T, COVERED_DOWN)
    if not lines:
        return [mark]
    return [part.moved(mark.top, mark.left) for part in find_marks(ink)]


def _erase_lines(ink: NDArray[np.uint8], covered: float) -> int:
    """Erases horizontal lines, in place.

    Args:
        ink: uint8 (H, W), a mark's own bounding box.
        covered: Share of the ink's width that a line covers.

    Returns:
        How many there were.
    """
    for count in range(MOST_LINES):
        rows, columns = np.nonzero(ink)
        if not rows.size:
            return count
        thickest = max(3, round(THICK * ink.shape[0]))
        distances = _line(rows, columns, round(covered * (np.ptp(columns) + 1)), thickest)
        if distances is None:
            return count
        # Where there is ink beside the line, its pixels are a part of a stroke, too.
        is_beside = (np.abs(distances) == 1) & (ink[rows, columns] >= _CLEARLY_INKED)
        is_stroke = np.bincount(columns[is_beside], minlength=ink.shape[1]) > 0
        gone = (distances == 0) & ~is_stroke[columns]
        ink[rows[gone], columns[gone]] = 0
    return MOST_LINES


def _line(
    rows: NDArray[np.intp], columns: NDArray[np.intp], least: int, thickest: int
) -> NDArray[np.intp] | None:
    """Finds the straightest line.

    Args:
        rows: (pixels,), where the ink is.
        columns: (pixels,), likewise.
        least: Pixels that the line must hold in a single row along it.
        thickest: Rows that it has at most.

    Returns:
        How many rows each pixel is from the line, (pixels,), negative above it and 0 on it; None
        if there is no line.
    """
    best, slope, offsets = 0, 0.0, rows
    for step in (STEEPEST / 8, STEEPEST / 64):
        middle = slope
        for candidate in middle + step * np.arange(-8, 9):
            sheared = np.rint(rows - candidate * columns).astype(np.intp)
            sheared -= sheared.min()
            most = int(np.bincount(sheared).max())
            if most > best:
                best, slope, offsets = most, float(candidate), sheared
    if best < least:
        return None
    counts = np.bincount(offsets)
    is_full = counts >= best / 2
    first = last = int(counts.argmax())
    while first > 0 and is_full[first - 1]:
        first -= 1
    while last + 1 < is_full.size and is_full[last + 1]:
        last += 1
    if last - first >= thickest:
        return None
    first, last = first - 1, last + 1  # the soft edges
    return np.where(offsets < first, offsets - first, np.maximum(offsets - last, 0))
