"""The ink normalizer: the preprocessing, as a part of the network and of the exported graph."""

import torch
from torch import Tensor, nn

from inference.metadata import NORMALIZED_SIDE_PX

DIGIT_SIDE_PX = 20
"""Side in pixels of the square that the ink's bounding box is fitted into."""

CENTRE_PX = 14
"""Row and column of the pixel that the centre of mass comes to, from 0."""

SNAP_PX = 0.49
"""Centres at k - 0.49 … k + 0.51 source pixels count as k. MNIST rounded at the half, but there the
centre of every symmetrical drawing of even size lies, which float noise must not decide."""

FULL_INK_LEVEL = 255.0
"""The ink level of a fully inked pixel; 0 is paper."""

NOISE_FLOOR_LEVEL = 25
"""Ink up to this level is paper: a scan's or a JPEG's noise must not stretch the bounding box."""


USUAL_DARKNESS = 0.7
"""How dark strokes are at least, 0 … 1: pale ones are darkened to it."""

MOST_DARKENED = 14.0
"""How many times darker a pale stroke becomes at most."""


class InkNormalizer(nn.Module):
    """Places ink of any size on a 28×28 image by MNIST's own convention.

    The ink's bounding box is fitted into 20×20 keeping its aspect, antialiased, and its centre of
    mass comes to the centre of 28×28 (LeCun et al., 1998, http://yann.lecun.com/exdb/mnist), but
    never so far off that ink of a lopsided drawing would leave the image. The centre of mass is
    rounded to a whole source pixel, as MNIST's makers did: their images come through unchanged
    instead of blurred by a shift of a fraction of a pixel.

    Resampling is exact: area averaging where the drawing is shrunk, linear interpolation where it
    is enlarged. The support of a target pixel is as wide as that pixel, or as one source pixel if
    that is wider. It weights every source pixel by how much of it is covered. Down the rows, the
    covered ink is the difference of two running totals (Crow, 1984, "Summed-area tables for texture
    mapping"), so the picture is read only once. Then few rows are left, and a product with a matrix
    of overlaps is the fastest way along the columns.

    All coordinates are distances from the picture's edge in source pixels: pixel i, from 0, reaches
    from i to i + 1. Both axes are computed in the same tensors, the columns behind the rows: for a
    small drawing, a runtime takes longer to start these operators than to compute them. There are
    no loops, so batch, height and width stay dynamic in the exported graph.
    """

    def forward(self, ink: Tensor) -> Tensor:
        """Normalizes a batch of drawings.

        Args:
            ink: [batch, height, width], any real dtype, 0 (paper) … 255 (full ink), any height and
                width ≥ 1.

        Returns:
            float32 [batch, 28, 28], 0 … 1; all 0 for blank ink.
        """
        # clamp(min=…) of whole numbers would become an operator that onnxruntime 1.20 lacks.
        ink = torch.clamp_min(ink, NOISE_FLOOR_LEVEL).to(torch.float32) - NOISE_FLOOR_LEVEL
        height, width = ink.shape[1], ink.shape[2]
        # The running total of each column. Totals are whole numbers, so their differences are
        # exact. float32 holds the totals of up to 70,000 rows.
        totals = ink.cumsum(dim=1)
        pixel_end = torch.arange(1, height + width + 1, dtype=torch.float32, device=ink.device)
        is_row = pixel_end <= height
        is_own = is_row ^ torch.tensor([[False], [True]], device=ink.device)
        # Two profiles, [batch, 2, H + W]: of the rows, then 0; and 0, then of the columns. where()
        # would do as well, but is one of the slowest operators of onnxruntime.
        sums = torch.cat([ink.sum(dim=2).unsqueeze(1), totals[:, -1:]], dim=2)
        centre, scale = _placement(sums * is_own.to(torch.float32), pixel_end)

        row_centre, column_centre = centre.split(1, dim=1)
        target = (
            torch.arange(NORMALIZED_SIDE_PX, dtype=torch.float32, device=ink.device) - CENTRE_PX
        )
        support = scale.clamp(min=1.0)
        half = support / 2
        ends = scale * target + half * torch.tensor([[1.0], [-1.0]], device=ink.device)
        rows = _rows_between(ink, totals, row_centre, ends)
        # A pixel's middle is half a pixel before its end.
        from_centre = pixel_end[height:] - (column_centre + 0.5)
        distance = (from_centre - scale * target.unsqueeze(1)).abs()  # [batch, 28, W]
        overlap = (half + 0.5 - distance).clamp(0.0, 1.0)
        level = (FULL_INK_LEVEL - NOISE_FLOOR_LEVEL) * support * support
        return _levels(rows @ overlap.transpose(1, 2), level)


def _levels(covered: Tensor, full: Tensor) -> Tensor:
    """Turns ink into levels, and darkens images whose strokes are grey.

    Thin and faint lines are grey on 28×28 pixels.

    Args:
        covered: [batch, 28, 28], the ink that each pixel covers.
        full: [batch, 1, 1], the ink of a pixel that is full of it.

    Returns:
        [batch, 28, 28], 0 … 1. Of MNIST's own images 999 in 1,000 are not darkened.
    """
    ink = covered.sum(dim=(1, 2), keepdim=True)
    squared = (covered * covered).sum(dim=(1, 2), keepdim=True).clamp(min=1.0)
    # The mean darkness of the ink is squared / ink / full: weighted by ink, paper does not count.
    gain = (USUAL_DARKNESS * full * ink / squared).clamp(1.0, MOST_DARKENED)
    return (covered * (gain / full)).clamp(max=1.0)


def _placement(profile: Tensor, pixel_end: Tensor) -> tuple[Tensor, Tensor]:
    """Finds where in the picture the 28×28 image lies.

    Args:
        profile: [batch, 2, H + W], ink by row and by column, each 0 at the places of the other.
        pixel_end: [H + W], 1, 2, …

    Returns:
        Where the middle of pixel `CENTRE_PX` of the image lies, [batch, 2, 1], and how many source
        pixels wide a pixel of it is, [batch, 1, 1], which is 0 for blank ink.
    """
    inked = profile.sign()
    first = inked.argmax(dim=2, keepdim=True).to(torch.float32)
    last = (inked * pixel_end).amax(dim=2, keepdim=True)
    scale = (last - first).amax(dim=1, keepdim=True) / DIGIT_SIDE_PX
    mass = profile.sum(dim=2, keepdim=True).clamp(min=1.0)
    moment = (profile * pixel_end).sum(dim=2, keepdim=True)
    centre = torch.floor(moment / mass + SNAP_PX) - 0.5
    # The ink stays within the image.
    centre = torch.maximum(centre, last - (NORMALIZED_SIDE_PX - CENTRE_PX - 0.5) * scale)
    return torch.minimum(centre, first + (CENTRE_PX + 0.5) * scale), scale


def _rows_between(ink: Tensor, totals: Tensor, centre: Tensor, ends: Tensor) -> Tensor:
    """Adds up the ink of each column between two ends of every target row.

    Args:
        ink: [batch, H, W].
        totals: [batch, H, W], the ink of a column down to the end of each row.
        centre: [batch, 1, 1].
        ends: [batch, 2, 28], the lower and the upper ends, from the centre; some lie beyond the
            picture.

    Returns:
        [batch, 28, W].
    """
    row_end = torch.ceil(centre + ends).clamp(min=1.0).clamp(max=ink.shape[1])
    # Not `row_end - (centre + ends)`: far from the edge, float32 rounds that sum more.
    not_covered = (row_end - centre - ends).clamp(0.0, 1.0).unsqueeze(3)
    row = row_end.long() - 1
    lower, upper = (_look_up(totals, row) - not_covered * _look_up(ink, row)).split(1, dim=1)
    return (lower - upper).squeeze(1)


def _look_up(rows: Tensor, index: Tensor) -> Tensor:
    """Looks up rows, [batch, H, W], by their indices, [batch, 2, 28], as [batch, 2, 28, W]."""
    index = index.unsqueeze(3)
    if torch.onnx.is_in_onnx_export():
        # The exporter turns take_along_dim into a lookup of each single element.
        shape = (*index.shape[:3], rows.shape[2])
        return torch.onnx.ops.symbolic(
            "GatherND", (rows, index), {"batch_dims": 1}, dtype=rows.dtype, shape=shape, version=20
        )
    return torch.take_along_dim(rows.unsqueeze(1), index, dim=2)
