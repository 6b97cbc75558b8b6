"""From marks to what may be digits: a line of pieces, and the runs of them worth reading.

A digit may be several marks that do not touch, and one mark may be several digits that do. So the
marks are cut where they might be several, and every run of neighbouring pieces that could be a
digit by its shape is a candidate. The recognizer reads all of them at once, and `reading` chooses.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from .cuts import cut
from .marks import Mark, gap, joined
from .rules import without_rules

# Shares of the height of the line's digits.
SPECK = 0.12  # a mark no larger is dirt, unless it lies within another: then it is a part of it
REACH = 0.25  # the widest gap within a digit
LOWEST_CUT = 0.5  # a mark that is lower is no pair of digits

# Widths as shares of the mark's own height.
UNDIVIDED = 0.55  # a mark no wider is at most one digit
WIDE = 0.75  # a mark that is wider may be several digits
WIDER = 1.3  # of the usual width; also a mark that is wider than the others may be
WIDEST = 1.5  # a digit of several pieces is no wider
CUTS = 3.0  # tried for a mark as wide as high

LEAST = 2
MOST_CUTS = 12  # in a mark
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
        owner: Counts the marks, so that parts of one know each other.
        left_cut: How much ink the cut on its left goes through; None without a cut.
        right_cut: The same of its right side.
    """

    mark: Mark
    owner: int
    left_cut: float | None
    right_cut: float | None


def segment(marks: Sequence[Mark]) -> tuple[list[Candidate], int]:
    """Finds what may be digits.

    Args:
        marks: All that is on the page.

    Returns:
        The candidates, among them every single piece; and the number of pieces.
    """
    marks = without_rules(marks, digit_height(marks))
    height = digit_height(marks)
    pieces = _pieces(_without_specks(marks, SPECK * height), height)
    candidates = [
        candidate
        for start in range(len(pieces))
        for stop in range(start + 1, min(start + MOST_PIECES, len(pieces)) + 1)
        if (candidate := _candidate(pieces, start, stop, height))
    ]
    return candidates, len(pieces)


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


def _pieces(marks: Sequence[Mark], height: int) -> list[_Piece]:
    """Cuts what is wide; from left to right."""
    pieces: list[_Piece] = []
    usual = sorted(mark.width for mark in marks)[len(marks) // 2] if marks else 0
    for owner, mark in enumerate(sorted(marks, key=lambda mark: mark.left + mark.right)):
        is_wide = mark.width > WIDE * mark.height
        is_wider = mark.width > max(UNDIVIDED * mark.height, WIDER * usual)
        if not (is_wide or is_wider) or mark.height < LOWEST_CUT * height:
            pieces.append(_Piece(mark, owner, None, None))
            continue
        parts = cut(mark, min(MOST_CUTS, max(LEAST, int(CUTS * mark.width / mark.height))))
        lefts, rights = [None, *parts.crossings], [*parts.crossings, None]
        pieces += [
            _Piece(part, owner, left, right)
            for part, left, right in zip(parts.marks, lefts, rights, strict=True)
        ]
    return pieces


def _candidate(pieces: Sequence[_Piece], start: int, stop: int, height: int) -> Candidate | None:
    """The run of pieces from `start` to before `stop`, or None if it can be no digit."""
    run = pieces[start:stop]
    width = max(p.mark.right for p in run) - min(p.mark.left for p in run)
    tall = max(p.mark.bottom for p in run) - min(p.mark.top for p in run)
    is_part = run[0].left_cut is not None or run[-1].right_cut is not None
    is_several = run[0].owner != run[-1].owner
    if len(run) > 1 and (is_part or is_several) and width > WIDEST * tall:
        return None
    parts = [
        joined([piece.mark for piece in group])
        for _, group in groupby(run, key=lambda piece: piece.owner)
    ]
    gaps = [
        min(gap(part, before) for before in parts[:index]) / height
        for index, part in enumerate(parts)
        if index
    ]
    widest_gap = max(gaps, default=0.0)
    if widest_gap > REACH:
        return None
    crossing = sum(cut for cut in (run[0].left_cut, run[-1].right_cut) if cut is not None)
    return Candidate(start, stop, joined(parts), widest_gap, crossing)
