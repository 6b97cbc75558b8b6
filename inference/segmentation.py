"""From marks to what may be digits: a line of pieces, and the runs of them worth reading.

A digit may be several marks that do not touch, and one mark may be several digits that do. So every
run of neighbouring pieces that could be a digit by its shape is a candidate. A piece is a mark, or
a part of one that was cut because `reading` doubts that it is a single digit.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .cuts import cut
from .marks import MARK_LEVEL, Mark, box_of, find_marks, gap, joined
from .rules import without_rules

DETAIL = 50  # pixels; larger writing is shrunk, by a whole number, to digits at least as high
COARSEST = 8  # the most that it is shrunk, for the sake of thin pens

# Shares of the height of the line's digits.
SPECK = 0.12  # a mark no larger is dirt, unless it lies within another: then it is a part of it
REACH = 0.25  # the widest gap within a digit
LOWEST_CUT = 0.5  # a mark that is lower is no pair of digits

# Widths, as shares of a mark's own height.
ONE = 0.3  # narrower marks, 1s, do not show how wide digits are here
UNDIVIDED = 0.65  # a mark no wider is one digit at most
UNDIVIDED_ALONE = 1.08  # the same where no other mark shows how wide digits are here
WIDEST = 1.35  # a digit that is not simply one mark is no wider
CUTS = 3.0  # tried for a mark as wide as high

FEWEST_CUTS = 2  # tried in a mark that may be several digits
MOST_CUTS = 12
MOST_PIECES = 6  # in a digit


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """A run of neighbouring pieces that may be a digit.

    Attributes:
        start: Index of its first piece.
        stop: Index of the piece after its last.
        mark: Its ink.
        gap: The widest gap that it bridges, as a share of the height of the line's digits.
        crossing: How much ink the cuts at its sides go through, as a share of the height of what
            was cut; 0 without cuts.
    """

    start: int
    stop: int
    mark: Mark
    gap: float
    crossing: float


@dataclass(frozen=True, slots=True, eq=False)
class _Piece:
    """A mark, or a part of one.

    Attributes:
        mark: The ink.
        whole: The mark that it is a part of.
        left_cut: How much ink the cut on its left goes through; None without a cut.
        right_cut: The same of its right side.
    """

    mark: Mark
    whole: Mark
    left_cut: float | None
    right_cut: float | None


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """What is written on a picture, specks and rules left out.

    Attributes:
        marks: From left to right; none if nothing but specks is drawn.
        height: Of the line's digits, in pixels of the marks.
        scale: Pixels of the ink for each pixel of the marks.
    """

    marks: list[Mark]
    height: int
    scale: int


@dataclass(frozen=True, slots=True, eq=False)
class Segmentation:
    """What may be digits on a line.

    Attributes:
        candidates: Ordered by their start; among them every single piece.
        pieces: How many pieces there are.
    """

    candidates: list[Candidate]
    pieces: int


def find_line(ink: NDArray[np.uint8]) -> Line:
    """Finds the marks of a line of writing.

    Args:
        ink: uint8 (H, W), 0 paper … 255 full ink.

    Returns:
        The line.
    """
    rows = np.flatnonzero(ink.max(axis=1) >= MARK_LEVEL)
    scale = min(max(1, int(np.ptp(rows)) // DETAIL), COARSEST) if rows.size else 1
    while True:
        marks = find_marks(ink if scale == 1 else np.asarray(Image.fromarray(ink).reduce(scale)))
        if scale == 1 or digit_height(marks) >= DETAIL / 2:
            break
        scale = max(1, scale // 2)
    marks = without_rules(marks, digit_height(marks))
    height = digit_height(marks)
    marks = _without_specks(marks, SPECK * height)
    return Line(sorted(marks, key=lambda mark: mark.left + mark.right), height, scale)


def segment(line: Line, cut_marks: Collection[int] = ()) -> Segmentation:
    """Finds what may be digits.

    Args:
        line: The marks.
        cut_marks: Indices of the marks that are cut where they might be several digits.

    Returns:
        The candidates. Without cuts, the pieces are the line's marks.
    """
    pieces = list(_pieces(line, cut_marks))
    return Segmentation(list(_candidates(pieces, line.height)), len(pieces))


def wide_marks(line: Line) -> set[int]:
    """Indices of the marks that may be several digits that touch, by their shape."""
    tall = {i: m for i, m in enumerate(line.marks) if m.height >= LOWEST_CUT * line.height}
    is_alone = sum(mark.width > ONE * mark.height for mark in tall.values()) < 2
    widest = UNDIVIDED_ALONE if is_alone else UNDIVIDED
    return {index for index, mark in tall.items() if mark.width > widest * mark.height}


def digit_height(marks: Sequence[Mark]) -> int:
    """Height of the line's digits: half of what is written, by area, is no higher."""
    heights = sorted(mark.height for mark in marks)
    half = sum(height**2 for height in heights) / 2
    for height in heights:
        half -= height**2
        if half <= 0:
            return height
    return 1


def _without_specks(marks: Sequence[Mark], largest: float) -> list[Mark]:
    """Joins the specks within a mark's bounding box to it, and leaves the others out."""
    specks = [mark for mark in marks if mark.extent <= largest]
    return [
        joined([mark, *(speck for speck in specks if gap(mark, speck) == 0)])
        for mark in marks
        if mark.extent > largest
    ]


def _pieces(line: Line, cut_marks: Collection[int]) -> Iterator[_Piece]:
    """The marks from left to right, some of them cut."""
    for index, mark in enumerate(line.marks):
        if index not in cut_marks:
            yield _Piece(mark, mark, None, None)
            continue
        cuts = max(FEWEST_CUTS, min(MOST_CUTS, int(CUTS * mark.width / mark.height)))
        parts = cut(mark, cuts)
        lefts, rights = [None, *parts.crossings], [*parts.crossings, None]
        for part, left, right in zip(parts.marks, lefts, rights, strict=True):
            yield _Piece(part, mark, left, right)


def _candidates(pieces: Sequence[_Piece], height: int) -> Iterator[Candidate]:
    """Every run of pieces that can be a digit."""
    line = joined([piece.mark for piece in pieces]) if pieces else None
    ends = [0]
    for piece in pieces:
        ends.append(ends[-1] + piece.mark.rows.size)
    for start, first in enumerate(pieces):
        widest_gap = 0.0
        wholes: list[Mark] = []
        top, bottom, left, right = box_of([first.mark])
        for stop in range(start + 1, min(start + MOST_PIECES, len(pieces)) + 1):
            last = pieces[stop - 1]
            if not wholes or last.whole is not wholes[-1]:
                if wholes:
                    near = min(gap(last.whole, whole) for whole in wholes)
                    widest_gap = max(widest_gap, near / height)
                wholes.append(last.whole)
            if widest_gap > REACH or line is None:
                break
            top, bottom = min(top, last.mark.top), max(bottom, last.mark.bottom)
            left, right = min(left, last.mark.left), max(right, last.mark.right)
            is_one_mark = len(wholes) == 1 and first.left_cut is None and last.right_cut is None
            if is_one_mark or stop == start + 1 or right - left <= WIDEST * (bottom - top):
                mark = line.stretch(ends[start], ends[stop], (top, bottom, left, right))
                crossing = (first.left_cut or 0.0) + (last.right_cut or 0.0)
                yield Candidate(start, stop, mark, widest_gap, crossing)
