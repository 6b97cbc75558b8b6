"""Which metadata are read, and which are refused."""

from pathlib import Path
from typing import Any

import pytest

from inference import DigitRecognizer, ModelError
from tests.inference.copies import edit_metadata


def test_missing_metadata_are_named(model: Path):
    model.with_suffix(".json").unlink()
    with pytest.raises(ModelError, match=r"metadata is missing: .*digits\.json"):
        DigitRecognizer(model)


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"null", b'"digits"', b"\xff\xfe\x00", b"[" * 100_000, b'{"a": 1e999}'],
)
def test_metadata_that_are_no_json_object_are_refused(model: Path, content: bytes):
    model.with_suffix(".json").write_bytes(content)
    with pytest.raises(ModelError, match=r"digits\.json cannot be used"):
        DigitRecognizer(model)


def test_truncated_metadata_are_refused(model: Path):
    path = model.with_suffix(".json")
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(ModelError, match=r"digits\.json cannot be used"):
        DigitRecognizer(model)


@pytest.mark.parametrize("version", [0, 2, 99])
def test_another_schema_version_is_refused(model: Path, version: int):
    edit_metadata(model, lambda document: document.update(schema_version=version))
    with pytest.raises(ModelError, match=f"schema_version is {version}, and this package reads 1"):
        DigitRecognizer(model)


@pytest.mark.parametrize(
    "key",
    [
        "schema_version",
        "model_version",
        "file",
        "labels",
        "thresholds",
        "parameters",
        "calibration",
        "training",
        "versions",
        "metrics",
    ],
)
def test_every_part_of_the_metadata_is_needed(model: Path, key: str):
    edit_metadata(model, lambda document: document.pop(key))
    with pytest.raises(ModelError, match=f"'{key}' is missing"):
        DigitRecognizer(model)


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"model_version": 1}, "'model_version' is 1, expected a string"),
        ({"parameters": "many"}, "'parameters' is 'many', expected a whole number"),
        ({"parameters": True}, "'parameters' is True"),
        ({"file": {"name": "digits.onnx", "size_bytes": 1}}, "'sha256' is missing"),
        ({"file": "digits.onnx"}, "'file' is not a JSON object"),
        ({"thresholds": {}}, "'reject_confidence' is missing"),
        ({"thresholds": {"reject_confidence": "0.6"}}, "expected a number"),
        ({"thresholds": {"reject_confidence": 60}}, "reject_confidence is 60"),
        (
            {"thresholds": {"reject_confidence": float("nan")}},
            "'reject_confidence' is nan, expected a f",
        ),
        ({"labels": ["a", "b"]}, "labels are"),
        ({"labels": {}}, "'labels' is {}, expected a list"),
        ({"metrics": {"mnist_test": 0.99}}, "'mnist_test' is not a JSON object"),
    ],
)
def test_metadata_that_make_no_sense_are_refused(
    model: Path, changes: dict[str, Any], complaint: str
):
    edit_metadata(model, lambda document: document.update(changes))
    with pytest.raises(ModelError, match=complaint):
        DigitRecognizer(model)


def test_a_message_stays_short_whatever_the_metadata_hold(model: Path):
    edit_metadata(model, lambda document: document.update(parameters="9" * 1_000_000))
    with pytest.raises(ModelError, match="'parameters' is '999") as refused:
        DigitRecognizer(model)
    assert len(str(refused.value)) < 1_000
