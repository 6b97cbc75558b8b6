"""A digit that was cut out of a form, with parts of its box along the picture's sides."""

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from inference import DigitRecognizer
from inference.image.ink import is_framed
from inference.image.picture import Picture, read_picture
from tests.drawings import Drawing, load_drawings

DRAWINGS = load_drawings()
LINE_LEVELS = (0, 90, 60, 120)

Levels = NDArray[np.uint8]


def boxed(drawing: Drawing, sides: Sequence[int]) -> Levels:
    """A drawing with lines along its top (0), bottom (1), left (2) or right (3) side."""
    page = np.asarray(drawing.render()).copy()
    thickness = page.shape[0] // 40
    for side in sides:
        turned = np.rot90(page, (0, 2, 3, 1)[side])  # that side lies on top; a view of the page
        turned[:thickness] = np.minimum(turned[:thickness], LINE_LEVELS[side])
    return page


@pytest.mark.slow
@pytest.mark.parametrize("sides", [(0,), (3,), (0, 2), (1, 2, 3), (0, 1, 2, 3)])
def test_a_digit_between_the_lines_of_a_form_is_read(
    sides: tuple[int, ...], recognizer: DigitRecognizer
):
    pages = [boxed(drawing, sides) for drawing in DRAWINGS]
    for picture in (*pages, *(255 - page for page in pages)):
        assert is_framed(read_picture(picture))

    right = [
        recognizer.predict(page).digit == drawing.label
        for page, drawing in zip(pages, DRAWINGS, strict=True)
    ]
    assert np.mean(right) >= 0.9  # with the lines taken for ink or for paper, few are


def with_gap(gap: int) -> Picture:
    page = np.full((100, 60), 255, np.uint8)
    page[:, -1] = 0
    page[20 : 20 + gap, -1] = 255
    return Picture(page, None, (60, 100))


def test_more_than_three_quarters_of_a_side_are_a_line_along_it():
    assert is_framed(with_gap(24))
    assert not is_framed(with_gap(25))


def test_a_line_may_be_faint_but_not_as_faint_as_noise():
    page = np.full((50, 50), 200, np.uint8)
    page[:, 0] = 187
    assert is_framed(read_picture(page))
    page[:, 0] = 188
    assert not is_framed(read_picture(page))


def test_noise_has_no_frame():
    noise = np.random.default_rng(0).integers(0, 256, (50, 12, 12), np.uint8)
    assert not any(is_framed(read_picture(page)) for page in noise)


def test_a_closely_cropped_digit_is_read_though_a_stroke_lies_along_its_side(
    recognizer: DigitRecognizer,
):
    page = np.full((20, 14), 255, np.uint8)
    page[:4] = page[4:, 6:10] = 0  # a 7 as pixel art has it
    assert is_framed(read_picture(page))
    assert recognizer.predict(page).digit == 7


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1), (28, 28)])
def test_paper_alone_has_no_frame(shape: tuple[int, int]):
    assert not is_framed(read_picture(np.full(shape, 255, np.uint8)))


def test_on_transparency_there_are_strokes_and_no_lines_of_a_form():
    page = np.zeros((50, 50, 4), np.uint8)
    page[0] = 255
    assert not is_framed(read_picture(page))
