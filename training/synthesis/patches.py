"""Characters on patches of their own: laid on sheets, measured there, and looked for afterwards."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from training.synthesis.characters import INKED

_AROUND_PX = 3  # how far the paper around a character reaches beyond its box
_NO_INK = 0.05  # share of full ink below which there is paper


@dataclass(frozen=True, slots=True, eq=False)
class Patches:
    """Characters as they were drawn.

    Attributes:
        drawn: float32 [count, side, side], 0 … 1.
        picture: int64 [count], the sheet that a character is on.
        corner: int64 [count, 2], x and y on the sheet of each patch's upper left pixel.
        boxes: float32 [count, 4], left, top, right and bottom of the ink that the sheet shows.
        kinds: int64 [count], what is to be said of each, as in `training.synthesis.layout`.
    """

    drawn: Tensor
    picture: Tensor
    corner: Tensor
    boxes: Tensor
    kinds: Tensor


def put(sheets: Tensor, patches: Patches, margin: int) -> None:
    """Lays patches on sheets [batch, height, width] with that margin; the darkest ink counts."""
    index = _where(sheets, patches, margin)
    sheets.view(-1).scatter_reduce_(
        0, index.flatten().to(sheets.device), patches.drawn.flatten(), reduce="amax"
    )


def _where(sheets: Tensor, patches: Patches, margin: int) -> Tensor:
    """Where in the flattened sheets the pixels of patches lie, [count, side, side]."""
    side = patches.drawn.shape[1]
    _, height, width = sheets.shape
    left = (patches.corner[:, 0] + margin).clamp(0, width - side)
    top = (patches.corner[:, 1] + margin).clamp(0, height - side)
    offset = torch.arange(side)
    start = (patches.picture * height + top) * width + left
    return start.view(-1, 1, 1) + offset.view(1, -1, 1) * width + offset.view(1, 1, -1)


def ink_boxes(drawn: Tensor, corner: Tensor, size: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """Bounding boxes of the ink within the sheet, and how much of the whole box that is.

    Args:
        drawn: [count, side, side].
        corner: [count, 2], x and y on the sheet of each patch's upper left pixel.
        size: Height and width of the sheet.

    Returns:
        [count, 4] and [count], 0 … 1.
    """
    side = drawn.shape[1]
    inked = drawn >= INKED * drawn.flatten(1).amax(dim=1).clamp(min=0.1).view(-1, 1, 1)
    end = torch.arange(1, side + 1)
    edges: list[Tensor] = []
    for axis in (1, 2):  # across the columns, then the rows
        is_inked = inked.any(dim=axis)
        edges += [is_inked.byte().argmax(dim=1).float(), (is_inked * end).amax(dim=1).float()]
    whole = torch.stack([edges[0], edges[2], edges[1], edges[3]], dim=1) + corner.repeat(1, 2)
    height, width = size
    limit = torch.tensor([width, height, width, height], dtype=torch.float32)
    shown = torch.minimum(whole.clamp(min=0), limit)

    def area(boxes: Tensor) -> Tensor:
        return ((boxes[:, 2:] - boxes[:, :2]).clamp(min=0)).prod(dim=1)

    return shown, area(shown) / area(whole).clamp(min=1e-6)


def contrast_of(
    patches: Patches, ink: Tensor, luminance: Tensor, margin: int
) -> tuple[Tensor, Tensor]:
    """How much characters differ from the paper around them on a picture.

    Args:
        patches: The characters.
        ink: All that is written, float32 [batch, height, width] with the margin, 0 … 1.
        luminance: The picture, uint8 [batch, height, width] without it.
        margin: In pixels.

    Returns:
        float32 [count], the difference of the means of ink and paper; and [count], the deviation
        of the paper; both in levels, 0 … 255.
    """
    framed = F.pad(luminance.float(), (margin,) * 4)
    is_shown = F.pad(torch.ones_like(luminance, dtype=torch.bool), (margin,) * 4)
    index = _where(framed, patches, margin).to(framed.device)
    seen, shown = framed.flatten()[index], is_shown.flatten()[index]
    is_ink = (patches.drawn >= 0.5 * patches.drawn.flatten(1).amax(1).view(-1, 1, 1)) & shown
    is_paper = (ink.flatten()[index] < _NO_INK) & shown & _around(patches)

    def mean(values: Tensor, chosen: Tensor) -> Tensor:
        total = chosen.sum(dim=(1, 2)).clamp(min=1)
        return (values * chosen).sum(dim=(1, 2)) / total

    paper = mean(seen, is_paper)
    deviation = mean((seen - paper.view(-1, 1, 1)).square(), is_paper).sqrt()
    return (mean(seen, is_ink) - paper).abs().cpu(), deviation.cpu()


def _around(patches: Patches) -> Tensor:
    """Whether pixels of the patches lie in the characters' boxes or next to them."""
    side = patches.drawn.shape[1]
    offset = torch.arange(side)
    first = patches.boxes[:, :2] - patches.corner - _AROUND_PX
    last = patches.boxes[:, 2:] - patches.corner + _AROUND_PX
    inside = (offset >= first.unsqueeze(2)) & (offset < last.unsqueeze(2))  # [count, 2, side]
    both = inside[:, 1].unsqueeze(2) & inside[:, 0].unsqueeze(1)
    return both.to(patches.drawn.device)
