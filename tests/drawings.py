"""Drawings as the strokes of a pen, for the tests to render and to replay."""

import gzip
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw

Point = tuple[float, float]
Stroke = Sequence[Point]

Box = tuple[float, float, float, float]
"""Left, top, right and bottom, in pixels."""

STROKES_FILE = Path(__file__).with_name("strokes.json")


@dataclass(frozen=True)
class Drawing:
    """A digit as it was drawn.

    Attributes:
        label: The digit.
        style: What is special about it, in words; may be empty.
        strokes: Each a line of [x, y], y downwards, the longer side of the drawing scaled to 1.
    """

    label: int
    style: str
    strokes: Sequence[Stroke]

    def __str__(self) -> str:
        return f"{self.label} {self.style}".strip()

    def placed(self, canvas_size_px: float, longer_side_px: float) -> list[list[Point]]:
        """Scales the strokes and centres them on a square canvas, in pixels."""
        points = [point for stroke in self.strokes for point in stroke]
        width, height = (max(axis) for axis in zip(*points, strict=True))
        left = (canvas_size_px - width * longer_side_px) / 2
        top = (canvas_size_px - height * longer_side_px) / 2
        return [
            [(left + x * longer_side_px, top + y * longer_side_px) for x, y in stroke]
            for stroke in self.strokes
        ]

    def sparse(self) -> "Drawing":
        """The same with half of the points, as a faster hand gives them to a browser."""
        return replace(self, strokes=[[*stroke[:-1:2], stroke[-1]] for stroke in self.strokes])

    def render(self, size_px: int = 280, pen_width_px: int = 18) -> Image.Image:
        """Draws it in black on a white square."""
        strokes = self.placed(size_px, 0.65 * size_px)
        return render_strokes(strokes, (size_px, size_px), pen_width_px)


def side_by_side(
    drawings: Sequence[Drawing],
    heights_px: Sequence[float],
    gaps_px: Sequence[float],
    slope: float = 0.0,
) -> tuple[list[list[Point]], list[Box]]:
    """Places drawings from left to right, the first one's lower left corner at (0, 0).

    Args:
        drawings: What is written.
        heights_px: Of each.
        gaps_px: From the box of each to that of the next, one fewer.
        slope: Rows up for each column, of the line of writing.

    Returns:
        All strokes, and the box of each drawing's strokes.
    """
    strokes: list[list[Point]] = []
    boxes: list[Box] = []
    left = 0.0
    for drawing, height, gap in zip(drawings, heights_px, [*gaps_px, 0], strict=True):
        points = [point for stroke in drawing.strokes for point in stroke]
        width, tall = (max(axis) for axis in zip(*points, strict=True))
        scale = height / tall
        top = -height - slope * left
        strokes += [[(left + x * scale, top + y * scale) for x, y in s] for s in drawing.strokes]
        boxes.append((left, top, left + width * scale, top + height))
        left += width * scale + gap
    return strokes, boxes


def in_a_row(
    drawings: Sequence[Drawing], width_px: float, height_px: float, gap_share: float = 0.25
) -> list[list[Point]]:
    """Writes drawings as a number in the middle of a canvas, in pixels.

    They are equally high, 0.6 of the canvas or less if they would not fit, and that share of their
    height apart.
    """
    count = len(drawings)
    strokes, boxes = side_by_side(drawings, [1.0] * count, [gap_share] * (count - 1))
    right = boxes[-1][2]
    scale = min(0.6 * height_px, 0.9 * width_px / right)
    left, bottom = (width_px - right * scale) / 2, (height_px + scale) / 2
    return [[(left + x * scale, bottom + y * scale) for x, y in stroke] for stroke in strokes]


def render_strokes(
    strokes: Sequence[Stroke], size_px: tuple[int, int], pen_width_px: int
) -> Image.Image:
    """Draws strokes with a round pen in black on a white canvas of that width and height."""
    image = Image.new("L", size_px, 255)
    for stroke in strokes:
        draw_stroke(image, stroke, pen_width_px)
    return image


def draw_stroke(image: Image.Image, stroke: Stroke, pen_width_px: int) -> None:
    """Draws a stroke with a round pen in black."""
    draw = ImageDraw.Draw(image)
    draw.line(list(stroke), fill=0, width=pen_width_px)
    radius = pen_width_px / 2
    for x, y in stroke:
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=0)


def render_number(
    drawings: Sequence[Drawing], size_px: tuple[int, int] = (600, 200), pen_width_px: int = 10
) -> Image.Image:
    """Writes drawings as a number, in black on white."""
    return render_strokes(in_a_row(drawings, *size_px), size_px, pen_width_px)


def load_drawings() -> list[Drawing]:
    """Loads the project's own drawings, every digit in several styles."""
    return [_drawing(record) for record in json.loads(STROKES_FILE.read_text("utf-8"))]


def read_drawings(path: Path) -> Iterator[Drawing]:
    """Reads drawings from gzipped JSON lines."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield _drawing(json.loads(line))


def _drawing(record: dict[str, Any]) -> Drawing:
    return Drawing(record["label"], record.get("style", ""), record["strokes"])
