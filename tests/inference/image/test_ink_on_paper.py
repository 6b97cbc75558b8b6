"""What on a picture counts as ink."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from PIL import Image

from inference import BlankImageError
from inference.image import ink as ink_module
from inference.image.ink import find_ink
from inference.image.picture import read_picture
from tests.inference.image.seven import INK, Levels, draw_seven, encode, ink_of


def test_black_on_white_is_only_inverted():
    shaded = np.arange(256, dtype=np.uint8).reshape(16, 16)
    canvas = np.pad(shaded, 8, constant_values=255)
    np.testing.assert_array_equal(ink_of(canvas), 255 - canvas)


def test_white_on_black_is_unchanged():
    shaded = np.arange(256, dtype=np.uint8).reshape(16, 16)
    mnist_like = np.pad(shaded, 6)
    np.testing.assert_array_equal(ink_of(mnist_like), mnist_like)


def test_an_image_that_nearly_reaches_full_ink_is_unchanged():
    mnist_like = np.zeros((28, 28), np.uint8)
    mnist_like[8:20, 12:15] = 254
    np.testing.assert_array_equal(ink_of(mnist_like), mnist_like)
    np.testing.assert_array_equal(ink_of(255 - mnist_like), mnist_like)


@given(
    levels=npst.arrays(
        np.uint8,
        npst.array_shapes(min_dims=2, max_dims=2, min_side=3, max_side=80),
        elements=st.sampled_from([0, 1, 5, 6, 100, 249, 250, 255]),
    ),
    paper=st.sampled_from([0, 255]),
)
def test_pure_paper_is_a_shortcut_that_changes_nothing(levels: Levels, paper: int):
    levels[0] = levels[-1] = levels[:, 0] = levels[:, -1] = paper
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(ink_module, "ready_ink", lambda levels: (levels, [False]))
        try:
            the_long_way = find_ink(read_picture(levels))
        except BlankImageError:
            the_long_way = None
    if the_long_way is None:
        with pytest.raises(BlankImageError):
            find_ink(read_picture(levels))
    else:
        np.testing.assert_array_equal(find_ink(read_picture(levels)), the_long_way)


def test_a_single_full_pixel_keeps_the_scale_of_a_small_image():
    mnist_like = np.zeros((28, 28), np.uint8)
    mnist_like[8:20, 12:15] = 200
    mnist_like[10, 13] = 255
    np.testing.assert_array_equal(ink_of(mnist_like), mnist_like)


@pytest.mark.parametrize(("ink", "paper"), [(0, 255), (255, 0), (90, 160), (160, 90), (235, 255)])
def test_either_polarity_and_any_contrast_give_the_same_ink(ink: int, paper: int):
    np.testing.assert_array_equal(ink_of(draw_seven("L", ink, paper)), INK)


@given(ink=st.integers(0, 255), paper=st.integers(0, 255))
def test_ink_depends_on_the_contrast_only(ink: int, paper: int):
    image = draw_seven("L", ink, paper)
    if abs(ink - paper) < 12:
        with pytest.raises(BlankImageError):
            ink_of(image)
    else:
        np.testing.assert_allclose(ink_of(image), INK, atol=5)


def test_shades_are_stretched_linearly():
    shades = np.linspace(60, 180, 400).astype(np.uint8).reshape(20, 20)
    pencil = np.pad(shades, 10, constant_values=180)
    expected = (180 - pencil.astype(float)) * 255 / 120
    np.testing.assert_allclose(ink_of(pencil), expected, atol=0.5)


def test_ink_may_touch_the_border():
    edge = np.full((40, 40), 255, np.uint8)
    edge[0:40, 15:25] = 0
    np.testing.assert_array_equal(ink_of(edge), 255 - edge)


def noisy(image: Image.Image, spread: float) -> Levels:
    noise = np.random.default_rng(7).normal(0, spread, image.size[::-1])
    return np.clip(np.rint(np.asarray(image) + noise), 0, 255).astype(np.uint8)


def test_noise_of_the_paper_is_not_ink():
    ink = ink_of(noisy(draw_seven("L", 110, 200), spread=4))
    assert not ink[INK == 0].any()
    assert ink[INK == 255].min() > 180


def test_the_noise_of_light_ink_on_dark_is_not_ink_either():
    ink = ink_of(noisy(draw_seven("L", 200, 110), spread=4))
    assert not ink[INK == 0].any()


@pytest.mark.parametrize(("ink", "paper"), [(0, 255), (255, 0)])
def test_noise_of_pure_white_or_black_paper_is_not_ink(ink: int, paper: int):
    found = ink_of(noisy(draw_seven("L", ink, paper), spread=8))
    assert not found[INK == 0].any()
    assert found[INK == 255].min() > 200


@pytest.mark.parametrize("level", [1, 20, 40])
def test_faint_ink_at_the_border_is_not_noise(level: int):
    mnist_like = np.zeros((28, 28), np.uint8)
    mnist_like[10:20, 10:] = 255
    mnist_like[9:21, 27] = level
    np.testing.assert_array_equal(ink_of(mnist_like), mnist_like)


def test_compression_leaves_pencil_legible():
    pencil = draw_seven("L", 190, 235)
    ink = ink_of(encode(pencil, "JPEG", quality=60))
    assert np.median(ink[INK == 255]) > 180
    assert (ink[INK == 0] > 25).mean() < 0.05  # the graph's own noise floor


def test_a_speck_of_dust_does_not_set_the_scale():
    pencil = np.kron(np.asarray(draw_seven("L", 200, 240)), np.ones((6, 6), np.uint8))
    pencil[5:7, 5:7] = 0
    ink = ink_of(pencil)
    assert (ink[np.kron(INK, np.ones((6, 6))) == 255] == 255).all()


def test_a_small_drawing_on_a_large_sheet_is_not_dust():
    sheet = np.full((1_000, 1_000), 255, np.uint8)
    sheet[500:512, 500:502] = 0
    np.testing.assert_array_equal(ink_of(sheet), 255 - sheet)


def test_an_object_lighter_than_the_paper_is_not_noise():
    desk = np.full((100, 100), 170, np.uint8)
    desk[35:65, 35:65] = 235  # a sheet
    desk[40:60, 45:55] = 20  # a stroke on it
    ink = ink_of(desk)
    assert (ink[40:60, 45:55] == 255).all()
    assert np.count_nonzero(ink) == 200


@pytest.mark.parametrize(
    "blank",
    [
        np.full((280, 280), 255, np.uint8),
        np.zeros((28, 28), np.uint8),
        np.full((28, 28), 255, np.uint8),  # all ink
        np.full((28, 28), 130, np.uint8),
        np.zeros((1, 1), np.uint8),
        np.ones((28, 28)),
        np.zeros((28, 28), bool),
        np.zeros((28, 28), np.uint16),
        np.full((28, 28), 60_000, np.uint16),
        np.zeros((28, 28, 4), np.uint8),
        Image.new("F", (28, 28), -3),
        Image.new("I", (28, 28), 0),
        Image.new("RGBA", (28, 28), (255, 0, 0, 0)),
    ],
)
def test_an_image_without_contrast_is_blank(blank: Any):
    with pytest.raises(BlankImageError, match="draw"):
        ink_of(blank)


@pytest.mark.parametrize("spread", [2, 8])
@pytest.mark.parametrize("paper", [0, 128, 220, 255])
@pytest.mark.parametrize("size", [(48, 48), (280, 280), (1_000, 800)])
def test_blank_paper_with_noise_is_blank(paper: int, size: tuple[int, int], spread: float):
    with pytest.raises(BlankImageError):
        ink_of(noisy(Image.new("L", size, paper), spread))
