"""What `artifacts/numbers.onnx` computes: from a picture to the characters on it, scales included.

This is the graph in PyTorch, as the measure of the exported one; `training.number_export` writes
the same steps in ONNX's own operators, because the number of scales depends on the picture.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torchvision.ops import nms, roi_align

from inference.number.reader import PLAIN_SHARE
from training.number_network import GRANULARITY_PX, NumberNetwork, peaks

LONGEST_SIDE_PX = 1024
"""The finest scale's longer side; a picture is enlarged at most `MOST_ENLARGED` times."""

MOST_ENLARGED = 2 * 2**0.5

STROKE_PX = 3.5
"""How wide strokes are on the finest scale of a drawing; finer scales would show nothing more."""

LEAST_SIDE_PX = 16
"""Scales whose longer side is shorter are not looked at."""

DRAWING_STEP, PHOTOGRAPH_STEP = 0.5, 0.5**0.5
"""Size of each scale, relative to the one before."""

MOST_SCALES = 14

LEAST_PROBABILITY = 0.15
"""Detection threshold on each scale; what is joined from several may be less likely."""

MOST_OVERLAP = 0.45
"""Of two boxes with a larger intersection over union, the likelier one is returned."""

SAME_OVERLAP = 0.5
"""Boxes with a larger intersection over union, on any scale, are of the same character."""

DRAWING_BEST_SCALES, PHOTOGRAPH_BEST_SCALES = 1, 3
"""A character is as likely there as the mean over this many best scales; a missing one counts 0.

On photographs, edges and stains resemble a character on a single scale now and then.
"""

OWN_WEIGHT = 1e-3
"""Small weight of a box itself in its own mean: a box without area overlaps nothing."""

INK_SIDE_PX = 56
"""Side of the square that each character is cut out to."""

INK_MARGIN = 0.35
"""Paper around a character's box that is cut out with it, as a share of the box's longer side."""

INK_OWN = 0.06
"""How far beyond its box ink still belongs to a character, likewise."""

PAPER_SHARE, FULL_SHARE = 0.15, 0.85
"""Shares of the contrast between paper and the strongest ink; below is paper, above full ink."""

STRONGEST_PIXELS = 8
"""So many pixels are as strong as what counts as the strongest ink: a speck does not decide."""

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

    def forward(self, luminance: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Finds the characters.

        Args:
            luminance: uint8 [height, width], 0 black … 255 white.

        Returns:
            Boxes, float32 [found, 4]: left, top, right, bottom in pixels; probabilities, float32
            [found, characters]; and ink, uint8 [found, 56, 56], 0 paper … 255 full ink, for the
            digit graph to read. The likeliest character comes first.
        """
        picture = luminance.to(torch.float32)
        height, width = picture.shape
        is_drawn = is_plain(picture)
        step = DRAWING_STEP if is_drawn else PHOTOGRAPH_STEP
        sides = torch.tensor([height, width], dtype=torch.float32)
        level_sides = (sides * finest_scale(picture)).round().clamp(min=1)
        finest = level = _resized(picture.view(1, 1, height, width), level_sides, antialias=True)
        finest_stretch = stretch = (sides / level_sides).flip(0).repeat(2)
        boxes, probabilities = [torch.zeros(0, 4)], [torch.zeros(0, _characters(self.network))]
        for _ in range(MOST_SCALES):
            level = _padded(level)
            _, found, likely = peaks(self.network(level[:, 0]), LEAST_PROBABILITY)
            boxes.append(found * stretch)
            probabilities.append(likely)
            padded_sides = torch.tensor(level.shape[2:], dtype=torch.float32)
            level_sides = (padded_sides * step).round().clamp(min=1)
            stretch = stretch * (padded_sides / level_sides).flip(0).repeat(2)
            # Runtimes differ in antialiasing. At a half, this is the mean of four pixels.
            level = _resized(level, level_sides, antialias=False)
            if max(level.shape) < LEAST_SIDE_PX:
                break
        limit = torch.tensor([width, height, width, height], dtype=torch.float32)
        all_boxes = torch.minimum(torch.cat(boxes).clamp(min=0), limit)
        likely = torch.cat(probabilities)
        kept = nms(all_boxes, likely.sum(dim=1), MOST_OVERLAP)
        boxes_kept = all_boxes[kept]
        scale_count = DRAWING_BEST_SCALES if is_drawn else PHOTOGRAPH_BEST_SCALES
        likely_kept = join_scales(boxes_kept, likely[kept], all_boxes, likely, scale_count)
        order = likely_kept.sum(dim=1).argsort(descending=True, stable=True)
        boxes_kept, likely_kept = boxes_kept[order], likely_kept[order]
        ink = cut_ink(finest, boxes_kept / finest_stretch, likely_kept.sum(dim=1))
        return boxes_kept, likely_kept, ink


def join_scales(
    kept: Tensor, likely_kept: Tensor, boxes: Tensor, likely: Tensor, scale_count: int
) -> Tensor:
    """Lets all scales on which a character was found say which it is.

    Args:
        kept: float32 [found, 4], one box of each character.
        likely_kept: float32 [found, characters], its probabilities.
        boxes: float32 [all, 4], everything that was found on any scale.
        likely: float32 [all, characters], likewise.
        scale_count: Over how many scales the probability that there is a character is averaged.

    Returns:
        float32 [found, characters]: the mean of the characters' probabilities, each by how likely
        there is one, times how likely there is one on the best scales, on average.
    """
    first = torch.maximum(kept[:, :2].unsqueeze(1), boxes[:, :2])
    last = torch.minimum(kept[:, 2:].unsqueeze(1), boxes[:, 2:])
    shared = (last - first).clamp(min=0).prod(dim=2)
    area_kept, area = ((each[:, 2:] - each[:, :2]).prod(dim=1) for each in (kept, boxes))
    either = area_kept.unsqueeze(1) + area - shared
    is_same = shared > SAME_OVERLAP * either
    total, own_total = likely.sum(dim=1), likely_kept.sum(dim=1, keepdim=True)
    weighted = is_same.float() @ likely + likely_kept * OWN_WEIGHT
    weights = (is_same.float() @ total).unsqueeze(1) + own_total * OWN_WEIGHT
    scales = F.pad(is_same.float() * total, (0, scale_count)).topk(scale_count, dim=1).values
    return weighted / weights * scales.mean(dim=1, keepdim=True)


def cut_ink(level: Tensor, boxes: Tensor, likely: Tensor) -> Tensor:
    """Cuts characters out, each on a square, as ink on paper.

    Paper is the mean of what surrounds a character, less what stands out from it. What is written
    on one picture is all dark or all light.

    Args:
        level: The picture, float32 [1, 1, height, width].
        boxes: float32 [found, 4], in its pixels.
        likely: float32 [found], the probability of each; the likelier, the more it counts for
            whether ink is dark.

    Returns:
        uint8 [found, 56, 56].
    """
    first, last = boxes.split(2, dim=1)
    longer = (last - first).amax(dim=1, keepdim=True).clamp(min=1)
    middle = (first + last) / 2
    half_side = longer * (0.5 + INK_MARGIN)
    squares = torch.cat([middle - half_side, middle + half_side], dim=1)
    shown = roi_align(level, [squares], INK_SIDE_PX, sampling_ratio=-1, aligned=True).squeeze(1)
    cell = (torch.arange(INK_SIDE_PX, dtype=torch.float32) + 0.5) / INK_SIDE_PX
    # Where cells lie, [found, 2, 56]: x of the columns and y of the rows.
    where = (middle - half_side).unsqueeze(2) + cell * (2 * half_side).unsqueeze(2)
    limit = torch.tensor([level.shape[3], level.shape[2]], dtype=torch.float32)
    is_shown = _both((where >= 0) & (where < limit.unsqueeze(1)))
    reach = (longer * INK_OWN).unsqueeze(2)
    is_own = _both((where >= first.unsqueeze(2) - reach) & (where <= last.unsqueeze(2) + reach))
    around = (is_shown & ~is_own).float()
    paper = _mean(shown, around)
    spread = _mean((shown - paper).square(), around).sqrt()
    paper = _mean(shown, around * ((shown - paper).abs() <= spread).float())
    own = (is_shown & is_own).float()
    darkness = (_mean(paper - shown, own).flatten() * likely).sum()
    sign = 1.0 - 2.0 * (darkness < 0).float()
    ink = ((paper - shown) * sign).clamp(min=0) * own
    strongest = ink.flatten(1).topk(STRONGEST_PIXELS, dim=1).values[:, -1:].clamp(min=1)
    ink = (ink / strongest.unsqueeze(2) - PAPER_SHARE) / (FULL_SHARE - PAPER_SHARE)
    return (ink.clamp(0, 1) * 255).round().byte()


def _both(inside: Tensor) -> Tensor:
    """Whether columns and rows, [found, 2, side], both are: [found, side, side]."""
    return inside[:, 1].unsqueeze(2) & inside[:, 0].unsqueeze(1)


def _mean(values: Tensor, weights: Tensor) -> Tensor:
    """Weighted mean of each square, [found, 1, 1]; 0 without any weight."""
    total = weights.sum(dim=(1, 2), keepdim=True).clamp(min=1)
    return (values * weights).sum(dim=(1, 2), keepdim=True) / total


def _characters(network: NumberNetwork) -> int:
    last = network.head[-1]
    assert isinstance(last, nn.Conv2d)  # noqa: S101
    return last.out_channels - 5


def is_plain(picture: Tensor) -> bool:
    """Whether a picture, float32 [height, width], is a drawing: its paper has a single level."""
    return bool((picture == picture[0, 0]).float().mean() > PLAIN_SHARE)


def finest_scale(picture: Tensor) -> Tensor:
    """How much a picture is enlarged, or shrunk if below 1, for the finest scale; a scalar.

    Args:
        picture: float32 [height, width], 0 … 255.
    """
    longest = torch.tensor(float(max(picture.shape)))
    limit = (LONGEST_SIDE_PX / longest).clamp(max=MOST_ENLARGED)
    if not is_plain(picture):
        return limit
    ink = (picture - picture[0, 0]).abs()
    down, across = picture[1:] - picture[:-1], picture[:, 1:] - picture[:, :-1]
    outline = down.abs().sum() + across.abs().sum()
    # Of a blank picture that is 0, and a single pixel is looked at.
    return torch.minimum(limit, STROKE_PX * outline / (ink.sum() * STROKE_FACTOR).clamp(min=1))


def _resized(level: Tensor, sides: Tensor, *, antialias: bool) -> Tensor:
    size = [int(side) for side in sides]
    return F.interpolate(level, size=size, mode="bilinear", antialias=antialias)


def _padded(level: Tensor) -> Tensor:
    """Repeats the last row and column until both sides are multiples of the granularity."""
    height, width = level.shape[2:]
    below, beside = -height % GRANULARITY_PX, -width % GRANULARITY_PX
    return F.pad(level, (0, beside, 0, below), mode="replicate")
