"""What `numbers.json` says about the number finder, and the graph's contract."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..metadata import (
    LABELS,
    Contract,
    ModelFile,
    TensorSpec,
    number,
    parse_document,
    parse_file,
    section,
    sections,
    share,
    text,
    whole,
)

SEPARATORS = (".", ",", "-", "/", ":", "=")
CHARACTERS = LABELS + SEPARATORS

FEATURES = (
    "found",
    "least_found",
    "finders",
    "least_finders",
    "graphs",
    "least_graphs",
    "lost",
    "lost_separator",
    "gap",
    "parting_gap",
)
"""Inputs of the logistic regression that gives the confidence; 0 is no doubt, negative is doubt."""

CONTRACT = Contract(
    inputs=(
        TensorSpec(
            "luminance",
            "uint8",
            ("height", "width"),
            "a picture as it is: 0 is black, 255 is white, dark on light or light on dark; any "
            "height and width from 1 up",
        ),
    ),
    outputs=(
        TensorSpec(
            "boxes",
            "float32",
            ("found", 4),
            "left, top, right and bottom of each character in pixels of the picture",
        ),
        TensorSpec(
            "probabilities",
            "float32",
            ("found", len(CHARACTERS)),
            "of each character; what is missing from 1 is the probability that there is none",
        ),
        TensorSpec(
            "ink",
            "uint8",
            ("found", 56, 56),
            "each character cut out: 0 is paper, 255 is full ink; what the digit graph takes",
        ),
    ),
    labels=CHARACTERS,
)


@dataclass(frozen=True, slots=True)
class DigitSettings:
    """When something is a digit, and which, on one kind of picture.

    Attributes:
        accepted_probability: What is less likely a digit is rejected.
        digit_weight: Weight of what `digits.onnx` says against what the finder says.
    """

    accepted_probability: float
    digit_weight: float


@dataclass(frozen=True, slots=True)
class ReadingSettings:
    """How characters that were found become numbers; all of it was chosen on composed pictures.

    Attributes:
        photographs: When something is a digit on what a camera or a scanner took.
        drawings: Likewise on paper of a single level, as drawing programs have it.
        separator_probability: What is less likely a separator is rejected: a speck beside a digit
            looks like a point.
        sure_confidence: From this confidence on, a number is sure.
        confidence_weights: Of the logistic regression that gives the confidence, by the names of
            its features; "bias" is one of them.
    """

    photographs: DigitSettings
    drawings: DigitSettings
    separator_probability: float
    sure_confidence: float
    confidence_weights: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class NumberMetadata:
    """What is known about a number finder; the names are those of its JSON file.

    Attributes:
        digits_sha256: Hash of the `digits.onnx` that `reading` was chosen with.
    """

    model_version: str
    file: ModelFile
    reading: ReadingSettings
    digits_sha256: str
    parameters: int
    training: Mapping[str, Any]
    versions: Mapping[str, Any]
    metrics: Mapping[str, Mapping[str, Any]]
    inputs: tuple[TensorSpec, ...] = CONTRACT.inputs
    outputs: tuple[TensorSpec, ...] = CONTRACT.outputs


def parse_number_metadata(content: bytes) -> NumberMetadata:
    """Reads the content of a metadata file.

    Raises:
        ValueError: It is not JSON, or not what this version of the package expects.
    """
    document = parse_document(content, CONTRACT)
    reading = section(document, "reading")
    weights = section(reading, "confidence_weights")
    names = {"bias", *FEATURES}
    if set(weights) != names:
        raise ValueError(f"its confidence_weights are {sorted(weights)}, expected {sorted(names)}")
    return NumberMetadata(
        model_version=text(document, "model_version"),
        file=parse_file(document),
        reading=ReadingSettings(
            photographs=_digit_settings(reading, "photographs"),
            drawings=_digit_settings(reading, "drawings"),
            separator_probability=share(reading, "separator_probability"),
            sure_confidence=share(reading, "sure_confidence"),
            confidence_weights={name: number(weights, name) for name in weights},
        ),
        digits_sha256=text(reading, "digits_sha256"),
        parameters=whole(document, "parameters"),
        training=section(document, "training"),
        versions=section(document, "versions"),
        metrics=sections(document, "metrics"),
    )


def _digit_settings(reading: Mapping[str, Any], key: str) -> DigitSettings:
    settings = section(reading, key)
    return DigitSettings(
        accepted_probability=share(settings, "accepted_probability"),
        digit_weight=share(settings, "digit_weight"),
    )
