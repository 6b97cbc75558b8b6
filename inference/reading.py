"""From candidates that were read to the number: the cheapest path by dynamic programming.

A path is a way to part the line's pieces into digits. Its price is the sum over its digits of
−log(confidence), as in the segmentation graphs of LeCun et al., 1998, section VII, and of what
their shape makes unlikely: a gap within a digit, a cut through ink, a digit wider than high.
"""

import math
from collections.abc import Sequence

from .prediction import Prediction
from .segmentation import Candidate

JOIN_PRICE = 0.3  # for every mark that is joined to another
GAP_PRICE = 6.0  # for a gap within a digit as wide as the line's digits are high
CUT_PRICE = 0.3  # for each side of a digit that is a cut
CROSSING_PRICE = 3.0  # for each of these that goes through as much ink as the digit is high

# Widths as shares of the candidate's own height.
WIDE, WIDE_PRICE = 1.0, 3.0  # for each height by which a digit is wider
NARROW, NARROW_PRICE = 0.45, 6.0  # for each height by which a digit, not a 1, is narrower


def cheapest_path(
    candidates: Sequence[Candidate], predictions: Sequence[Prediction], pieces: int
) -> list[int]:
    """Chooses the digits.

    Args:
        candidates: What may be digits, among them every single piece, ordered by their start.
        predictions: What the recognizer says about each.
        pieces: The number of pieces.

    Returns:
        Indices of the candidates from left to right; together they hold every piece once.
    """
    prices = [0.0] + [math.inf] * pieces
    last = [0] * (pieces + 1)
    for index, (candidate, prediction) in enumerate(zip(candidates, predictions, strict=True)):
        price = prices[candidate.start] + _price(candidate, prediction)
        if price < prices[candidate.stop]:
            prices[candidate.stop], last[candidate.stop] = price, index
    path: list[int] = []
    stop = pieces
    while stop:
        path.append(last[stop])
        stop = candidates[last[stop]].start
    return path[::-1]


def _price(candidate: Candidate, prediction: Prediction) -> float:
    aspect = candidate.mark.width / candidate.mark.height
    too_narrow = max(0.0, NARROW - aspect) if prediction.digit != 1 else 0.0
    return (
        -math.log(prediction.confidence)
        + JOIN_PRICE * candidate.joins
        + GAP_PRICE * candidate.gap
        + CUT_PRICE * candidate.cuts
        + CROSSING_PRICE * candidate.crossing
        + WIDE_PRICE * max(0.0, aspect - WIDE)
        + NARROW_PRICE * too_narrow
    )
