"""From characters that were found to lines, and from lines to numbers."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median

from .finder import Detection

# Shares of the height of digits.
FACING_SHARE = 0.4  # of the smaller one; digits of a line face each other at least that much
SIMILAR_HEIGHT = 0.4  # the least ratio of heights, of neighbours and of what was found twice
LEAST_HEIGHT = 0.45  # of the line's median; smaller digits are rejected
WIDE_GAP = 2.0  # a gap splits numbers only if it is at least that wide,
CLEARLY_WIDER = 3.0  # and that many times as wide as the median of the line's other gaps
SIGN_GAP = 1.2  # the farthest that a minus stands from its number

COVERED_SHARE = 0.6  # of the narrower of two digits that cannot stand beside each other

NESTED_SHARE = 0.8  # of the smaller of two boxes of a character that was found twice


@dataclass(frozen=True, slots=True)
class Line:
    """The characters of one number, from left to right.

    Attributes:
        characters: Digits, separators between them, and a leading minus.
        rejected: Digits that do not fit to the others.
        parting_gap: Paper up to the next number in its row, in heights of a digit.
    """

    characters: tuple[Detection, ...]
    rejected: tuple[Detection, ...] = ()
    parting_gap: float = math.inf

    @property
    def digits(self) -> tuple[Detection, ...]:
        """Its digits."""
        return tuple(character for character in self.characters if character.is_digit)

    @property
    def text(self) -> str:
        """What is written."""
        return "".join(character.character for character in self.characters)

    @property
    def height(self) -> float:
        """The median height of its digits, in pixels."""
        return median(digit.height for digit in self.digits)

    @property
    def widest_gap(self) -> float:
        """The widest gap between its digits, in heights of a digit; 0 for a single one."""
        gaps = (b.left - a.right for a, b in pairwise(self.digits))
        return max(gaps, default=0.0) / self.height

    @property
    def y(self) -> float:
        """The middle of its digits, in pixels."""
        return sum(digit.y for digit in self.digits) / len(self.digits)

    def nearest_digit(self, character: Detection) -> Detection:
        """The digit above or below which something stands, or next to which."""
        return min(self.digits, key=lambda digit: abs(digit.x - character.x))


def without_doubles(found: Sequence[Detection]) -> list[Detection]:
    """Takes away what was found twice: in two boxes, of which the smaller is a part of the larger.

    Args:
        found: Characters, the likeliest first.
    """
    kept: list[Detection] = []
    for detection in found:
        if not any(_is_double(detection, likelier) for likelier in kept):
            kept.append(detection)
    return kept


def _is_double(detection: Detection, other: Detection) -> bool:
    if detection.character != other.character:  # first: a page has thousands of pairs
        return False
    if not _is_about_as_high(detection, other):
        return False
    width = min(detection.right, other.right) - max(detection.left, other.left)
    height = min(detection.bottom, other.bottom) - max(detection.top, other.top)
    smaller = min(detection.width * detection.height, other.width * other.height)
    return min(width, height) > 0 and width * height >= NESTED_SHARE * smaller


def find_lines(found: Sequence[Detection]) -> list[Line]:
    """Joins characters to numbers.

    Args:
        found: What is likely enough to belong to a number.

    Returns:
        The numbers in reading order.
    """
    lines: list[Line] = []
    for row in _rows([character for character in found if character.is_digit]):
        digits, rejected = _fitting(row)
        parts = _parts(digits)
        for index, part in enumerate(parts):
            own = tuple(rejected) if index == 0 else ()
            lines.append(Line(tuple(part), own, _parting_gap(parts, index)))
    separators: list[list[Detection]] = [[] for _ in lines]
    for separator in (other for other in found if not other.is_digit):
        near = [i for i, line in enumerate(lines) if _belongs(line, separator)]
        if near:
            nearest = min(
                near, key=lambda i: _distance(lines[i].nearest_digit(separator), separator)
            )
            separators[nearest].append(separator)
    return _in_reading_order(
        [_with_separators(*pair) for pair in zip(lines, separators, strict=True)]
    )


def _rows(digits: Sequence[Detection]) -> list[list[Detection]]:
    """Digits that stand beside each other, however far apart; each row from left to right."""
    rows: list[list[Detection]] = []
    for digit in sorted(digits, key=lambda digit: digit.x):
        near = [row for row in rows if _is_beside(row[-1], digit)]
        if near:
            min(near, key=lambda row: _distance(row[-1], digit)).append(digit)
        else:
            rows.append([digit])
    return rows


def _distance(detection: Detection, other: Detection) -> float:
    """How far two digits are from standing beside each other; along a line, paper counts little."""
    return abs(detection.y - other.y) + 0.2 * abs(detection.x - other.x)


def _is_beside(detection: Detection, other: Detection) -> bool:
    facing = min(detection.bottom, other.bottom) - max(detection.top, other.top)
    lower = min(detection.height, other.height)
    return _is_about_as_high(detection, other) and facing >= FACING_SHARE * lower


def _is_about_as_high(detection: Detection, other: Detection) -> bool:
    lower, higher = sorted((detection.height, other.height))
    return lower >= SIMILAR_HEIGHT * higher


def _fitting(row: list[Detection]) -> tuple[list[Detection], list[Detection]]:
    """Splits the digits of a row into those that fit and those that do not."""
    usual = median(digit.height for digit in row)
    fitting: list[Detection] = []
    rejected: list[Detection] = []
    for digit in row:
        if digit.height < LEAST_HEIGHT * usual:
            rejected.append(digit)
        elif fitting and _covers(fitting[-1], digit):
            worse, better = sorted((fitting.pop(), digit), key=lambda digit: digit.probability)
            fitting.append(better)
            rejected.append(worse)
        else:
            fitting.append(digit)
    return fitting, rejected


def _covers(detection: Detection, other: Detection) -> bool:
    covered = min(detection.right, other.right) - max(detection.left, other.left)
    return covered >= COVERED_SHARE * min(detection.width, other.width)


def _parts(digits: list[Detection]) -> list[list[Detection]]:
    """Splits a row at gaps that clearly differ from the others: two digits alone are one number."""
    height = median(digit.height for digit in digits)
    gaps = [(b.left - a.right) / height for a, b in pairwise(digits)]
    parts = [[digits[0]]]
    for index, (gap, digit) in enumerate(zip(gaps, digits[1:], strict=True)):
        others = [other for i, other in enumerate(gaps) if i != index]
        if others and gap >= max(WIDE_GAP, CLEARLY_WIDER * _lower_median(others)):
            parts.append([])
        parts[-1].append(digit)
    return parts


def _parting_gap(parts: list[list[Detection]], index: int) -> float:
    height = median(digit.height for part in parts for digit in part)
    gaps = [right[0].left - left[-1].right for left, right in pairwise(parts)]
    return min(gaps[max(index - 1, 0) : index + 1], default=math.inf) / height


def _lower_median(values: list[float]) -> float:
    return sorted(values)[(len(values) - 1) // 2]


def _with_separators(line: Line, separators: Sequence[Detection]) -> Line:
    """Adds those of a number's separators that stand between its digits, and its minus."""
    characters = list(line.characters)
    for previous, following in pairwise(line.characters):
        between = [separator for separator in separators if previous.x < separator.x < following.x]
        if between:
            best = max(between, key=lambda separator: separator.probability)
            characters.insert(characters.index(following), best)
    signs = [separator for separator in separators if _is_sign(line, separator)]
    if signs:
        characters.insert(0, max(signs, key=lambda separator: separator.x))
    return replace(line, characters=tuple(characters))


def lost_separator(line: Line, rejected: Sequence[Detection]) -> float:
    """How likely a separator, or a minus before the number, stands where none was read.

    Args:
        line: The number.
        rejected: What is not likely enough to belong to a number.
    """
    bare = [
        pair for pair in pairwise(line.characters) if all(character.is_digit for character in pair)
    ]
    may_be_signed = line.characters[0].is_digit
    likely = (
        separator.probability
        for separator in rejected
        if not separator.is_digit
        and _belongs(line, separator)
        and (
            any(left.x < separator.x < right.x for left, right in bare)
            or (may_be_signed and _is_sign(line, separator))
        )
    )
    return max(likely, default=0.0)


def _is_sign(line: Line, separator: Detection) -> bool:
    """Whether it is a minus, and close before the first digit."""
    first = line.digits[0]
    is_close = first.left - separator.right < SIGN_GAP * line.height
    return separator.character == "-" and separator.x < first.x and is_close


def _belongs(line: Line, separator: Detection) -> bool:
    """Whether a separator stands at the height of the digits next to it."""
    nearest = line.nearest_digit(separator)
    reach = line.height * 0.5
    return nearest.top - reach / 2 < separator.y < nearest.bottom + reach


def _in_reading_order(lines: list[Line]) -> list[Line]:
    """From top to bottom, and from left to right what stands beside each other."""
    rows: list[list[Line]] = []
    for line in sorted(lines, key=lambda line: line.y):
        if rows and abs(line.y - rows[-1][-1].y) < 0.5 * min(line.height, rows[-1][-1].height):
            rows[-1].append(line)
        else:
            rows.append([line])
    return [line for row in rows for line in sorted(row, key=lambda line: line.characters[0].x)]
