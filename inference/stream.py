"""Long streams of images in bounded parts: what is held at once does not grow with the stream."""

import io
import os
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar, cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile

from .errors import InvalidImageError
from .image.picture import ImageSource

T = TypeVar("T")
R = TypeVar("R")

# Images that a part may hold in memory before their ink is found: larger parts are no faster.
_PART_BYTES = 32_000_000


def check_that_they_are_several(images: Any) -> None:
    """Refuses a single image in place of several: iterating over it gives errors that mislead.

    Raises:
        InvalidImageError: It is a single image, or nothing that can be iterated over.
    """
    kind = type(images).__name__
    is_array = _is_single_array(images)
    is_single = isinstance(images, (str, bytes, bytearray, memoryview, os.PathLike, Image.Image))
    if is_single or is_array or hasattr(images, "read") or not isinstance(images, Iterable):
        raise InvalidImageError(
            f"several images are needed, a list for instance, not a {kind}; "
            "for a single image call predict"
        )


def _is_single_array(images: Any) -> bool:
    """Whether it is an array of one image, (H, W) or (H, W, channels), and not one of paths."""
    if not isinstance(images, np.ndarray):
        return False
    array = cast("NDArray[Any]", images)
    is_grey, is_coloured = array.ndim == 2, array.ndim == 3 and array.shape[2] in (1, 3, 4)
    return array.ndim == 0 or (array.dtype.kind in "biuf" and (is_grey or is_coloured))


def parts(images: Iterable[ImageSource], count: int) -> Iterator[list[ImageSource]]:
    """Cuts a stream into lists of at most `count` images, fewer if they are large.

    Images that are made one by one are copied, because each may reuse the memory of the last one.
    """
    is_made_one_by_one = not isinstance(images, (Sequence, np.ndarray))
    part: list[ImageSource] = []
    held_bytes = 0
    try:
        for image in images:
            part.append(_copied(image) if is_made_one_by_one else image)
            held_bytes += _held_bytes(image)
            if len(part) == count or held_bytes > _PART_BYTES:
                yield part
                part, held_bytes = [], 0
    except Exception:  # The caller's own; what came before it is given first.
        if part:
            yield part
        raise
    if part:
        yield part


def _copied(image: Any) -> Any:
    if isinstance(image, (bytearray, memoryview)):
        return bytes(cast("bytes", image))
    if isinstance(image, io.BytesIO):
        return io.BytesIO(image.getvalue())
    # An image file that is not decoded yet has no buffer that could be reused.
    is_drawn = isinstance(image, Image.Image) and not isinstance(image, ImageFile.ImageFile)
    buffer = cast("Any", image)
    return buffer.copy() if is_drawn or isinstance(image, np.ndarray) else buffer


def _held_bytes(image: Any) -> int:
    if isinstance(image, (bytes, bytearray)):
        return len(image)
    if isinstance(image, io.BytesIO):
        return image.getbuffer().nbytes
    if isinstance(image, Image.Image):
        return image.width * image.height * len(image.getbands())
    return getattr(image, "nbytes", 0)  # an array; a path or an open file holds nothing yet


def map_in_order(
    function: Callable[[T], R], items: Iterable[T], threads: int
) -> Generator[R, None, None]:
    """Like `map`, in several threads; items are taken in the caller's thread as they are needed."""
    if threads == 1:
        yield from map(function, items)
        return
    pool = ThreadPoolExecutor(threads)
    waiting: deque[Future[R]] = deque()
    try:
        remaining = iter(items)
        while True:
            try:
                waiting.append(pool.submit(function, next(remaining)))
            except StopIteration:
                break
            except Exception as error:  # The caller's own; what came before it is given first.
                waiting.append(Future())
                waiting[-1].set_exception(error)
                break
            if len(waiting) == 2 * threads:  # enough that no thread waits for the caller
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
