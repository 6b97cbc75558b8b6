"""Arrays as pictures: dtypes, shapes, memory layouts."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from PIL import Image

from inference import InvalidImageError
from inference.image.picture import is_small_luminance, read_picture
from tests.inference.image.seven import GRAY, INK, Levels, encode, ink_of

# --- Arrays ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dtype", "white"),
    [
        ("u1", 255),
        ("?", True),
        ("<u2", 65_535),
        (">u2", 65_535),
        ("u2", 4_095),  # 12 bits
        ("f2", 1),
        ("<f4", 1),
        (">f4", 1),
        ("f8", 1),
    ],
)
@pytest.mark.parametrize("channels", [None, 1, 3, 4])
def test_arrays_of_every_accepted_dtype_and_shape(dtype: str, white: int, channels: int | None):
    array = (GRAY // 255).astype(dtype) * np.array(white, dtype)
    if channels is not None:
        array = np.repeat(array[..., np.newaxis], channels, axis=2)
    if channels == 4:
        array[..., 3] = white
    np.testing.assert_array_equal(ink_of(array), INK)


@pytest.mark.parametrize(
    "view",
    [
        np.asfortranarray(GRAY),
        GRAY[::-1, ::-1].copy()[::-1, ::-1],
        np.repeat(GRAY, 2, axis=1)[:, ::2],
        np.repeat(GRAY[..., np.newaxis], 6, axis=2)[..., ::2],
        np.moveaxis(np.stack([GRAY, GRAY, GRAY, np.full_like(GRAY, 255)]), 0, 2),
    ],
)
def test_arrays_of_any_memory_layout(view: Levels):
    np.testing.assert_array_equal(ink_of(view), INK)


def test_an_array_is_neither_changed_nor_shared():
    array = INK.copy()
    array.setflags(write=False)
    ink = ink_of(array)
    np.testing.assert_array_equal(array, INK)
    assert not np.shares_memory(ink, array)


def test_float_levels_are_rounded_to_the_nearest():
    picture = read_picture(np.array([[0, 1], [0.001, 0.5], [0.003, 0.999]]))
    np.testing.assert_array_equal(picture.luminance, [[0, 255], [0, 128], [1, 255]])


def test_true_is_white():
    picture = read_picture(np.array([[False, True]]))
    np.testing.assert_array_equal(picture.luminance, [[0, 255]])


def test_zero_stays_black_where_levels_have_more_than_8_bits():
    picture = read_picture(np.array([[1_000, 2_000], [1_500, 4_000]], np.uint16))
    np.testing.assert_array_equal(picture.luminance, [[64, 128], [96, 255]])


def test_below_zero_is_blacker_than_zero():
    picture = read_picture(Image.fromarray(np.array([[-1, 0], [1, 3]], np.float32)))
    np.testing.assert_array_equal(picture.luminance, [[0, 64], [128, 255]])


@pytest.mark.parametrize(
    ("shape", "is_small"),
    [
        ((128, 128), True),
        ((16, 1_024), True),
        ((1_024, 16), True),
        ((1, 1), True),
        ((129, 128), False),
        ((1_025, 1), False),
        ((1, 1_025), False),
        ((0, 5), False),
        ((4, 4, 1), False),
    ],
)
def test_a_small_array_of_bytes_is_its_own_luminance(shape: tuple[int, ...], is_small: bool):
    array = np.zeros(shape, np.uint8)
    assert is_small_luminance(array) == is_small
    assert not is_small_luminance(array.astype(np.uint16))
    assert not is_small_luminance(array.view(np.recarray))


@pytest.mark.parametrize(
    ("side", "worked_on"), [(1_024, 1_024), (1_025, 513), (2_048, 1_024), (2_049, 683)]
)
@pytest.mark.parametrize("make", [np.asarray, lambda image: image, lambda image: encode(image)])
def test_beyond_1024_pixels_a_side_is_divided_by_a_whole_number(
    side: int, worked_on: int, make: Any
):
    picture = read_picture(make(Image.new("L", (side, 3))))
    assert picture.luminance.shape[1] == worked_on
    assert picture.source_size == (side, 3)


@pytest.mark.parametrize("level", [-0.001, 1.001])
def test_floats_may_be_off_by_a_thousandth(level: float):
    assert read_picture(np.array([[0.5, level]])).luminance[0, 1] == (255 if level > 1 else 0)
    with pytest.raises(InvalidImageError, match="0…1"):
        read_picture(np.array([[0.5, 0.5 + (level - 0.5) * 1.0003]]))


def test_floats_that_resampling_rounded_beyond_their_range_are_accepted():
    picture = read_picture(np.array([[-2e-7, 1 + 2e-7]], np.float32))
    np.testing.assert_array_equal(picture.luminance, [[0, 255]])


@pytest.mark.parametrize(
    ("array", "complaint"),
    [
        (np.zeros((28, 28), np.int64), "int64"),
        (np.zeros((28, 28), np.int8), "int8"),
        (np.zeros((28, 28), np.int16), "int16"),
        (np.zeros((28, 28), np.uint32), "uint32"),
        (np.zeros((28, 28), np.uint64), "uint64"),
        (np.zeros((28, 28), np.complex64), "complex64"),
        (np.zeros((28, 28), object), "object"),
        (np.full((28, 28), "ink"), "<U3"),
        (np.zeros((28, 28), [("ink", "u1")]), "'ink'"),
        (np.zeros((28, 28), "M8[s]"), "datetime64"),
        (np.full((28, 28), np.nan), "NaN"),
        (np.full((28, 28), np.inf), "infinite"),
        (np.eye(28) * -0.5, "0…1"),
        (np.eye(28) * 255, "from 0 to 255"),
        (np.eye(28) * 1.002, "from 0 to 1.002"),
        (np.array(7, np.uint8), r"\(\)"),
        (np.zeros(784, np.uint8), r"\(784,\)"),
        (np.zeros((28, 28, 2), np.uint8), r"\(28, 28, 2\)"),
        (np.zeros((3, 28, 28), np.uint8), r"\(3, 28, 28\)"),
        (np.zeros((1, 28, 28, 1), np.uint8), "one image at a time"),
        (np.zeros((0, 28), np.uint8), "empty: 28 × 0"),
        (np.zeros((28, 0, 3)), "empty: 0 × 28"),
    ],
)
def test_other_arrays_are_refused_and_the_error_says_why(array: Any, complaint: str):
    with pytest.raises(InvalidImageError, match=complaint):
        ink_of(array)


# --- Transparency ---------------------------------------------------------------------------------


@given(
    grey=npst.arrays(np.uint8, npst.array_shapes(min_dims=2, max_dims=2, max_side=6)),
    channel=st.integers(0, 3),
    level=st.integers(0, 255),
)
def test_an_array_of_grey_pixels_but_one_is_read_as_pillow_reads_it(
    grey: Levels, channel: int, level: int
):
    pixels = np.dstack([grey, grey, grey, np.full_like(grey, 255)])
    for _ in ("without colour", "with one pixel of any colour, or transparent"):
        expected = read_picture(Image.fromarray(pixels)).luminance
        np.testing.assert_array_equal(read_picture(pixels).luminance, expected)
        pixels[-1, -1, channel] = level
