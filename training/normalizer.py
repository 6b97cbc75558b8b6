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
    weights of a target pixel sum to one at every scale and every sub-pixel offset. There are no
    loops and no slices, so batch, height and width stay dynamic in the exported graph.
    """

    def forward(self, ink: Tensor) -> Tensor:
        """Normalises a batch of drawings.

        Args:
            ink: [batch, height, width], any real dtype, 0 (paper) … 255 (full ink), any height and
                width ≥ 1.

        Returns:
            float32 [batch, 28, 28], 0 … 1; all 0 for blank ink.
        """
        # The floor is taken off sums and products, which are smaller than the ink. clamp(min=…) of
        # whole numbers would become an operator that onnxruntime 1.20 lacks for them.
        ink = torch.clamp_min(ink, NOISE_FLOOR).to(torch.float32)
        height, width = ink.shape[1], ink.shape[2]
        # onnxruntime is several times slower at ink.sum(dim=1), and half as fast with the ones as
        # rows, on the left. Two columns of them, of which one is left out, because tract 0.23 never
        # ends with a single one.
        ones = ink.new_ones(1, 2).expand(height, 2)[:, :1]
        by_row = (ink.sum(dim=2) - NOISE_FLOOR * width).unsqueeze(1)
        by_column = ((ink.transpose(1, 2) @ ones).squeeze(2) - NOISE_FLOOR * height).unsqueeze(1)
        # Both axes at once where their length does not matter: rows first, [batch, 2, 1].
        profiles = _profile(by_row), _profile(by_column)
        moment, low, high = (torch.cat(both, dim=1) for both in zip(*profiles, strict=True))
        mass = by_row.sum(dim=2, keepdim=True).clamp(min=1.0)
        extent = (high - low).amax(dim=1, keepdim=True).clamp(min=0.0) + 1.0
        scale = extent / DIGIT_SIZE  # source pixels per target pixel
        centre = _bounded(torch.floor(moment / mass + SNAP), low, high, scale)

        target = torch.arange(OUTPUT_SIZE, dtype=torch.float32, device=ink.device) - CENTRE
        offset = scale * target.unsqueeze(1)
        support = scale.clamp(min=1.0)
        reach = (support + 1.0) / 2
        rows = _overlap(centre[:, :1] + offset, reach, height)
        columns = _overlap(centre[:, 1:] + offset, reach, width)
        level = (FULL_INK - NOISE_FLOOR) * support * support
        floor = NOISE_FLOOR * columns.sum(dim=2).unsqueeze(1)
        # In this order, the large factor need not be rearranged for the product. Rounding may leave
        # paper a little below 0.
        return torch.relu(rows @ (ink @ columns.transpose(1, 2) - floor)) / level


def _profile(ink: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Locates the ink along one axis.

    Args:
        ink: [batch, 1, length], summed over the other axis.

    Returns:
        The ink's moment about pixel 0, and the first and the last pixel with ink, each
        [batch, 1, 1]; the first lies behind the last if there is none.
    """
    position = _positions(ink.shape[2], ink.device)
    inked = ink > 0
    moment = (ink * position).sum(dim=2, keepdim=True)
    low = torch.where(inked, position, float(2**24)).amin(dim=2, keepdim=True)
    high = torch.where(inked, position, -1.0).amax(dim=2, keepdim=True)
    return moment, low, high


def _positions(length: int, device: torch.device) -> Tensor:
    return torch.arange(length, dtype=torch.float32, device=device)


def _bounded(centre: Tensor, low: Tensor, high: Tensor, scale: Tensor) -> Tensor:
    """Moves the centre no farther than keeps the ink within the image.

    Args:
        centre: [batch, 2, 1], in source pixels; pixel i reaches from i - 0.5 to i + 0.5.
        low: [batch, 2, 1], the first pixel with ink.
        high: [batch, 2, 1], the last one.
        scale: [batch, 1, 1], source pixels per target pixel.

    Returns:
        [batch, 2, 1].
    """
    before = scale * (CENTRE + 0.5) - 0.5
    after = scale * (OUTPUT_SIZE - 0.5 - CENTRE) - 0.5
    return torch.minimum(torch.maximum(centre, high - after), low + before)


def _overlap(target: Tensor, reach: Tensor, length: int) -> Tensor:
    """Weighs source pixels for target pixels along one axis, before division by the support.

    Args:
        target: [batch, 28, 1], where the target pixels lie in the source.
        reach: [batch, 1, 1], the distance up to which source pixels have a part in them.
        length: Number of source pixels.

    Returns:
        [batch, 28, length], 0 … 1.
    """
    distance = (target - _positions(length, target.device)).abs()
    return (reach - distance).clamp(0.0, 1.0)
