"""Pen strokes on batches of images: how wide they are, and drawing more of them."""

import torch
from torch import Tensor

_PIECES_PER_CURVE = 12  # straight ones; on 56 pixels they leave a curve by at most 0.1 pixels


def stroke_width(image: Tensor) -> Tensor:
    """Estimates the mean width of the strokes: twice their area over the length of their outline.

    Args:
        image: float32 [batch, height, width], 0 (paper) … 1 (full ink).

    Returns:
        float32 [batch], in pixels.
    """
    across = image[:, 1:, :-1] - image[:, :-1, :-1]
    along = image[:, :-1, 1:] - image[:, :-1, :-1]
    outline = (across.square() + along.square()).sqrt().sum(dim=(1, 2))
    return 2 * image.sum(dim=(1, 2)) / outline.clamp(min=1.0)


def draw_curves(image: Tensor, control_points: Tensor, width: Tensor) -> Tensor:
    """Draws one curve on each image with a round pen.

    Args:
        image: float32 [batch, height, width], 0 (paper) … 1 (full ink).
        control_points: float32 [batch, 3, 2], x and y in pixels of the start, the control point and
            the end of a quadratic Bézier curve.
        width: float32 [batch], the pen's diameter in pixels.

    Returns:
        float32 [batch, height, width], 0 … 1.
    """
    t = torch.linspace(0, 1, _PIECES_PER_CURVE + 1, device=image.device).view(1, -1, 1)
    start, control, end = control_points.unsqueeze(2).unbind(dim=1)  # each [batch, 1, 2]
    points = (1 - t) ** 2 * start + 2 * t * (1 - t) * control + t**2 * end  # [batch, points, 2]
    columns = torch.arange(image.shape[2], device=image.device)
    rows = torch.arange(image.shape[1], device=image.device).unsqueeze(1)
    squared = torch.full_like(image, torch.inf)
    for corner, step in zip(
        points[:, :-1].unbind(dim=1), points.diff(dim=1).unbind(dim=1), strict=True
    ):
        x, y = corner.view(-1, 2, 1, 1).unbind(dim=1)  # each [batch, 1, 1]
        step_x, step_y = step.view(-1, 2, 1, 1).unbind(dim=1)
        length_squared = (step_x.square() + step_y.square()).clamp(min=1e-12)
        across, down = columns - x, rows - y  # [batch, 1, width] and [batch, height, 1]
        along = (across * (step_x / length_squared) + down * (step_y / length_squared)).clamp_(0, 1)
        away = (across - along * step_x).square_() + (down - along * step_y).square_()
        squared = torch.minimum(squared, away)
    distance = squared.sqrt()
    width = width.view(-1, 1, 1)
    # A line thinner than a pixel covers a part of it.
    coverage = width.clamp(max=1) * (width.clamp(min=1) / 2 - distance + 0.5).clamp(0, 1)
    return torch.maximum(image, coverage)


def dilate(ink: Tensor) -> Tensor:
    """Widens strokes by a pixel on all four sides; [batch, height, width], of any dtype."""
    wide = ink.clone()
    wide[:, 1:] = torch.maximum(wide[:, 1:], ink[:, :-1])
    wide[:, :-1] = torch.maximum(wide[:, :-1], ink[:, 1:])
    wide[:, :, 1:] = torch.maximum(wide[:, :, 1:], ink[:, :, :-1])
    wide[:, :, :-1] = torch.maximum(wide[:, :, :-1], ink[:, :, 1:])
    return wide
