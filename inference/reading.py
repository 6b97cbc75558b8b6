"""From candidates that were read to the number: the cheapest path by dynamic programming.

A path is a way to part the line's pieces into digits. Its price is the sum over its digits of
−log(confidence), as in the segmentation graphs of LeCun et al., 1998, section VII, and of what
their shape makes unlikely: a gap within a digit, a cut through ink, a digit wider than high.
"""

import math
from collections.abc import Sequence

from .segmentation import Candidate

GAP_PRICE = 8.0  # for a gap as wide as the line's digits are high
JOIN_PRICE = 0.3  # for every further piece that stands apart
CUT_PRICE = 0.3  # for each side of a digit that is a cut
WIDTH_PRICE = 4.0  # for each height of its own by which a digit is wider than high
NARROWEST_WIDE = 0.9


def cheapest_path(
    candidates: Sequence[Candidate], confidences: Sequence[float], pieces: int
) -> list[int]:
    """Chooses the digits.

    Args:
        candidates: What may be digits, among them every single piece.
        confidences: How sure the recognizer is of each, 0…1.
        pieces: The number of pieces.

    Returns:
        Indices of the candidates from left to right; together they hold every piece once.
    """
    prices = [0.0] + [math.inf] * pieces
    last = [0] * (pieces + 1)
    by_start = sorted(range(len(candidates)), key=lambda index: candidates[index].start)
    for index in by_start:
        candidate = candidates[index]
        price = prices[candidate.start] + _price(candidate, confidences[index])
        if price < prices[candidate.stop]:
            prices[candidate.stop], last[candidate.stop] = price, index
    path: list[int] = []
    stop = pieces
    while stop:
        path.append(last[stop])
        stop = candidates[last[stop]].start
    return path[::-1]


def _price(candidate: Candidate, confidence: float) -> float:
    mark = candidate.mark
    too_wide = max(0.0, mark.width / mark.height - NARROWEST_WIDE)
    joins = JOIN_PRICE if candidate.gap else 0.0
    return (
        -math.log(max(confidence, 1e-9))
        + GAP_PRICE * candidate.gap
        + joins
        + CUT_PRICE * candidate.cuts
        + WIDTH_PRICE * too_wide
    )
