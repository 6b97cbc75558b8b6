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

from inference.images import read_picture
from inference.ink import find_ink

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
_INKED = 64  # the faintest level that counts as ink


@dataclass(frozen=True, slots=True, eq=False)
class WrittenNumber:
    """A composed number.

    Attributes:
        text: Its digits.
        page: uint8 (height, width), black ink on white paper.
    """

    text: str
    page: NDArray[np.uint8]


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
        own = self._by_writer[generator.choice(len(self._by_writer), p=self._shares)]
        chosen = [own[i] for i in generator.choice(len(own), self._length, replace=False)]
        height = generator.uniform(*HEIGHT_PX)
        slant = generator.uniform(*SLANT)
        digits = [
            _slanted(_resized(cropped_ink(path), height * generator.uniform(*SIZE)), slant)
            for path, _ in chosen
        ]
        pair = int(generator.integers(1, self._length)) if touching and self._length > 1 else 0
        page = _set(digits, pair, height, generator)
        return WrittenNumber("".join(str(label) for _, label in chosen), 255 - page)


def cropped_ink(path: Path) -> NDArray[np.uint8]:
    """The ink of a picture's digit, uint8 (height, width), cropped to it."""
    ink = find_ink(read_picture(path))
    rows, columns = (np.flatnonzero((ink >= _INKED).any(axis=axis)) for axis in (1, 0))
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


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
    columns = np.flatnonzero((image >= _INKED).any(axis=0))
    return image[:, columns[0] : columns[-1] + 1]


def _set(
    digits: Sequence[NDArray[np.uint8]], pair: int, height: float, generator: Generator
) -> NDArray[np.uint8]:
    """Sets digits side by side; the one at index `pair` touches its neighbour, if that is not 0."""
    slope = generator.uniform(*SLOPE)
    margin = generator.uniform(*MARGIN)
    reach = sum(ink.shape[1] for ink in digits) + len(digits) * height  # generous
    sheet = np.zeros((round(4 * height + 2 * abs(slope) * reach), round(reach + height)), np.uint8)
    left = round(height / 2)
    for index, ink in enumerate(digits):
        baseline = sheet.shape[0] / 2 + slope * (left - sheet.shape[1] / 2)
        baseline += height * (0.5 + generator.uniform(*BASELINE))
        top = round(baseline) - ink.shape[0]
        if index:
            left = _place(sheet, ink, top, index == pair, height, generator)
        area = sheet[top : top + ink.shape[0], left : left + ink.shape[1]]
        np.maximum(area, ink, out=area)
    return _with_margin(sheet, round(margin * height))


def _place(
    sheet: NDArray[np.uint8],
    ink: NDArray[np.uint8],
    top: int,
    touches: bool,
    height: float,
    generator: Generator,
) -> int:
    """Finds the column at which a digit goes to the right of what is on the sheet."""
    written = np.flatnonzero((sheet >= _INKED).any(axis=0))[-1] + 1
    near = 0 if touches else round(_NEAR * height)
    right_edge = np.array(
        [
            _last(sheet[max(0, top + row - near) : top + row + near + 1].max(axis=0) >= _INKED)
            for row in range(ink.shape[0])
        ]
    )
    left_edge = np.array([_last(row[::-1] >= _INKED) for row in ink])
    left_edge = np.where(left_edge < 0, 10**6, ink.shape[1] - 1 - left_edge)
    contact = int((right_edge + 1 - left_edge).max())  # where the nearest rows just meet
    if touches:
        return max(contact, 0) - max(1, round(generator.uniform(*OVERLAP) * height))
    left = max(contact, written - round(_DEEPEST * height))
    return left + round(generator.uniform(*SPACE) * height)


def _last(inked: NDArray[np.bool_]) -> int:
    """Index of the last True, or a number far below 0."""
    indices = np.flatnonzero(inked)
    return int(indices[-1]) if indices.size else -(10**6)


def _with_margin(sheet: NDArray[np.uint8], margin: int) -> NDArray[np.uint8]:
    rows, columns = (np.flatnonzero((sheet > 0).any(axis=axis)) for axis in (1, 0))
    return np.pad(sheet[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1], margin)
