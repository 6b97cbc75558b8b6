"""The number finder's network: where digits and separators are, and which, at one scale."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from training.synthesis.texts import CHARACTERS

STRIDE_PX = 4
"""Pixels between neighbouring cells of the network's output."""

GRANULARITY_PX = 16
"""Sides of pictures must be multiples of this."""

OUTPUT_CHANNELS = 1 + len(CHARACTERS) + 4

_WINDOW_PX = 16  # of the local mean and deviation, before they are smoothed
_GLOBAL_SHARE = 0.3  # of the whole picture's deviation, which keeps bare paper quiet
_QUIET_LEVELS = 2.0  # likewise, in levels of 1/255
UNIT_PX = 8.0
"""A box's edge lies exp(output) of these from the middle of its cell."""

SMALLEST_LOG_EDGE, LARGEST_LOG_EDGE = -4.0, 3.5
"""Bounds of that output."""


class LocalContrast(nn.Module):
    """Takes uneven light away: each pixel less the mean around it, over the deviation around it.

    After Jarrett, Kavukcuoglu, Ranzato and LeCun, 2009, "What is the Best Multi-Stage Architecture
    for Object Recognition?"; the windows lie on a coarse grid and are interpolated between.
    """

    def forward(self, luminance: Tensor) -> Tensor:
        """Normalizes a batch.

        Args:
            luminance: float32 [batch, 1, height, width], 0 … 255.

        Returns:
            float32 of the same shape, about -3 … 3.
        """
        detail = luminance - _around(luminance)
        variance = _around(detail * detail).clamp(min=0)
        overall = variance.mean(dim=(1, 2, 3), keepdim=True).sqrt()
        return detail / (variance.sqrt() + _GLOBAL_SHARE * overall + _QUIET_LEVELS)


def _around(values: Tensor) -> Tensor:
    # Windows that overlap by half, made of their quarters: less to add up.
    coarse = F.avg_pool2d(values, _WINDOW_PX // 2)
    coarse = F.avg_pool2d(coarse, 2, 1, 1, count_include_pad=False)
    for _ in range(2):
        coarse = F.avg_pool2d(coarse, 3, 1, 1, count_include_pad=False)
    return F.interpolate(coarse, values.shape[2:], mode="bilinear", align_corners=True)


def _layer(in_channels: int, out_channels: int, size: int = 3, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, size, stride, size // 2, bias=False),
        nn.BatchNorm2d(out_channels),
        nn.ReLU(),
    )


class _Residual(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = _layer(channels, channels)
        self.second = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
        self.norm = nn.BatchNorm2d(channels)

    def forward(self, features: Tensor) -> Tensor:
        return F.relu(features + self.norm(self.second(self.first(features))))


class NumberNetwork(nn.Module):
    """A fully convolutional network: three strides, joined at the finest (Lin et al., 2017).

    For each cell of 4×4 pixels it says whether a character's middle is there, which character, and
    where the edges of its box are ("Objects as Points", Zhou et al., 2019; the classes are told
    apart by a softmax of their own, so that an unsure digit is still found).
    """

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        self.contrast = LocalContrast()
        self.stem = nn.Sequential(_layer(1, width // 2, 5, 2), _layer(width // 2, width, 3, 2))
        self.fine = _Residual(width)
        self.middle = nn.Sequential(
            _layer(width, 2 * width, 3, 2), _Residual(2 * width), _Residual(2 * width)
        )
        self.coarse = nn.Sequential(_layer(2 * width, 3 * width, 3, 2), _Residual(3 * width))
        self.coarse_to_middle = nn.Conv2d(3 * width, 2 * width, 1)
        self.middle_to_fine = nn.Conv2d(2 * width, 2 * width, 1)
        self.fine_to_head = nn.Conv2d(width, 2 * width, 1)
        self.head = nn.Sequential(
            _layer(2 * width, 2 * width), nn.Conv2d(2 * width, OUTPUT_CHANNELS, 1)
        )
        last = self.head[-1]
        assert isinstance(last, nn.Conv2d) and last.bias is not None  # noqa: S101, PT018
        nn.init.constant_(last.bias[:1], -4.0)  # Characters are rare.

    def forward(self, luminance: Tensor) -> Tensor:
        """Looks at a batch of pictures.

        Args:
            luminance: float32 [batch, height, width], 0 … 255; sides are multiples of 16.

        Returns:
            float32 [batch, 1 + characters + 4, height / 4, width / 4]: logit of a middle, logits of
            the characters, and logarithms of the distances to left, top, right and bottom.
        """
        fine = self.fine(self.stem(self.contrast(luminance.unsqueeze(1))))
        middle = self.middle(fine)
        coarse = self.coarse(middle)
        middle = F.relu(middle + _doubled(self.coarse_to_middle(coarse)))
        joined = F.relu(self.fine_to_head(fine) + _doubled(self.middle_to_fine(middle)))
        return self.head(joined)


def _doubled(features: Tensor) -> Tensor:
    return F.interpolate(features, scale_factor=2.0, mode="nearest")


def cell_middles(height: int, width: int, device: torch.device) -> Tensor:
    """Where the middles of cells lie, x and y in pixels; float32 [height, width, 2]."""
    y = (torch.arange(height, device=device, dtype=torch.float32) + 0.5) * STRIDE_PX
    x = (torch.arange(width, device=device, dtype=torch.float32) + 0.5) * STRIDE_PX
    return torch.stack([x.expand(height, width), y.unsqueeze(1).expand(height, width)], dim=2)


def boxes_of(edges: Tensor, middles: Tensor) -> Tensor:
    """Boxes from the network's edges; both [..., 4] and [..., 2], in pixels."""
    reach = edges.clamp(SMALLEST_LOG_EDGE, LARGEST_LOG_EDGE).exp() * UNIT_PX
    return torch.cat([middles - reach[..., :2], middles + reach[..., 2:]], dim=-1)


def edges_of(boxes: Tensor, middles: Tensor) -> Tensor:
    """What the network should say of boxes; the inverse of `boxes_of`."""
    reach = torch.cat([middles - boxes[..., :2], boxes[..., 2:] - middles], dim=-1)
    return (reach.clamp(min=0.5) / UNIT_PX).log()


def peaks(outputs: Tensor, threshold: Tensor | float) -> tuple[Tensor, Tensor, Tensor]:
    """Finds the characters at one scale.

    Args:
        outputs: The network's, [batch, channels, rows, columns].
        threshold: Least probability of a middle.

    Returns:
        int64 [found], the picture; float32 [found, 4], boxes in pixels; float32
        [found, characters], probabilities, which sum up to that of the middle.
    """
    middle = torch.sigmoid(outputs[:, :1])
    is_peak = (middle == F.max_pool2d(middle, 3, 1, 1)) & (middle >= threshold)
    picture, _, row, column = is_peak.nonzero(as_tuple=True)
    found = outputs.permute(0, 2, 3, 1)[picture, row, column]
    where = (torch.stack([column, row], dim=1).to(torch.float32) + 0.5) * STRIDE_PX
    characters = len(CHARACTERS)
    probabilities = torch.softmax(found[:, 1 : 1 + characters], dim=1)
    boxes = boxes_of(found[:, 1 + characters :], where)
    return picture, boxes, probabilities * torch.sigmoid(found[:, :1])
