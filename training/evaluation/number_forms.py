"""Numbers on printed paper: each digit in a box of its own, or all on a ruled line."""

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from training.evaluation.numbers import MARGIN, Character, Composer, WrittenNumber, set_line

# All are ranges of a uniform distribution, as shares of the digits' height unless they say
# otherwise.
CELL_WIDTH = (0.75, 1.1)  # at least; a cell is always wider than the widest digit
CELL_HEIGHT = (1.1, 1.6)  # as a share of the highest digit
CELL_GAP = (0.08, 0.3)  # paper between boxes that stand apart
WALL = (0.015, 0.04)
TOOTH = (0.25, 0.6)  # height of a comb's walls, as a share of the cell's height
PLACE = (0.15, 0.85)  # of a digit in its cell, as a share of the free room
RULED_DISTANCE = (1.15, 1.9)  # from one ruled line to the next
RULED_WIDTH = (0.01, 0.03)
RULED_SLOPE = (-0.02, 0.02)  # rows for each column, of the line of writing
RULED_MARGIN = (0.5, 1.6)  # paper around the number
PRINT_LEVELS = (70, 230)  # ink of what is printed, 0 paper … 255 full ink

_WIDER = 1.08  # a cell's width as a share of the widest digit's, at least
_STYLES = ("apart", "shared walls", "comb")


def boxed(composer: Composer, generator: Generator) -> WrittenNumber:
    """Writes a number into printed cells, one digit in each.

    The cells are boxes that stand apart, boxes that share their walls, or a comb: a line below the
    number with short walls on it.

    Args:
        composer: Has the digits.
        generator: Source of all randomness.
    """
    digits = composer.digits(generator)
    style = _STYLES[generator.integers(len(_STYLES))]
    height_px = digits.height_px
    wall = max(1, round(generator.uniform(*WALL) * height_px))
    frame = _frame(
        round(generator.uniform(*CELL_HEIGHT) * max(len(ink) for ink in digits.ink)) + 2 * wall,
        round(
            max(
                generator.uniform(*CELL_WIDTH) * height_px,
                _WIDER * max(ink.shape[1] for ink in digits.ink),
            )
        )
        + 2 * wall,
        wall,
        style == "comb",
        generator,
    )
    gap = round(generator.uniform(*CELL_GAP) * height_px) if style == "apart" else -wall
    step = frame.shape[1] + gap
    sheet = np.zeros((len(frame), step * len(digits.ink) - gap), np.uint8)
    for index, ink in enumerate(digits.ink):
        cell = sheet[:, index * step : index * step + frame.shape[1]]
        np.maximum(cell, frame, out=cell)
        _place(cell[wall:-wall, wall:-wall], ink, generator)
    margin = round(generator.uniform(*MARGIN) * height_px)
    return WrittenNumber(digits.text, 255 - np.pad(sheet, margin))


def ruled(composer: Composer, generator: Generator) -> WrittenNumber:
    """Writes a number on the lines of ruled paper, which cross the whole page.

    Args:
        composer: Has the digits.
        generator: Source of all randomness.
    """
    digits = composer.digits(generator)
    height_px = digits.height_px
    line = set_line(
        [Character(ink) for ink in digits.ink],
        height_px,
        generator,
        slope=RULED_SLOPE,
        margin=RULED_MARGIN,
    )
    page = line.ink
    distance = round(generator.uniform(*RULED_DISTANCE) * height_px)
    width = max(1, round(generator.uniform(*RULED_WIDTH) * height_px))
    level = generator.integers(*PRINT_LEVELS)
    for row in range(line.baseline % distance, len(page), distance):
        np.maximum(page[row : row + width], level, out=page[row : row + width], casting="unsafe")
    return WrittenNumber(digits.text, 255 - page)


def _frame(
    height: int, width: int, wall: int, is_comb: bool, generator: Generator
) -> NDArray[np.uint8]:
    """A cell's walls; `height` and `width` include them."""
    frame = np.zeros((height, width), np.uint8)
    level = generator.integers(*PRINT_LEVELS)
    top = height - round(generator.uniform(*TOOTH) * height) if is_comb else 0
    frame[-wall:] = level
    frame[top:, :wall] = frame[top:, -wall:] = level
    if not is_comb:
        frame[:wall] = level
    return frame


def _place(room: NDArray[np.uint8], ink: NDArray[np.uint8], generator: Generator) -> None:
    """Writes a digit into a cell; not always in the middle of it, but inside."""
    top, left = (
        round(generator.uniform(*PLACE) * (free - taken))
        for free, taken in zip(room.shape, ink.shape, strict=True)
    )
    area = room[top : top + ink.shape[0], left : left + ink.shape[1]]
    np.maximum(area, ink, out=area)
