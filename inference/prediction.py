"""What the recognizer says about one image."""

from dataclasses import dataclass, field
from typing import TypedDict

import numpy as np
from numpy.typing import NDArray

PROBABILITY_DECIMALS = 4
"""How many are said of a probability by `repr`, `to_dict` and all that is written from it."""


def rounded(probability: float) -> float:
    """A probability with as many decimals as mean something: calibration tells no finer ones."""
    return round(probability, PROBABILITY_DECIMALS)


class PredictionDict(TypedDict):
    """A prediction as plain types, ready for `json.dumps`."""

    digit: int
    confidence: float
    is_digit: bool
    probabilities: list[float]


@dataclass(frozen=True, slots=True)
class Prediction:
    """The digit that an image shows.

    Attributes:
        digit: The likeliest digit, 0…9.
        confidence: Its calibrated probability, 0…1.
        probabilities: Calibrated probability of each digit from 0 to 9; they sum to 1.
        is_digit: Whether the model is sure enough that this is a digit at all.
        normalized: What the network saw: float32 (28, 28), 0 paper … 1 ink.
    """

    digit: int
    confidence: float
    probabilities: tuple[float, ...]
    is_digit: bool
    normalized: NDArray[np.float32] = field(compare=False)

    def top(self, k: int) -> list[tuple[int, float]]:
        """The likeliest digits, best first.

        Args:
            k: How many, from 1 to 10.

        Returns:
            Pairs of digit and probability; of equally likely digits, the smaller comes first.

        Raises:
            ValueError: k is out of range.
        """
        if not 1 <= k <= len(self.probabilities):
            raise ValueError(f"k is {k}; it must be from 1 to {len(self.probabilities)}")
        ranked = sorted(enumerate(self.probabilities), key=lambda pair: -pair[1])
        return ranked[:k]

    def to_dict(self) -> PredictionDict:
        """All but the normalized image, ready for `json.dumps`; probabilities have 4 decimals."""
        return {
            "digit": self.digit,
            "confidence": rounded(self.confidence),
            "is_digit": self.is_digit,
            "probabilities": [rounded(probability) for probability in self.probabilities],
        }

    def __repr__(self) -> str:
        """The same, as it would be written in Python."""
        said = ", ".join(f"{name}={value!r}" for name, value in self.to_dict().items())
        return f"Prediction({said})"
