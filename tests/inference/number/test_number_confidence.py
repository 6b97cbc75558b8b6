"""How sure a number is, and what that depends on."""

import math
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.number.finder import Detection
from inference.number.metadata import FEATURES
from tests.inference.number.found import character, row
from tests.inference.number.reading import DigitGraph, read


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


def test_the_likeliest_of_what_was_rejected_is_a_feature():
    lost = [character("4", 180 + 60 * i, probability=p) for i, p in enumerate((0.1, 0.3, 0.2))]
    assert math.exp(features_of([*row("12"), *lost])["lost"]) == pytest.approx(0.7)


def test_a_gap_wider_than_half_a_height_is_a_feature():
    gaps = [features_of(row("123", gaps=[30, gap]))["gap"] for gap in (-10, 40, 80, 120)]
    assert gaps == pytest.approx([0, 0, -0.3, -0.7])


def test_how_likely_a_minus_was_overlooked_is_a_feature():
    def lost_minus(name: str, left: float, y: float = 0.0, probability: float = 0.3) -> float:
        sign = character(name, left, y, width=40, height=10, probability=probability)
        return math.exp(features_of([*row("12"), sign])["lost_separator"])

    assert lost_minus("-", -70) == pytest.approx(0.7)
    assert lost_minus("-", -70, probability=0.95) == 1.0  # It is read.
    assert lost_minus("-", -170) == 1.0
    assert lost_minus("-", -70, y=130) == 1.0
    assert lost_minus(".", -70) == 1.0


def test_how_likely_a_separator_was_overlooked_is_a_feature():
    """A point that is not read makes another amount."""

    def lost_point(
        left: float, y: float = 40.0, found: str = ".", probability: float = 0.3
    ) -> float:
        point = character(found, left, y, width=16, height=16, probability=probability)
        return math.exp(features_of([*row("12"), point])["lost_separator"])

    assert lost_point(66) == pytest.approx(0.7)
    assert lost_point(66, found="-") == pytest.approx(0.7)
    assert lost_point(66, probability=0.95) == 1.0  # It is read.
    assert lost_point(66, y=200) == 1.0
    assert lost_point(200) == 1.0  # An amount may end with one.


def test_where_a_separator_is_read_none_was_overlooked():
    points = [character(".", 66, 40, width=16, height=16, probability=p) for p in (0.9, 0.3)]
    assert features_of([*row("12"), *points])["lost_separator"] == 0.0


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
    assert number.rejected
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
