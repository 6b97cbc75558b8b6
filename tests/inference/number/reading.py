"""Reads characters that were not found by the finder but are given."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inference import Prediction
from inference.number.finder import Detection
from inference.number.metadata import FEATURES, DigitSettings, ReadingSettings
from inference.number.reader import LineReading, read_lines
from tests.inference.number.found import INK_SIDE

PAPER = np.full((40, 50), 255, np.uint8)


class Finder:
    """The session of a graph that is given one picture."""

    def __init__(self, found: Sequence[Detection], picture: NDArray[np.uint8] = PAPER) -> None:
        self.picture = picture
        self.found = sorted(found, key=lambda one: -one.probability)

    def run(
        self, output_names: Sequence[str], input_feed: Mapping[str, NDArray[Any]]
    ) -> Sequence[NDArray[Any]]:
        assert input_feed["luminance"] is self.picture
        outputs = {
            "boxes": np.array([[one.left, one.top, one.right, one.bottom] for one in self.found]),
            "probabilities": np.array([one.probabilities for one in self.found]),
            "ink": np.array([one.ink for one in self.found], np.uint8),
        }
        return [outputs[name] for name in output_names]


class DigitGraph:
    """Reads what the finder found as what it is, unless it is told otherwise.

    Attributes:
        asked: How many digits it was given, each time.
    """

    def __init__(self, **otherwise: Mapping[int, float]) -> None:
        self._otherwise = {int(name[1:]): seen for name, seen in otherwise.items()}
        self.asked: list[int] = []

    def __call__(self, ink: NDArray[np.uint8]) -> list[Prediction]:
        assert ink.shape[1:] == (INK_SIDE, INK_SIDE)
        self.asked.append(len(ink))
        return [self._read(int(one[0, 0])) for one in ink]

    def _read(self, digit: int) -> Prediction:
        return reading_of(self._otherwise.get(digit, {digit: 1.0}))


def reading_of(seen: Mapping[int, float]) -> Prediction:
    """What the digit graph says of a digit: the probability of each that it may be."""
    probabilities = tuple(seen.get(digit, 0.0) for digit in range(10))
    best = max(probabilities)
    normalized = np.zeros((28, 28), np.float32)
    return Prediction(probabilities.index(best), best, probabilities, best >= 0.5, normalized)


def settings_of(
    *,
    weight: float = 0.5,
    accepted: float = 0.4,
    separator: float = 0.6,
    drawings: DigitSettings | None = None,
    **confidence: float,
) -> ReadingSettings:
    """How numbers are read; features of the confidence that are not named do not count.

    Drawings are read as photographs are, unless it is said otherwise.
    """
    weights = {"bias": 0.0, **dict.fromkeys(FEATURES, 0.0), **confidence}
    for_digits = DigitSettings(accepted, weight)
    return ReadingSettings(for_digits, drawings or for_digits, separator, 0.9, weights)


def read(
    found: Sequence[Detection], graph: DigitGraph | None = None, /, **settings: Any
) -> list[LineReading]:
    return read_lines(Finder(found), PAPER, graph or DigitGraph(), settings_of(**settings))
