"""Batched augmentation: what pens, hands and writers do to a digit, on whole batches at once.

MNIST is enlarged once to `CHARACTER_SIDE_PX` and every change is made at that resolution, so that
the strokes come out as crisp as on a drawing canvas; the ink normalizer shrinks them to 28×28.
"""

import math

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from training.synthesis.paper import uniform
from training.synthesis.strokes import dilate, draw_curves, stroke_width
from training.synthesis.styles import draw_styles

CHARACTER_SIDE_PX = 56
"""Side in pixels of the square on which digits are distorted: twice MNIST's own resolution."""

MAX_ROTATION_RADIANS = math.radians(15)
MAX_SHEAR, MAX_LEANING_SHEAR = 0.3, 0.7
"""Slant, as a shift to the side for each step upwards; the second is for hands that lean right."""

MAX_LOG_ASPECT = 0.3
"""Natural logarithm of the largest change of width over height."""

ZOOM_OUT = 1.1
ELASTIC_KNOTS = 5
"""Knots per side of the coarse grid whose random displacements are smoothly interpolated."""

ELASTIC_SIGMA_MNIST_PIXELS = 1.2

MIN_PEN_WIDTH = 0.05
MAX_PEN_WIDTH = 0.25
"""Stroke widths as shares of the digit's longer side."""

OWN_PEN_SHARE = 0.4
"""Share of the digits that keep the pen that they were written with."""

MAX_OUTLINE_STEEPNESS = 4.0
"""Largest contrast of their outlines, which enlarging and warping have softened."""

MAX_IMAGE_STEEPNESS = 1.8

SPECK_SHARE = 0.08
"""Share of the drawings that get a speck."""

SPECK_WIDTHS_PX = (1.0, 4.0)
SPECK_LENGTH_SIGMA_PX = 1.5
SPECK_MARGIN_PX = 4.0

FEWEST_PIXELS, MOST_PIXELS = 14, 40
"""Sides of the square of `CHARACTER_SIDE_PX` on coarse pictures; a digit takes two thirds of it."""

PEN_STEPS = 2
"""Erosions and dilations of one pixel each, the farthest that an outline can move."""


def enlarge(ink: Tensor, chunk: int = 4096) -> Tensor:
    """Enlarges MNIST images for augmentation.

    Args:
        ink: uint8 [count, 28, 28].
        chunk: Images enlarged at a time, which bounds the memory.

    Returns:
        uint8 [count, 56, 56].
    """
    size = (CHARACTER_SIDE_PX, CHARACTER_SIDE_PX)
    return torch.cat(
        [
            F.interpolate(part.unsqueeze(1).float(), size=size, mode="bicubic")
            .clamp(0, 255)
            .round()
            .byte()
            .squeeze(1)
            for part in ink.split(chunk)
        ]
    )


def augment(image: Tensor, labels: Tensor, generator: Generator, *, leans: bool = True) -> Tensor:
    """Augments a batch of digits, as if other hands with other pens had drawn them.

    Args:
        image: uint8 [batch, 56, 56], from `enlarge`.
        labels: int64 [batch], the digits, which decide the writing styles.
        generator: Source of all randomness, on the CPU.
        leans: Whether they may lean as far to the right as old hands do.

    Returns:
        Ink for the normalizer, float32 [batch, 56, 56], 0 (paper) … 255 (full ink).
    """
    ink = draw_styles(image.float() / 255, labels, generator)
    # From MNIST as it is to the strangest hand: the network must stay at home in both.
    strength = torch.rand(len(image), generator=generator)
    ink = _warp(ink, strength, generator, MAX_LEANING_SHEAR if leans else MAX_SHEAR)
    keeps_pen = torch.rand(len(image), generator=generator) < OWN_PEN_SHARE
    kept, changed = (chosen.nonzero().flatten() for chosen in (keeps_pen, ~keeps_pen))
    ink[changed] = _change_pen(ink[changed], strength[changed], generator)
    ink[kept] = _steepen(ink[kept], MAX_OUTLINE_STEEPNESS, generator)
    return ink * 255


def bend(image: Tensor, generator: Generator) -> Tensor:
    """Turns, slants, stretches and bends drawings, and leaves them their pens.

    Args:
        image: uint8 [batch, 56, 56].
        generator: Source of all randomness, on the CPU.

    Returns:
        Ink for the normalizer, float32 [batch, 56, 56], 0 (paper) … 255 (full ink).
    """
    strength = torch.rand(len(image), generator=generator)
    return _warp(image.float(), strength, generator, MAX_LEANING_SHEAR)


def add_specks(ink: Tensor, generator: Generator) -> Tensor:
    """Leaves a dot or a slip of the pen beside or on some of the drawings.

    Args:
        ink: float32 [batch, 56, 56], 0 (paper) … 255 (full ink).
        generator: Source of all randomness, on the CPU.

    Returns:
        The same shape.
    """
    chosen = (torch.rand(len(ink), generator=generator) < SPECK_SHARE).nonzero().flatten()
    if not len(chosen):
        return ink
    place = uniform(
        (2 * len(chosen),), SPECK_MARGIN_PX, CHARACTER_SIDE_PX - SPECK_MARGIN_PX, generator
    )
    points = torch.randn((len(chosen), 3, 2), generator=generator) * SPECK_LENGTH_SIGMA_PX
    points += place.view(-1, 1, 2)
    width = uniform((len(chosen),), *SPECK_WIDTHS_PX, generator)
    ink = ink.clone()
    ink[chosen] = draw_curves(ink[chosen] / 255, points.to(ink.device), width.to(ink.device)) * 255
    return ink


def coarsen(ink: Tensor, generator: Generator) -> Tensor:
    """Shows drawings with as few pixels as small scans and forms have.

    Args:
        ink: float32 [batch, 56, 56].
        generator: Source of all randomness, on the CPU.

    Returns:
        float32 [batch, height, width], each `FEWEST_PIXELS` … `MOST_PIXELS`.
    """
    least, most = math.log(FEWEST_PIXELS), math.log(MOST_PIXELS)
    height = uniform((1,), least, most, generator)
    width = (height + uniform((1,), -MAX_LOG_ASPECT, MAX_LOG_ASPECT, generator)).clamp(least, most)
    size = [round(side.exp().item()) for side in (height, width)]
    return F.interpolate(ink.unsqueeze(1), size=size, mode="bilinear", antialias=True).squeeze(1)


def sharpen(normalized: Tensor, generator: Generator) -> Tensor:
    """Sharpens normalized images at random, up to the crispness of a large canvas' digits.

    Images of `CHARACTER_SIDE_PX` come softer out of the normalizer than what it will be given:
    MNIST's own images, which it does not resample, and canvases, which are larger.

    Args:
        normalized: float32 [batch, 28, 28], 0 … 1.
        generator: Source of all randomness, on the CPU.

    Returns:
        float32 [batch, 28, 28], 0 … 1.
    """
    return _steepen(normalized, MAX_IMAGE_STEEPNESS, generator)


def _steepen(image: Tensor, most: float, generator: Generator) -> Tensor:
    """Raises the contrast around the middle level by a factor of 1 … most; float32 in and out."""
    steepness = most ** torch.rand((len(image), 1, 1), generator=generator)
    return ((image - 0.5) * steepness.to(image.device) + 0.5).clamp(0, 1)


def _warp(ink: Tensor, strength: Tensor, generator: Generator, right_shear: float) -> Tensor:
    """Rotates, scales, shears and bends each image.

    Args:
        ink: float32 [batch, 56, 56].
        strength: float32 [batch], 0 (not at all) … 1 (fully).
        generator: Source of all randomness.
        right_shear: The farthest slant to the right.

    Returns:
        float32 [batch, 56, 56].
    """
    if not len(ink):
        return ink
    batch = len(ink)
    angle = strength * uniform((batch,), -MAX_ROTATION_RADIANS, MAX_ROTATION_RADIANS, generator)
    aspect = (strength * uniform((batch,), -MAX_LOG_ASPECT, MAX_LOG_ASPECT, generator)).exp()
    shear = strength * uniform((batch,), -MAX_SHEAR, right_shear, generator)
    cos, sin, zero = angle.cos(), angle.sin(), torch.zeros(batch)
    # The longer side shrinks, so that nothing leaves the frame; the normalizer restores the size.
    zoom_out = ZOOM_OUT * (1 + shear.abs() / 2)
    x_zoom = zoom_out * aspect.clamp(min=1.0)
    y_zoom = zoom_out / aspect.clamp(max=1.0)
    inverse = torch.stack(
        [
            torch.stack([cos * x_zoom, (sin + shear * cos) * x_zoom, zero], dim=1),
            torch.stack([-sin * y_zoom, (cos - shear * sin) * y_zoom, zero], dim=1),
        ],
        dim=1,
    )
    grid = F.affine_grid(
        inverse, [batch, 1, CHARACTER_SIDE_PX, CHARACTER_SIDE_PX], align_corners=False
    )
    knots = torch.randn((batch, 2, ELASTIC_KNOTS, ELASTIC_KNOTS), generator=generator)
    knots *= ELASTIC_SIGMA_MNIST_PIXELS * 2 / 28 * strength.view(-1, 1, 1, 1)
    spline = _spline()
    bend = spline @ knots @ spline.T
    grid = (grid + bend.permute(0, 2, 3, 1)).to(ink.device)
    return F.grid_sample(ink.unsqueeze(1), grid, align_corners=False).squeeze(1)


def _spline() -> Tensor:
    """Weights of the knots at each pixel, [56, ELASTIC_KNOTS]: cubic interpolation as a matrix."""
    impulses = torch.eye(ELASTIC_KNOTS).view(1, ELASTIC_KNOTS, ELASTIC_KNOTS, 1)
    size = (CHARACTER_SIDE_PX, 1)
    return F.interpolate(impulses, size=size, mode="bicubic", align_corners=True)[0, :, :, 0].T


def _change_pen(ink: Tensor, strength: Tensor, generator: Generator) -> Tensor:
    """Draws each image anew, with a pen of another width and hardness.

    The mean of the image with its erosions and dilations rises from 0 to 1 over a band on both
    sides of the outline, so a threshold on it moves the outline by any fraction of a pixel.

    Args:
        ink: float32 [batch, 56, 56].
        strength: float32 [batch], 0 (keep the width) … 1 (any width from thin to thick).
        generator: Source of all randomness.

    Returns:
        float32 [batch, 56, 56].
    """
    layers = [(ink * 255).byte()]
    thinner = thicker = layers[0]
    for _ in range(PEN_STEPS):
        thinner = 255 - dilate(255 - thinner)
        thicker = dilate(thicker)
        layers += [thinner, thicker]
    ramp = torch.stack(layers).float().mean(dim=0) / 255

    batch = len(ink)
    low, high = MIN_PEN_WIDTH, MAX_PEN_WIDTH
    wanted = low * (high / low) ** torch.rand(batch, generator=generator)
    outward = (wanted * _extent(ink).cpu() - stroke_width(ink).cpu()) / 2  # pixels, of the outline
    outward = strength * outward.clamp(-PEN_STEPS, PEN_STEPS)
    threshold = 0.5 - outward / len(layers)
    # Any softer than this, and paper would turn grey or full ink pale.
    softest = 0.5 / torch.minimum(threshold, 1 - threshold)
    hardness = softest + uniform((batch,), 0, 1, generator) * (len(layers) - softest).clamp(min=0)
    threshold, hardness = (value.view(-1, 1, 1).to(ink.device) for value in (threshold, hardness))
    return ((ramp - threshold) * hardness + 0.5).clamp(0, 1)


def _extent(ink: Tensor) -> Tensor:
    """The longer side of each image's ink in pixels; float32 [batch, height, width] → [batch]."""
    inked = ink > 0.5
    sides = [inked.any(dim=axis).float() for axis in (1, 2)]
    # Ink is seldom interrupted along both axes, so counting inked lines measures the side.
    return torch.maximum(sides[0].sum(dim=1), sides[1].sum(dim=1))
