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
from inference.number.metadata import FEATURES, ReadingSettings
from inference.number.reader import LineReading, read_lines
from tests.inference.number.found import HEIGHT, INK_SIDE, character, row

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
    *, weight: float = 0.5, accepted: float = 0.4, separator: float = 0.6, **confidence: float
) -> ReadingSettings:
    """How numbers are read; features of the confidence that are not named do not count."""
    weights = {"bias": 0.0, **dict.fromkeys(FEATURES, 0.0), **confidence}
    return ReadingSettings(accepted, separator, 0.9, weight, weights)


def read(
    found: Sequence[Detection], graph: DigitGraph | None = None, /, **settings: float
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
    ("probability", "separator", "text"),
    [(0.55, 0.6, "12"), (0.65, 0.6, "1.2"), (0.25, 0.3, "12"), (0.35, 0.3, "1.2")],
)
def test_how_likely_a_separator_must_be_is_a_setting_of_its_own(
    probability: float, separator: float, text: str
):
    point = character(".", 66, 40, width=18, height=18, probability=probability)
    (number,) = read([*row("12"), point], separator=separator)
    assert number.text == text
    assert not number.left_out


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


@pytest.mark.parametrize(
    ("inside", "outside"),
    [
        # A number 240 wide and 100 high, from 0 on; its middle at 0. A digit is 60 wide.
        (character("4", 409, probability=0.3), character("4", 410, probability=0.3)),
        (character("4", -229, probability=0.3), character("4", -230, probability=0.3)),
        (character("4", 270, 49, probability=0.3), character("4", 270, 50, probability=0.3)),
        (character("4", 270, -49, probability=0.3), character("4", 270, -50, probability=0.3)),
        (
            character("4", 270, height=51, probability=0.3),
            character("4", 270, height=50, probability=0.3),
        ),
        (
            character("4", 270, height=199, probability=0.3),
            character("4", 270, height=200, probability=0.3),
        ),
    ],
    ids=["right", "left", "below", "above", "small", "large"],
)
def test_barely_lost_is_what_is_within_two_heights_and_half_as_high_to_twice(
    inside: Detection, outside: Detection
):
    (number,) = read([*row("123"), inside, outside])
    assert [(one.left, one.height) for one in number.left_out] == [(inside.left, inside.height)]


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


def features_of(found: Sequence[Detection], graph: DigitGraph | None = None) -> Mapping[str, float]:
    (number,) = read(found, graph, weight=0)
    assert set(number.features) == set(FEATURES)
    return number.features


def test_where_all_is_clear_every_feature_is_zero():
    assert set(features_of(row("123", probability=1.0)).values()) == {0.0}


def test_how_likely_characters_were_found_separators_included_is_a_feature():
    point = character(".", 66, 40, width=18, height=18, probability=0.7)
    found = [*row("1", probability=0.8), point, *row("2", left=90, probability=1.0)]
    features = features_of(found)
    assert math.exp(features["found"]) == pytest.approx(0.8 * 0.7)
    assert math.exp(features["least_found"]) == pytest.approx(0.7)


def test_how_likely_the_finder_takes_each_digit_is_a_feature():
    first = character("1", 0, probabilities={"1": 0.6, "7": 0.2})
    second = character("2", 90, probabilities={"2": 0.9, "3": 0.1})
    features = features_of([first, second])
    assert math.exp(features["finders"]) == pytest.approx(0.75 * 0.9)
    assert math.exp(features["least_finders"]) == pytest.approx(0.75)


def test_that_a_separator_may_be_a_digit_is_a_feature():
    """A slanted 1 looks like a stroke."""
    stroke = character("/", 66, width=18, probabilities={"/": 0.6, "1": 0.2})
    features = features_of([*row("12"), stroke])
    assert features["finders"] == features["least_finders"] == pytest.approx(math.log(0.75))


def test_how_likely_the_digit_graph_takes_each_digit_is_a_feature():
    graph = DigitGraph(_1={1: 0.6, 7: 0.4}, _2={2: 0.3, 3: 0.7})
    features = features_of(row("12"), graph)
    assert math.exp(features["graphs"]) == pytest.approx(0.6 * 0.3)
    assert math.exp(features["least_graphs"]) == pytest.approx(0.3)


def test_the_likeliest_of_what_was_left_out_is_a_feature():
    lost = [character("4", 180 + 60 * i, probability=p) for i, p in enumerate((0.1, 0.3, 0.2))]
    assert math.exp(features_of([*row("12"), *lost])["lost"]) == pytest.approx(0.7)


def test_a_gap_wider_than_half_a_height_is_a_feature():
    gaps = [features_of(row("123", gaps=[30, gap]))["gap"] for gap in (-10, 40, 80, 120)]
    assert gaps == pytest.approx([0, 0, -0.3, -0.7])


def test_how_likely_a_minus_was_overlooked_is_a_feature():
    def lost_sign(name: str, left: float, y: float = 0.0, probability: float = 0.3) -> float:
        sign = character(name, left, y, width=40, height=10, probability=probability)
        return math.exp(features_of([*row("12"), sign])["lost_sign"])

    assert lost_sign("-", -70) == pytest.approx(0.7)
    assert lost_sign("-", -70, probability=0.95) == 1.0  # It is read.
    assert lost_sign("-", -170) == 1.0
    assert lost_sign("-", -70, y=130) == 1.0
    assert lost_sign(".", -70) == 1.0


def test_another_number_close_by_in_the_row_is_a_feature():
    def parting_gap(gap: float) -> float:
        number, _ = read(row("1234", gaps=[10, gap, 10]), weight=0)
        return number.features["parting_gap"]

    assert [parting_gap(gap) for gap in (240, 450, 700)] == pytest.approx([-0.6, -0.25, 0])


def test_no_feature_is_without_bounds():
    """So that one doubt does not outweigh all else, and nothing is computed with infinity."""
    double = character("9", 5, probability=1.0)
    graph = DigitGraph(_1={7: 1.0}, _9={7: 1.0})
    (number,) = read([*row("1", probability=1.0), double], graph, weight=0)
    assert number.left_out
    assert all(-20 < value <= 0 for value in number.features.values())


def test_nothing_counts_as_less_likely_than_1_in_10000():
    graph = DigitGraph(_1={1: 1.0}, _2={2: 0.0, 3: 1.0})
    features = features_of(row("12"), graph)
    assert features["graphs"] == features["least_graphs"] == pytest.approx(math.log(1e-4))


def test_however_small_the_score_the_confidence_is_that_of_40():
    (number,) = read(row("12"), bias=-1e6)
    assert number.confidence == pytest.approx(1 / (1 + math.exp(40)))


def test_the_confidence_is_that_of_a_logistic_regression():
    (number,) = read(row("12", probability=0.8), bias=0.5, found=1.5)
    assert number.confidence == pytest.approx(1 / (1 + math.exp(-0.5 - 1.5 * 2 * math.log(0.8))))


@pytest.mark.parametrize("name", FEATURES)
def test_every_feature_has_its_weight(name: str):
    doubtful = character("1", 0, probabilities={"1": 0.6, "7": 0.2})
    sign = character("-", -50, width=40, height=10, probability=0.3)
    found = [sign, doubtful, character("2", 150), character("4", 240, probability=0.3)]
    found += row("56", left=510)
    graph = DigitGraph(_1={1: 0.7, 7: 0.3})
    clear, _ = read(found, graph)
    weighed, _ = read(found, graph, **{name: 2.0})
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
    (number,) = read(row("12", probability=probability), bias=bias, found=weight, gap=weight)
    assert 0 <= number.confidence <= 1


# --- Numbers and what resembles them -------------------------------------------------------------


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


def test_what_is_no_number_is_left_out_of_the_likeliest():
    speck, edge = below("3", height=15, probability=0.9), below("45", probability=0.45, top=600)
    first, second = read([*row("12", probability=0.8), *below("67", top=450), *speck, *edge])
    assert (first.text, second.text) == ("12", "67")
    assert not first.left_out
    assert [one.character for one in second.left_out] == ["3", "4", "5"]
    assert [digit.digit for digit in second.left_out_digits] == [3, 4, 5]


def test_what_was_left_out_of_a_number_before_stays_so():
    (number,) = read([*row("12"), character("9", 180, probability=0.3), *below("3", height=15)])
    assert [one.character for one in number.left_out] == ["9", "3"]
    assert [digit.digit for digit in number.left_out_digits] == [9, 3]


def test_what_was_left_out_of_no_number_is_left_out_of_the_likeliest_too():
    lost = character("9", 70, 300, width=10, height=15, probability=0.3)
    (number,) = read([*row("12"), character("3", 0, 300, height=15, probability=0.9), lost])
    assert [one.character for one in number.left_out] == ["3", "9"]
    assert [digit.digit for digit in number.left_out_digits] == [3, 9]


def test_what_was_taken_for_no_number_makes_the_likeliest_less_sure():
    (alone,) = read(row("12"), lost=1.0)
    (number,) = read([*row("12"), *below("3", height=15, probability=0.9)], lost=1.0)
    assert number.features["lost"] == pytest.approx(math.log(0.1))
    assert number.confidence < alone.confidence


def test_however_unlikely_the_likeliest_number_is_one():
    assert texts_of(row("12", probability=0.41)) == ["12"]
