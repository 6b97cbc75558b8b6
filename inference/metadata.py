"""What `digits.json` says about the model, as a frozen dataclass, and the graph's contract."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, cast

SCHEMA_VERSION = 1
"""The version of the metadata's format."""

LABELS = ("0", "1", "2", "3", "4", "5", "6", "7", "8", "9")

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
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    labels: tuple[str, ...]
    thresholds: Thresholds
    parameters: int
    calibration: Calibration
    training: Mapping[str, Any]
    versions: Mapping[str, Any]
    metrics: Mapping[str, Any]


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
        ("batch", 28, 28),
        "what the network saw: 0 is paper, 1 is full ink",
    ),
)
OUTPUT_NAMES = tuple(spec.name for spec in OUTPUTS)


def parse_metadata(content: bytes) -> ModelMetadata:
    """Reads the content of a metadata file.

    Raises:
        ValueError: It is not JSON, or not what this version of the package expects.
    """
    try:
        document: object = json.loads(content)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    return _metadata(_object(document, "the file"))


def _metadata(document: Mapping[str, object]) -> ModelMetadata:
    schema_version = _whole(document, "schema_version")
    if schema_version != SCHEMA_VERSION:
        raise ValueError(
            f"its schema_version is {schema_version}, and this package reads {SCHEMA_VERSION}"
        )
    labels = tuple(_array(document, "labels"))
    if labels != LABELS:
        raise ValueError(f"its labels are {list(labels)}, expected {list(LABELS)}")
    reject_confidence = _number(_section(document, "thresholds"), "reject_confidence")
    if not 0 <= reject_confidence <= 1:
        raise ValueError(f"its reject_confidence is {reject_confidence}, expected 0…1")
    file = _section(document, "file")
    return ModelMetadata(
        schema_version=schema_version,
        model_version=_text(document, "model_version"),
        file=ModelFile(_text(file, "name"), _text(file, "sha256"), _whole(file, "size_bytes")),
        inputs=_tensors(document, "inputs"),
        outputs=_tensors(document, "outputs"),
        labels=LABELS,
        thresholds=Thresholds(reject_confidence),
        parameters=_whole(document, "parameters"),
        calibration=Calibration(_number(_section(document, "calibration"), "temperature")),
        training=_section(document, "training"),
        versions=_section(document, "versions"),
        metrics=_section(document, "metrics"),
    )


def _tensors(document: Mapping[str, object], key: str) -> tuple[TensorSpec, ...]:
    tensors = [_object(item, f"an item of '{key}'") for item in _array(document, key)]
    return tuple(
        TensorSpec(
            _text(tensor, "name"),
            _text(tensor, "dtype"),
            tuple(
                length if isinstance(length, int) else str(length)
                for length in _array(tensor, "shape")
            ),
            _text(tensor, "meaning"),
        )
        for tensor in tensors
    )


def _field(document: Mapping[str, object], key: str, kind: type[T], kind_name: str) -> T:
    if key not in document:
        raise ValueError(f"'{key}' is missing")
    value = document[key]
    if not isinstance(value, kind) or isinstance(value, bool):
        raise ValueError(f"'{key}' is {value!r}, expected {kind_name}")
    return value


def _text(document: Mapping[str, object], key: str) -> str:
    return _field(document, key, str, "a string")


def _whole(document: Mapping[str, object], key: str) -> int:
    return _field(document, key, int, "a whole number")


def _number(document: Mapping[str, object], key: str) -> float:
    if isinstance(document.get(key), int):
        return float(_whole(document, key))
    return _field(document, key, float, "a number")


def _array(document: Mapping[str, object], key: str) -> list[object]:
    return cast("list[object]", _field(document, key, list, "a list"))


def _section(document: Mapping[str, object], key: str) -> Mapping[str, Any]:
    return _object(document.get(key), f"'{key}'")


def _object(value: object, what: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"{what} is {'missing' if value is None else 'not a JSON object'}")
    return cast("Mapping[str, Any]", value)
