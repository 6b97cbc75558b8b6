"""Whole numbers, written with the tests' own strokes."""

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image

from tests.drawings import Drawing, Stroke, render_strokes


@dataclass(frozen=True)
class Page:
    """A page and where its digits are.

    Attributes:
        image: Black on white.
        text: The digits.
        boxes: Left, top, right and bottom of each digit's strokes, in pixels.
    """

    image: Image.Image
    text: str
    boxes: list[tuple[float, float, float, float]]


def write(
    drawings: Sequence[Drawing],
    *,
    height_px: float | Sequence[float] = 90,
    gap_px: float | Sequence[float] = 25,
    slope: float = 0.0,
    pen_width_px: int = 9,
    margin_px: int = 60,
) -> Page:
    """Writes digits side by side.

    Args:
        drawings: The digits, from left to right.
        height_px: Height of all, or of each.
        gap_px: Paper between the boxes of all neighbours, or of each pair; negative to overlap.
        slope: Rows up for each column, of the line of writing.
        pen_width_px: Diameter of the pen.
        margin_px: Paper around the number.
    """
    heights = [height_px] * len(drawings) if isinstance(height_px, int | float) else height_px
    gaps = [gap_px] * (len(drawings) - 1) if isinstance(gap_px, int | float) else gap_px
    strokes: list[Stroke] = []
    boxes: list[tuple[float, float, float, float]] = []
    left = 0.0
    for drawing, height, gap in zip(drawings, heights, [*gaps, 0], strict=True):
        points = [point for stroke in drawing.strokes for point in stroke]
        width, tall = (max(axis) for axis in zip(*points, strict=True))
        scale = height / tall
        top = -height - slope * left
        strokes += [[(left + x * scale, top + y * scale) for x, y in s] for s in drawing.strokes]
        boxes.append((left, top, left + width * scale, top + height))
        left += width * scale + gap + pen_width_px
    margin = margin_px + pen_width_px / 2
    lowest, highest = max(box[3] for box in boxes), min(box[1] for box in boxes)
    right = max(box[2] for box in boxes)
    size = (round(right + 2 * margin), round(lowest - highest + 2 * margin))
    moved = [[(x + margin, y - highest + margin) for x, y in stroke] for stroke in strokes]
    half = pen_width_px / 2
    return Page(
        render_strokes(moved, size, pen_width_px),
        "".join(str(drawing.label) for drawing in drawings),
        [
            (
                a + margin - half,
                b - highest + margin - half,
                c + margin + half,
                d - highest + margin + half,
            )
            for a, b, c, d in boxes
        ],
    )
