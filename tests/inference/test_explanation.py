"""What an answer rests on."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from inference import Change, DigitRecognizer, Explanation, ModelOutput, Prediction, explain
from tests.drawings import load_drawings

DRAWINGS = {str(drawing): drawing for drawing in load_drawings()}
RECOGNIZER = DigitRecognizer()

Levels = NDArray[np.uint8]


def read(recognizer: DigitRecognizer, name: str) -> Prediction:
    return recognizer.predict(DRAWINGS[name].render())


@pytest.fixture(scope="module")
def prediction() -> Prediction:
    return read(DigitRecognizer(), "6 tall")


@pytest.fixture(scope="module")
def explanation(prediction: Prediction) -> Explanation:
    return explain(DigitRecognizer(), prediction)


def test_it_compares_the_answer_with_the_second_choice(
    prediction: Prediction, explanation: Explanation
) -> None:
    (digit, _), (second, _) = prediction.top(2)
    assert (explanation.digit, explanation.second) == (digit, second)


@pytest.mark.parametrize("second", [0, 1, 9])
def test_any_other_digit_may_be_the_second_choice(
    second: int, recognizer: DigitRecognizer, prediction: Prediction
) -> None:
    assert explain(recognizer, prediction, second=second).second == second


@pytest.mark.parametrize("second", [6, -1, 10])
def test_what_is_no_other_digit_is_refused(
    recognizer: DigitRecognizer, prediction: Prediction, second: int
) -> None:
    with pytest.raises(ValueError, match=f"second is {second}; it must be a digit from 0 to 9"):
        explain(recognizer, prediction, second=second)


def test_the_maps_lie_over_the_ink(prediction: Prediction, explanation: Explanation) -> None:
    for part in (explanation.for_digit, explanation.for_second):
        assert part.shape == (28, 28)
        assert part.dtype == np.float32
        assert not part[prediction.normalized < 0.2].any()
        assert part[prediction.normalized > 0.5].any()


def test_the_loop_of_a_6_speaks_for_it_and_against_a_5(recognizer: DigitRecognizer) -> None:
    explanation = explain(recognizer, read(recognizer, "6 tall"), second=5)

    rows, _ = np.nonzero(explanation.for_digit)
    lower_half = slice((rows.min() + rows.max()) // 2, None)
    upper_half = slice(None, lower_half.start)
    assert explanation.for_digit[lower_half].sum() > explanation.for_digit[upper_half].sum()
    assert explanation.for_second[lower_half].sum() < 0


def test_a_6_whose_loop_is_opened_on_the_left_is_a_5(recognizer: DigitRecognizer) -> None:
    prediction = read(recognizer, "6 tall")

    needed = explain(recognizer, prediction, second=5).needed

    assert needed is not None
    assert not needed.adds_ink
    assert needed.digit == 5
    assert needed.probability > prediction.probabilities[5]
    columns = np.flatnonzero((prediction.normalized > 0.5).any(axis=0))
    assert needed.left + needed.side / 2 < (columns[0] + columns[-1]) / 2


def test_an_open_4_whose_top_is_closed_is_a_9(recognizer: DigitRecognizer) -> None:
    needed = explain(recognizer, read(recognizer, "4 open, rounded"), second=9).needed

    assert needed is not None
    assert needed.adds_ink
    assert needed.digit == 9
    assert needed.top < 10  # of 28 rows


# --- A stand-in for the graph --------------------------------------------------------------------


class Graph:
    """In place of a recognizer: keeps what it is asked, and says what a test wants.

    Attributes:
        images: What it was asked, uint8 (batch, 28, 28).
    """

    def __init__(self, logits_of: Callable[[Levels], list[float]]) -> None:
        self.logits_of = logits_of
        self.images = np.empty((0, 28, 28), np.uint8)

    def run(self, ink: Levels) -> ModelOutput:
        self.images = ink
        logits = np.array([self.logits_of(image) for image in ink], np.float32)
        odds = np.exp(logits)
        probabilities = odds / odds.sum(axis=1, keepdims=True)
        return ModelOutput(probabilities, logits, np.zeros(ink.shape, np.float32))


def explained(
    normalized: NDArray[np.float32],
    logits_of: Callable[[Levels], list[float]] = lambda _: [0.0] * 10,
) -> tuple[Explanation, Levels]:
    """Explains a 3 that may be a 5, and tells what the graph was asked."""
    prediction = Prediction(3, 0.9, (0.01,) * 3 + (0.9,) + (0.01,) * 6, True, normalized)
    graph = Graph(logits_of)
    recognizer: Any = graph
    return explain(recognizer, prediction, second=5), graph.images


def bar(width: int = 3) -> NDArray[np.float32]:
    """20 pixels high, at most 0.8 dark; a row of it is too faint to have a shape."""
    image = np.zeros((28, 28), np.float32)
    image[4:24, 13 : 13 + width] = 0.8
    image[24, 13] = 0.8 * 0.25
    return image


def squares(side: int) -> Iterator[tuple[slice, slice]]:
    for top in range(28 - side + 1):
        for left in range(28 - side + 1):
            yield slice(top, top + side), slice(left, left + side)


@pytest.mark.parametrize(
    ("image", "around"),
    [
        # Ink is added in a square around what is drawn: 20 × 20 pixels.
        (bar(3), (slice(4, 24), slice(5, 25))),
        (bar(4), (slice(4, 24), slice(5, 25))),
        (bar(3).T, (slice(5, 25), slice(4, 24))),
    ],
)
def test_the_graph_is_asked_about_each_patch_of_paper_and_then_of_ink(
    image: NDArray[np.float32], around: tuple[slice, slice]
) -> None:
    drawn = np.rint(image / 0.8 * 255).astype(np.uint8)
    is_inked = drawn > 64
    may_be_added = np.zeros((28, 28), bool)
    may_be_added[around] = True
    may_be_added &= ~is_inked
    rows, columns = np.nonzero(is_inked)

    expected = [drawn]
    for square in squares(5):
        if is_inked[square].any():
            expected.append(drawn.copy())
            expected[-1][square] = 0
            for corner in ((rows[0], columns[0]), (rows[-1], columns[-1])):
                # Faint ink holds the bounding box.
                expected[-1][corner] = max(expected[-1][corner], 32)
    for square in squares(3):
        if may_be_added[square].sum() >= 5:  # of 9
            expected.append(drawn.copy())
            expected[-1][square] = 255

    _, asked = explained(image)
    np.testing.assert_array_equal(asked, expected)


def test_what_a_pixel_stands_for_is_the_mean_over_the_patches_that_cover_it() -> None:
    def logits_of(image: Levels) -> list[float]:
        """Where the pixel is covered, the odds of a 3 fall by a factor of e³."""
        return [0.0] * 3 + [5.0 if image[12, 14] else 2.0] + [0.0] * 6

    explanation, _ = explained(bar(), logits_of)

    assert explanation.for_digit[12, 14] == pytest.approx(3)
    assert explanation.for_digit[13, 14] == pytest.approx(3 * 20 / 25)
    assert explanation.for_digit[10, 13] == pytest.approx(3 * 12 / 25)
    assert not explanation.for_digit[17:].any()
    assert not explanation.for_digit[12, :13].any()  # Nothing is drawn there.
    # The odds between a 5 and a 3 rise as those of the 3 fall.
    np.testing.assert_allclose(explanation.for_second, -explanation.for_digit)


def test_the_odds_are_those_against_all_other_digits() -> None:
    explanation, _ = explained(bar(), lambda image: [0.0 if image[12, 14] else 2.0] * 3 + [0.0] * 7)
    fall = np.log((3 * np.exp(2) + 6) / 9)
    assert explanation.for_digit[12, 14] == pytest.approx(fall)
    assert not explanation.for_second.any()


@pytest.mark.parametrize(
    ("changed", "adds_ink", "side"),
    [((slice(9, 12), slice(18, 21)), True, 3), ((slice(9, 14), slice(11, 16)), False, 5)],
    ids=["ink", "paper"],
)
def test_the_change_that_is_needed_is_the_one_that_brings_the_second_choice_furthest(
    changed: tuple[slice, slice], adds_ink: bool, side: int
) -> None:
    unchanged = np.rint(bar() / 0.8 * 255)

    def logits_of(image: Levels) -> list[float]:
        is_it = (image[changed] == 255 * adds_ink).all() and (image != unchanged).any()
        return [0.0] * 5 + [1.0 if is_it else 0.0] + [0.0] * 2 + [2.0] + [0.0]

    explanation, _ = explained(bar(), logits_of)

    probability = np.exp(1) / (8 + np.exp(1) + np.exp(2))
    assert explanation.needed is not None
    assert explanation.needed.probability == pytest.approx(probability)
    assert replace(explanation.needed, probability=0.0) == Change(
        adds_ink, changed[0].start, changed[1].start, side, 8, 0.0
    )


# --- The real graph ------------------------------------------------------------------------------


def test_the_graph_runs_once(prediction: Prediction, monkeypatch: pytest.MonkeyPatch) -> None:
    recognizer, batches = DigitRecognizer(), []
    run = recognizer.run

    def count(ink: np.ndarray) -> ModelOutput:
        batches.append(len(ink))
        return run(ink)

    monkeypatch.setattr(recognizer, "run", count)
    explain(recognizer, prediction)

    assert len(batches) == 1


def test_what_is_left_of_a_digit_keeps_its_size(
    prediction: Prediction, monkeypatch: pytest.MonkeyPatch
) -> None:
    recognizer, outputs = DigitRecognizer(), []
    run = recognizer.run

    def keep(ink: np.ndarray) -> ModelOutput:
        outputs.append(run(ink))
        return outputs[-1]

    monkeypatch.setattr(recognizer, "run", keep)
    explain(recognizer, prediction)

    # Without the two faint pixels that hold the bounding box, a 6 that lost its upper end would be
    # stretched to the full height again, and all that is left of it would gain ink. A patch of ink
    # brings 9 pixels of it; 12 leave room for interpolation.
    ink = outputs[0].normalized.sum(axis=(1, 2))
    assert (ink[1:] < ink[0] + 12).all()


def test_a_very_faint_image_is_explained(recognizer: DigitRecognizer) -> None:
    strip = np.full((3, 3000), 255, np.uint8)
    strip[1, 100:2000] = 0

    assert explain(recognizer, recognizer.predict(strip)).needed is not None


def test_where_nothing_is_drawn_nothing_speaks(
    recognizer: DigitRecognizer, prediction: Prediction
) -> None:
    blank = replace(prediction, normalized=np.zeros((28, 28), np.float32))

    explanation = explain(recognizer, blank)

    assert not explanation.for_digit.any()
    assert not explanation.for_second.any()
    assert explanation.needed is None


@settings(max_examples=25)  # Each runs several hundred images.
@given(
    arrays.arrays(np.float32, (28, 28), elements=st.floats(0, 1, width=32), fill=st.just(0.0)),
    st.integers(1, 9),
)
def test_any_image_has_a_finite_explanation(normalized: np.ndarray, second: int) -> None:
    prediction = Prediction(0, 0.1, (0.1,) * 10, True, normalized)

    explanation = explain(RECOGNIZER, prediction, second)

    assert np.isfinite(explanation.for_digit).all()
    assert np.isfinite(explanation.for_second).all()
    if (needed := explanation.needed) is not None:
        assert 0 <= needed.top <= 28 - needed.side
        assert 0 <= needed.left <= 28 - needed.side
        assert 0 <= needed.probability <= 1
