"""Amounts and dates: numbers with the separators that people write between the digits."""

import math
from collections.abc import Sequence

import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from training.evaluation.numbers import Character, Composer, WrittenNumber, set_line
from training.synthesis.strokes import stroke_width

PATTERNS = (
    "00.00",
    "000.00",
    "0,000.00",
    "0.000,00",
    "00,00",
    "0,00",
    "-00",
    "-0.00",
    "00/00",
    "00/00/0000",
    "00-00-0000",
    "00.00.0000",
)
"""What is written, each equally often. A `0` stands for any digit: a date may have a month 57."""

# All are ranges of a uniform distribution, as shares of the digits' height unless they say
# otherwise.
SEPARATOR_SPACE = (0.06, 0.22)  # paper between a separator and its neighbours
PEN = (0.9, 1.1)  # of a separator's stroke, as a share of the digits' stroke width
DOT = (1.2, 1.9)  # diameter, as a share of the digits' stroke width
DOT_RISE = (-0.04, 0.06)  # of the dot's lowest ink above the line of writing
COMMA_START = (-0.02, 0.10)  # above the line of writing
COMMA_END = (0.10, 0.24)  # below the line of writing
COMMA_LEFT = (0.04, 0.14)  # by which the end lies to the left of the start
DASH_LENGTH = (0.30, 0.60)
DASH_RISE = (0.35, 0.58)  # above the line of writing
DASH_TILT = (-0.04, 0.04)  # by which the end lies above the start
SLASH_START = (0.00, 0.20)  # below the line of writing
SLASH_END = (0.95, 1.20)  # above the line of writing
SLASH_RIGHT = (0.25, 0.55)  # by which the end lies to the right of the start
BOW = (-0.03, 0.03)  # by which the middle of a stroke lies beside the straight line

_FINER = 4  # strokes are drawn so many times larger, then shrunk: their edges become smooth

Point = tuple[float, float]


def amount_or_date(composer: Composer, generator: Generator) -> WrittenNumber:
    """Writes digits with separators after one of the patterns.

    Args:
        composer: Has the digits.
        generator: Source of all randomness.
    """
    pattern = PATTERNS[generator.integers(len(PATTERNS))]
    digits = composer.digits(generator, pattern.count("0"))
    pen_px = digits_stroke_width(digits.ink)
    ink, labels = iter(digits.ink), iter(digits.text)
    characters = [
        Character(next(ink))
        if place == "0"
        else separator(place, digits.height_px, pen_px, generator)
        for place in pattern
    ]
    text = "".join(next(labels) if place == "0" else place for place in pattern)
    return WrittenNumber(text, 255 - set_line(characters, digits.height_px, generator).ink)


def digits_stroke_width(digits: Sequence[NDArray[np.uint8]]) -> float:
    """The median stroke width of some digits' ink, in pixels."""
    # The outline of cropped ink is closed only with paper around it.
    images = [torch.from_numpy(np.pad(ink, 1)).float()[None] / 255 for ink in digits]
    return float(np.median([stroke_width(image).item() for image in images]))


def separator(sign: str, height_px: float, pen_px: float, generator: Generator) -> Character:
    """Draws a separator.

    Args:
        sign: One of `.`, `,`, `-` and `/`.
        height_px: Height of the digits around it.
        pen_px: Stroke width of the digits around it.
        generator: Source of all randomness.
    """

    def share(limits: tuple[float, float]) -> float:
        return generator.uniform(*limits) * height_px

    width_px = pen_px * generator.uniform(*(DOT if sign == "." else PEN))
    if sign == ".":
        start = end = (0.0, -share(DOT_RISE) - width_px / 2)
    elif sign == ",":
        start, end = (0.0, -share(COMMA_START)), (-share(COMMA_LEFT), share(COMMA_END))
    elif sign == "-":
        start = (0.0, -share(DASH_RISE))
        end = (share(DASH_LENGTH), start[1] - share(DASH_TILT))
    else:
        start, end = (0.0, share(SLASH_START)), (share(SLASH_RIGHT), -share(SLASH_END))
    return _stroke(start, end, share(BOW), width_px)


def _stroke(start: Point, end: Point, bow_px: float, width_px: float) -> Character:
    """A stroke of a round pen; points are x and y in pixels, y downwards from the line."""
    steps = np.linspace(0, 1, 1 + round(4 * math.dist(start, end)))[:, np.newaxis]
    along = np.subtract(end, start)
    across = np.array([-along[1], along[0]]) / max(1.0, math.hypot(*along))
    points = start + steps * along + 4 * bow_px * steps * (1 - steps) * across
    corner = np.floor(points.min(axis=0) - width_px / 2)
    columns, rows = np.ceil(points.max(axis=0) + width_px / 2 - corner).astype(int)
    image = Image.new("L", (int(columns) * _FINER, int(rows) * _FINER))
    draw = ImageDraw.Draw(image)
    for x, y in (points - corner) * _FINER:
        draw.circle((x, y), width_px * _FINER / 2, fill=255)
    ink = np.asarray(image.reduce(_FINER))
    inked_rows, inked_columns = (np.flatnonzero(ink.any(axis=axis)) for axis in (1, 0))
    cropped = ink[inked_rows[0] : inked_rows[-1] + 1, inked_columns[0] : inked_columns[-1] + 1]
    return Character(cropped, float(corner[1] + inked_rows[-1] + 1), SEPARATOR_SPACE)
