"""What a prediction says and how it can be used."""

import dataclasses
import importlib
import json
import pickle
import pkgutil
from typing import Any

import numpy as np
import pytest

import inference
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


def dataclasses_of_the_package() -> list[Any]:
    modules = pkgutil.walk_packages(inference.__path__, "inference.")
    names = [module.name for module in modules if not module.name.endswith("__main__")]
    return [
        kind
        for name in names
        for kind in vars(importlib.import_module(name)).values()
        if isinstance(kind, type) and dataclasses.is_dataclass(kind) and kind.__module__ == name
    ]


@pytest.mark.parametrize("kind", dataclasses_of_the_package(), ids=lambda kind: kind.__name__)
def test_nothing_that_is_known_of_an_image_or_a_model_can_be_changed(kind: Any):
    fields = dataclasses.fields(kind)
    values = kind(**{field.name: None for field in fields})
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(values, fields[0].name, 1)


@pytest.mark.parametrize("kind", dataclasses_of_the_package(), ids=lambda kind: kind.__name__)
def test_whatever_holds_arrays_can_be_compared(kind: Any):
    """NumPy's comparison of arrays is no truth value: it would raise."""
    names = [field.name for field in dataclasses.fields(kind)]
    one, other = (kind(**{name: np.zeros(2) for name in names}) for _ in range(2))
    if any("NDArray" in str(field.type) for field in dataclasses.fields(kind) if field.compare):
        assert one != other


def test_predictions_compare_by_what_they_say():
    assert make_prediction() == make_prediction()
    assert make_prediction() != make_prediction(is_digit=False)
    assert hash(make_prediction()) == hash(make_prediction())


FINE = Prediction(
    digit=1,
    confidence=0.98765432,
    probabilities=(0.00123457, 0.98765432, *[0.00138889] * 8),
    is_digit=True,
    normalized=np.zeros((28, 28), np.float32),
)
"""A prediction with more decimals than mean something, as all real ones have."""


def test_repr_says_all_but_the_image_with_probabilities_of_four_decimals():
    assert repr(FINE) == (
        "Prediction(digit=1, confidence=0.9877, is_digit=True, "
        "probabilities=[0.0012, 0.9877, 0.0014, 0.0014, 0.0014, 0.0014, 0.0014, 0.0014, 0.0014, "
        "0.0014])"
    )


def test_to_dict_has_probabilities_of_four_decimals_and_the_attributes_have_all():
    assert FINE.to_dict()["confidence"] == 0.9877
    assert FINE.to_dict()["probabilities"] == [0.0012, 0.9877, *[0.0014] * 8]
    assert FINE.confidence == FINE.probabilities[1] == 0.98765432


def test_rounded_probabilities_still_sum_to_one(recognizer: DigitRecognizer):
    prediction = recognizer.predict(np.random.default_rng(3).random((40, 40)))
    assert prediction.confidence < 0.9  # many of them share in the sum
    assert sum(prediction.to_dict()["probabilities"]) == pytest.approx(1, abs=5e-4)


def test_a_prediction_can_be_pickled():
    prediction = make_prediction()
    copy = pickle.loads(pickle.dumps(prediction))  # noqa: S301
    assert copy == prediction
    np.testing.assert_array_equal(copy.normalized, prediction.normalized)
