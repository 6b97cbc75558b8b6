"""How good a set of predictions is."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn import metrics

CALIBRATION_BINS = 15


@dataclass(frozen=True, slots=True)
class Predictions:
    """Calibrated probabilities and the truth.

    Attributes:
        probabilities: float [count, 10].
        labels: int64 [count].
    """

    probabilities: NDArray[np.floating]
    labels: NDArray[np.int64]

    @property
    def predicted(self) -> NDArray[np.int64]:
        """The likeliest digits, [count]."""
        return self.probabilities.argmax(axis=1)

    @property
    def confidence(self) -> NDArray[np.floating]:
        """The probability of the likeliest digits, [count]."""
        return self.probabilities.max(axis=1)

    @property
    def correct(self) -> NDArray[np.bool_]:
        """Whether each prediction is right, [count]."""
        return self.predicted == self.labels


def summarize(predictions: Predictions, reject_confidence: float) -> dict[str, float | int]:
    """Summarizes predictions on digits.

    Returns:
        The count of `images`, the `accuracy` and the `errors`, the share `refused` at the
        threshold, the expected calibration error `ece`, the negative log-likelihood `nll` and the
        `brier` score.
    """
    probabilities = predictions.probabilities.astype(np.float64)
    probabilities /= probabilities.sum(axis=1, keepdims=True)  # float32 rows miss 1 by 1e-7
    digits = range(probabilities.shape[1])
    return {
        "images": len(predictions.labels),
        "accuracy": float(predictions.correct.mean()),
        "errors": int((~predictions.correct).sum()),
        "refused": float((predictions.confidence < reject_confidence).mean()),
        "ece": expected_calibration_error(predictions),
        "nll": float(metrics.log_loss(predictions.labels, probabilities, labels=digits)),
        "brier": float(metrics.brier_score_loss(predictions.labels, probabilities, labels=digits)),
    }


def summarize_non_digits(
    confidence: NDArray[np.floating],
    digit_confidence: NDArray[np.floating],
    reject_confidence: float,
) -> dict[str, float | int]:
    """Summarizes how well confidence tells digits from what is no digit.

    Args:
        confidence: [count], of drawings that are no digits.
        digit_confidence: [digits], of digits.
        reject_confidence: The threshold.

    Returns:
        The count of `images`, the share `refused` at the threshold, and `auroc`: the chance that a
        digit gets a higher confidence than a non-digit.
    """
    is_digit = np.repeat([True, False], [len(digit_confidence), len(confidence)])
    return {
        "images": len(confidence),
        "refused": float((confidence < reject_confidence).mean()),
        "auroc": float(
            metrics.roc_auc_score(is_digit, np.concatenate([digit_confidence, confidence]))
        ),
    }


def risk_at_coverage(
    confidence: NDArray[np.floating], correct: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Share of errors among the most confident answer, the two most confident, … [count]."""
    wrong = ~correct[np.argsort(-confidence, kind="stable")]
    return np.cumsum(wrong) / np.arange(1, len(wrong) + 1)


def expected_calibration_error(predictions: Predictions) -> float:
    """The calibration error of the likeliest digits."""
    return calibration_error(predictions.confidence, predictions.correct)


def calibration_error(confidence: NDArray[np.floating], correct: NDArray[np.bool_]) -> float:
    """Mean gap between confidence and accuracy over `CALIBRATION_BINS` bins of equal width.

    Naeini et al., 2015, "Obtaining Well Calibrated Probabilities Using Bayesian Binning".

    Args:
        confidence: [count], 0…1.
        correct: [count], whether what was said so confidently is right.
    """
    bins = np.minimum((confidence * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1)
    gaps = np.bincount(
        bins, weights=correct.astype(np.float64) - confidence, minlength=CALIBRATION_BINS
    )
    return float(np.abs(gaps).sum() / len(bins))


def confusion_matrix(predictions: Predictions) -> NDArray[np.int64]:
    """Counts predictions, [truth, predicted]."""
    digits = range(predictions.probabilities.shape[1])
    return metrics.confusion_matrix(predictions.labels, predictions.predicted, labels=digits)
