"""From marks to what may be digits: a line of pieces, and the runs of them worth reading.

A digit may be several marks that do not touch, and one mark may be several digits that do. So the
marks are cut where they might be several, and every run of neighbouring pieces that could be a
digit by its shape is a candidate. The recognizer reads all of them at once, and `reading` chooses.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from .cuts import cut
from .marks import Mark, gap, joined

# All shares below are of the height of the line's digits, unless they say otherwise.
SPECK = 0.12  # a mark no larger is dirt, unless it lies within another: then it is a part of it
REACH = 0.25  # the widest gap within a digit
WIDEST = 1.5  # of its own height; a digit is no wider
UNDIVIDED = 0.75  # of its own height; a mark no wider is a single digit
MOST_MARKS = 4  # in a digit
MOST_CUTS = 12  # in a mark
CUTS_PER_HEIGHT = 4  # for each of its own heights in width


@dataclass(frozen=True, slots=True)
class Candidate:
    """A run of pieces that may be a digit.

    Attributes:
        start: Index of its first piece.
        stop: Index of the piece after its last.
        mark: Its ink.
        gap: The widest gap that it bridges, as a share of the height of the line's digits.
        cuts: How many of its two sides are cuts.
    """

    start: int
    stop: int
    mark: Mark
    gap: float
    cuts: int


@dataclass(frozen=True, slots=True)
class _Piece:
    """A mark or a part of one; `owner` counts the marks, so that parts of one know each other."""

    mark: Mark
    owner: int


def segment(marks: Sequence[Mark]) -> tuple[list[Candidate], int]:
    """Finds what may be digits.

    Args:
        marks: What is written, ruled lines taken away.

    Returns:
        The candidates, among them every single piece; and the number of pieces.
    """
    height = digit_height(marks)
    pieces = _pieces(_without_specks(marks, SPECK * height))
    candidates: list[Candidate] = []
    for start in range(len(pieces)):
        for stop in range(start + 1, len(pieces) + 1):
            run = pieces[start:stop]
            if len({piece.owner for piece in run}) > MOST_MARKS:
                break
            candidate = _candidate(pieces, start, stop, height)
            if candidate is None:
                break
            candidates.append(candidate)
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


def _pieces(marks: Sequence[Mark]) -> list[_Piece]:
    pieces = [
        _Piece(part, owner)
        for owner, mark in enumerate(marks)
        for part in (
            cut(mark, _most_cuts(mark)) if mark.width > UNDIVIDED * mark.height else [mark]
        )
    ]
    return sorted(pieces, key=lambda piece: piece.mark.left + piece.mark.right)


def _most_cuts(mark: Mark) -> int:
    return min(MOST_CUTS, int(CUTS_PER_HEIGHT * mark.width / mark.height))


def _candidate(pieces: Sequence[_Piece], start: int, stop: int, height: int) -> Candidate | None:
    run = pieces[start:stop]
    mark = joined([piece.mark for piece in run])
    widest = 0.0
    for index in range(1, len(run)):
        distance = min(gap(run[index].mark, piece.mark) for piece in run[:index])
        widest = max(widest, distance / height)
    if len(run) > 1 and (widest > REACH or mark.width > WIDEST * max(mark.height, height / 2)):
        return None
    cuts = sum(
        0 <= inner < len(pieces)
        and 0 <= outer < len(pieces)
        and pieces[inner].owner == pieces[outer].owner
        for inner, outer in ((start, start - 1), (stop - 1, stop))
    )
    return Candidate(start, stop, mark, widest, cuts)
