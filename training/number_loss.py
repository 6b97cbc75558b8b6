"""What the number finder learns from: targets for each cell, and how far off it is."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from training.number_network import STRIDE_PX, cell_middles, edges_of
from training.synthesis.composer import Pictures
from training.synthesis.texts import CHARACTERS

_SPREAD = 0.14  # deviation of a character's bump, as a share of its box
_LEAST_SPREAD_PX = 2.2
_NEAR = 0.45  # cells whose bump is at least that high learn what the character is, too


@dataclass(frozen=True, slots=True, eq=False)
class Targets:
    """What the network should say of a batch.

    Attributes:
        bump: float32 [batch, rows, columns], 1 at the middle of a character, and the less the
            farther from it.
        is_middle: bool, likewise.
        counts: bool, likewise: whether the cell counts where no character is.
        kind: int64, likewise: the nearest character.
        edges: float32 [batch, rows, columns, 4], of its box.
    """

    bump: Tensor
    is_middle: Tensor
    counts: Tensor
    kind: Tensor
    edges: Tensor


def make_targets(pictures: Pictures) -> Targets:
    """Computes the targets of composed pictures."""
    device = pictures.luminance.device
    batch, height, width = pictures.luminance.shape
    rows, columns = height // STRIDE_PX, width // STRIDE_PX
    middles = cell_middles(rows, columns, device)
    order = torch.argsort(pictures.picture, stable=True)
    picture, boxes = pictures.picture[order].to(device), pictures.boxes[order].to(device)
    kinds = pictures.kinds[order].to(device)
    counted = torch.bincount(picture, minlength=batch)
    most = max(1, int(counted.max())) if len(picture) else 1
    first = counted.cumsum(dim=0) - counted
    slot = torch.arange(len(picture), device=device) - first[picture]

    def padded(values: Tensor, fill: float) -> Tensor:
        table = torch.full(
            (batch, most, *values.shape[1:]), fill, device=device, dtype=values.dtype
        )
        table[picture, slot] = values
        return table

    boxes = padded(boxes, -1e4)  # far away, where there is none
    kinds = padded(kinds, -1)
    centre = (boxes[..., :2] + boxes[..., 2:]) / 2
    spread = ((boxes[..., 2:] - boxes[..., :2]) * _SPREAD).clamp(min=_LEAST_SPREAD_PX)
    is_digit = kinds >= 0
    # [batch, characters, rows, columns]
    away_x = (middles[0, :, 0] - centre[..., :1]) / spread[..., :1]
    away_y = (middles[:, 0, 1] - centre[..., 1:]) / spread[..., 1:]
    bumps = torch.exp(-(away_y.square().unsqueeze(3) + away_x.square().unsqueeze(2)) / 2)
    bumps = bumps * is_digit.view(batch, most, 1, 1)
    bump, nearest = bumps.max(dim=1)
    index = torch.arange(batch, device=device).view(-1, 1, 1)

    cell = (centre / STRIDE_PX).floor().long()
    is_seen = is_digit & (cell[..., 0] >= 0) & (cell[..., 1] >= 0)
    is_seen &= (cell[..., 0] < columns) & (cell[..., 1] < rows)
    is_middle = torch.zeros(batch, rows, columns, dtype=torch.bool, device=device)
    which, who = is_seen.nonzero(as_tuple=True)
    is_middle[which, cell[which, who, 1], cell[which, who, 0]] = True

    # Cells within the box of an ignored character do not count.
    ignored = (kinds < -1).view(batch, most, 1)
    in_columns = (middles[0, :, 0] > boxes[..., :1]) & (middles[0, :, 0] < boxes[..., 2:3])
    in_rows = (middles[:, 0, 1] > boxes[..., 1:2]) & (middles[:, 0, 1] < boxes[..., 3:])
    inside = ((in_rows & ignored).unsqueeze(3) & in_columns.unsqueeze(2)).any(dim=1)
    return Targets(
        bump=bump,
        is_middle=is_middle,
        counts=~inside,
        kind=kinds[index, nearest].clamp(min=0),
        edges=edges_of(boxes[index, nearest], middles),
    )


def number_loss(outputs: Tensor, targets: Targets) -> tuple[Tensor, Tensor, Tensor]:
    """How far off the network is.

    Args:
        outputs: The network's, [batch, channels, rows, columns].
        targets: What it should say.

    Returns:
        Three scalars: of the middles (the penalty-reduced focal loss of Law and Deng, 2018,
        "CornerNet"), of the characters (cross-entropy), and of the boxes' edges (mean distance of
        the logarithms).
    """
    outputs = outputs.float().permute(0, 2, 3, 1)
    logit = outputs[..., 0]
    probability = torch.sigmoid(logit)
    positive = F.softplus(-logit) * (1 - probability).square() * targets.is_middle
    distance = (1 - targets.bump).pow(4) * targets.counts * ~targets.is_middle
    negative = F.softplus(logit) * probability.square() * distance
    count = targets.is_middle.sum().clamp(min=1)
    middles = (positive.sum() + negative.sum()) / count

    is_near = (targets.bump >= _NEAR) | targets.is_middle
    weight = targets.bump[is_near]
    total = weight.sum().clamp(min=1)
    characters = len(CHARACTERS)
    near = outputs[is_near]
    wrong = F.cross_entropy(near[:, 1 : 1 + characters], targets.kind[is_near], reduction="none")
    off = (near[:, 1 + characters :] - targets.edges[is_near]).abs().mean(dim=1)
    return middles, (wrong * weight).sum() / total, (off * weight).sum() / total
