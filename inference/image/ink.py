"""From a picture to its ink: which side is drawn and which is paper, 0 paper … 255 full ink.

All levels here are luminance in steps of 1/255.
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..errors import BlankImageError
from .decoding import MAX_PIXELS
from .picture import ImageSource, Picture, read_picture, read_upright

MINIMUM_CONTRAST_LEVELS = 12
"""Levels by which the strongest mark must differ from the paper, or the image is blank."""

INKED_SHARE = 0.25
"""What has less of the fullest ink is the edge of a stroke."""

# Most pixels of bare paper stay within some distance of the paper's level: 99 % of them, or all of
# the few at the border. Noise hardly ever takes a pixel farther than twice that distance.
NOISE_QUANTILE = 0.99
NOISE_FACTOR = 2

MAXIMUM_NOISE_LEVELS = 64  # paper that varies by more shows a shadow or an object, not noise

# Share of the marked pixels that must reach full ink, so that a speck of dust does not set the
# scale. In MNIST's own images that is one pixel at most, so they keep theirs.
FULL_INK_SHARE = 1 / 1_024

SMALLEST_PHOTOGRAPH_PX = 32
"""The shorter side from which a picture may be a photograph with more on it than a digit."""

# A side is even if more than that share of it has one level, be it paper or a line; no noise has.
# A line is where less than the other share has another side's level.
EVEN_SHARE, GAPS_SHARE = 0.75, 0.1

# An image on pure white or black paper is not stretched if its ink reaches this level: some of
# MNIST's images end at 254.
NEARLY_FULL_LEVEL = 250

# Strokes fill less of their bounding box, a sheet of paper fills more, even a rotated one.
STROKES_FILL_SHARE = 0.4

_LEVELS = np.arange(256)


def find_ink(picture: Picture) -> NDArray[np.uint8]:
    """Finds what is drawn on a picture.

    The paper's level is the one at the picture's border; the ink is whatever departs from it
    most, dark or light. Transparent pixels are paper.

    Args:
        picture: Luminance (H, W), with opacity if it has any.

    Returns:
        Ink, uint8 (H, W), 0 paper … 255 full ink.

    Raises:
        BlankImageError: Nothing stands out from the paper.
    """
    if picture.opacity is None:
        return _ink_on_paper(picture.luminance)
    return _ink_on_transparency(picture.luminance, picture.opacity)


def is_photograph(picture: Picture) -> bool:
    """Whether a picture comes from a camera or a scanner, and is no clean drawing.

    A drawing program leaves paper of a single level, or transparency. Of small pictures it does not
    matter: there is little paper on them.
    """
    luminance = picture.luminance
    if picture.opacity is not None or min(luminance.shape) < SMALLEST_PHOTOGRAPH_PX:
        return False
    border = _border(luminance)
    return not _is_clean(luminance, border, _median(border))


def is_framed(picture: Picture) -> bool:
    """Whether a line lies along a whole side of a picture, as a part of a form's box does."""
    if picture.opacity is not None:
        return False
    luminance = picture.luminance
    border = _border(luminance)
    if border.min() == border.max():
        return False
    sides = (luminance[0], luminance[-1], luminance[:, 0], luminance[:, -1])
    papers = [paper for side in sides if _share_near(side, paper := _median(side)) > EVEN_SHARE]
    return any(_share_near(side, paper) < GAPS_SHARE for side in sides for paper in papers)


def _share_near(levels: NDArray[np.uint8], level: int) -> float:
    near = np.abs(levels.astype(np.int16) - level) <= MINIMUM_CONTRAST_LEVELS
    return np.count_nonzero(near) / levels.size


def visible_luminance(picture: Picture) -> NDArray[np.uint8]:
    """What an eye sees on white paper: luminance, uint8 (H, W); blank if there is nothing."""
    if picture.opacity is None:
        return picture.luminance
    try:
        return ~find_ink(picture)
    except BlankImageError:
        return np.full_like(picture.luminance, 255)


def visible_image(source: ImageSource, max_pixels: int = MAX_PIXELS) -> Image.Image:
    """What was read, to show or to keep it.

    Args:
        source: What `DigitRecognizer.predict` takes.
        max_pixels: Largest accepted height × width.

    Returns:
        An "RGB" image, upright, its longer side at most 1,024 pixels. Of an image with transparency
        it is the drawing, dark on white, whatever its colour. To read it again gives the same.

    Raises:
        InvalidImageError: It cannot be read as an image.
    """
    upright = read_upright(source, max_pixels)
    if upright.mode == "RGB":
        return upright
    return Image.fromarray(visible_luminance(read_picture(upright))).convert("RGB")


def ready_ink(
    luminance: NDArray[np.uint8],
) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Finds the ink of most drawings, on pure black or white, in a fraction of the time.

    What else `find_ink` looks at for other pictures would come to the same.

    Args:
        luminance: uint8 (count, H, W).

    Returns:
        Ink, uint8 (count, H, W), and of which pictures it is the ink, bool (count,).
    """
    border = _border(luminance)
    is_on_white = np.bitwise_and.reduce(border, axis=1) == 255
    is_on_black = ~border.any(axis=1)
    ink = luminance ^ (is_on_white * np.uint8(255))[:, np.newaxis, np.newaxis]
    nearly_full = np.array([np.count_nonzero(levels) for levels in ink >= NEARLY_FULL_LEVEL])
    is_strong = nearly_full >= FULL_INK_SHARE * ink[0].size
    return ink, (is_on_white | is_on_black) & is_strong


def _ink_on_paper(luminance: NDArray[np.uint8]) -> NDArray[np.uint8]:
    (ink,), (is_ready,) = ready_ink(luminance[np.newaxis])
    if is_ready:
        return ink
    border = _border(luminance)
    paper = _median(border)
    noise = _noise_at_border(border, paper)
    darkest, lightest = int(luminance.min()), int(luminance.max())
    if not darkest < paper < lightest:
        return _stretched(luminance, paper, darkest < paper, noise)
    histogram = _histogram(luminance)
    squared_deviation = histogram * np.square(_LEVELS - paper)
    is_dark = bool(squared_deviation[:paper].sum() >= squared_deviation[paper:].sum())
    # Noise makes pixels darker and lighter: the side without ink shows how strong it is.
    bare = histogram[paper:] if is_dark else histogram[paper::-1]
    noise = max(noise, min(NOISE_FACTOR * _quantile(bare, NOISE_QUANTILE), MAXIMUM_NOISE_LEVELS))
    return _stretched(luminance, paper, is_dark, noise)


def _is_clean(luminance: NDArray[np.uint8], border: NDArray[np.uint8], paper: int) -> bool:
    """Whether the paper has a single level, as a drawing program leaves it and no camera does."""
    if np.count_nonzero(border == paper) > border.size * 3 // 4:
        return True
    # The border of a drawing that was cropped closely may show little paper.
    darkest = np.count_nonzero(luminance == luminance.min())
    lightest = np.count_nonzero(luminance == luminance.max())
    return bool(darkest + lightest > luminance.size * 3 // 4)


def _ink_on_transparency(
    luminance: NDArray[np.uint8], opacity: NDArray[np.uint8]
) -> NDArray[np.uint8]:
    faintest, fullest = int(opacity.min()), int(opacity.max())
    if fullest < MINIMUM_CONTRAST_LEVELS:
        raise BlankImageError("the image is transparent everywhere; draw a digit on it")
    if fullest - faintest < MINIMUM_CONTRAST_LEVELS:
        return _ink_on_paper(luminance)
    # The colour of nearly transparent pixels means nothing.
    is_visible = opacity > (faintest + fullest) // 2
    visible = luminance[is_visible]
    has_contrast = int(visible.max()) - int(visible.min()) >= MINIMUM_CONTRAST_LEVELS
    if not has_contrast or _fill(is_visible) < STROKES_FILL_SHARE:
        # Bare strokes: only their shape counts, not their colour.
        return _stretched(opacity, faintest, is_dark=False, noise=0)
    # A sheet of paper, parts of which are transparent: these take its colour.
    paper = _median(visible)
    sheet = paper + (luminance.astype(np.int32) - paper) * opacity // 255
    return _ink_on_paper(sheet.astype(np.uint8))


def _stretched(
    levels: NDArray[np.uint8], paper: int, is_dark: bool, noise: int
) -> NDArray[np.uint8]:
    """Levels (H, W) → ink, linear from 0 at the paper's level to 255 at the strongest mark's.

    What differs from the paper by no more than the noise is 0.
    """
    needed = max(MINIMUM_CONTRAST_LEVELS, noise + 1)
    full = _full_depth(levels, paper, is_dark, faintest=needed)
    if full < needed:
        raise BlankImageError(
            f"the image is blank: its strongest mark differs from the paper by {full} of 255 "
            f"levels, and {needed} are needed; draw a digit, or draw it with more contrast"
        )
    if full >= NEARLY_FULL_LEVEL and paper == (255 if is_dark else 0) and not noise:
        return ~levels if is_dark else levels
    depth = np.clip(paper - _LEVELS if is_dark else _LEVELS - paper, 0, full)
    ink = (depth * 255 + full // 2) // full
    ink[depth <= noise] = 0
    # bytes.translate looks up a byte several times faster than NumPy's indexing.
    mapped = levels.tobytes().translate(ink.astype(np.uint8).tobytes())
    return np.frombuffer(mapped, np.uint8).reshape(levels.shape)


def _full_depth(levels: NDArray[np.uint8], paper: int, is_dark: bool, faintest: int) -> int:
    """How far from the paper's level the strongest marks are, the faintest being that far."""
    extreme = int(levels.min() if is_dark else levels.max())
    deepest = abs(extreme - paper)
    # These are enough even if every pixel were marked. That is usual, and faster than a histogram.
    if deepest < faintest or np.count_nonzero(levels == extreme) >= FULL_INK_SHARE * levels.size:
        return deepest
    histogram = _histogram(levels)
    by_depth = histogram[paper::-1] if is_dark else histogram[paper:]
    marked = by_depth[faintest:]
    at_least = np.cumsum(marked[::-1])[::-1]  # pixels of this depth or deeper
    return faintest + int(np.flatnonzero(at_least >= FULL_INK_SHARE * marked.sum())[-1])


def _noise_at_border(border: NDArray[np.uint8], paper: int) -> int:
    """How far noise may take paper from its level, by what its border shows.

    Noise is all over the border. Ink is on a small part of it, or far from the paper's level. This
    also finds the noise of pure white or black paper, which changes pixels in one direction only.
    """
    deviation = np.sort(np.abs(border.astype(np.int16) - paper))
    noise = NOISE_FACTOR * int(deviation[-1])
    is_everywhere = deviation[deviation.size * 3 // 4] > 0
    return noise if is_everywhere and noise <= MAXIMUM_NOISE_LEVELS else 0


def _border(luminance: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(…, H, W) → the pixels of its outermost rows and columns, (…, 2 × W + 2 × H)."""
    rows = (luminance[..., 0, :], luminance[..., -1, :])
    return np.concatenate((*rows, luminance[..., 0], luminance[..., -1]), axis=-1)


def _median(levels: NDArray[np.uint8]) -> int:
    """Median of levels (N,); for bytes, sorting is several times faster than np.median."""
    return int(np.sort(levels)[levels.size // 2])


def bounding_box(mask: NDArray[np.bool_]) -> tuple[int, int, int, int]:
    """Top, left, bottom and right of what is True in a mask (H, W), the last two included."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return int(rows[0]), int(columns[0]), int(rows[-1]), int(columns[-1])


def _fill(mask: NDArray[np.bool_]) -> float:
    """Share of the mask's bounding box that the mask covers."""
    top, left, bottom, right = bounding_box(mask)
    return np.count_nonzero(mask) / ((bottom - top + 1) * (right - left + 1))


def _histogram(levels: NDArray[np.uint8]) -> NDArray[np.intp]:
    return np.bincount(levels.ravel(), minlength=256)


def _quantile(histogram: NDArray[np.intp], share: float) -> int:
    """The bin up to which a histogram holds that share of its pixels."""
    cumulative = np.cumsum(histogram)
    return int(np.count_nonzero(cumulative < share * cumulative[-1]))
