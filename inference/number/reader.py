"""Reads the numbers on a picture: finds characters, reads the digits, joins them to numbers."""

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..model import Session
from ..prediction import Prediction
from .finder import Detection, find_characters
from .lines import Line, find_lines, lost_separator, without_doubles
from .metadata import FEATURES, DigitSettings, ReadingSettings

ReadDigits = Callable[[NDArray[np.uint8]], list[Prediction]]
"""Reads ink, uint8 (count, H, W), one digit each."""

LEAST_LIKELY = 1e-4  # keeps logarithms finite, and one doubt from outweighing all else

PLAIN_SHARE = 0.5
"""A picture is a drawing if more of its pixels than that have the very level of its corner."""

UNSURE = 0.5
"""A digit that is less likely there, or less likely this one, is called unsure."""

WEAK_SHARE = 0.6
"""A number whose strength is below this share of the strongest number's is dropped."""

USUAL_HEIGHT = 0.6
"""Below this share of the tallest number's height, a number's strength shrinks with its height."""

FAR_GAP = 6.0
"""A closer number in the same row, in heights of a digit, makes the confidence smaller.

Which digits are one number is decided in `lines.py`; this says how sure that decision is.
"""

BARELY_LOST_GAP = 2.0
"""How far from a number something may be, in heights of a digit, to be a lost part of it."""

LOST_HEIGHT = 0.4
"""How small it may be, as a share of the number's height; and how large, as one over it."""


@dataclass(frozen=True, slots=True)
class LineReading:
    """A number as it was read.

    Attributes:
        line: Its characters, where they were found.
        digits: What each digit was read as.
        rejected: What resembles a digit too little, or does not fit, and stands next to it.
        rejected_digits: What each of these was read as.
        features: What the confidence was computed from, by name: `FEATURES`.
        confidence: The probability that all of the text is right, 0…1.
    """

    line: Line
    digits: tuple[Prediction, ...]
    rejected: tuple[Detection, ...]
    rejected_digits: tuple[Prediction, ...]
    features: Mapping[str, float]
    confidence: float

    @property
    def text(self) -> str:
        """What is written."""
        digits = iter(self.digits)
        return "".join(
            str(next(digits).digit) if character.is_digit else character.character
            for character in self.line.characters
        )


def read_lines(
    session: Session,
    luminance: NDArray[np.uint8],
    read_digits: ReadDigits,
    settings: ReadingSettings,
) -> list[LineReading]:
    """Reads every number on a picture.

    Args:
        session: Of `numbers.onnx`.
        luminance: uint8 (H, W), 0 black … 255 white.
        read_digits: Reads digits that were cut out.
        settings: How numbers are made of what was found.

    Returns:
        The numbers in reading order.

    Raises:
        InferenceError: onnxruntime cannot run the graph.
    """
    found = without_doubles(find_characters(session, luminance))
    for_digits = _digit_settings(luminance, settings)
    least = {True: for_digits.accepted_probability, False: settings.separator_probability}
    lines = find_lines(
        [detection for detection in found if detection.probability >= least[detection.is_digit]]
    )
    used = {id(detection) for line in lines for detection in (*line.characters, *line.rejected)}
    unused = [detection for detection in found if id(detection) not in used]
    besides = [(*line.rejected, *_near(line, unused)) for line in lines]
    digits = [
        digit
        for line, beside in zip(lines, besides, strict=True)
        for digit in (*line.digits, *beside)
    ]
    if not digits:
        return []
    alone = read_digits(np.stack([digit.ink for digit in digits]))
    reads = iter(
        [_Read(*pair, for_digits.digit_weight) for pair in zip(digits, alone, strict=True)]
    )
    candidates = [
        _Candidate(
            line,
            list(itertools.islice(reads, len(line.digits))),
            [read for read in itertools.islice(reads, len(beside)) if read.may_be_digit],
            lost_separator(line, unused),
        )
        for line, beside in zip(lines, besides, strict=True)
    ]
    weights = settings.confidence_weights
    return [_reading(candidate, weights) for candidate in _without_weak(candidates)]


def read_likeliest(
    session: Session,
    luminance: NDArray[np.uint8],
    read_digits: ReadDigits,
    settings: ReadingSettings,
) -> tuple[Detection, Prediction] | None:
    """Reads the likeliest digit on a picture; the arguments are those of `read_lines`.

    Returns:
        Where it was found, and what it was read as; None if nothing resembles a digit at all.
    """
    digits = [detection for detection in find_characters(session, luminance) if detection.is_digit]
    if not digits:
        return None
    (alone,) = read_digits(digits[0].ink[np.newaxis])
    weight = _digit_settings(luminance, settings).digit_weight
    return digits[0], _Read(digits[0], alone, weight).together


def is_drawing(luminance: NDArray[np.uint8]) -> bool:
    """Whether a picture, uint8 (H, W), has paper of a single level, as drawing programs have it.

    On such paper nothing but a pen leaves a trace. The finder's graph tells them apart likewise.
    """
    plain = np.count_nonzero(luminance == luminance[0, 0])
    return bool(plain > PLAIN_SHARE * luminance.size)


def _digit_settings(luminance: NDArray[np.uint8], settings: ReadingSettings) -> DigitSettings:
    return settings.drawings if is_drawing(luminance) else settings.photographs


class _Read:
    """A digit that was found and read.

    Attributes:
        found: What the finder says.
        alone: What the digit graph says.
        together: What both say: a product of experts (Hinton, 2002, "Training Products of Experts
            by Minimizing Contrastive Divergence").
    """

    def __init__(self, found: Detection, alone: Prediction, weight: float) -> None:
        self.found = found
        self.alone = alone
        likely = np.log(np.maximum(found.probabilities[:10], LEAST_LIKELY)) * (1 - weight)
        likely += np.log(np.maximum(alone.probabilities, LEAST_LIKELY)) * weight
        likely = np.exp(likely - likely.max())
        probabilities = tuple((likely / likely.sum()).tolist())
        confidence = max(probabilities)
        self.together = Prediction(
            digit=probabilities.index(confidence),
            confidence=confidence,
            probabilities=probabilities,
            is_digit=min(confidence, found.probability) >= UNSURE,
            normalized=alone.normalized,
        )

    @property
    def may_be_digit(self) -> bool:
        """Whether it is found as a digit, or as a separator that the digit graph takes for one."""
        return self.found.is_digit or self.alone.confidence >= UNSURE

    @property
    def finder_probability(self) -> float:
        """The finder's probability of this digit, given that there is a character."""
        return float(self.found.probabilities[self.together.digit]) / self.found.probability

    @property
    def digit_graph_probability(self) -> float:
        """The digit graph's probability of this digit."""
        return self.alone.probabilities[self.together.digit]


@dataclass(frozen=True, slots=True)
class _Candidate:
    """What may be a number: its line and digits, what was rejected beside it, a lost separator."""

    line: Line
    digits: list[_Read]
    rejected: list[_Read]
    lost_separator: float

    @property
    def strength(self) -> float:
        """How likely its digits are there and what they were read as, on average, 0…1."""
        likely = (digit.found.probability * digit.together.confidence for digit in self.digits)
        return sum(likely) / len(self.digits)

    def strength_beside(self, height: float) -> float:
        """Likewise, the less the lower it is, beside a number whose digits are that high."""
        return self.strength * min(1.0, self.line.height / (USUAL_HEIGHT * height))


def _without_weak(candidates: list[_Candidate]) -> list[_Candidate]:
    """Takes for no numbers what is clearly less likely one than what else is on the picture.

    Specks, edges and pieces of other things are found as digits now and then, but seldom as surely
    as the writing beside them. What is taken away is rejected beside the likeliest number.
    """
    highest = max(candidate.line.height for candidate in candidates)
    likeliest = max(candidates, key=lambda candidate: candidate.strength_beside(highest))
    least = WEAK_SHARE * likeliest.strength
    kept: list[_Candidate] = []
    weak: list[_Read] = []
    for candidate in candidates:
        if candidate.strength_beside(likeliest.line.height) < least:
            weak += [*candidate.digits, *candidate.rejected]
        else:
            kept.append(candidate)
    likeliest.rejected.extend(weak)
    return kept


def _near(line: Line, unused: Sequence[Detection]) -> tuple[Detection, ...]:
    """What may be a lost part: about as high as the line's digits, next to them, and not used.

    Separators are among it: a small 1 looks like a comma, a crossed 7 like an equals sign.
    """
    height = line.height
    left, right = line.digits[0].left, line.digits[-1].right
    return tuple(
        detection
        for detection in unused
        if left - BARELY_LOST_GAP * height < detection.x < right + BARELY_LOST_GAP * height
        and abs(detection.y - line.nearest_digit(detection).y) < height / 2
        and LOST_HEIGHT < detection.height / height < 1 / LOST_HEIGHT
    )


def _reading(number: _Candidate, weights: Mapping[str, float]) -> LineReading:
    features = _features(number)
    score = weights["bias"] + sum(weights[name] * value for name, value in features.items())
    return LineReading(
        line=number.line,
        digits=tuple(digit.together for digit in number.digits),
        rejected=tuple(digit.found for digit in number.rejected),
        rejected_digits=tuple(digit.together for digit in number.rejected),
        features=features,
        confidence=1 / (1 + math.exp(-max(score, -40.0))),
    )


def _features(number: _Candidate) -> dict[str, float]:
    line = number.line
    found = [character.probability for character in line.characters]
    separators = [separator for separator in line.characters if not separator.is_digit]
    finders = [digit.finder_probability for digit in number.digits]
    finders += [
        float(max(separator.probabilities)) / separator.probability for separator in separators
    ]
    graphs = [digit.digit_graph_probability for digit in number.digits]
    lost = max((digit.found.probability for digit in number.rejected), default=0.0)
    values = (
        _sum_of_logs(found),
        _log(min(found)),
        _sum_of_logs(finders),
        _log(min(finders)),
        _sum_of_logs(graphs),
        _log(min(graphs)),
        _log(1 - lost),
        _log(1 - number.lost_separator),
        -max(0.0, line.widest_gap - 0.5),
        -max(0.0, (FAR_GAP - line.parting_gap) / FAR_GAP),
    )
    return dict(zip(FEATURES, values, strict=True))


def _sum_of_logs(probabilities: Sequence[float]) -> float:
    return sum(_log(probability) for probability in probabilities)


def _log(probability: float) -> float:
    return math.log(max(probability, LEAST_LIKELY))
