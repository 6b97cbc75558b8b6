"""What `digits.json` says about the model, as a frozen dataclass, and the graph's contract."""

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, cast

SCHEMA_VERSION = 1
"""The version of the metadata's format."""

LABELS = ("0", "1", "2", "3", "4", "5", "6", "7", "8", "9")

NORMALIZED_SIDE_PX = 28
"""Side of the square image that the network sees, as MNIST has it."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ModelFile:
    """The ONNX file that the metadata describes."""

    name: str
    sha256: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class TensorSpec:
    """An input or output of the graph; an axis of any length has a name instead of a number."""

    name: str
    dtype: str
    shape: tuple[int | str, ...]
    meaning: str = ""


@dataclass(frozen=True, slots=True)
class Contract:
    """What a graph takes and gives, and what the classes of its probabilities are."""

    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    labels: tuple[str, ...]


# The graph that this package is written for.
INPUTS = (
    TensorSpec(
        "ink",
        "uint8",
        ("batch", "height", "width"),
        "ink as it was drawn: 0 is paper, 255 is full ink; any height and width from 1 up",
    ),
)
OUTPUTS = (
    TensorSpec(
        "probabilities",
        "float32",
        ("batch", len(LABELS)),
        "calibrated probability of each digit",
    ),
    TensorSpec(
        "logits",
        "float32",
        ("batch", len(LABELS)),
        "scores before calibration and softmax",
    ),
    TensorSpec(
        "normalized",
        "float32",
        ("batch", NORMALIZED_SIDE_PX, NORMALIZED_SIDE_PX),
        "what the network saw: 0 is paper, 1 is full ink",
    ),
)
OUTPUT_NAMES = tuple(spec.name for spec in OUTPUTS)
CONTRACT = Contract(INPUTS, OUTPUTS, LABELS)


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Where the model says no."""

    reject_confidence: float

    def accepts(self, confidence: float) -> bool:
        """Whether a prediction of this confidence (0…1) counts as a digit."""
        return confidence >= self.reject_confidence


@dataclass(frozen=True, slots=True)
class Calibration:
    """How the probabilities were calibrated: logits are divided by the temperature."""

    temperature: float


@dataclass(frozen=True, slots=True)
class ModelMetadata:
    """What is known about a model; the names are those of its JSON file."""

    schema_version: int
    model_version: str
    file: ModelFile
    labels: tuple[str, ...]
    thresholds: Thresholds
    parameters: int
    calibration: Calibration
    training: Mapping[str, Any]
    versions: Mapping[str, Any]
    metrics: Mapping[str, Mapping[str, Any]]
    inputs: tuple[TensorSpec, ...] = INPUTS
    outputs: tuple[TensorSpec, ...] = OUTPUTS


def parse_metadata(content: bytes) -> ModelMetadata:
    """Reads the content of a metadata file.

    Raises:
        ValueError: It is not JSON, or not what this version of the package expects.
    """
    document = parse_document(content, CONTRACT)
    reject_confidence = share(section(document, "thresholds"), "reject_confidence")
    return ModelMetadata(
        schema_version=SCHEMA_VERSION,
        model_version=text(document, "model_version"),
        file=parse_file(document),
        labels=LABELS,
        thresholds=Thresholds(reject_confidence),
        parameters=whole(document, "parameters"),
        calibration=Calibration(number(section(document, "calibration"), "temperature")),
        training=section(document, "training"),
        versions=section(document, "versions"),
        metrics=sections(document, "metrics"),
    )


def parse_document(content: bytes, contract: Contract) -> Mapping[str, Any]:
    """Reads the JSON of a metadata file, and checks its format's version and its labels.

    Raises:
        ValueError: It is not JSON, or not what this version of the package expects.
    """
    try:
        parsed: object = json.loads(content)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    document = section_of(parsed, "the file")
    schema_version = whole(document, "schema_version")
    if schema_version != SCHEMA_VERSION:
        raise ValueError(
            f"its schema_version is {schema_version}, and this package reads {SCHEMA_VERSION}"
        )
    labels = tuple(_array(document, "labels"))
    if labels != contract.labels:
        raise ValueError(f"its labels are {list(labels)}, expected {list(contract.labels)}")
    return document


def parse_file(document: Mapping[str, object]) -> ModelFile:
    """Reads which ONNX file the metadata describes."""
    file = section(document, "file")
    return ModelFile(text(file, "name"), text(file, "sha256"), whole(file, "size_bytes"))


def _field(document: Mapping[str, object], key: str, kind: type[T], kind_name: str) -> T:
    if key not in document:
        raise ValueError(f"'{key}' is missing")
    value = document[key]
    if not isinstance(value, kind) or isinstance(value, bool):
        raise ValueError(f"'{key}' is {value!r}, expected {kind_name}")
    return value


def text(document: Mapping[str, object], key: str) -> str:
    """Reads the string at a key; `ValueError` if it is none."""
    return _field(document, key, str, "a string")


def whole(document: Mapping[str, object], key: str) -> int:
    """Reads the whole number at a key; `ValueError` if it is none."""
    return _field(document, key, int, "a whole number")


def number(document: Mapping[str, object], key: str) -> float:
    """Reads the number at a key; `ValueError` if it is none."""
    if isinstance(document.get(key), int):
        value = whole(document, key)
    else:
        value = _field(document, key, float, "a number")
    if not abs(value) <= sys.float_info.max:  # Nor is NaN.
        raise ValueError(f"'{key}' is {value}, expected a finite number")
    return float(value)


def share(document: Mapping[str, object], key: str) -> float:
    """Reads the number from 0 to 1 at a key; `ValueError` if it is none."""
    value = number(document, key)
    if not 0 <= value <= 1:
        raise ValueError(f"its {key} is {value}, expected 0…1")
    return value


def _array(document: Mapping[str, object], key: str) -> list[object]:
    return cast("list[object]", _field(document, key, list, "a list"))


def section(document: Mapping[str, object], key: str) -> Mapping[str, Any]:
    """Reads the JSON object at a key; `ValueError` if it is none."""
    return section_of(document.get(key), f"'{key}'")


def sections(document: Mapping[str, object], key: str) -> Mapping[str, Mapping[str, Any]]:
    """Reads the JSON object at a key, whose values are all JSON objects; else `ValueError`."""
    names = section(document, key)
    return {name: section(names, name) for name in names}


def section_of(value: object, what: str) -> Mapping[str, Any]:
    """Checks that a value is a JSON object; `ValueError` if it is none."""
    if not isinstance(value, dict):
        raise ValueError(f"{what} is {'missing' if value is None else 'not a JSON object'}")
    return cast("Mapping[str, Any]", value)
