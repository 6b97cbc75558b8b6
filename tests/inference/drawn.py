"""Drawings and predictions to compare."""

import numpy as np

from inference import Prediction
from tests.drawings import load_drawings

DRAWINGS = load_drawings()
PICTURES = [drawing.render() for drawing in DRAWINGS]
BLANK = np.full((28, 28), 255, np.uint8)


def assert_close(first: Prediction, second: Prediction) -> None:
    assert first.digit == second.digit
    assert first.is_digit == second.is_digit
    np.testing.assert_allclose(first.probabilities, second.probabilities, atol=1e-5)
    np.testing.assert_allclose(first.normalized, second.normalized, atol=1e-5)
