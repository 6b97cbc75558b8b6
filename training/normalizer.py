"""The ink normaliser: the preprocessing, as a part of the network and of the exported graph."""

import torch
from torch import Tensor, nn

OUTPUT_SIZE = 28
"""Side in pixels of the image that the CNN sees."""

DIGIT_SIZE = 20
"""Side in pixels of the square that the ink's bounding box is fitted into."""

CENTRE = 14
"""Row and column of the pixel that the centre of mass comes to, from 0."""

SNAP = 0.49
"""Centres at k - 0.49 … k + 0.51 source pixels count as k. MNIST rounded at the half, but there the
centre of every symmetrical drawing of even size lies, which float noise must not decide."""

FULL_INK = 255.0
"""The ink level of a fully inked pixel; 0 is paper."""

NOISE_FLOOR = 25
"""Ink up to this level is paper: a scan's or a JPEG's noise must not stretch the bounding box."""


class InkNormalizer(nn.Module):
    """Places ink of any size on a 28×28 image by MNIST's own convention.

    The ink's bounding box is fitted into 20×20 keeping its aspect, antialiased, and its centre of
    mass comes to the centre of 28×28 (LeCun et al., 1998, http://yann.lecun.com/exdb/mnist), but
    never so far off that ink of a lopsided drawing would leave the image. The centre of mass is
    rounded to a whole source pixel, as MNIST's makers did: their images come through unchanged
    instead of blurred by a shift of a fraction of a pixel.

    Resampling is two matrix products, ``rows @ (ink @ columns.T)``. A row of such a matrix holds
    the overlap of one target pixel with every source pixel, a trapezoid over their distance: exact
    area averaging where the drawing is shrunk and linear interpolation where it is enlarged. The
    weights of a target pixel sum to one at every scale and every sub-pixel offset.

    Both axes are worked on at once, the positions of the columns behind those of the rows, because
    for a small drawing a runtime takes longer to start these operators than to compute them.
    There are no loops, so batch, height and width stay dynamic in the exported graph.
    """

    def forward(self, ink: Tensor) -> Tensor:
        """Normalises a batch of drawings.

        Args:
            ink: [batch, height, width], any real dtype, 0 (paper) … 255 (full ink), any height and
                width ≥ 1.

        Returns:
            float32 [batch, 28, 28], 0 … 1; all 0 for blank ink.
        """
        # clamp(min=…) of whole numbers would become an operator that onnxruntime 1.20 lacks.
        ink = torch.clamp_min(ink, NOISE_FLOOR).to(torch.float32) - NOISE_FLOOR
        height, width = ink.shape[1], ink.shape[2]
        by_row = ink.sum(dim=2).unsqueeze(1)
        # onnxruntime is far slower at ink.sum(dim=1). Of two columns of ones, one is left out,
        # because tract 0.23 never ends with a single one, and errs with the ones on the left.
        ones = ink.new_ones(1, 2).expand(height, 2)[:, :1]
        by_column = (ink.transpose(1, 2) @ ones).transpose(1, 2)
        position = torch.arange(height + width, dtype=torch.float32, device=ink.device)
        is_row = position < height
        is_own = is_row ^ torch.tensor([[False], [True]], device=ink.device)
        # The rows' sums and the columns', each 0 at the positions of the other: [batch, 2, H + W].
        profile = torch.where(is_own, torch.cat([by_row, by_column], dim=2), 0.0)

        inked = profile > 0
        # Of blank ink, the first lies far behind the last. All that follows stays finite.
        first = torch.where(inked, position, float(2**24)).amin(dim=2, keepdim=True)
        last = torch.where(inked, position, -1.0).amax(dim=2, keepdim=True)
        extent = (last - first).amax(dim=1, keepdim=True) + 1.0
        scale = extent / DIGIT_SIZE  # source pixels per target pixel
        mass = profile.sum(dim=2, keepdim=True).clamp(min=1.0)
        moment = (profile * position).sum(dim=2, keepdim=True)
        centre = _bounded(torch.floor(moment / mass + SNAP), first, last, scale)

        row_centre, column_centre = centre.split(1, dim=1)
        from_centre = position - torch.where(is_row, row_centre, column_centre)
        target = torch.arange(OUTPUT_SIZE, dtype=torch.float32, device=ink.device) - CENTRE
        distance = (from_centre - scale * target.unsqueeze(1)).abs()  # [batch, 28, H + W]
        support = scale.clamp(min=1.0)
        overlap = ((support + 1.0) / 2 - distance).clamp(0.0, 1.0)
        rows, columns = overlap[:, :, :height], overlap[:, :, height:]
        level = (FULL_INK - NOISE_FLOOR) * support * support
        # In this order, the large factor need not be rearranged for the product.
        return rows @ (ink @ columns.transpose(1, 2)) / level


def _bounded(centre: Tensor, first: Tensor, last: Tensor, scale: Tensor) -> Tensor:
    """Moves the centre no farther than keeps the ink within the image.

    Args:
        centre: [batch, 2, 1], in source pixels; pixel i reaches from i - 0.5 to i + 0.5.
        first: [batch, 2, 1], the first pixel with ink.
        last: [batch, 2, 1], the last one.
        scale: [batch, 1, 1], source pixels per target pixel.

    Returns:
        [batch, 2, 1].
    """
    before = scale * (CENTRE + 0.5) - 0.5
    after = scale * (OUTPUT_SIZE - 0.5 - CENTRE) - 0.5
    return torch.minimum(torch.maximum(centre, last - after), first + before)
