"""Composing numbers from single digits, and measuring how they are read."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from inference import DigitRecognizer
from inference.marks import find_marks
from tests.drawings import load_drawings
from training.evaluate_numbers import (
    Reading,
    edit_distance,
    failures_sheet,
    left_out_share,
    summarize_readings,
    write_results,
)
from training.numbers import Composer

PAGE = np.full((20, 40), 255, np.uint8)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Path, int]]:
    """The tests' own drawings of one stroke, by two writers: even and odd digits."""
    folder = tmp_path_factory.mktemp("digits")
    listed: list[tuple[Path, int]] = []
    for index, drawing in enumerate(load_drawings()):
        if len(drawing.strokes) == 1:
            path = folder / f"{'odd' if drawing.label % 2 else 'even'}-{index}.png"
            drawing.render(140, 9).save(path)
            listed.append((path, drawing.label))
    return listed


@pytest.mark.parametrize("seed", range(8))
def test_digits_stand_apart_unless_they_shall_touch(pictures: list[tuple[Path, int]], seed: int):
    composer = Composer(pictures, 5)
    for touching, marks in ((False, 5), (True, 4)):
        number = composer.compose(np.random.default_rng(seed), touching=touching)
        assert len(number.text) == 5
        assert len(find_marks(255 - number.page)) == marks


def test_a_number_is_by_one_writer(pictures: list[tuple[Path, int]]):
    composer = Composer(pictures, 4)
    for seed in range(12):
        text = composer.compose(np.random.default_rng(seed), touching=False).text
        assert len({int(digit) % 2 for digit in text}) == 1


def test_the_same_seed_gives_the_same_number(pictures: list[tuple[Path, int]]):
    first, second = (
        Composer(pictures, 5).compose(np.random.default_rng(4), touching=True) for _ in range(2)
    )
    assert first.text == second.text
    np.testing.assert_array_equal(first.page, second.page)


def test_a_folder_of_too_few_digits_is_an_error(pictures: list[tuple[Path, int]]):
    with pytest.raises(ValueError, match="no writer with 100 pictures"):
        Composer(pictures, 100)


@pytest.mark.parametrize(
    ("written", "read", "distance"),
    [
        ("12345", "12345", 0),
        ("12345", "12845", 1),
        ("12345", "2345", 1),
        ("12345", "112345", 1),
        ("12345", "", 5),
        ("10", "01", 2),
    ],
)
def test_edit_distance_counts_wrong_lost_and_invented_digits(
    written: str, read: str, distance: int
):
    assert edit_distance(written, read) == distance


def test_a_summary_says_how_many_numbers_and_digits_are_right():
    readings = [Reading(PAGE, "12345", "12345"), Reading(PAGE, "12345", "1235")]
    summary = summarize_readings(readings)
    assert summary == {"count": 2, "exact_match": 0.5, "digits_right": pytest.approx(0.9)}


def test_the_contact_sheet_shows_failures_only():
    right, wrong = Reading(PAGE, "1", "1"), Reading(PAGE, "1", "7")
    assert failures_sheet({"a": [right] * 20}).size == failures_sheet({"a": [wrong] * 5}).size
    taller = failures_sheet({"a": [wrong] * 6})
    assert taller.height == 2 * failures_sheet({"a": [wrong]}).height


def test_the_results_are_written(tmp_path: Path):
    readings = {"apart": [Reading(PAGE, "12", "12"), Reading(PAGE, "12", "1")]}
    write_results(tmp_path, readings, {"length": 2}, {"single digits": 0.25})
    description = json.loads((tmp_path / "numbers.json").read_text("utf-8"))
    assert description["measured"]["apart"]["exact_match"] == 0.5
    section = (tmp_path / "NUMBERS.md").read_text("utf-8")
    assert "| apart | 2 | 50.0% | 75.0% |" in section
    assert "No digit was found in 25.0% of the single digits." in section
    Image.open(tmp_path / "number_failures.png").verify()


def test_what_is_no_digit_counts_as_left_out(tmp_path: Path, recognizer: DigitRecognizer):
    blank = tmp_path / "blank.png"
    Image.new("L", (50, 50), 255).save(blank)
    digit = tmp_path / "digit.png"
    load_drawings()[0].render().save(digit)
    assert left_out_share(recognizer, [blank, digit]) == 0.5
