"""Chooses how characters become numbers, and when a number is sure, on composed pictures.

The pictures are composed from validation digits, which no weight is fitted on. What is chosen goes
into `numbers.json` as `reading` (`inference.number.metadata.ReadingSettings`).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict
from torch import Tensor
from tqdm import tqdm

from inference.metadata import LABELS
from inference.model import Session
from inference.number.finder import Detection
from inference.number.lines import find_lines
from inference.number.metadata import CHARACTERS, FEATURES, DigitSettings, ReadingSettings
from inference.number.reader import LineReading, ReadDigits, is_drawing, read_lines
from training.data import LabelledInk
from training.evaluation.metrics import calibration_error
from training.evaluation.number_readings import digits_of
from training.synthesis.characters import make_characters
from training.synthesis.composer import Composer, Pictures

PICTURES = 10_000
"""With half as many, chance moves the figures by as much as a new version of the model does."""

CLEAN_SHARE = 0.35
"""Share of them that a drawing program made: enough to choose settings for."""

SEED = 2_000_003
SIZES = ((64, 224), (96, 160), (128, 256))

ACCEPTED = (0.24, 0.3, 0.36, 0.4, 0.44, 0.5)
DIGIT_WEIGHTS = (0.0, 0.1, 0.2, 0.35, 0.5)
SEPARATORS = (0.3, 0.4, 0.5, 0.6, 0.7)
"""What is tried, one after the other: for a kind of pictures, and for all of them."""

SURE_RIGHT = 0.98
"""Share of the sure numbers that must be right. Real pictures are mostly clearer than these."""

LEGIBLE_PX = 16.0
"""Digits are at least that high, in the middle: with fewer pixels even people guess."""

_BOX_TOLERANCE = 0.12  # of the height; boxes that were found are off by that much at times
_USUAL_SEPARATOR = 0.5  # while the others are chosen
_USUAL_WEIGHT = 0.1  # likewise
_BATCH = 40
_STOCK_SCALE = 0.08
_REGULARISATION = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Example:
    """A picture and the numbers on it.

    Attributes:
        luminance: uint8 (H, W).
        numbers: The true characters of each number, as if they had been found.
    """

    luminance: NDArray[np.uint8]
    numbers: tuple[tuple[Detection, ...], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Calibrated:
    """Numbers that were read on composed pictures.

    Attributes:
        confidence: float64 (numbers,), 0…1.
        is_right: bool (numbers,).
        exact_share: Share of the numbers read exactly; one that is not there counts as one more.
    """

    confidence: NDArray[np.float64]
    is_right: NDArray[np.bool_]
    exact_share: float

    def metrics(self, sure_confidence: float) -> dict[str, float]:
        """Figures for `numbers.json`; shares are 0…1."""
        sure = self.confidence >= sure_confidence
        return {
            "numbers": len(self.confidence),
            "exact_match": self.exact_share,
            "sure": float(sure.mean()),
            "exact_match_of_sure": float(self.is_right[sure].mean()) if sure.any() else 0.0,
            "expected_calibration_error": calibration_error(self.confidence, self.is_right),
        }


def compose_examples(held_out: LabelledInk, count: int = PICTURES) -> Iterator[Example]:
    """Composes legible pictures with nothing at the limit of what is found, or of one number."""
    # The finder knows the drawn shapes; handwriting that is new to both networks is MNIST's.
    stock = make_characters(held_out, SEED, _STOCK_SCALE, draws_digits=False)
    composer = Composer(stock, SEED, legible=True, clean_share=CLEAN_SHARE)
    made = 0
    while made < count:
        pictures = composer.compose(_BATCH, SIZES[made // _BATCH % len(SIZES)])
        for index in range(_BATCH):
            if _is_legible(pictures, pictures.picture == index):
                example = _example(pictures, index)
                if example:
                    yield example
                    made += 1


def _is_legible(pictures: Pictures, chosen: Tensor) -> bool:
    """Whether all on a picture is to be found, nothing is cut off, and the digits are not tiny."""
    kinds, boxes = pictures.kinds[chosen], pictures.boxes[chosen]
    _, height, width = pictures.luminance.shape
    limit = torch.tensor([width, height])
    is_cut = (boxes[:, :2] <= 0).any() or (boxes[:, 2:] >= limit).any()
    heights = (boxes[:, 3] - boxes[:, 1])[kinds < len(LABELS)]
    is_tiny = len(heights) > 0 and heights.median() < LEGIBLE_PX
    return not (bool((kinds < 0).any()) or bool(is_cut) or bool(is_tiny))


def _example(pictures: Pictures, index: int) -> Example | None:
    """A picture with its numbers; None if slightly wider or narrower boxes make other numbers."""
    chosen = pictures.picture == index
    true = [
        Detection(
            *box,
            probabilities=np.eye(len(CHARACTERS), dtype=np.float32)[kind],
            probability=1.0,
            character=CHARACTERS[kind],
            ink=np.zeros((1, 1), np.uint8),
        )
        for box, kind in zip(
            pictures.boxes[chosen].tolist(), pictures.kinds[chosen].tolist(), strict=True
        )
    ]
    lines = find_lines(true)
    for share in (-_BOX_TOLERANCE, _BOX_TOLERANCE):
        others = find_lines([_widened(detection, share) for detection in true])
        if [line.text for line in others] != [line.text for line in lines]:
            return None
    return Example(pictures.luminance[index].numpy(), tuple(line.characters for line in lines))


def _widened(detection: Detection, share: float) -> Detection:
    """A box that is wider on both sides by a share of its height."""
    by = share * detection.height
    return replace(detection, left=detection.left - by, right=detection.right + by)


def is_right(reading: LineReading, example: Example, *, all_separators: bool = False) -> bool:
    """Whether a number is on the picture as it was read.

    All digits must be right, and all separators that were read. One that was overlooked does not
    count, unless all of them must be there: many a composed point lies hidden under a stroke.
    """
    left, right = reading.line.characters[0].left, reading.line.characters[-1].right
    for number in example.numbers:
        height = sum(character.height for character in number) / len(number)
        is_there = (
            abs(number[0].left - left) < height / 2
            and abs(number[-1].right - right) < height / 2
            and abs(number[0].y - reading.line.characters[0].y) < height / 2
        )
        written = "".join(character.character for character in number)
        is_same = written == reading.text if all_separators else _is_part(written, reading.text)
        if is_there and is_same:
            return True
    return False


def is_right_as_seen(reading: LineReading, example: Example) -> bool:
    """Whether a number is right; an overlooked separator counts if something was seen of it."""
    is_seen = reading.features["lost_separator"] < 0
    return is_right(reading, example, all_separators=is_seen)


def _is_part(written: str, read: str) -> bool:
    """Whether a text was read right but for separators that were overlooked."""
    rest = iter(written)
    has_all = all(character in rest for character in read)
    return has_all and digits_of(written) == digits_of(read)


def choose_reading(
    session: Session, read_digits: ReadDigits, examples: Sequence[Example]
) -> tuple[dict[str, Any], Calibrated]:
    """Chooses thresholds and weights.

    Args:
        session: Of `numbers.onnx`.
        read_digits: Reads digits that were cut out.
        examples: What to choose on.

    Returns:
        The fields of `ReadingSettings`, and how sure and how right the numbers then are.
    """
    kept = _Remembered(session)

    def read(
        photographed: DigitSettings,
        drawn: DigitSettings,
        separator: float = _USUAL_SEPARATOR,
        chosen: Sequence[Example] = examples,
    ) -> list[list[LineReading]]:
        none: dict[str, float] = dict.fromkeys(("bias", *FEATURES), 0.0)
        settings = ReadingSettings(photographed, drawn, separator, 0.5, none)
        return [read_lines(kept, example.luminance, read_digits, settings) for example in chosen]

    def exact_shares(
        every: Sequence[DigitSettings], chosen: Sequence[Example]
    ) -> dict[DigitSettings, float]:
        return {
            settings: _exact_share(read(settings, settings, chosen=chosen), chosen)
            for settings in tqdm(every, "digits", unit="setting")
        }

    def choose(chosen: Sequence[Example], *, trusts_digits: bool) -> DigitSettings:
        """The settings for one kind of pictures."""
        accepted = exact_shares(
            [DigitSettings(threshold, _USUAL_WEIGHT) for threshold in ACCEPTED], chosen
        )
        # Within what chance decides, a digit too much is seen by a person, and one too few is not.
        least = min(_as_good(accepted, chosen), key=lambda settings: settings.accepted_probability)
        weighed = exact_shares(
            [replace(least, digit_weight=weight) for weight in DIGIT_WEIGHTS], chosen
        )
        if trusts_digits:
            return max(_as_good(weighed, chosen), key=lambda settings: settings.digit_weight)
        return max(weighed, key=lambda settings: weighed[settings])

    drawings = [example for example in examples if is_drawing(example.luminance)]
    photographs = [example for example in examples if not is_drawing(example.luminance)]
    photographed = choose(photographs, trusts_digits=False)
    # On drawings, people fine-tune the digit graph to their handwriting: it must have a say.
    drawn = choose(drawings, trusts_digits=True)
    with_separators = {
        separator: _exact_share(read(photographed, drawn, separator), examples, all_separators=True)
        for separator in tqdm(SEPARATORS, "separator probability", unit="threshold")
    }
    separator = max(SEPARATORS, key=lambda threshold: with_separators[threshold])
    readings = read(photographed, drawn, separator)
    features: list[Mapping[str, float]] = []
    right: list[bool] = []
    for example, lines in zip(examples, readings, strict=True):
        for line in lines:
            features.append(line.features)
            right.append(is_right_as_seen(line, example))
    table = np.array([[row[name] for name in FEATURES] for row in features])
    model = LogisticRegression(C=_REGULARISATION).fit(table, right)
    # What half of the numbers says is measured by the other half.
    probabilities = cross_val_predict(model, table, right, cv=2, method="predict_proba")
    confidence = np.asarray(probabilities, np.float64)[:, 1]
    is_number_right = np.array(right)
    weights = dict(zip(FEATURES, model.coef_[0].tolist(), strict=True))
    reading = {
        "photographs": asdict(photographed),
        "drawings": asdict(drawn),
        "separator_probability": separator,
        "sure_confidence": _sure_threshold(confidence, is_number_right),
        "confidence_weights": {"bias": float(model.intercept_[0]), **weights},
    }
    return reading, Calibrated(confidence, is_number_right, _exact_share(readings, examples))


def _as_good(
    shares: Mapping[DigitSettings, float], examples: Sequence[Example]
) -> list[DigitSettings]:
    """The settings that only chance tells from the best."""
    best = max(shares.values())
    # All settings read the same pictures: shares differ by chance less than each of them does.
    error = 0.5 * (best * (1 - best) / len(examples)) ** 0.5
    return [setting for setting, share in shares.items() if share >= best - error]


class _Remembered:
    """A session that remembers: every setting is tried on the same pictures."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._outputs: dict[int, Any] = {}

    def run(self, output_names: Any, input_feed: Any) -> Any:
        key = id(input_feed["luminance"])
        if key not in self._outputs:
            self._outputs[key] = self._session.run(output_names, input_feed)
        return self._outputs[key]


def _exact_share(
    readings: Sequence[list[LineReading]],
    examples: Sequence[Example],
    *,
    all_separators: bool = False,
) -> float:
    """Share of the numbers read exactly; one that is not there counts as one more."""
    right = sum(
        is_right(line, example, all_separators=all_separators)
        for example, lines in zip(examples, readings, strict=True)
        for line in lines
    )
    total = sum(
        max(len(lines), len(example.numbers))
        for example, lines in zip(examples, readings, strict=True)
    )
    return right / max(total, 1)


def _sure_threshold(confidence: NDArray[np.float64], right: NDArray[np.bool_]) -> float:
    """The lowest confidence from which on the promised share is right; 1 if there is none."""
    order = np.argsort(-confidence)
    share = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    enough = np.flatnonzero(share >= SURE_RIGHT)
    return float(confidence[order[enough[-1]]]) if len(enough) else 1.0
