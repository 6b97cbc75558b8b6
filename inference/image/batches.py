"""From images to batches of ink, each of which goes through the graph together."""

import math
from collections.abc import Callable, Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from ..errors import InvalidImageError
from ..prediction import Prediction
from .ink import ready_ink
from .picture import ImageSource, is_small_luminance

ReadInk = Callable[[ImageSource], NDArray[np.uint8] | Prediction]
"""Finds the ink of one image, uint8 (H, W), or recognizes it; raises `InvalidImageError`."""

# Ink that is computed on at once; what the graph holds of more leaves the processor's caches.
_BATCH_PIXELS = 400_000

# Ink that waits for more of equal size.
_WAITING_PIXELS = 4_000_000


def ink_batches(
    images: list[ImageSource], read_ink: ReadInk
) -> Iterator[tuple[list[int], NDArray[np.uint8] | Prediction | InvalidImageError]]:
    """Finds the ink of images and joins what is of equal size, whatever stands between it.

    Args:
        images: What `DigitRecognizer.predict` takes.
        read_ink: Finds the ink of what does not go together with others.

    Yields:
        The positions of some images, each of which comes up once, and their ink, uint8
        (count, H, W), of a bounded number of pixels; or a single position and what was recognized,
        or why there is nothing.
    """
    rest = dict(enumerate(images))
    small = {position: image for position, image in rest.items() if is_small_luminance(image)}
    for positions, luminance in _stacks(small):
        ink, is_ready = ready_ink(luminance)
        if not is_ready.all():
            ink = ink[is_ready]
            positions = [positions[index] for index in np.flatnonzero(is_ready)]
        for position in positions:
            del rest[position]
        if positions:
            yield positions, ink

    waiting: dict[int, NDArray[np.uint8]] = {}
    pixels = 0
    for position, image in rest.items():
        ink = _ink_or_error(image, read_ink)
        if not isinstance(ink, np.ndarray):
            yield [position], ink
            continue
        if pixels + ink.size > _WAITING_PIXELS:
            yield from _stacks(waiting)
            waiting, pixels = {}, 0
        waiting[position] = ink
        pixels += ink.size
    yield from _stacks(waiting)


def _ink_or_error(
    image: ImageSource, read_ink: ReadInk
) -> NDArray[np.uint8] | Prediction | InvalidImageError:
    try:
        return read_ink(image)
    except InvalidImageError as error:
        # Its traceback and its cause would keep the image in memory for as long as the error.
        error.__cause__ = error.__context__ = None
        return error.with_traceback(None)


def _stacks(
    arrays: Mapping[int, NDArray[np.uint8]],
) -> Iterator[tuple[list[int], NDArray[np.uint8]]]:
    """Stacks arrays of equal shape, as many as are computed on at once; keeps their positions."""
    by_shape: dict[tuple[int, ...], list[int]] = {}
    for position, array in arrays.items():
        by_shape.setdefault(array.shape, []).append(position)
    for shape, alike in by_shape.items():
        at_once = max(1, _BATCH_PIXELS // math.prod(shape))
        for start in range(0, len(alike), at_once):
            positions = alike[start : start + at_once]
            yield positions, np.stack([arrays[position] for position in positions])
