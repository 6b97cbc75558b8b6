"""How good a set of predictions is."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

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
    """Summarises predictions on digits.

    Returns:
        The count of `images`, the `accuracy` and the `errors`, the share `refused` at the
        threshold, the expected calibration error `ece`, the negative log-likelihood `nll` and the
        `brier` score.
    """
    count = len(predictions.labels)
    probabilities = predictions.probabilities.astype(np.float64)
    of_truth = probabilities[np.arange(count), predictions.labels]
    truth = np.eye(probabilities.shape[1])[predictions.labels]
    return {
        "images": count,
        "accuracy": float(predictions.correct.mean()),
        "errors": int((~predictions.correct).sum()),
        "refused": float((predictions.confidence < reject_confidence).mean()),
        "ece": expected_calibration_error(predictions),
        "nll": float(-np.log(np.maximum(of_truth, 1e-12)).mean()),
        "brier": float(((probabilities - truth) ** 2).sum(axis=1).mean()),
    }


def expected_calibration_error(predictions: Predictions) -> float:
    """Mean gap between confidence and accuracy over `CALIBRATION_BINS` bins of equal width.

    Naeini et al., 2015, "Obtaining Well Calibrated Probabilities Using Bayesian Binning".
    """
    bins = np.minimum((predictions.confidence * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1)
    gaps = np.bincount(
        bins,
        weights=predictions.correct.astype(np.float64) - predictions.confidence,
        minlength=CALIBRATION_BINS,
    )
    return float(np.abs(gaps).sum() / len(bins))


def confusion_matrix(predictions: Predictions) -> NDArray[np.int64]:
    """Counts predictions, [truth, predicted]."""
    digits = predictions.probabilities.shape[1]
    cells = predictions.labels * digits + predictions.predicted
    return np.bincount(cells, minlength=digits**2).reshape(digits, digits)
