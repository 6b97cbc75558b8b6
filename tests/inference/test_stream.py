"""How a stream is cut into parts and batches: what is held at once, and what is taken ahead."""

import io
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from inference import InvalidImageError
from inference.image.batches import ink_batches
from inference.stream import map_in_order, parts

Levels = NDArray[np.uint8]


def lengths(images: Any, count: int = 64) -> list[int]:
    return [len(part) for part in parts(images, count)]


# --- Parts ---------------------------------------------------------------------------------------


def test_a_part_has_as_many_images_as_are_wanted():
    assert lengths([b""] * 7, count=3) == [3, 3, 1]


def byte_array(count: int) -> bytearray:
    return bytearray(count)


def open_file(count: int) -> io.BytesIO:
    return io.BytesIO(bytes(count))


def array(count: int) -> NDArray[np.uint16]:
    return np.broadcast_to(np.uint16(0), count // 2)


def picture(count: int) -> Image.Image:
    return Image.new("RGB", (count // 3_000, 1_000))


@pytest.mark.parametrize("make", [bytes, byte_array, open_file, array, picture])
def test_a_part_ends_with_the_image_that_brings_it_beyond_32_megabytes(
    make: Callable[[int], Any],
):
    assert lengths([make(16_000_000 - 16_000_000 % 3_000)] * 7) == [3, 3, 1]
    assert lengths([make(15_999_000)] * 7) == [3, 3, 1]
    assert lengths([make(16_002_000)] * 7) == [2, 2, 2, 1]


def test_a_path_or_an_open_file_holds_nothing_yet():
    assert lengths(["seven.png"] * 100) == [64, 36]


# --- Threads -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("threads", "ahead"), [(1, 1), (2, 4), (3, 6)])
def test_two_items_for_each_thread_are_taken_ahead(threads: int, ahead: int):
    taken: list[int] = []

    def items() -> Iterator[int]:
        for item in range(20):
            taken.append(item)
            yield item

    results = map_in_order(lambda item: -item, items(), threads)
    assert next(results) == 0
    assert len(taken) == ahead
    assert list(results) == [-item for item in range(1, 20)]


# --- Batches -------------------------------------------------------------------------------------


def batches(
    images: list[Any], read_ink: Callable[[Any], Any] = lambda image: image
) -> list[tuple[list[int], tuple[int, ...]]]:
    """Positions and shape of each batch."""
    return [
        (positions, np.shape(ink) if isinstance(ink, np.ndarray) else ())
        for positions, ink in ink_batches(images, read_ink)
    ]


def drawing(height: int, width: int) -> Levels:
    levels = np.zeros((height, width), np.uint8)
    levels[1:-1, 1:-1] = 255
    return levels


def test_a_batch_of_small_drawings_has_400_000_pixels_at_most():
    sizes = [len(positions) for positions, _ in batches([drawing(20, 20)] * 1_001)]
    assert sizes == [1_000, 1]


def test_a_batch_has_one_image_however_large():
    assert [shape for _, shape in batches([drawing(1_000, 1_000)] * 2)] == [(1, 1_000, 1_000)] * 2


def test_ink_of_equal_size_waits_for_each_other_up_to_4_000_000_pixels():
    sides: list[Any] = [1_000, 500, 500, 1_000, 1_000, 500, 500, 500]
    equal_sides: list[Any] = [1_000] * 9
    read: list[int] = []

    def read_ink(side: Any) -> Levels:
        read.append(side)
        return np.zeros((side, side), np.uint8)

    read_before = [len(read) for _ in ink_batches(sides, read_ink)]
    # The first seven have 4,000,000 pixels; the eighth makes them go.
    assert read_before == [8] * 8

    read.clear()
    read_before = [len(read) for _ in ink_batches(equal_sides, read_ink)]
    assert read_before == [5] * 4 + [9] * 5


def test_an_error_of_an_image_keeps_neither_its_cause_nor_where_it_was_raised():
    def read_ink(_: object) -> Levels:
        try:
            raise KeyError
        except KeyError as error:
            raise InvalidImageError("no image") from error

    ((positions, error),) = ink_batches([b"text"], read_ink)
    assert positions == [0]
    assert isinstance(error, InvalidImageError)
    assert error.__cause__ is error.__context__ is error.__traceback__ is None
