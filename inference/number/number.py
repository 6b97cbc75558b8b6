"""What the recognizer says about a written number of any length."""

import warnings
from dataclasses import dataclass
from typing import TypedDict

from ..prediction import Prediction, PredictionDict, rounded


class BoxDict(TypedDict):
    """A box as plain types, in pixels of the upright source image."""

    left: int
    top: int
    width: int
    height: int


class DetectedDigitDict(TypedDict):
    """A digit, where it is and what it was read as, ready for `json.dumps`."""

    box: BoxDict
    prediction: PredictionDict


class NumberDict(TypedDict):
    """A number as plain types, ready for `json.dumps`."""

    text: str
    confidence: float
    is_sure: bool
    box: BoxDict
    digits: list[DetectedDigitDict]
    rejected: list[DetectedDigitDict]
    left_out: list[DetectedDigitDict]


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in pixels of the source image, upright (its EXIF rotation undone).

    Attributes:
        left: First column, from 0.
        top: First row, from 0.
        width: Columns, at least 1.
        height: Rows, at least 1.
    """

    left: int
    top: int
    width: int
    height: int

    def to_dict(self) -> BoxDict:
        """The box, ready for `json.dumps`."""
        return {"left": self.left, "top": self.top, "width": self.width, "height": self.height}


@dataclass(frozen=True, slots=True)
class DetectedDigit:
    """A digit on the image, or what resembles one and was rejected.

    Attributes:
        box: Where it is.
        prediction: What it was read as. Its `is_digit` tells a sure digit from a doubtful one.
    """

    box: Box
    prediction: Prediction

    def to_dict(self) -> DetectedDigitDict:
        """Box and prediction, ready for `json.dumps`."""
        return {"box": self.box.to_dict(), "prediction": self.prediction.to_dict()}


@dataclass(frozen=True, slots=True)
class Number:
    """A number that an image shows.

    Attributes:
        text: What is written: its digits from left to right with the separators between them and
            a leading minus, "12.50", "3,75", "-5", "12/05"; empty if no digit was found.
        confidence: The calibrated probability that the text is right, 0…1; 0 if no digit was found.
            A separator too faint to be seen does not count against it.
        is_sure: Whether the confidence is high enough to act on without a look.
        box: Where the number is; the whole image if nothing was found.
        digits: The digits from left to right, one for each digit of the text; each says by its
            prediction's `digit` which.
        rejected: What resembles a digit too little to be a part of the number, from left to right.
    """

    text: str
    confidence: float
    is_sure: bool
    box: Box
    digits: tuple[DetectedDigit, ...]
    rejected: tuple[DetectedDigit, ...]

    @property
    def left_out(self) -> tuple[DetectedDigit, ...]:
        """The former name of `rejected`."""
        warnings.warn("`left_out` is called `rejected` now", DeprecationWarning, stacklevel=2)
        return self.rejected

    def to_dict(self) -> NumberDict:
        """All of it, ready for `json.dumps`; probabilities have 4 decimals.

        `left_out` is the former name of `rejected`.
        """
        rejected = [digit.to_dict() for digit in self.rejected]
        return {
            "text": self.text,
            "confidence": rounded(self.confidence),
            "is_sure": self.is_sure,
            "box": self.box.to_dict(),
            "digits": [digit.to_dict() for digit in self.digits],
            "rejected": rejected,
            "left_out": rejected,
        }

    def __repr__(self) -> str:
        """The number with its confidence rounded as in `to_dict`."""
        return (
            f"Number(text={self.text!r}, confidence={rounded(self.confidence)}, "
            f"is_sure={self.is_sure}, box={self.box}, digits={self.digits}, "
            f"rejected={self.rejected})"
        )
