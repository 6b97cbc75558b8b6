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

SMALLEST_SIDE = 64
"""Pixels of the shorter side; on less there is too little paper to tell shadows from ink."""

# What is narrower than this share of the picture's shorter side is drawn. Pens are thinner than
# that; shadows are mostly wider, or reach the picture's side.
WIDEST_STROKE = 1 / 4

# From this shorter side on, in pixels, pictures are averaged over 3 × 3 pixels: the noise of single
# pixels goes, and pens are wider there.
AVERAGED_SIDE = 200

# Light ink on dark is rare in photographs, and a sheet on a dark table resembles it: in doubt the
# ink is dark.
CLEARLY_FEWER = 1 / 4

# Added to the levels that are divided: the darkest are mostly noise and stray light.
STRAY_LIGHT = np.float32(24)


def even_out(luminance: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Takes uneven light, shadows and the paper's colour away.

    Args:
        luminance: (H, W), dark ink on light paper or light on dark.

    Returns:
        Luminance (H, W): about 255 where there is paper, and the darker where something is drawn,
        the more it differs from the paper around it.
    """
    side = min(luminance.shape)
    width = round(side * WIDEST_STROKE)
    levels = luminance
    if side >= AVERAGED_SIDE:
        levels = np.asarray(Image.fromarray(luminance).filter(ImageFilter.BoxBlur(1)))
    paper = _closed(levels, width)
    paper_if_dark = _closed(~levels, width)
    # Taken for paper, strokes and what they enclose would have edges.
    if _edges(paper_if_dark) < CLEARLY_FEWER * _edges(paper):
        levels, paper = ~levels, paper_if_dark
    relative = (levels + STRAY_LIGHT) / (paper + STRAY_LIGHT)
    # Most pixels are paper, and the closing found the lightest level around each.
    relative *= 255 / np.median(relative)
    return np.rint(np.minimum(relative, 255)).astype(np.uint8)


def _edges(levels: NDArray[np.uint8]) -> int:
    """How much neighbours in (H, W) differ; a sharp edge counts for more than a slope."""
    signed = levels.astype(np.int32)
    return sum(int(np.square(np.diff(signed, axis=axis)).sum(dtype=np.int64)) for axis in (0, 1))


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
