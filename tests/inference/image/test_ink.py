"""Where paper ends and ink begins: each limit, one below and one at it."""

import numpy as np
import pytest
from numpy.typing import NDArray

from inference import BlankImageError
from inference.image.ink import find_ink, is_photograph
from inference.image.picture import Picture

Levels = NDArray[np.uint8]


def sheet(level: int = 100, height: int = 100, width: int = 100) -> Levels:
    return np.full((height, width), level, np.uint8)


def marked(page: Levels, level: int, count: int, row: int = 1) -> Levels:
    """A page with that many more pixels of a level, from a row on; none of them at the border."""
    inner = page[row:-1, 1:-1]
    full, rest = divmod(count, inner.shape[1])
    inner[:full] = level
    inner[full, :rest] = level
    return page


def ink_of(luminance: Levels, opacity: Levels | None = None) -> Levels:
    return find_ink(Picture(luminance, opacity, luminance.shape[::-1]))


# --- Contrast ------------------------------------------------------------------------------------


@pytest.mark.parametrize("paper", [255, 128, 0])
def test_ink_differs_from_the_paper_by_12_levels(paper: int):
    ink = paper - 12 if paper else 12
    assert ink_of(marked(sheet(paper), ink, 50)).max() == 255
    fainter = paper - 11 if paper else 11
    with pytest.raises(BlankImageError, match="differs from the paper by 11 of 255 levels, and 12"):
        ink_of(marked(sheet(paper), fainter, 50))


@pytest.mark.parametrize(("depth", "found"), [(250, 250), (249, 255)])
@pytest.mark.parametrize("paper", [255, 0])
def test_ink_that_is_nearly_full_keeps_its_level(paper: int, depth: int, found: int):
    assert ink_of(marked(sheet(paper), abs(paper - depth), 50)).max() == found


def test_ink_between_paper_and_the_strongest_mark_is_rounded_to_the_nearest_level():
    page = sheet(0, 20, 20)
    page[9, 5:12] = [1, 2, 3, 7, 50, 63, 64]
    page[10, 5:15] = 100
    assert ink_of(page)[9, 5:12].tolist() == [3, 5, 8, 18, 128, 161, 163]


def test_a_mark_of_1_in_1024_marked_pixels_sets_the_scale_and_a_smaller_one_does_not():
    page = marked(sheet(0), 100, 1_023)
    page[90, 90] = 200
    assert ink_of(page)[1, 1] == 128
    page[90, 80] = 100
    assert ink_of(page)[1, 1] == 255


def test_marks_too_faint_for_ink_do_not_count_among_the_marked_pixels():
    page = marked(marked(sheet(0), 11, 2_000, row=30), 100, 1_000)
    page[90, 90] = 200
    assert ink_of(page)[1, 1] == 128


def test_on_both_sides_of_grey_paper_the_ink_is_what_departs_from_it_most():
    # Fewer pixels, but farther away: 40 × 90² are more than 150 × 40².
    page = marked(marked(sheet(), 10, 40), 140, 150, row=50)
    assert ink_of(page)[1, 1] == 255
    assert not ink_of(page)[50:].any()
    assert ink_of(255 - page)[1, 1] == 255


# --- Noise ---------------------------------------------------------------------------------------


def with_noise(lighter: int, count: int) -> Levels:
    """A black stroke on grey paper, of whose pixels so many are that much lighter.

    The last row but one has marks from 1 to 90 levels deep.
    """
    page = marked(marked(sheet(), 0, 200), 100 + lighter, count, row=20)
    page[-2, 1:91] = 100 - np.arange(1, 91)
    return page


def deepest_noise(page: Levels) -> int:
    return int(np.count_nonzero(ink_of(page)[-2, 1:91] == 0))


def test_noise_is_twice_what_all_but_a_hundredth_of_the_bare_paper_stays_within():
    bare = 10_000 - 200 - 90
    assert deepest_noise(with_noise(6, bare // 100 + 1)) == 12
    assert deepest_noise(with_noise(6, bare // 100)) == 0


@pytest.mark.parametrize(("lighter", "noise"), [(31, 62), (32, 64), (33, 64), (60, 64)])
def test_noise_takes_paper_64_levels_from_its_own_at_most(lighter: int, noise: int):
    assert deepest_noise(with_noise(lighter, 200)) == noise


def test_light_ink_on_dark_has_noise_to_the_dark_side():
    assert deepest_noise(255 - with_noise(6, 200)) == 12


def with_noise_at_the_border(count: int, depth: int) -> Levels:
    """White paper with a black stroke and a border of 400 pixels, so many of them grey."""
    page = marked(sheet(255), 0, 20)
    page[0, 1 : count + 1] = 255 - depth
    page[-2, 1:91] = 255 - np.arange(1, 91)
    return page


def test_what_a_quarter_of_the_border_departs_by_is_noise_and_what_less_does_is_ink():
    page = with_noise_at_the_border(98, 5)
    page[50, 0] = 250
    assert deepest_noise(page) == 0
    page[60, -1] = 250
    assert deepest_noise(page) == 10


@pytest.mark.parametrize(("depth", "noise"), [(32, 64), (33, 0)])
def test_what_departs_farther_at_the_border_than_noise_does_is_an_object(depth: int, noise: int):
    page = with_noise_at_the_border(98, depth)
    page[50:60, 0] = 255 - depth
    assert deepest_noise(page) == noise


# --- Photographs ---------------------------------------------------------------------------------


def scene() -> Levels:
    """Many levels, none of them twice in a row."""
    return (60 + np.arange(100 * 100) % 100).astype(np.uint8).reshape(100, 100)


def is_photographed(page: Levels) -> bool:
    return is_photograph(Picture(page, None, page.shape[::-1]))


def test_a_border_of_one_level_by_more_than_three_quarters_is_a_drawings():
    page = scene()
    page[0] = page[-1] = page[:, 0] = page[:, -1] = 200
    page[0, 1:99] = 190
    page[50, 0] = 190  # 99 of 400
    assert not is_photographed(page)
    page[60, 0] = 190
    assert is_photographed(page)


def test_a_picture_of_two_levels_by_more_than_three_quarters_is_a_drawing():
    assert is_photographed(marked(marked(scene(), 0, 4_000), 255, 3_500, row=50))
    assert not is_photographed(marked(marked(scene(), 0, 4_000), 255, 3_501, row=50))


# --- Transparency --------------------------------------------------------------------------------


def strokes(opacity: int, clear: int = 0) -> Levels:
    cover = np.full((40, 40), clear, np.uint8)
    cover[10:30, 18:22] = opacity
    return cover


def test_a_picture_less_opaque_than_12_levels_everywhere_is_blank():
    assert ink_of(sheet(0, 40, 40), strokes(12)).max() == 255
    with pytest.raises(BlankImageError, match="transparent everywhere"):
        ink_of(sheet(0, 40, 40), strokes(11))


def test_transparency_that_varies_by_less_than_12_levels_says_nothing():
    luminance = sheet(255, 40, 40)
    luminance[5:10, 5:30] = 0
    np.testing.assert_array_equal(ink_of(luminance, strokes(111, clear=100)), 255 - luminance)
    assert ink_of(luminance, strokes(112, clear=100))[20, 20] == 255


@pytest.mark.parametrize(("level", "is_sheet"), [(244, False), (243, True)])
def test_what_is_visible_is_a_sheet_if_there_is_something_on_it(level: int, is_sheet: bool):
    luminance, opacity = sheet(255, 40, 40), strokes(0)
    opacity[5:35, 5:35] = 255
    luminance[15:25, 19:21] = level
    ink = ink_of(luminance, opacity)
    assert bool(ink[20, 20]) is True
    assert bool(ink[10, 10]) is not is_sheet


def test_what_covers_two_fifths_of_its_box_is_a_sheet():
    luminance, opacity = sheet(255, 42, 42), np.zeros((42, 42), np.uint8)
    opacity[1:17, 1:41] = 255
    opacity[16, 1], opacity[40, 1] = 0, 255  # 640 of 40 × 40
    luminance[5, 5:30] = 0
    assert ink_of(luminance, opacity)[10, 10] == 0
    opacity[16, 2] = 0
    assert ink_of(luminance, opacity)[10, 10] == 255


def test_what_is_more_than_half_as_opaque_as_the_rest_is_visible():
    luminance, opacity = sheet(255, 40, 40), strokes(0)
    opacity[5:35, 5:35] = 200
    luminance[20, 20], opacity[20, 20] = 0, 100
    # The one dark pixel is not visible, so what is visible has no contrast: bare strokes.
    assert ink_of(luminance, opacity)[10, 10] == 255
    opacity[20, 20] = 101
    assert ink_of(luminance, opacity)[10, 10] == 0


def test_transparent_parts_of_a_sheet_take_its_colour_by_their_share():
    luminance, opacity = sheet(200, 40, 40), np.full((40, 40), 255, np.uint8)
    luminance[18:22, 5:35] = 0
    luminance[0], opacity[0] = 0, 0
    luminance[30], opacity[30] = 0, 128
    ink = ink_of(luminance, opacity)
    assert not ink[0].any()
    assert ink[20, 20] == 255
    assert ink[30, 20] == 129  # 101 of 200 levels
