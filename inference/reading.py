"""From candidates that were read to the number: the cheapest path by dynamic programming.

A path is a way to part the line's pieces into digits. Its price is the sum over its digits of
−log(confidence), as in the segmentation graphs of LeCun et al., 1998, section VII, and of what
their shape makes unlikely: a gap within a digit, a cut through ink, a digit wider than high.
"""

import math
from collections.abc import Sequence

from .prediction import Prediction
from .segmentation import Candidate, Line, Segmentation, wide_marks

SURE = 0.97  # the confidence from which a mark is taken for one digit, however wide it is,
CLEARLY_WIDE = 1.15  # unless its width is more than this share of its height

# Chosen on numbers composed from MNIST's validation images; values around these do as well.
DIGIT_PRICE = 0.12  # for each digit, so that few are found rather than many
CROSSING_PRICE = 2.0  # for cuts that go through as much ink as what was cut is high
GAP_PRICE = 1.0  # for a gap within a digit as wide as the line's digits are high
WIDE, WIDE_PRICE = 0.6, 0.5  # for each of its own heights by which a digit is wider


def doubtful_marks(line: Line, found: Segmentation, predictions: Sequence[Prediction]) -> list[int]:
    """Chooses the marks that are worth cutting.

    Args:
        line: The marks.
        found: What may be digits, without cuts.
        predictions: What the recognizer says about each candidate.

    Returns:
        Indices of the marks that may be several digits, and that the recognizer is not sure of.
    """
    wide = wide_marks(line)
    return [
        candidate.start
        for candidate, prediction in zip(found.candidates, predictions, strict=True)
        if candidate.stop == candidate.start + 1
        and candidate.start in wide
        and (prediction.confidence < SURE or _aspect(candidate) > CLEARLY_WIDE)
    ]


def cheapest_path(found: Segmentation, predictions: Sequence[Prediction]) -> list[int]:
    """Chooses the digits.

    Args:
        found: What may be digits.
        predictions: What the recognizer says about each candidate.

    Returns:
        Indices of the candidates from left to right; together they hold every piece once.
    """
    prices = [0.0] + [math.inf] * found.pieces
    last = [0] * (found.pieces + 1)
    for index, (candidate, prediction) in enumerate(
        zip(found.candidates, predictions, strict=True)
    ):
        price = prices[candidate.start] + _price(candidate, prediction)
        if price < prices[candidate.stop]:
            prices[candidate.stop], last[candidate.stop] = price, index
    path: list[int] = []
    stop = found.pieces
    while stop:
        path.append(last[stop])
        stop = found.candidates[last[stop]].start
    return path[::-1]


def _price(candidate: Candidate, prediction: Prediction) -> float:
    return (
        -math.log(prediction.confidence)
        + DIGIT_PRICE
        + CROSSING_PRICE * candidate.crossing
        + GAP_PRICE * candidate.gap
        + WIDE_PRICE * max(0.0, _aspect(candidate) - WIDE)
    )


def _aspect(candidate: Candidate) -> float:
    return candidate.mark.width / candidate.mark.height
