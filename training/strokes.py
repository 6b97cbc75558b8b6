"""Pen strokes on batches of images: how wide they are, and drawing more of them."""

import torch
from torch import Tensor

_POINTS_PER_CURVE = 24


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
    t = torch.linspace(0, 1, _POINTS_PER_CURVE, device=image.device).view(1, -1, 1)
    start, control, end = control_points.unsqueeze(2).unbind(dim=1)  # each [batch, 1, 2]
    points = (1 - t) ** 2 * start + 2 * t * (1 - t) * control + t**2 * end  # [batch, points, 2]
    x, y = points.unbind(dim=2)
    columns = torch.arange(image.shape[2], device=image.device)
    rows = torch.arange(image.shape[1], device=image.device)
    across = (columns - x.unsqueeze(2)).square().unsqueeze(2)  # [batch, points, 1, width]
    down = (rows - y.unsqueeze(2)).square().unsqueeze(3)  # [batch, points, height, 1]
    distance = (across + down).amin(dim=1).sqrt()
    coverage = (width.view(-1, 1, 1) / 2 - distance + 0.5).clamp(0, 1)
    return torch.maximum(image, coverage)


def dilate(ink: Tensor) -> Tensor:
    """Widens strokes by a pixel on all four sides; [batch, height, width], of any dtype."""
    wide = ink.clone()
    wide[:, 1:] = torch.maximum(wide[:, 1:], ink[:, :-1])
    wide[:, :-1] = torch.maximum(wide[:, :-1], ink[:, 1:])
    wide[:, :, 1:] = torch.maximum(wide[:, :, 1:], ink[:, :, :-1])
    wide[:, :, :-1] = torch.maximum(wide[:, :, :-1], ink[:, :, 1:])
    return wide
