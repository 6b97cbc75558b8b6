"""What is read where characters were found: two opinions on each digit, and how sure it all is."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from inference import Prediction
from inference.number.finder import Detection
from inference.number.lines import Line
from inference.number.metadata import CHARACTERS, ReadingSettings
from inference.number.reader import LineReading, confidence_features, read_lines, split_main
from tests.number.found import INK_SIDE, character, row

FEATURES = ("found", "least_found", "read", "least_read", "lost")
PAPER = np.full((40, 50), 255, np.uint8)


class Finder:
    """The session of a graph that finds the same on every picture."""

    def __init__(self, found: Sequence[Detection]) -> None:
        self.found = sorted(found, key=lambda one: -one.probability)

    def run(
        self, output_names: Sequence[str], input_feed: Mapping[str, NDArray[Any]]
    ) -> Sequence[NDArray[Any]]:
        assert input_feed["luminance"] is PAPER
        outputs = {
            "boxes": np.array([[one.left, one.top, one.right, one.bottom] for one in self.found]),
            "probabilities": np.array([one.probabilities for one in self.found]),
            "ink": np.array([one.ink for one in self.found], np.uint8),
        }
        return [outputs[name] for name in output_names]


class DigitGraph:
    """Reads what the finder found as what it is, unless it is told otherwise.

    Attributes:
        asked: How many digits it was given, each time.
    """

    def __init__(self, **otherwise: Mapping[int, float]) -> None:
        self._otherwise = {int(name[1:]): seen for name, seen in otherwise.items()}
        self.asked: list[int] = []

    def __call__(self, ink: NDArray[np.uint8]) -> list[Prediction]:
        assert ink.shape[1:] == (INK_SIDE, INK_SIDE)
        self.asked.append(len(ink))
        return [self._read(int(one[0, 0])) for one in ink]

    def _read(self, digit: int) -> Prediction:
        return reading_of(self._otherwise.get(digit, {digit: 1.0}))


def reading_of(seen: Mapping[int, float]) -> Prediction:
    """What the digit graph says of a digit: the probability of each that it may be."""
    probabilities = tuple(seen.get(digit, 0.0) for digit in range(10))
    best = max(probabilities)
    normalized = np.zeros((28, 28), np.float32)
    return Prediction(probabilities.index(best), best, probabilities, best >= 0.5, normalized)


def settings_of(
    *, weight: float = 0.5, accepted: float = 0.4, **confidence: float
) -> ReadingSettings:
    """How numbers are read; features of the confidence that are not named do not count."""
    weights = {"bias": 0.0, **dict.fromkeys(FEATURES, 0.0), **confidence}
    return ReadingSettings(accepted, 0.9, weight, weights)


def read(
    found: Sequence[Detection], graph: DigitGraph | None = None, **settings: float
) -> list[LineReading]:
    return read_lines(Finder(found), PAPER, graph or DigitGraph(), settings_of(**settings))


# --- Two opinions on each digit ------------------------------------------------------------------

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
    assert number.digits[0].probabilities[3] == pytest.approx(0.6 / 0.9, abs=1e-4)
    assert number.digits[0].probabilities[8] == pytest.approx(0.3 / 0.9, abs=1e-4)


def test_with_weight_1_the_digit_graph_alone_decides():
    (number,) = read([THREE_OR_EIGHT], DigitGraph(_3={8: 0.7, 3: 0.2, 5: 0.1}), weight=1)
    assert [number.digits[0].probabilities[digit] for digit in (8, 3, 5)] == pytest.approx(
        [0.7, 0.2, 0.1], abs=1e-4
    )


def test_in_between_the_opinions_are_multiplied():
    (number,) = read([THREE_OR_EIGHT], DigitGraph(_3={8: 0.8, 3: 0.2}), weight=0.25)
    three, eight = 0.6**0.75 * 0.2**0.25, 0.3**0.75 * 0.8**0.25
    (digit,) = number.digits
    assert digit.probabilities[3] == pytest.approx(three / (three + eight), abs=1e-4)
    assert digit.confidence == max(digit.probabilities)
    assert digit.digit == digit.probabilities.index(digit.confidence)
    assert sum(digit.probabilities) == pytest.approx(1)


def test_what_one_of_them_rules_out_may_still_be():
    """A probability of 0 is only a very small one."""
    (number,) = read([character("3", 0)], DigitGraph(_3={8: 1.0}), weight=0.5)
    assert number.digits[0].probabilities[3] == pytest.approx(0.5, abs=0.05)


def test_a_digit_is_one_if_both_together_are_more_sure_than_not():
    found = row("38")
    graph = DigitGraph(_3={digit: 0.25 for digit in (3, 5, 8, 9)}, _8={8: 1.0})
    (number,) = read(found, graph, weight=1)
    assert [digit.is_digit for digit in number.digits] == [False, True]


def test_the_digit_graph_is_asked_once_for_all_digits():
    graph = DigitGraph()
    lost = character("9", 270, probability=0.3)
    read([*row("123"), *row("45", y=300), lost, character("-", -40, height=10)], graph)
    assert graph.asked == [6]


def test_every_digit_keeps_its_own_reading():
    found = [*row("19"), character("5", 180, probability=0.3), *row("73", y=300)]
    first, second = read(found, weight=1)
    assert [digit.digit for digit in first.digits] == [1, 9]
    assert [digit.digit for digit in first.left_out_digits] == [5]
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


# --- What is left out ----------------------------------------------------------------------------


def test_what_is_less_likely_than_accepted_is_no_part_of_the_number():
    unlikely, likely = character("4", 270, probability=0.35), character("5", 270, probability=0.45)
    (without,) = read([*row("123"), unlikely])
    (with_it,) = read([*row("123"), likely])
    assert without.text == "123"
    assert [one.character for one in without.left_out] == ["4"]
    assert not without.left_out_digits[0].is_digit
    assert with_it.text == "1235"
    assert not with_it.left_out


def test_the_accepted_probability_is_that_of_the_settings():
    found = [*row("123"), character("4", 270, probability=0.6)]
    assert [read(found, accepted=accepted)[0].text for accepted in (0.5, 0.7)] == ["1234", "123"]


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
def test_what_was_barely_lost_beside_a_number_is_left_out_of_it(lost: Detection):
    (number,) = read([*row("123"), lost])
    assert [one.left for one in number.left_out] == [lost.left]
    assert [digit.digit for digit in number.left_out_digits] == [4]


@pytest.mark.parametrize(
    "other",
    [
        character("4", 270 + 250, probability=0.3),
        character("4", -90 - 250, probability=0.3),
        character("4", 270, 70, probability=0.3),
        character("4", 270, -70, probability=0.3),
        character("4", 270, height=40, probability=0.3),
        character("4", 270, height=230, probability=0.3),
        character("-", 270, probability=0.3),
    ],
    ids=["far right", "far left", "below", "above", "too small", "too large", "no digit"],
)
def test_what_may_be_something_else_is_not_reported(other: Detection):
    (number,) = read([*row("123"), other])
    assert not number.left_out
    assert not number.left_out_digits


def test_of_a_sloping_number_its_end_tells_where_something_was_lost():
    found = row("1234567", slope=0.5)
    lost = character("8", 630, 310, probability=0.3)
    elsewhere = character("9", 630, 0, probability=0.3)
    (number,) = read([*found, lost, elsewhere])
    assert [one.character for one in number.left_out] == ["8"]


def test_digits_that_do_not_fit_are_left_out_too():
    double = character("1", 95, probability=0.6)
    (number,) = read([*row("273"), double, character("4", 270, probability=0.3)])
    assert number.text == "273"
    assert {one.character for one in number.left_out} == {"1", "4"}
    for one, digit in zip(number.left_out, number.left_out_digits, strict=True):
        assert digit.digit == int(one.character)


# --- How sure it is ------------------------------------------------------------------------------


def features_of(found: Sequence[Detection], digits: Sequence[Prediction]) -> dict[str, float]:
    return confidence_features(Line(tuple(found)), digits, ())


def test_where_all_is_clear_every_feature_is_zero():
    found = row("12", probability=1.0)
    features = features_of(found, [reading_of({1: 1.0}), reading_of({2: 1.0})])
    assert set(features) == set(FEATURES)
    assert set(features.values()) == {0.0}


def test_the_features_are_logarithms_of_how_likely_all_and_the_least_likely_are():
    found = [*row("1", probability=0.8), character(".", 70, 40, probability=0.5)]
    found += row("2", left=90, probability=1.0)
    digits = [reading_of({1: 0.9, 7: 0.1}), reading_of({2: 0.6, 3: 0.4})]
    features = features_of(found, digits)
    assert math.exp(features["found"]) == pytest.approx(0.8 * 0.5)
    assert math.exp(features["least_found"]) == pytest.approx(0.5)
    assert math.exp(features["read"]) == pytest.approx(0.9 * 0.6)
    assert math.exp(features["least_read"]) == pytest.approx(0.6)


def test_the_likeliest_of_what_was_left_out_counts_as_lost():
    left_out = [character("4", 0, probability=p) for p in (0.1, 0.3, 0.2)]
    line, digits = Line(tuple(row("1"))), [reading_of({1: 1.0})]
    features = confidence_features(line, digits, left_out)
    assert math.exp(features["lost"]) == pytest.approx(0.7)
    certain = confidence_features(line, digits, [character("4", 0, probability=1.0)])
    assert -5 < certain["lost"] < -3


def test_the_confidence_is_that_of_a_logistic_regression():
    (number,) = read(row("12", probability=0.8), bias=0.5, found=1.5)
    assert number.confidence == pytest.approx(1 / (1 + math.exp(-0.5 - 1.5 * 2 * math.log(0.8))))


@pytest.mark.parametrize("name", FEATURES)
def test_every_feature_has_its_weight(name: str):
    graph = DigitGraph(_1={1: 0.7, 7: 0.3})
    found = [*row("12", probability=0.8), character("4", 180, probability=0.3)]
    (clear,) = read(found, graph)
    (weighed,) = read(found, graph, **{name: 2.0})
    assert clear.confidence == 0.5
    assert weighed.confidence < 0.5


def test_the_confidence_falls_with_a_lost_neighbour():
    everything: dict[str, float] = {"bias": 2.0, **dict.fromkeys(FEATURES, 1.0)}
    confidences = [
        read([*row("123"), *lost], **everything)[0].confidence
        for lost in (
            [],
            [character("4", 270, probability=0.2)],
            [character("4", 270, probability=0.38)],
        )
    ]
    assert confidences[0] > confidences[1] > confidences[2]


@given(
    bias=st.floats(-1e6, 1e6),
    weight=st.floats(-1e6, 1e6),
    probability=st.floats(0.4, 1),
)
def test_whatever_the_weights_the_confidence_is_a_probability(
    bias: float, weight: float, probability: float
):
    (number,) = read(row("12", probability=probability), bias=bias, found=weight, read=weight)
    assert 0 <= number.confidence <= 1


# --- The number that a picture is about ----------------------------------------------------------


def line_reading(found: Sequence[Detection], confidence: float = 0.9) -> LineReading:
    digits = tuple(reading_of({int(one.character): 1.0}) for one in found)
    lost = character("9", 1000, probability=0.2)
    return LineReading(Line(tuple(found)), digits, (lost,), (reading_of({9: 1.0}),), confidence)


def scaled(digits: str, height: float, probability: float) -> list[Detection]:
    return [
        character(digit, 90 * i, 300, height=height, probability=probability)
        for i, digit in enumerate(digits)
    ]


def test_a_number_alone_is_the_main_one_as_it_is():
    alone = line_reading(row("123"))
    assert split_main([alone]) == (alone, [])


@pytest.mark.parametrize("position", [0, 1])
def test_the_main_number_is_large_and_clearly_found(position: int):
    main, rest = line_reading(row("12")), [line_reading(scaled("34", 90, 0.9))]
    rest.insert(position, main)
    found, others = split_main(rest)
    assert (found.text, [one.text for one in others]) == ("12", ["34"])


def test_what_is_larger_but_hardly_found_is_not_the_main_number():
    main, others = split_main(
        [line_reading(scaled("34", 120, 0.5)), line_reading(row("12", probability=0.9))]
    )
    assert main.text == "12"
    assert not others


@pytest.mark.parametrize(("height", "probability"), [(55, 0.95), (95, 0.65), (55, 0.65)])
def test_another_number_that_is_high_and_likely_enough_is_one(height: float, probability: float):
    first, second = line_reading(row("12")), line_reading(scaled("34", height, probability))
    main, others = split_main([first, second])
    assert main == first
    assert others == [second]


@pytest.mark.parametrize(("height", "probability"), [(45, 0.95), (95, 0.55)])
def test_what_is_low_or_hardly_found_is_left_out_of_the_main_number(
    height: float, probability: float
):
    low = line_reading(scaled("34", height, probability))
    main, others = split_main([low, line_reading(row("12"), confidence=0.8)])
    assert not others
    assert main.text == "12"
    # What was left out of it before stays so.
    assert [one.character for one in main.left_out] == ["9", "3", "4"]
    assert [digit.digit for digit in main.left_out_digits] == [9, 3, 4]
    assert main.confidence == pytest.approx(0.8 * (1 - probability))


def test_the_mean_of_its_digits_is_how_likely_a_number_was_found():
    doubtful = scaled("3", 90, 0.9) + scaled("4", 90, 0.4)
    _, others = split_main([line_reading(row("12")), line_reading(doubtful)])
    assert [one.text for one in others] == ["34"]


def test_characters_are_those_of_the_package():
    assert CHARACTERS == (*"0123456789", ".", ",", "-", "/", ":", "=")
