"""From a photograph or scan to the page as it would be under even light on even paper.

A pixel's level is the light that falls on the page times what the page reflects. Where the paper's
own level is known, dividing by it takes the light away, and shadows, and the paper's colour (Gatos,
Pratikakis and Perantonis, 2006, "Adaptive degraded document image binarization"). It is found by a
morphological closing (Serra, 1982, "Image Analysis and Mathematical Morphology"), which fills in
whatever is dark and narrow, and leaves the edges of whatever is wide where they are.
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

EVEN_PAPER = 200
"""The level of the evened paper; what is lighter than it, by noise, has room above."""

SMALLEST_SIDE = 64  # pixels; on less there is too little paper to tell light from ink

# Whatever is narrower than this share of the picture's shorter side, and no part of a wider dark
# region, is drawn. Pens are thinner, cast shadows mostly wider.
WIDEST_STROKE = 1 / 4

# Pixels around each over which the paper's level is averaged beforehand: the closing would take
# the lightest of its noise. Any more, and a shadow's edge would be taken for ink.
PAPER_BLUR = 2

# Pictures with a shorter side from here on, in pixels, are averaged over 3 × 3 pixels: single
# pixels of noise go, and pens are wider there.
BLURRED_SIDE = 200

# Light ink on dark is rare in photographs: in doubt, as where nothing is drawn, the ink is dark.
CLEARLY_FEWER = 1 / 4

# Added to both levels that are divided: the darkest are mostly noise and stray light.
STRAY_LIGHT = np.float32(24)


def even_out(luminance: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Takes uneven light, shadows and the paper's colour away.

    Args:
        luminance: (H, W), dark ink on light paper or light on dark.

    Returns:
        Luminance (H, W): paper about `EVEN_PAPER`, and what is drawn is dark, in proportion to how
        much darker (or lighter, on dark paper) it is than the paper around it.
    """
    side = min(luminance.shape)
    width = round(side * WIDEST_STROKE)
    levels = _blurred(luminance, 1) if side >= BLURRED_SIDE else luminance
    paper = _closed(levels, width)
    paper_if_dark = _closed(~levels, width)
    # Taken for paper, strokes and what they enclose would have edges.
    if _edges(paper_if_dark) < CLEARLY_FEWER * _edges(paper):
        levels, paper = ~levels, paper_if_dark
    relative = (levels + STRAY_LIGHT) / (paper + STRAY_LIGHT)
    # Most pixels are paper, and the closing found the lightest level around each.
    relative *= EVEN_PAPER / np.median(relative)
    return np.rint(np.minimum(relative, 255)).astype(np.uint8)


def _blurred(levels: NDArray[np.uint8], radius: int) -> NDArray[np.uint8]:
    """The mean around each pixel of (H, W), as many pixels to each side."""
    return np.asarray(Image.fromarray(levels).filter(ImageFilter.BoxBlur(radius)))


def _edges(levels: NDArray[np.uint8]) -> int:
    """How much neighbours in (H, W) differ; a sharp edge counts for more than a slope."""
    signed = levels.astype(np.int32)
    return sum(
        int(np.square(np.diff(signed, axis=axis)).sum(dtype=np.int64)) for axis in (0, 1)
    )


def _closed(levels: NDArray[np.uint8], width: int) -> NDArray[np.uint8]:
    """Fills in with what surrounds it whatever is dark and narrower than a square.

    The squares may reach beyond the picture, so a dark corner, or a dark band along a side, is
    wide, however little of it the picture shows.

    Args:
        levels: (H, W).
        width: Side of the square in pixels.
    """
    for axis in (0, 1):
        beyond = [(0, 0), (0, 0)]
        beyond[axis] = (width - 1, width - 1)
        levels = _extremes(np.pad(levels, beyond), width, axis, np.maximum)
    for axis in (0, 1):
        levels = _extremes(levels, width, axis, np.minimum)
    return levels


def _extremes(
    levels: NDArray[np.uint8], width: int, axis: int, extreme: np.ufunc
) -> NDArray[np.uint8]:
    """The largest (or smallest) of each `width` neighbours; the axis becomes `width` - 1 shorter.

    Joining windows to twice their width takes the logarithm of the width in steps.
    """
    levels = np.moveaxis(levels, axis, 0)
    covered = 1
    while covered < width:
        step = min(covered, width - covered)
        levels = extreme(levels[:-step], levels[step:])
        covered += step
    return np.moveaxis(levels, 0, axis)
