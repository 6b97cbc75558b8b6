"""A pen of our own: draws characters from their strokes, each time a little differently."""

import math
from collections import Counter

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from training.data import LabelledInk
from training.synthesis.augmentation import CHARACTER_SIDE_PX
from training.synthesis.digit_shapes import DIGIT_SHAPES
from training.synthesis.glyphs import curves_of
from training.synthesis.paper import uniform
from training.synthesis.strokes import draw_curves

HEIGHT_PX = 38.0
"""Height of a drawn character; leaves room for the pen and for bent strokes."""

PENS = (1 / 40, 1 / 5)
"""Diameters of the pens, thinnest and thickest, as shares of the height."""

THIN_PENS = (1 / 60, 1 / 5)
"""The same, with lines that a picture of 28 pixels can show only as a grey."""

USUAL_WIDTHS = (0.4, 0.95)
"""Narrowest and widest character, as shares of its height."""

WIDTHS = {0: (0.4, 1.2), 1: (0.15, 1.1)}
"""The same of digits that vary more: flat zeros end many a number; upstrokes are long."""

_LEAST_BEND, _MOST_BEND = 0.03, 0.11  # deviation of a shape's points, as a share of its box
_BATCH = 32


def draw_digits(count: int, generator: Generator) -> LabelledInk:
    """Draws each digit equally often, in all of its `DIGIT_SHAPES`, with pens down to the thinnest.

    Args:
        count: How many drawings at least.
        generator: Source of all randomness.

    Returns:
        uint8 [count or a few more, 56, 56] and their digits.
    """
    shapes = Counter(int(name[0]) for name in DIGIT_SHAPES)
    ink: list[Tensor] = []
    labels: list[int] = []
    for name, shape in DIGIT_SHAPES.items():
        digit = int(name[0])
        drawings = math.ceil(count / len(shapes) / shapes[digit])
        widths = WIDTHS.get(digit, USUAL_WIDTHS)
        ink.append(draw_shape(shape, drawings, generator, widths, THIN_PENS))
        labels += [digit] * drawings
    return LabelledInk(torch.cat(ink), torch.tensor(labels))


def draw_shape(
    shape: str,
    count: int,
    generator: Generator,
    widths: tuple[float, float] = USUAL_WIDTHS,
    pens: tuple[float, float] = PENS,
) -> Tensor:
    """Draws a shape in many ways.

    Args:
        shape: Strokes in the notation of `training.synthesis.glyphs`.
        count: How many drawings.
        generator: Source of all randomness.
        widths: Narrowest and widest drawing, as shares of its height.
        pens: Thinnest and thickest pen, likewise.

    Returns:
        uint8 [count, 56, 56], 0 (paper) … 255 (full ink).
    """
    curves = torch.tensor(curves_of(shape))
    images: list[Tensor] = []
    for start in range(0, count, _BATCH):
        batch = min(_BATCH, count - start)
        bend = uniform((batch,), _LEAST_BEND, _MOST_BEND, generator).view(-1, 1, 1, 1)
        points = bent(curves.expand(batch, -1, -1, -1), bend, generator)
        width = uniform((batch,), *widths, generator)
        size = torch.stack([width, torch.ones(batch)], dim=1).view(-1, 1, 1, 2)
        images.append(_inked(points, size, generator, pens))
    return torch.cat(images)


def draw_loose_strokes(count: int, generator: Generator) -> Tensor:
    """One curve each, of any length and direction; uint8 [count, 56, 56]."""
    images: list[Tensor] = []
    for start in range(0, count, _BATCH):
        batch = min(_BATCH, count - start)
        points = torch.rand((batch, 2, 3, 2), generator=generator)
        points[:, 1, 0] = points[:, 0, 2]
        points[: batch // 2, 1] = points[: batch // 2, :1, 2]  # half of them end after one curve
        images.append(_inked(points, torch.ones(2), generator, PENS))
    return torch.cat(images)


def draw_all(curves: Tensor, width: Tensor) -> Tensor:
    """Draws several curves on each of as many papers.

    Args:
        curves: float32 [batch, curves, 3, 2], in pixels, each as `draw_curves` takes it.
        width: float32 [batch], the pen's diameter in pixels.

    Returns:
        float32 [batch, 56, 56], 0 (paper) … 1 (full ink).
    """
    image = torch.zeros(len(curves), CHARACTER_SIDE_PX, CHARACTER_SIDE_PX)
    for control_points in curves.unbind(dim=1):
        image = draw_curves(image, control_points, width)
    return image


def bent(points: Tensor, bend: Tensor | float, generator: Generator) -> Tensor:
    """Moves points smoothly, so that strokes that meet still meet.

    Args:
        points: float32 [count, curves, 3, 2], in a unit square.
        bend: Deviation of the movement, as a share of the square; one, or [count, 1, 1, 1].
        generator: Source of all randomness.

    Returns:
        float32 [count, curves, 3, 2].
    """
    knots = torch.randn((len(points), 2, 3, 3), generator=generator) * bend
    grid = (points.flatten(1, 2).unsqueeze(1) * 2 - 1).clamp(-1, 1)
    moved = F.grid_sample(knots, grid, align_corners=True)  # [count, 2, 1, curves * 3]
    return points + moved[:, :, 0].transpose(1, 2).reshape(points.shape)


def _inked(points: Tensor, size: Tensor, generator: Generator, pens: tuple[float, float]) -> Tensor:
    """Draws curves [count, curves, 3, 2] of a unit square; uint8 [count, 56, 56]."""
    thinnest, thickest = pens
    share = thinnest * (thickest / thinnest) ** torch.rand(len(points), generator=generator)
    placed = (points - 0.5) * size * HEIGHT_PX + CHARACTER_SIDE_PX / 2
    return (draw_all(placed, share * HEIGHT_PX) * 255).byte()
