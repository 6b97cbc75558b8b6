"""Numbers composed from pictures of single digits, as one writer would write them.

The digits of a number are by one writer where the file's name tells: the part before the first `-`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image

from inference.image.ink import INKED_SHARE, bounding_box, find_ink
from inference.image.picture import read_picture

# All are ranges of a uniform distribution, as shares of the digits' height unless they say
# otherwise.
HEIGHT_PX = (60, 110)
SIZE = (0.85, 1.1)  # of one digit
BASELINE = (-0.08, 0.08)  # of one digit
SPACE = (0.1, 0.4)  # paper between neighbours, where they are nearest
OVERLAP = (0.02, 0.08)  # of neighbours that touch, where they do
MARGIN = (0.3, 0.8)  # paper around the number
SLANT = (-0.1, 0.1)  # columns to the right for each row up, added to the slant of the writer
SLOPE = (-0.08, 0.08)  # rows for each column, of the line of writing

_NEAR = 0.15  # rows that far from each other count as facing when digits are set apart
_DEEPEST = 0.15  # the most by which the boxes of digits that stand apart overlap
_INKED_LEVEL = INKED_SHARE * 255


@dataclass(frozen=True, slots=True, eq=False)
class WrittenNumber:
    """A composed number.

    Attributes:
        text: What is written.
        page: uint8 (height, width), black ink on white paper.
    """

    text: str
    page: NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class WriterDigits:
    """Digits of one writer, of the same height and slant, not yet on a page.

    Attributes:
        text: The digits.
        ink: Their ink, uint8 (height, width) each, cropped to it.
        height_px: Height of a digit of medium size.
    """

    text: str
    ink: Sequence[NDArray[np.uint8]]
    height_px: float


@dataclass(frozen=True, slots=True, eq=False)
class Character:
    """A digit or a separator to set on a line.

    Attributes:
        ink: uint8 (height, width), cropped to the ink.
        drop_px: Rows from the line of writing down to the lowest ink; negative if it is above.
        space: Range of the paper to its neighbours, as shares of the digits' height.
    """

    ink: NDArray[np.uint8]
    drop_px: float = 0.0
    space: tuple[float, float] = SPACE


@dataclass(frozen=True, slots=True, eq=False)
class SetLine:
    """Characters side by side, with paper around them.

    Attributes:
        ink: uint8 (height, width), 0 paper … 255 full ink.
        baseline: Row of the line of writing in the middle of the sheet it was composed on.
    """

    ink: NDArray[np.uint8]
    baseline: int


class Composer:
    """Composes numbers from a folder's digits."""

    def __init__(self, pictures: Sequence[tuple[Path, int]], length: int) -> None:
        """Sorts the pictures by writer.

        Args:
            pictures: Paths and labels of single digits.
            length: Digits of a number; writers of fewer pictures are left out.

        Raises:
            ValueError: No writer has as many pictures.
        """
        by_writer: dict[str, list[tuple[Path, int]]] = {}
        for path, label in pictures:
            writer = path.stem.split("-")[0] if "-" in path.stem else ""
            by_writer.setdefault(writer, []).append((path, label))
        self._by_writer = [own for own in by_writer.values() if len(own) >= length]
        if not self._by_writer:
            raise ValueError(f"no writer with {length} pictures; give a folder that holds more")
        self._shares = np.array([len(own) for own in self._by_writer], float)
        self._shares /= self._shares.sum()
        self._length = length

    def compose(self, generator: Generator, *, touching: bool) -> WrittenNumber:
        """Writes a number.

        Args:
            generator: Source of all randomness.
            touching: Whether one pair of neighbours touches; else none does.
        """
        digits = self.digits(generator)
        pair = int(generator.integers(1, self._length)) if touching and self._length > 1 else 0
        line = set_line([Character(ink) for ink in digits.ink], digits.height_px, generator, pair)
        return WrittenNumber(digits.text, 255 - line.ink)

    def digits(self, generator: Generator, count: int | None = None) -> WriterDigits:
        """Chooses a writer and digits.

        Args:
            generator: Source of all randomness.
            count: How many digits; None for the length of a number. A writer's picture is used
                again only if `count` is larger than the number of the writer's pictures.
        """
        count = self._length if count is None else count
        own = self._by_writer[generator.choice(len(self._by_writer), p=self._shares)]
        chosen = [own[i] for i in generator.choice(len(own), count, replace=count > len(own))]
        height = generator.uniform(*HEIGHT_PX)
        slant = generator.uniform(*SLANT)
        ink = [
            _slanted(_resized(cropped_ink(path), height * generator.uniform(*SIZE)), slant)
            for path, _ in chosen
        ]
        return WriterDigits("".join(str(label) for _, label in chosen), ink, height)


def cropped_ink(path: Path) -> NDArray[np.uint8]:
    """The ink of a picture's digit, uint8 (height, width), cropped to it."""
    ink = find_ink(read_picture(path))
    top, left, bottom, right = bounding_box(ink >= _INKED_LEVEL)
    return ink[top : bottom + 1, left : right + 1]


def _resized(ink: NDArray[np.uint8], longer_side_px: float) -> NDArray[np.uint8]:
    image = Image.fromarray(ink)
    factor = longer_side_px / max(image.size)
    size = (max(1, round(image.width * factor)), max(1, round(image.height * factor)))
    return np.asarray(
        image.resize(size, Image.Resampling.BOX if factor < 1 else Image.Resampling.BICUBIC)
    )


def _slanted(ink: NDArray[np.uint8], slant: float) -> NDArray[np.uint8]:
    height, width = ink.shape
    shift = slant * height
    transform = (1, slant, -max(0.0, shift), 0, 1, 0)
    size = (width + round(abs(shift)) + 1, height)
    sheared = Image.fromarray(ink).transform(
        size, Image.Transform.AFFINE, transform, Image.Resampling.BILINEAR
    )
    image = np.asarray(sheared)
    columns = np.flatnonzero((image >= _INKED_LEVEL).any(axis=0))
    return image[:, columns[0] : columns[-1] + 1]


def set_line(
    characters: Sequence[Character],
    height_px: float,
    generator: Generator,
    pair: int = 0,
    *,
    slope: tuple[float, float] = SLOPE,
    margin: tuple[float, float] = MARGIN,
) -> SetLine:
    """Sets characters side by side.

    Args:
        characters: From left to right.
        height_px: Height of the digits; all ranges are shares of it.
        generator: Source of all randomness.
        pair: Index of the character that touches its left neighbour; 0 if none does.
        slope: Range of the rows for each column, of the line of writing.
        margin: Range of the paper around the line.
    """
    slope_drawn = generator.uniform(*slope)
    margin_px = round(generator.uniform(*margin) * height_px)
    # Generous: no character reaches the edge.
    reach = sum(c.ink.shape[1] for c in characters) + len(characters) * height_px
    sheet = np.zeros(
        (round(4 * height_px + 2 * abs(slope_drawn) * reach), round(reach + height_px)), np.uint8
    )
    middle = sheet.shape[0] / 2 + height_px * 0.5
    left = round(height_px / 2)
    for index, character in enumerate(characters):
        ink = character.ink
        baseline = middle + slope_drawn * (left - sheet.shape[1] / 2)
        baseline += height_px * generator.uniform(*BASELINE) + character.drop_px
        top = round(baseline) - ink.shape[0]
        if index:
            space = min(characters[index - 1].space, character.space)
            left = _place(sheet, ink, top, index == pair, space, height_px, generator)
        area = sheet[top : top + ink.shape[0], left : left + ink.shape[1]]
        np.maximum(area, ink, out=area)
    top, left, bottom, right = bounding_box(sheet > 0)
    cropped = sheet[top : bottom + 1, left : right + 1]
    return SetLine(np.pad(cropped, margin_px), round(middle) - top + margin_px)


def _place(
    sheet: NDArray[np.uint8],
    ink: NDArray[np.uint8],
    top: int,
    touches: bool,
    space: tuple[float, float],
    height_px: float,
    generator: Generator,
) -> int:
    """Finds the column at which a character goes to the right of what is on the sheet."""
    written = np.flatnonzero((sheet >= _INKED_LEVEL).any(axis=0))[-1] + 1
    near = 0 if touches else round(_NEAR * height_px)
    right_edge = np.array(
        [
            _last(
                sheet[max(0, top + row - near) : top + row + near + 1].max(axis=0) >= _INKED_LEVEL
            )
            for row in range(ink.shape[0])
        ]
    )
    left_edge = np.array([_last(row[::-1] >= _INKED_LEVEL) for row in ink])
    left_edge = np.where(left_edge < 0, 10**6, ink.shape[1] - 1 - left_edge)
    contact = int((right_edge + 1 - left_edge).max())  # where the nearest rows just meet
    if touches:
        return max(contact, 0) - max(1, round(generator.uniform(*OVERLAP) * height_px))
    left = max(contact, written - round(_DEEPEST * height_px))
    return left + round(generator.uniform(*space) * height_px)


def _last(inked: NDArray[np.bool_]) -> int:
    """Index of the last True, or a number far below 0."""
    indices = np.flatnonzero(inked)
    return int(indices[-1]) if indices.size else -(10**6)
