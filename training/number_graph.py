"""What `artifacts/numbers.onnx` computes: from a picture to the characters on it, scales included.

This is the graph in PyTorch, as the measure of the exported one; `training.number_export` writes
the same steps in ONNX's own operators, because the number of scales depends on the picture.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torchvision.ops import nms

from training.number_network import GRANULARITY_PX, NumberNetwork, peaks

LONGEST_SIDE_PX = 1024
"""The finest scale's longer side; a picture is enlarged at most `MOST_ENLARGED` times."""

MOST_ENLARGED = 2.0

STROKE_PX = 3.5
"""How wide strokes are on the finest scale of a drawing; finer scales would show nothing more."""

PLAIN_SHARE = 0.5
"""A picture is a drawing if more of its pixels than that have the very level of its corner."""

LEAST_SIDE_PX = 16
"""Scales whose longer side is shorter are not looked at."""

MOST_SCALES = 7

LEAST_PROBABILITY = 0.15
"""What is less likely a character is not returned."""

MOST_OVERLAP = 0.45
"""Of two boxes with a larger intersection over union, the likelier one is returned."""

STROKE_FACTOR = 2 * 4 / math.pi
"""Times the area of strokes over |dx| + |dy| of their outline, it is how wide they are.

A stroke has two sides, and |dx| + |dy| of a line is 4 / pi of its length on average over all
directions.
"""


class NumberGraph(nn.Module):
    """Finds the characters on a picture of any size, dark on light or light on dark."""

    def __init__(self, network: NumberNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, luminance: Tensor) -> tuple[Tensor, Tensor]:
        """Finds the characters.

        Args:
            luminance: uint8 [height, width], 0 black … 255 white.

        Returns:
            Boxes, float32 [found, 4]: left, top, right, bottom in pixels; and probabilities,
            float32 [found, characters]. The likeliest character comes first.
        """
        picture = luminance.to(torch.float32)
        height, width = picture.shape
        sides = torch.tensor([height, width], dtype=torch.float32)
        level_sides = (sides * finest_scale(picture)).round().clamp(min=1)
        level = F.interpolate(
            picture.view(1, 1, height, width),
            size=[int(side) for side in level_sides],
            mode="bilinear",
            antialias=True,
        )
        stretch = (sides / level_sides).flip(0).repeat(2)
        boxes, probabilities = [torch.zeros(0, 4)], [torch.zeros(0, _characters(self.network))]
        for _ in range(MOST_SCALES):
            level = _padded(level)
            _, found, likely = peaks(self.network(level[:, 0]), LEAST_PROBABILITY)
            boxes.append(found * stretch)
            probabilities.append(likely)
            stretch = stretch * 2
            level = F.avg_pool2d(level, 2)
            if max(level.shape) < LEAST_SIDE_PX:
                break
        limit = torch.tensor([width, height, width, height], dtype=torch.float32)
        all_boxes = torch.minimum(torch.cat(boxes).clamp(min=0), limit)
        likely = torch.cat(probabilities)
        kept = nms(all_boxes, likely.sum(dim=1), MOST_OVERLAP)
        return all_boxes[kept], likely[kept]


def _characters(network: NumberNetwork) -> int:
    last = network.head[-1]
    assert isinstance(last, nn.Conv2d)  # noqa: S101
    return last.out_channels - 5


def finest_scale(picture: Tensor) -> Tensor:
    """How much a picture is enlarged, or shrunk if below 1, for the finest scale; a scalar.

    Args:
        picture: float32 [height, width], 0 … 255.
    """
    longest = torch.tensor(float(max(picture.shape)))
    limit = (LONGEST_SIDE_PX / longest).clamp(max=MOST_ENLARGED)
    ink = (picture - picture[0, 0]).abs()
    down, across = picture[1:] - picture[:-1], picture[:, 1:] - picture[:, :-1]
    outline = down.abs().sum() + across.abs().sum()
    if (ink == 0).float().mean() <= PLAIN_SHARE or outline == 0:
        return limit
    return torch.minimum(limit, STROKE_PX / (ink.sum() / outline * STROKE_FACTOR))


def _padded(level: Tensor) -> Tensor:
    """Repeats the last row and column until both sides are multiples of the granularity."""
    height, width = level.shape[2:]
    below, beside = -height % GRANULARITY_PX, -width % GRANULARITY_PX
    return F.pad(level, (0, beside, 0, below), mode="replicate")
