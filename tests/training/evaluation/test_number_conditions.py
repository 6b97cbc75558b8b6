"""Numbers composed of single digits, under several conditions."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from tests.training.evaluation.scripted import Scripted
from training.evaluation.number_conditions import composed_conditions
from training.evaluation.number_forms import boxed, ruled
from training.evaluation.number_readings import read_condition
from training.evaluation.number_separators import (
    PATTERNS,
    amount_or_date,
    digits_stroke_width,
    separator,
)
from training.evaluation.numbers import Composer


@pytest.fixture(scope="module")
def pictures(digits_folder: Path) -> list[tuple[Path, int]]:
    return [(path, int(path.parent.name)) for path in sorted(digits_folder.rglob("*.png"))]


@pytest.fixture(scope="module")
def composer(pictures: list[tuple[Path, int]]) -> Composer:
    return Composer(pictures, 5)


def count_pieces(page: NDArray[np.uint8]) -> int:
    """Counts the connected pieces of ink."""
    image = Image.fromarray(np.where(page < 192, 0, 255).astype(np.uint8)).copy()
    pieces = 0
    while len(dark := np.argwhere(np.asarray(image) == 0)):
        ImageDraw.floodfill(image, (int(dark[0][1]), int(dark[0][0])), 255)
        pieces += 1
    return pieces


@pytest.mark.parametrize("seed", range(4))
def test_digits_stand_apart_unless_they_shall_touch(composer: Composer, seed: int):
    for touching, pieces in ((False, 5), (True, 4)):
        number = composer.compose(np.random.default_rng(seed), touching=touching)
        assert len(number.text) == 5
        assert count_pieces(number.page) == pieces


def test_a_number_is_by_one_writer(composer: Composer):
    for seed in range(12):
        text = composer.compose(np.random.default_rng(seed), touching=False).text
        assert len({int(digit) % 2 for digit in text}) == 1


@pytest.mark.parametrize("write", [boxed, ruled, amount_or_date])
def test_the_same_seed_gives_the_same_number(composer: Composer, write: Any):
    first, second, other = (write(composer, np.random.default_rng(seed)) for seed in (4, 4, 5))
    assert first.text == second.text
    np.testing.assert_array_equal(first.page, second.page)
    assert first.page.shape != other.page.shape


def test_a_folder_of_too_few_digits_is_an_error(pictures: list[tuple[Path, int]]):
    with pytest.raises(ValueError, match="no writer with 100 pictures"):
        Composer(pictures, 100)


def test_each_digit_has_a_cell_whose_walls_it_does_not_touch(composer: Composer):
    numbers = [boxed(composer, np.random.default_rng(seed)) for seed in range(24)]
    pieces = [count_pieces(number.page) for number in numbers]
    # Five digits, and either all walls in one piece or a box for each.
    assert set(pieces) == {5 + 1, 5 + 5}
    for number in numbers:
        columns = (number.page < 192).sum(axis=0)
        walls = np.flatnonzero(columns == columns[np.flatnonzero(columns)[0]])
        assert (np.diff(walls) > 10).sum() >= 5  # From one wall to the next, over a digit.


@pytest.mark.parametrize("seed", range(6))
def test_ruled_lines_cross_the_page_and_the_number_stands_on_one(composer: Composer, seed: int):
    number = ruled(composer, np.random.default_rng(seed))
    ink = 255 - number.page.astype(int)
    full = np.flatnonzero((ink > 0).all(axis=1))
    assert full.size
    pen_rows = np.flatnonzero((ink == 255).any(axis=1))
    height = pen_rows[-1] - pen_rows[0]
    assert np.abs(full - pen_rows[-1]).min() < 0.25 * height


@pytest.mark.parametrize("seed", range(12))
def test_amounts_and_dates_have_their_separators(composer: Composer, seed: int):
    number = amount_or_date(composer, np.random.default_rng(seed))
    assert "".join("0" if sign.isdecimal() else sign for sign in number.text) in PATTERNS
    assert count_pieces(number.page) == len(number.text)


def test_separators_have_their_shapes_and_places():
    shapes = {}
    for sign in ".,-/":
        character = separator(sign, 100.0, 10.0, np.random.default_rng(1))
        assert character.ink.max() == 255
        shapes[sign] = (*character.ink.shape, character.drop_px)
    height, width, drop = shapes["."]
    assert 12 <= height <= 20
    assert abs(height - width) <= 1
    assert -7 <= drop <= 5
    height, width, drop = shapes[","]
    assert 50 > height > width
    assert drop > 10
    height, width, drop = shapes["-"]
    assert width > 2 * height
    assert -60 < drop < -20
    height, width, drop = shapes["/"]
    assert height > 95
    assert 0 <= drop <= 30


def test_the_stroke_width_of_digits_is_measured():
    bar = np.zeros((80, 80), np.uint8)
    bar[:, 30:38] = 255
    assert digits_stroke_width([bar, bar]) == pytest.approx(8, rel=0.15)


def test_composed_conditions_are_read_whole_and_single_digits_by_predict(
    pictures: list[tuple[Path, int]],
):
    recognizer = Scripted({"page": ["1"]})
    conditions = list(composed_conditions("pen", pictures, count=2, length=3, seed=0))
    assert [condition.name for condition in conditions] == [
        "pen: apart",
        "pen: one pair touching",
        "pen: apart, photographed",
        "pen: boxed",
        "pen: ruled",
        "pen: amounts and dates",
        "pen: single digits",
        "pen: single digits, photographed",
        "pen: single digits, read as numbers",
    ]
    asked: dict[str, str] = {}
    for condition in conditions:
        recognizer.asked.clear()
        assert len(read_condition(recognizer, condition)) == condition.count == 2
        (asked[condition.name],) = {method for method, _ in recognizer.asked}
    assert [name for name, method in asked.items() if method == "predict"] == [
        "pen: single digits",
        "pen: single digits, photographed",
    ]
