"""What a prediction says and how it can be used."""

import dataclasses
import json
import pickle

import numpy as np
import pytest

from inference import DigitRecognizer, Prediction

PROBABILITIES = (0.05, 0.02, 0.02, 0.6, 0.01, 0.2, 0.03, 0.03, 0.02, 0.02)


def make_prediction(*, is_digit: bool = True) -> Prediction:
    return Prediction(
        digit=3,
        confidence=0.6,
        probabilities=PROBABILITIES,
        is_digit=is_digit,
        normalized=np.zeros((28, 28), np.float32),
    )


def test_top_gives_the_likeliest_digits_first():
    assert make_prediction().top(3) == [(3, 0.6), (5, 0.2), (0, 0.05)]


def test_equally_likely_digits_come_in_their_own_order():
    assert [digit for digit, _ in make_prediction().top(10)] == [3, 5, 0, 6, 7, 1, 2, 8, 9, 4]


@pytest.mark.parametrize("k", [-1, 0, 11])
def test_top_of_an_impossible_number_is_an_error(k: int):
    with pytest.raises(ValueError, match=f"k is {k}; it must be from 1 to 10"):
        make_prediction().top(k)


def test_to_dict_survives_json():
    assert json.loads(json.dumps(make_prediction().to_dict())) == {
        "digit": 3,
        "confidence": 0.6,
        "is_digit": True,
        "probabilities": list(PROBABILITIES),
    }


def test_a_real_prediction_survives_json(recognizer: DigitRecognizer):
    prediction = recognizer.predict(np.eye(28))
    assert json.loads(json.dumps(prediction.to_dict())) == prediction.to_dict()


def test_a_prediction_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        make_prediction().digit = 8  # pyright: ignore[reportAttributeAccessIssue]


def test_predictions_compare_by_what_they_say():
    assert make_prediction() == make_prediction()
    assert make_prediction() != make_prediction(is_digit=False)
    assert hash(make_prediction()) == hash(make_prediction())


def test_repr_leaves_out_the_image():
    assert "normalized" not in repr(make_prediction())


def test_a_prediction_can_be_pickled():
    prediction = make_prediction()
    copy = pickle.loads(pickle.dumps(prediction))  # noqa: S301
    assert copy == prediction
    np.testing.assert_array_equal(copy.normalized, prediction.normalized)
