"""What the finder and the digit graph say, made one number."""

import math
from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from inference.number.finder import Detection
from inference.number.metadata import DigitSettings
from inference.number.reader import read_likeliest, read_lines
from tests.inference.number.found import HEIGHT, character, row
from tests.inference.number.reading import DigitGraph, Finder, read, settings_of

# --- Two opinions on each digit -------------------------------------------------------------------


THREE_OR_EIGHT = character("3", 0, probabilities={"3": 0.6, "8": 0.3})


@pytest.mark.parametrize(("weight", "text"), [(0, "3"), (0.5, "8"), (1, "8")])
def test_a_digit_is_what_the_finder_and_the_digit_graph_say_together(weight: float, text: str):
    (number,) = read([THREE_OR_EIGHT], DigitGraph(_3={8: 0.9, 3: 0.1}), weight=weight)
    assert number.text == text


def test_the_surer_of_two_opinions_prevails():
    (number,) = read([THREE_OR_EIGHT], DigitGraph(_3={8: 0.55, 3: 0.45}), weight=0.5)
    assert number.text == "3"


def test_with_weight_0_the_finder_alone_decides():
    (number,) = read([THREE_OR_EIGHT], DigitGraph(_3={8: 1.0}), weight=0)
    assert number.digits[0].probabilities[3] == pytest.approx(0.6 / 0.9, abs=2e-3)
    assert number.digits[0].probabilities[8] == pytest.approx(0.3 / 0.9, abs=2e-3)


def test_with_weight_1_the_digit_graph_alone_decides():
    (number,) = read([THREE_OR_EIGHT], DigitGraph(_3={8: 0.7, 3: 0.2, 5: 0.1}), weight=1)
    assert [number.digits[0].probabilities[digit] for digit in (8, 3, 5)] == pytest.approx(
        [0.7, 0.2, 0.1], abs=2e-3
    )


def test_in_between_the_opinions_are_multiplied():
    (number,) = read([THREE_OR_EIGHT], DigitGraph(_3={8: 0.8, 3: 0.2}), weight=0.25)
    three, eight = 0.6**0.75 * 0.2**0.25, 0.3**0.75 * 0.8**0.25
    (digit,) = number.digits
    assert digit.probabilities[3] == pytest.approx(three / (three + eight), abs=2e-3)
    assert digit.confidence == max(digit.probabilities)
    assert digit.digit == digit.probabilities.index(digit.confidence)
    assert sum(digit.probabilities) == pytest.approx(1)


def test_what_one_of_them_rules_out_may_still_be():
    """A probability of 0 is only a very small one."""
    (number,) = read([character("3", 0)], DigitGraph(_3={8: 1.0}), weight=0.5)
    assert number.digits[0].probabilities[3] == pytest.approx(0.5, abs=0.05)


def test_a_digit_is_one_if_both_together_are_more_sure_than_not():
    found = row("38")
    graph = DigitGraph(_3=dict.fromkeys((3, 5, 8, 9), 0.25), _8={8: 1.0})
    (number,) = read(found, graph, weight=1)
    assert [digit.is_digit for digit in number.digits] == [False, True]


@pytest.mark.parametrize(("probability", "is_digit"), [(0.51, True), (0.5, True), (0.49, False)])
def test_a_digit_is_one_if_it_is_as_likely_there_as_not(probability: float, is_digit: bool):
    (number,) = read(row("3", probability=probability))
    assert number.digits[0].is_digit == is_digit


@pytest.mark.parametrize(("probability", "is_digit"), [(0.51, True), (0.49, False)])
def test_a_digit_is_one_if_it_is_likelier_than_all_others_together(
    probability: float, is_digit: bool
):
    graph = DigitGraph(_3={3: probability, 8: 0.98 - probability, 9: 0.02})
    (number,) = read(row("3"), graph, weight=1)
    assert number.digits[0].is_digit == is_digit


def test_the_digit_graph_is_asked_once_for_all_digits():
    graph = DigitGraph()
    lost = character("9", 270, probability=0.3)
    read([*row("123"), *row("45", y=300), lost, character("-", -40, height=10)], graph)
    assert graph.asked == [6]


def test_every_digit_keeps_its_own_reading():
    found = [*row("19"), character("5", 180, probability=0.3), *row("73", y=300)]
    first, second = read(found, weight=1)
    assert [digit.digit for digit in first.digits] == [1, 9]
    assert [digit.digit for digit in first.rejected_digits] == [5]
    assert [digit.digit for digit in second.digits] == [7, 3]


@pytest.mark.parametrize("found", [[], row("12", probability=0.3), [character("-", 0)]])
def test_where_nothing_is_found_nothing_is_read(found: list[Detection]):
    graph = DigitGraph()
    assert read(found, graph) == []
    assert graph.asked == []


def test_separators_stand_between_the_digits_as_they_are_read():
    found = [*row("3344"), character(",", 158, 40, width=10, height=10)]
    minus = character("-", -40, width=20, height=10)
    (number,) = read([*found, minus], DigitGraph(_3={8: 1.0}), weight=1)
    assert number.text == "-88,44"


# --- Drawings and photographs ---------------------------------------------------------------------


def on_paper(levels: Sequence[int]) -> NDArray[np.uint8]:
    return np.array(levels, np.uint8).reshape(2, -1)


DRAWN = on_paper([255, 0, 255, 255, 9, 255])
PHOTOGRAPHED = on_paper([255, 0, 255, 254, 9, 255])  # half of it has the corner's level


@pytest.mark.parametrize(("luminance", "text"), [(DRAWN, "12"), (PHOTOGRAPHED, "1")])
def test_on_a_drawing_other_probabilities_are_accepted(luminance: NDArray[np.uint8], text: str):
    settings = settings_of(drawings=DigitSettings(0.2, 0.5))
    found = [*row("1"), character("2", 90, probability=0.3)]
    (number,) = read_lines(Finder(found, luminance), luminance, DigitGraph(), settings)
    assert number.text == text


@pytest.mark.parametrize(("luminance", "text"), [(DRAWN, "8"), (PHOTOGRAPHED, "3")])
def test_on_a_drawing_the_digit_graph_has_another_weight(luminance: NDArray[np.uint8], text: str):
    settings = settings_of(weight=0.0, drawings=DigitSettings(0.4, 1.0))
    graph = DigitGraph(_3={8: 1.0})
    finder = Finder([THREE_OR_EIGHT], luminance)
    (number,) = read_lines(finder, luminance, graph, settings)
    likeliest = read_likeliest(finder, luminance, graph, settings)
    assert number.text == text
    assert likeliest is not None
    assert str(likeliest[1].digit) == text


# --- What is left out -----------------------------------------------------------------------------


def test_what_is_less_likely_than_accepted_is_no_part_of_the_number():
    unlikely, likely = character("4", 270, probability=0.35), character("5", 270, probability=0.45)
    (without,) = read([*row("123"), unlikely])
    (with_it,) = read([*row("123"), likely])
    assert without.text == "123"
    assert [one.character for one in without.rejected] == ["4"]
    assert not without.rejected_digits[0].is_digit
    assert with_it.text == "1235"
    assert not with_it.rejected


def test_the_accepted_probability_is_that_of_the_settings():
    found = [*row("123"), character("4", 270, probability=0.6)]
    assert [read(found, accepted=accepted)[0].text for accepted in (0.5, 0.7)] == ["1234", "123"]


@pytest.mark.parametrize(
    ("probability", "separator", "text"),
    [(0.55, 0.6, "12"), (0.65, 0.6, "1.2"), (0.25, 0.3, "12"), (0.35, 0.3, "1.2")],
)
def test_how_likely_a_separator_must_be_is_a_setting_of_its_own(
    probability: float, separator: float, text: str
):
    point = character(".", 66, 40, width=18, height=18, probability=probability)
    (number,) = read([*row("12"), point], separator=separator)
    assert number.text == text
    assert not number.rejected


@pytest.mark.parametrize(
    "lost",
    [
        character("4", -90, probability=0.3),
        character("4", 90, probability=0.3),
        character("4", 270 + 100, probability=0.3),
        character("4", 270, 40, probability=0.3),
        character("4", 270, height=60, probability=0.3),
        character("4", 270, height=180, probability=0.3),
    ],
    ids=["before", "within", "after a gap", "lower", "small", "large"],
)
def test_what_was_barely_lost_beside_a_number_is_rejected(lost: Detection):
    (number,) = read([*row("123"), lost])
    assert [one.left for one in number.rejected] == [lost.left]
    assert [digit.digit for digit in number.rejected_digits] == [4]


@pytest.mark.parametrize(
    "other",
    [
        character("4", 270 + 250, probability=0.3),
        character("4", -90 - 250, probability=0.3),
        character("4", 270, 70, probability=0.3),
        character("4", 270, -70, probability=0.3),
        character("4", 270, height=40, probability=0.3),
        character("4", 270, height=260, probability=0.3),
        character("-", 270, probability=0.3),
    ],
    ids=["far right", "far left", "below", "above", "too small", "too large", "no digit"],
)
def test_what_may_be_something_else_is_not_reported(other: Detection):
    (number,) = read([*row("123"), other])
    assert not number.rejected
    assert not number.rejected_digits


@pytest.mark.parametrize("probability", [0.9, 0.2], ids=["accepted", "too unlikely"])
def test_a_separator_behind_a_number_that_reads_as_a_digit_may_be_a_lost_one(probability: float):
    comma = character(",", 270, 20, height=50, probability=probability)
    (number,) = read([*row("123"), comma], DigitGraph(_11={1: 0.9}))
    assert number.text == "123"
    assert [digit.digit for digit in number.rejected_digits] == [1]


def test_a_separator_behind_a_number_that_reads_as_no_digit_is_none():
    comma = character(",", 270, 20, height=50)
    (number,) = read([*row("123"), comma], DigitGraph(_11={1: 0.4, 7: 0.2}))
    assert not number.rejected


def test_a_separator_between_digits_is_not_lost_however_it_reads():
    comma = character(",", 66, 40, width=18, height=60)
    (number,) = read([*row("12"), comma], DigitGraph(_11={1: 0.9}))
    assert number.text == "1,2"
    assert not number.rejected


@pytest.mark.parametrize(
    ("inside", "outside"),
    [
        # A number 240 wide and 100 high, from 0 on; its middle at 0. A digit is 60 wide.
        (character("4", 409, probability=0.3), character("4", 410, probability=0.3)),
        (character("4", -229, probability=0.3), character("4", -230, probability=0.3)),
        (character("4", 270, 49, probability=0.3), character("4", 270, 50, probability=0.3)),
        (character("4", 270, -49, probability=0.3), character("4", 270, -50, probability=0.3)),
        (
            character("4", 270, height=41, probability=0.3),
            character("4", 270, height=40, probability=0.3),
        ),
        (
            character("4", 270, height=249, probability=0.3),
            character("4", 270, height=250, probability=0.3),
        ),
    ],
    ids=["right", "left", "below", "above", "small", "large"],
)
def test_barely_lost_is_what_is_within_two_heights_and_not_much_lower_or_higher(
    inside: Detection, outside: Detection
):
    (number,) = read([*row("123"), inside, outside])
    assert [(one.left, one.height) for one in number.rejected] == [(inside.left, inside.height)]


def test_of_a_sloping_number_its_end_tells_where_something_was_lost():
    found = row("1234567", slope=0.5)
    lost = character("8", 630, 310, probability=0.3)
    elsewhere = character("9", 630, 0, probability=0.3)
    (number,) = read([*found, lost, elsewhere])
    assert [one.character for one in number.rejected] == ["8"]


def test_what_was_found_twice_is_neither_read_twice_nor_rejected():
    narrow = character("1", 110, width=20, probability=0.6)
    (number,) = read([*row("213"), narrow])
    assert number.text == "213"
    assert not number.rejected
    assert number.features["lost"] == 0


def test_digits_that_do_not_fit_are_rejected_too():
    double = character("1", 95, probability=0.6)
    (number,) = read([*row("273"), double, character("4", 270, probability=0.3)])
    assert number.text == "273"
    assert {one.character for one in number.rejected} == {"1", "4"}
    for one, digit in zip(number.rejected, number.rejected_digits, strict=True):
        assert digit.digit == int(one.character)


# --- Numbers and what resembles them --------------------------------------------------------------


def below(
    digits: str, *, height: float = HEIGHT, probability: float = 0.95, top: float = 300
) -> list[Detection]:
    """Another number, far enough from a row at the top to be one of its own."""
    return [
        character(digit, 90 * i, top, height=height, probability=probability)
        for i, digit in enumerate(digits)
    ]


def texts_of(found: Sequence[Detection], graph: DigitGraph | None = None) -> list[str]:
    return [number.text for number in read(found, graph)]


def test_numbers_are_given_in_reading_order_whichever_is_likelier():
    assert texts_of([*row("12", probability=0.7), *below("34")]) == ["12", "34"]
    assert texts_of([*row("12"), *below("34", probability=0.7)]) == ["12", "34"]


@pytest.mark.parametrize(("probability", "others"), [(0.65, ["34"]), (0.5, [])])
def test_what_is_much_less_likely_than_the_likeliest_number_is_none(
    probability: float, others: list[str]
):
    assert texts_of([*row("12"), *below("34", probability=probability)]) == ["12", *others]
    # Wherever it stands.
    assert texts_of([*row("12", probability=probability), *below("34")]) == [
        *(["12"] if others else []),
        "34",
    ]


def test_it_is_the_digits_mean_that_counts():
    doubtful = below("34")[:1] + below("34", probability=0.4)[1:]
    assert texts_of([*row("12"), *doubtful]) == ["12", "34"]


def test_what_is_read_as_no_digit_in_particular_is_no_number():
    unclear = DigitGraph(_3={3: 0.4, 5: 0.3, 8: 0.3}, _4={4: 0.4, 9: 0.3, 7: 0.3})
    found = [*row("12"), *below("34")]
    assert [one.text for one in read(found, unclear, weight=1)] == ["12"]
    assert [one.text for one in read(found, unclear, weight=0)] == ["12", "34"]


@pytest.mark.parametrize(
    ("height", "probability", "others"),
    [(65, 0.65, ["34"]), (50, 0.65, []), (50, 0.95, ["34"]), (30, 0.95, [])],
)
def test_what_is_lower_must_be_likelier(height: float, probability: float, others: list[str]):
    lower = below("34", height=height, probability=probability)
    assert texts_of([*row("12", probability=1.0), *lower]) == ["12", *others]


def test_a_tiny_mark_that_is_surely_a_digit_is_not_likelier_than_the_writing():
    assert texts_of([*row("12", probability=0.8), *below("3", height=15, probability=0.95)]) == [
        "12"
    ]


def test_what_is_higher_need_not_be_likelier():
    assert texts_of([*row("12"), *below("34", height=300, probability=0.65)]) == ["12", "34"]


def test_what_is_no_number_is_rejected_beside_the_likeliest():
    speck, edge = below("3", height=15, probability=0.9), below("45", probability=0.45, top=600)
    first, second = read([*row("12", probability=0.8), *below("67", top=450), *speck, *edge])
    assert (first.text, second.text) == ("12", "67")
    assert not first.rejected
    assert [one.character for one in second.rejected] == ["3", "4", "5"]
    assert [digit.digit for digit in second.rejected_digits] == [3, 4, 5]


def test_what_was_rejected_beside_a_number_before_stays_so():
    (number,) = read([*row("12"), character("9", 180, probability=0.3), *below("3", height=15)])
    assert [one.character for one in number.rejected] == ["9", "3"]
    assert [digit.digit for digit in number.rejected_digits] == [9, 3]


def test_what_was_rejected_beside_no_number_is_rejected_beside_the_likeliest_too():
    lost = character("9", 70, 300, width=10, height=15, probability=0.3)
    (number,) = read([*row("12"), character("3", 0, 300, height=15, probability=0.9), lost])
    assert [one.character for one in number.rejected] == ["3", "9"]
    assert [digit.digit for digit in number.rejected_digits] == [3, 9]


def test_what_was_taken_for_no_number_makes_the_likeliest_less_sure():
    (alone,) = read(row("12"), lost=1.0)
    (number,) = read([*row("12"), *below("3", height=15, probability=0.9)], lost=1.0)
    assert number.features["lost"] == pytest.approx(math.log(0.1))
    assert number.confidence < alone.confidence


def test_however_unlikely_the_likeliest_number_is_one():
    assert texts_of(row("12", probability=0.41)) == ["12"]
