"""Writing styles that MNIST lacks, drawn onto its digits in the digit's own pen width.

Slashed zeros, the European 1 with its upstroke and base, crossed 7s and tailed 9s are everyday
digits for hundreds of millions of writers, and nearly absent from MNIST's American ones.

The report's `styles.png` shows them.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from training.synthesis.paper import uniform
from training.synthesis.strokes import draw_curves, stroke_width


@dataclass(frozen=True, slots=True)
class _Shape:
    """Where the ink of a batch of digits lies, in pixels; every field is float32 [batch, 2].

    Attributes:
        centre: x and y of the middle of the bounding box.
        size: Width and height of the bounding box.
        top: x and y of the highest ink.
        bottom: x and y of the lowest ink.
        top_left: x and y of the leftmost ink in the upper third.
        waist: x and y of the ink's middle at half height.
    """

    centre: Tensor
    size: Tensor
    top: Tensor
    bottom: Tensor
    top_left: Tensor
    waist: Tensor


def _measure(image: Tensor) -> _Shape:
    inked = image > 0.5
    height, width = image.shape[1:]
    x = torch.arange(width, dtype=torch.float32, device=image.device)
    y = torch.arange(height, dtype=torch.float32, device=image.device)
    in_columns, in_rows = inked.any(dim=1), inked.any(dim=2)
    left, right = _ends(in_columns, x)
    upper, lower = _ends(in_rows, y)
    batch = torch.arange(len(image), device=image.device)

    def row_middle(row: Tensor) -> Tensor:
        line = inked[batch, row.long()].float()
        return (line * x).sum(dim=1) / line.sum(dim=1).clamp(min=1)

    half = (upper + lower) / 2
    in_upper_third = inked & (y < (upper + (lower - upper) / 3).unsqueeze(1)).unsqueeze(2)
    leftmost, _ = _ends(in_upper_third.any(dim=1), x)
    in_leftmost = in_upper_third[batch, :, leftmost.long().clamp(0, width - 1)].float()
    leftmost_y = (in_leftmost * y).sum(dim=1) / in_leftmost.sum(dim=1).clamp(min=1)
    return _Shape(
        centre=torch.stack([(left + right) / 2, half], dim=1),
        size=torch.stack([right - left + 1, lower - upper + 1], dim=1),
        top=torch.stack([row_middle(upper), upper], dim=1),
        bottom=torch.stack([row_middle(lower), lower], dim=1),
        top_left=torch.stack([leftmost, leftmost_y], dim=1),
        waist=torch.stack([row_middle(half), half], dim=1),
    )


def _ends(inked: Tensor, position: Tensor) -> tuple[Tensor, Tensor]:
    """First and last inked position of each row of a bool [batch, length]; in range if blank."""
    first = torch.where(inked, position, position[-1]).amin(dim=1)
    last = torch.where(inked, position, position[0]).amax(dim=1)
    return first, last


def _bent(start: Tensor, end: Tensor, bend: float, generator: Generator) -> Tensor:
    """A nearly straight stroke from start to end, [batch, 2] each, as Bézier control points."""
    along = end - start
    normal = torch.stack([-along[:, 1], along[:, 0]], dim=1)
    offset = uniform((len(start),), -bend, bend, generator).unsqueeze(1)
    return torch.stack([start, (start + end) / 2 + offset * normal, end], dim=1)


def _slash_of_zero(shape: _Shape, generator: Generator) -> Tensor:
    count = len(shape.size)
    across = uniform((count,), 0.2, 1.0, generator)
    up = uniform((count,), 0.25, 0.75, generator)
    kind = torch.rand(count, generator=generator)
    across = torch.where(kind < 0.15, -across, across)  # a backslash
    up = torch.where(kind > 0.75, uniform((count,), -0.1, 0.15, generator), up)  # a level bar
    reach = torch.stack([across, -up], dim=1) * shape.size
    return _bent(shape.centre - reach, shape.centre + reach, 0.1, generator)


def _upstroke_of_one(shape: _Shape, generator: Generator) -> Tensor:
    count = len(shape.size)
    length = uniform((count,), 0.15, 0.9, generator) * shape.size[:, 1]
    # Radians below the horizontal; a long and level upstroke would make it a 7.
    angle = uniform((count,), 0.3, 1.3, generator).maximum(length / shape.size[:, 1])
    end = shape.top + torch.stack([-length * angle.cos(), length * angle.sin()], dim=1)
    return _bent(shape.top, end, 0.15, generator)


def _base_of_one(shape: _Shape, generator: Generator) -> Tensor:
    count = len(shape.size)
    height = shape.size[:, 1]
    left = uniform((count,), 0.1, 0.4, generator) * height
    right = uniform((count,), 0.1, 0.4, generator) * height
    tilt = uniform((count,), -0.06, 0.06, generator) * height
    start = shape.bottom + torch.stack([-left, tilt], dim=1)
    end = shape.bottom + torch.stack([right, -tilt], dim=1)
    return _bent(start, end, 0.05, generator)


def _bar_of_seven(shape: _Shape, generator: Generator) -> Tensor:
    count = len(shape.size)
    height = shape.size[:, 1]
    middle = shape.waist + torch.stack(
        [uniform((count,), -0.05, 0.05, generator), uniform((count,), -0.08, 0.12, generator)],
        dim=1,
    ) * height.unsqueeze(1)
    half = uniform((count,), 0.15, 0.4, generator) * height
    tilt = uniform((count,), -0.35, 0.2, generator) * half
    reach = torch.stack([half, tilt], dim=1)
    return _bent(middle - reach, middle + reach, 0.1, generator)


def _serif_of_seven(shape: _Shape, generator: Generator) -> Tensor:
    count = len(shape.size)
    height = shape.size[:, 1]
    drop = torch.stack(
        [uniform((count,), -0.08, 0.05, generator), uniform((count,), 0.1, 0.3, generator)], dim=1
    )
    return _bent(shape.top_left, shape.top_left + drop * height.unsqueeze(1), 0.1, generator)


def _tail_of_nine(shape: _Shape, generator: Generator) -> Tensor:
    count = len(shape.size)
    height = shape.size[:, 1:]
    turn = torch.stack(
        [uniform((count,), -0.2, 0.0, generator), uniform((count,), 0.0, 0.2, generator)], dim=1
    )
    end = torch.stack(
        [uniform((count,), -0.55, -0.25, generator), uniform((count,), -0.2, 0.05, generator)],
        dim=1,
    )
    return torch.stack([shape.bottom, shape.bottom + turn * height, shape.bottom + end * height], 1)


@dataclass(frozen=True, slots=True)
class Style:
    """A stroke that some writers add to a digit.

    Attributes:
        name: What the stroke is called.
        digit: The digit that it is added to.
        probability: Share of that digit's training images that get it.
        curve: Makes the control points [batch, 3, 2] of the stroke from the digits' shapes.
    """

    name: str
    digit: int
    probability: float
    curve: Callable[[_Shape, Generator], Tensor]


STYLES = (
    Style("slashed 0", 0, 0.2, _slash_of_zero),
    Style("1 with an upstroke", 1, 0.25, _upstroke_of_one),
    Style("1 with a base", 1, 0.15, _base_of_one),
    Style("crossed 7", 7, 0.2, _bar_of_seven),
    Style("7 with a serif", 7, 0.1, _serif_of_seven),
    Style("tailed 9", 9, 0.08, _tail_of_nine),
)


def draw_styles(image: Tensor, labels: Tensor, generator: Generator) -> Tensor:
    """Draws each style onto its random share of the digits.

    Args:
        image: float32 [batch, height, width], 0 (paper) … 1 (full ink).
        labels: int64 [batch], the digits.
        generator: Source of all randomness.

    Returns:
        float32 [batch, height, width], 0 … 1.
    """
    image = image.clone()
    for style in STYLES:
        chance = torch.rand(len(image), generator=generator)
        is_chosen = (labels.cpu() == style.digit) & (chance < style.probability)
        chosen = is_chosen.nonzero().flatten()
        if len(chosen):
            image[chosen] = add_style(image[chosen], style, generator)
    return image


def add_style(image: Tensor, style: Style, generator: Generator) -> Tensor:
    """Draws a style onto every image of a batch; float32 [batch, height, width] in and out."""
    # The generator's numbers, and so the curves, are made on the CPU, wherever the images are.
    curve = style.curve(_measure(image.cpu()), generator).to(image.device)
    return draw_curves(image, curve, stroke_width(image))


def contact_sheet(image: Tensor, labels: Tensor, columns: int = 12) -> dict[str, Tensor]:
    """Draws every style onto the first digits that it belongs to, for looking at.

    Args:
        image: uint8 [count, height, width], from `training.synthesis.augmentation.enlarge`.
        labels: int64 [count], the digits.
        columns: Pictures of each style.

    Returns:
        For each style's name, float32 [columns, height, width], 0 (paper) … 1 (full ink).
    """
    generator = Generator().manual_seed(0)
    return {
        style.name: add_style(
            image[labels == style.digit][:columns].float() / 255, style, generator
        )
        for style in STYLES
    }
