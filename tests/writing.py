"""Whole numbers, written with the tests' own strokes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from PIL import Image, ImageDraw

from tests.drawings import Box, Drawing, Stroke, draw_stroke, render_strokes, side_by_side

# Strokes of separators, as shares of a digit's height, from the middle of the gap on the baseline.
SEPARATORS: Mapping[str, Sequence[Stroke]] = {
    ".": [[(0, -0.02), (0, -0.02)]],
    ",": [[(0.03, -0.06), (0.01, 0.06), (-0.05, 0.15)]],
    "-": [[(-0.15, -0.45), (0.15, -0.45)]],
    "/": [[(0.25, -1.1), (-0.25, 0.1)]],
    ":": [[(0, -0.6), (0, -0.6)], [(0, -0.15), (0, -0.15)]],
}


@dataclass(frozen=True)
class Page:
    """A page and where its digits are.

    Attributes:
        image: Black on white.
        text: The digits.
        boxes: Of each digit's strokes.
    """

    image: Image.Image
    text: str
    boxes: list[Box]


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
    strokes, boxes = side_by_side(drawings, heights, [gap + pen_width_px for gap in gaps], slope)
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


def with_separators(page: Page, separators: Mapping[int, str], pen_width_px: int = 9) -> Page:
    """Writes separators between digits.

    Args:
        page: Digits with room for them.
        separators: By the position of the digit that each stands before; a minus may be at 0.
        pen_width_px: Diameter of the pen.
    """
    image, text = page.image.copy(), list(page.text)
    for position, name in separators.items():
        left, top, _, bottom = page.boxes[position]
        height = bottom - top
        x = left - height / 3 if position == 0 else (page.boxes[position - 1][2] + left) / 2
        for stroke in SEPARATORS[name]:
            draw_stroke(
                image,
                [(x + a * height, bottom + b * height) for a, b in stroke],
                pen_width_px + 3 if len(set(stroke)) == 1 else pen_width_px,
            )
        text[position] = name + text[position]
    return Page(image, "".join(text), page.boxes)


def stacked(images: Sequence[Image.Image], *, side_by_side: bool = False) -> Image.Image:
    """Puts pictures below each other on white paper, or beside each other."""
    widths, heights = zip(*(image.size for image in images), strict=True)
    size = (sum(widths), max(heights)) if side_by_side else (max(widths), sum(heights))
    sheet = Image.new("L", size, 255)
    at = 0
    for image in images:
        sheet.paste(image, (at, 0) if side_by_side else (0, at))
        at += image.width if side_by_side else image.height
    return sheet


def with_boxes(page: Page, *, ink: int = 0, width_px: int = 2, margin_px: int = 20) -> Image.Image:
    """Draws a form's boxes, one for each digit, side by side."""
    image = page.image.copy()
    edges = [
        page.boxes[0][0] - margin_px,
        *((left[2] + right[0]) / 2 for left, right in pairwise(page.boxes)),
        page.boxes[-1][2] + margin_px,
    ]
    top = min(box[1] for box in page.boxes) - margin_px
    bottom = max(box[3] for box in page.boxes) + margin_px
    for left, right in pairwise(edges):
        ImageDraw.Draw(image).rectangle((left, top, right, bottom), outline=ink, width=width_px)
    return image
