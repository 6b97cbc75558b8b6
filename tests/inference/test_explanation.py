"""What an answer rests on."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from inference import DigitRecognizer, Explanation, ModelOutput, Prediction, explain
from tests.drawings import load_drawings

DRAWINGS = {str(drawing): drawing for drawing in load_drawings()}
RECOGNIZER = DigitRecognizer()


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


def test_any_other_digit_may_be_the_second_choice(
    recognizer: DigitRecognizer, prediction: Prediction
) -> None:
    assert explain(recognizer, prediction, second=1).second == 1


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


@settings(max_examples=25, deadline=None)  # Each runs several hundred images.
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
