import numpy as np
import pytest
import torch

from training.calibration import MAX_REFUSED_SHARE, choose_reject_confidence, fit_temperature
from training.evaluation.metrics import (
    Predictions,
    confusion_matrix,
    expected_calibration_error,
    summarize,
)


def predictions(*rows: tuple[int, int, float]) -> Predictions:
    """Rows of truth, predicted digit and its probability; the rest is spread evenly."""
    probabilities = np.array(
        [
            [confidence if digit == predicted else (1 - confidence) / 9 for digit in range(10)]
            for _, predicted, confidence in rows
        ]
    )
    return Predictions(probabilities, np.array([truth for truth, _, _ in rows]))


def test_a_summary_counts_right_wrong_and_refused():
    summary = summarize(predictions((3, 3, 0.9), (4, 4, 0.6), (5, 6, 0.8), (7, 7, 1.0)), 0.7)
    assert summary["images"] == 4
    assert summary["accuracy"] == 0.75
    assert summary["errors"] == 1
    assert summary["refused"] == 0.25


def test_nll_and_brier_score_are_those_of_their_definitions():
    summary = summarize(predictions((3, 3, 0.91)), 0.5)
    assert summary["nll"] == pytest.approx(-np.log(0.91))
    assert summary["brier"] == pytest.approx(0.09**2 + 9 * 0.01**2)


def test_certainty_of_a_wrong_digit_costs_a_finite_amount():
    assert np.isfinite(summarize(predictions((3, 4, 1.0)), 0.5)["nll"])


def test_calibration_error_is_the_gap_between_confidence_and_accuracy():
    half_right = predictions((1, 1, 0.9), (1, 2, 0.9))
    assert expected_calibration_error(half_right) == pytest.approx(0.4)


def test_calibration_error_of_perfect_confidence_is_zero():
    assert expected_calibration_error(predictions((1, 1, 1.0), (2, 2, 1.0))) == pytest.approx(0)


def test_the_confusion_matrix_counts_truth_by_row_and_prediction_by_column():
    counts = confusion_matrix(predictions((1, 7, 0.9), (1, 7, 0.8), (7, 1, 0.6), (0, 0, 1.0)))
    assert counts[1, 7] == 2
    assert counts[7, 1] == 1
    assert counts[0, 0] == 1
    assert counts.sum() == 4


def test_the_temperature_undoes_overconfidence():
    torch.manual_seed(0)
    honest = torch.randn(20_000, 10) * 2
    labels = torch.distributions.Categorical(logits=honest).sample()
    # 20,000 samples determine the temperature to about 1 %.
    assert fit_temperature(honest * 3, labels) == pytest.approx(3, rel=0.05)


def test_the_threshold_refuses_at_most_the_allowed_share_of_digits():
    confidence = torch.linspace(0, 1, 1_000)
    threshold = choose_reject_confidence(confidence)
    assert (confidence < threshold).double().mean().item() == MAX_REFUSED_SHARE
