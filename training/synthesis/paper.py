"""Paper, print and light for batches of sheets, as float32 tensors [batch, height, width]."""

import math

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

PRINTED_SHARE = 0.22
"""Share of the sheets with printed waves, as on checks."""

SHADOW_SHARE = 0.18

FIBRE_SHARE = 0.15
"""Share of the sheets with a texture of streaks."""

_TILT = 0.03  # deviation of the slope of rules and frames
_WARP_KNOTS = 4


def uniform(shape: tuple[int, ...], low: float, high: float, generator: Generator) -> Tensor:
    """Random numbers from low to high."""
    return torch.rand(shape, generator=generator, device=generator.device) * (high - low) + low


def chance(shape: tuple[int, ...], share: float, generator: Generator) -> Tensor:
    """True for about that share of the places."""
    return torch.rand(shape, generator=generator, device=generator.device) < share


def clouds(batch: int, size: tuple[int, int], lump_px: float, generator: Generator) -> Tensor:
    """Smooth noise of about unit deviation, whose lumps are about that many pixels wide."""
    height, width = size
    knots = (max(2, round(height / lump_px)), max(2, round(width / lump_px)))
    noise = torch.randn((batch, 1, *knots), generator=generator, device=generator.device)
    return F.interpolate(noise, size=size, mode="bicubic", align_corners=True).squeeze(1)


def draw_rectangles(rectangles: Tensor, size: tuple[int, int], generator: Generator) -> Tensor:
    """Draws rules, frames and bands, slightly tilted and bent.

    Args:
        rectangles: float32 [batch, count, 5], left, top, right, bottom and darkness.
        size: Height and width of a sheet in pixels.
        generator: Source of all randomness.

    Returns:
        How much of the light they take, 0 … 1, [batch, height, width].
    """
    height, width = size
    left, top, right, bottom, darkness = rectangles.unbind(dim=2)

    def covered(start: Tensor, stop: Tensor, length: int) -> Tensor:
        pixel = torch.arange(length, dtype=torch.float32, device=rectangles.device)
        first = torch.maximum(start.unsqueeze(2), pixel)
        last = torch.minimum(stop.unsqueeze(2), pixel + 1)
        return (last - first).clamp(0, 1)

    rows = covered(top, bottom, height) * darkness.unsqueeze(2)
    cover = (rows.transpose(1, 2) @ covered(left, right, width)).clamp(max=1)
    batch = len(rectangles)
    tilt = torch.randn((batch, 2), generator=generator, device=generator.device) * _TILT
    one, zero = torch.ones_like(tilt[:, 0]), torch.zeros_like(tilt[:, 0])
    affine = torch.stack(
        [
            torch.stack([one, tilt[:, 0] * height / width, zero], dim=1),
            torch.stack([tilt[:, 1] * width / height, one, zero], dim=1),
        ],
        dim=1,
    )
    grid = F.affine_grid(affine, [batch, 1, height, width], align_corners=False)
    return F.grid_sample(cover.unsqueeze(1), grid, align_corners=False).squeeze(1)


def print_waves(batch: int, size: tuple[int, int], generator: Generator) -> Tensor:
    """Bundles of thin wavy lines, as banks print them; 0 … 1, on some of the sheets."""
    height, width = size
    chosen = chance((batch,), PRINTED_SHARE, generator).nonzero().flatten()
    device = generator.device
    printed = torch.zeros(batch, height, width, device=device)
    count = len(chosen)
    if not count:
        return printed
    y = torch.arange(height, dtype=torch.float32, device=device).view(1, -1, 1)
    x = torch.arange(width, dtype=torch.float32, device=device).view(1, 1, -1)

    def along(angle: Tensor) -> Tensor:
        return x * angle.cos() + y * angle.sin()

    total = torch.zeros(count, height, width, device=device)
    for family in range(2):
        shape = (count, 1, 1)
        angle = uniform(shape, 0, math.pi, generator)
        pitch = uniform(shape, 3.0, 12.0, generator)
        swing = uniform(shape, 0, 3.0, generator)
        waves = uniform(shape, 15.0, 90.0, generator)
        phase = uniform(shape, 0, 2 * math.pi, generator)
        bend = swing * (2 * math.pi * along(angle + math.pi / 2) / waves + phase).sin()
        line = (2 * math.pi * (along(angle) / pitch) + bend).cos()
        sharpness = uniform(shape, 0.0, 0.8, generator)
        strength = uniform(shape, 0.03, 0.28, generator)
        if family:
            strength = strength * chance(shape, 0.5, generator)
        total += ((line - sharpness) / (1 - sharpness)).clamp(min=0) * strength
    printed[chosen] = total.clamp(max=0.6)
    return printed


def shine_light(batch: int, size: tuple[int, int], generator: Generator) -> Tensor:
    """Light on the sheets: falling off to one side, uneven, with hard shadows; about 1."""
    height, width = size
    y = torch.linspace(-1, 1, height, device=generator.device).view(1, -1, 1)
    x = torch.linspace(-1, 1, width, device=generator.device).view(1, 1, -1)
    shape = (batch, 1, 1)
    angle = uniform(shape, 0, 2 * math.pi, generator)
    strength = uniform(shape, 0, 1, generator).square()
    light = 1 + 0.4 * strength * (angle.cos() * x + angle.sin() * y)
    uneven = uniform(shape, 0, 0.1, generator) * chance(shape, 0.6, generator)
    light = light + uneven * clouds(batch, size, 60.0, generator)
    across = angle.cos() * y - angle.sin() * x * width / height
    edge = uniform(shape, -1.0, 1.0, generator)
    softness = uniform(shape, 0.01, 0.3, generator)
    is_shadowed = chance(shape, SHADOW_SHARE, generator)
    depth = uniform(shape, 0.1, 0.6, generator) * is_shadowed
    shadow = torch.sigmoid((across - edge) / softness)
    return (light * (1 - depth * shadow)).clamp(min=0.05)


def grain(batch: int, size: tuple[int, int], generator: Generator) -> Tensor:
    """The texture of paper, about 0: lumps of several sizes, and on some sheets fibres."""
    total = torch.zeros(batch, *size, device=generator.device)
    for lump_px, most in ((1.0, 0.03), (2.5, 0.03), (9.0, 0.03)):
        strength = uniform((batch, 1, 1), 0, 1, generator).square() * most
        total += strength * clouds(batch, size, lump_px, generator)
    chosen = chance((batch,), FIBRE_SHARE, generator).nonzero().flatten()
    if len(chosen):
        total[chosen] += fibres(len(chosen), size, generator)
    return total


def fibres(batch: int, size: tuple[int, int], generator: Generator) -> Tensor:
    """Streaks of any direction, as in wood and cloth, about 0; one kind of streak for all."""
    height, width = size
    device = generator.device
    across_px, longer = uniform((2,), 0, 1, generator).tolist()
    across_px, along_px = 1.0 + 3.0 * across_px, 6.0 * 5.0**longer
    angle = uniform((batch,), 0, math.pi, generator)
    strength = uniform((batch, 1, 1), 0.01, 0.07, generator)
    # Noise on knots so far apart, turned, and as large as the sheet's diagonal.
    reach = math.hypot(height, width)
    knots = (max(2, round(reach / across_px)), max(2, round(reach / along_px)))
    noise = torch.randn((batch, 1, *knots), generator=generator, device=device)
    cos, sin, none = angle.cos() / reach, angle.sin() / reach, torch.zeros_like(angle)
    affine = torch.stack(
        [
            torch.stack([cos * width, -sin * height, none], dim=1),
            torch.stack([sin * width, cos * height, none], dim=1),
        ],
        dim=1,
    )
    grid = F.affine_grid(affine, [batch, 1, height, width], align_corners=False)
    return F.grid_sample(noise, grid, align_corners=False).squeeze(1) * strength
