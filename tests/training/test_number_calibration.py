"""The pictures on which it is chosen how numbers are read, and what counts as right on them."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from inference import Prediction
from inference.number.finder import Detection
from inference.number.lines import find_lines
from inference.number.metadata import CHARACTERS
from inference.number.reader import LineReading
from tests.inference.number.found import character, row
from training.data import LabelledInk
from training.number_calibration import (
    LEGIBLE_PX,
    Calibrated,
    Example,
    compose_examples,
    is_right,
    is_right_as_seen,
)

# --- Examples -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def examples(digits: LabelledInk) -> list[Example]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("training.number_calibration._STOCK_SCALE", 0.005)
        return list(compose_examples(digits, 120))


def test_examples_show_numbers_and_tell_what_is_written(examples: list[Example]):
    assert len(examples) >= 120
    numbers = [number for example in examples for number in example.numbers]
    written = {one.character for number in numbers for one in number}
    assert set("0123456789") <= written <= set(CHARACTERS)


def test_no_number_of_an_example_is_cut_off(examples: list[Example]):
    for example in examples:
        height, width = example.luminance.shape
        for one in (one for number in example.numbers for one in number):
            assert 0 < one.left < one.right < width
            assert 0 < one.top < one.bottom < height


def test_the_digits_of_an_example_are_high_enough_to_be_read(examples: list[Example]):
    for example in examples:
        heights = sorted(one.height for number in example.numbers for one in number if one.is_digit)
        # Doubles that find_lines leaves out were counted before.
        assert not heights or heights[-1] >= LEGIBLE_PX


@pytest.mark.parametrize("share", [-0.1, 0.1])
def test_no_hair_decides_which_digits_of_an_example_are_one_number(
    share: float, examples: list[Example]
):
    for example in examples:
        found = [one for number in example.numbers for one in number]
        by = [share * one.height for one in found]
        other = [
            replace(one, left=one.left - each, right=one.right + each)
            for one, each in zip(found, by, strict=True)
        ]
        texts = ["".join(one.character for one in number) for number in example.numbers]
        assert [line.text for line in find_lines(other)] == texts


# --- What is right --------------------------------------------------------------------------------


def example_of(*found: Sequence[Detection]) -> Example:
    lines = find_lines([one for part in found for one in part])
    return Example(np.zeros((1, 1), np.uint8), tuple(line.characters for line in lines))


def reading_of(found: Sequence[Detection]) -> LineReading:
    """A number that was read as it was found."""
    (line,) = find_lines(found)
    blank = np.zeros((28, 28), np.float32)
    digits = tuple(
        Prediction(int(one.character), 1.0, tuple(np.eye(10)[int(one.character)]), True, blank)
        for one in line.digits
    )
    return LineReading(line, digits, (), (), {}, 1.0)


POINT = character(".", 157, 40, width=16, height=16)  # between the second digit and the third


@pytest.mark.parametrize(("read", "right"), [("123", True), ("124", False), ("12", False)])
def test_all_digits_must_be_right(read: str, right: bool):
    assert is_right(reading_of(row(read)), example_of(row("123"))) == right


def test_a_separator_that_was_overlooked_does_not_count():
    assert is_right(reading_of(row("123")), example_of([*row("123"), POINT]))


def test_a_separator_that_was_overlooked_counts_where_all_are_wanted():
    example = example_of([*row("123"), POINT])
    assert not is_right(reading_of(row("123")), example, all_separators=True)
    assert is_right(reading_of([*row("123"), POINT]), example, all_separators=True)


@pytest.mark.parametrize(("seen", "right"), [(0.0, True), (-0.4, False)])
def test_a_separator_that_was_overlooked_counts_if_something_was_seen_of_it(
    seen: float, right: bool
):
    reading = replace(reading_of(row("123")), features={"lost_separator": seen})
    assert is_right_as_seen(reading, example_of([*row("123"), POINT])) == right
    assert is_right_as_seen(reading, example_of(row("123")))


def test_a_separator_that_is_not_there_is_wrong():
    assert not is_right(reading_of([*row("123"), POINT]), example_of(row("123")))


@pytest.mark.parametrize(("shift", "right"), [((0, 0), True), ((40, 0), True), ((0, 60), False)])
def test_a_number_is_right_only_where_it_stands(shift: tuple[int, int], right: bool):
    x, y = shift
    assert is_right(reading_of(row("123", left=x, y=y)), example_of(row("123"))) == right


def test_the_same_digits_elsewhere_on_the_picture_are_found_there():
    example = example_of(row("123"), row("45", y=300))
    assert is_right(reading_of(row("45", y=300)), example)
    assert not is_right(reading_of(row("45")), example)


def test_figures_of_the_sure_are_of_those_above_the_threshold():
    confidence = np.array([0.99, 0.95, 0.9, 0.4])
    calibrated = Calibrated(confidence, np.array([True, False, True, False]), exact_share=0.5)
    metrics = calibrated.metrics(sure_confidence=0.95)
    assert metrics["sure"] == 0.5
    assert metrics["exact_match_of_sure"] == 0.5
    assert calibrated.metrics(sure_confidence=1.0)["exact_match_of_sure"] == 0.0
