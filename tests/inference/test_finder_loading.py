"""The number finder is opened when it is needed, and refused like a model."""

import json
import pickle
import shutil
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest

from inference import DigitRecognizer, ModelError
from inference.number.metadata import FEATURES, parse_number_metadata
from tests.drawings import load_drawings
from tests.inference.copies import ARTIFACTS, edit_graph
from tests.inference.number.found import row, write_finder

DRAWING = load_drawings()[0]


@pytest.fixture
def finder(tmp_path: Path) -> Path:
    """A copy of the shipped number finder with its metadata, likewise."""
    for name in ("numbers.onnx", "numbers.json"):
        shutil.copy(ARTIFACTS / name, tmp_path / name)
    return tmp_path / "numbers.onnx"


USES: dict[str, Callable[[DigitRecognizer], object]] = {
    "read_number": lambda recognizer: recognizer.read_number(DRAWING.render()),
    "read_numbers": lambda recognizer: recognizer.read_numbers(DRAWING.render()),
    "finder_metadata": lambda recognizer: recognizer.finder_metadata,
}
each_use = pytest.mark.parametrize("use", USES.values(), ids=USES)


@each_use
def test_a_missing_finder_is_named_when_it_is_needed(
    tmp_path: Path, use: Callable[[DigitRecognizer], object]
):
    recognizer = DigitRecognizer(finder=tmp_path / "nowhere.onnx")
    with pytest.raises(ModelError, match=r"the model is missing: .*nowhere\.onnx"):
        use(recognizer)


@each_use
def test_a_damaged_finder_is_named_when_it_is_needed(
    finder: Path, use: Callable[[DigitRecognizer], object]
):
    content = bytearray(finder.read_bytes())
    content[len(content) // 2] ^= 1
    finder.write_bytes(content)
    recognizer = DigitRecognizer(finder=finder)
    with pytest.raises(
        ModelError, match=r"numbers\.onnx is not the one that its metadata describes"
    ):
        use(recognizer)


def test_a_finder_that_is_not_needed_may_be_missing_or_damaged(finder: Path):
    finder.write_bytes(b"")
    for path in (finder, finder.with_name("nowhere.onnx")):
        recognizer = DigitRecognizer(finder=path)
        assert recognizer.predict(DRAWING.render()).digit == DRAWING.label
        assert recognizer.predict_batch([DRAWING.render(), np.eye(28)])[0].digit == DRAWING.label


def test_a_finder_that_was_missing_may_be_there_later(finder: Path):
    later = finder.with_name("later.onnx")
    recognizer = DigitRecognizer(finder=later)
    with pytest.raises(ModelError):
        recognizer.read_numbers(DRAWING.render())
    finder.rename(later)
    finder.with_suffix(".json").rename(later.with_suffix(".json"))
    assert recognizer.read_numbers(DRAWING.render())


def test_the_metadata_of_a_finder_may_not_be_missing(finder: Path):
    finder.with_suffix(".json").unlink()
    with pytest.raises(ModelError, match=r"metadata is missing: .*numbers\.json"):
        DigitRecognizer(finder=finder).read_numbers(DRAWING.render())


def test_a_model_that_reads_digits_is_no_finder(model: Path):
    with pytest.raises(ModelError, match="labels are"):
        DigitRecognizer(finder=model).read_numbers(DRAWING.render())


def test_a_finder_is_no_model_that_reads_digits(finder: Path):
    with pytest.raises(ModelError, match="labels are"):
        DigitRecognizer(finder)


def test_a_finder_with_other_outputs_is_refused(finder: Path):
    edit_graph(finder, lambda graph: graph.output.pop())
    with pytest.raises(ModelError, match=r"wrong outputs: .*; expected boxes float32 \[found, 4\]"):
        DigitRecognizer(finder=finder).read_numbers(DRAWING.render())


@pytest.mark.parametrize("kind", [str, Path])
def test_a_finder_is_opened_by_its_path(tmp_path: Path, kind: type):
    recognizer = DigitRecognizer(finder=kind(write_finder(tmp_path, row("4711"))))
    assert recognizer.read_number(DRAWING.render()).text == "4711"


def test_the_finders_metadata_are_those_of_the_file(recognizer: DigitRecognizer):
    document = json.loads((ARTIFACTS / "numbers.json").read_text("utf-8"))
    metadata = recognizer.finder_metadata
    assert metadata.model_version == document["model_version"]
    assert metadata.file.sha256 == document["file"]["sha256"]
    assert metadata.parameters == document["parameters"]
    assert metadata.training == document["training"]
    assert metadata.metrics == document["metrics"]
    reading = document["reading"]
    for kind in ("photographs", "drawings"):
        assert asdict(getattr(metadata.reading, kind)) == reading[kind]
    assert metadata.reading.separator_probability == reading["separator_probability"]
    assert metadata.reading.sure_confidence == reading["sure_confidence"]
    assert metadata.reading.confidence_weights == reading["confidence_weights"]
    assert metadata.inputs[0].shape == ("height", "width")
    assert [output.name for output in metadata.outputs] == ["boxes", "probabilities", "ink"]


@pytest.mark.parametrize(
    "key",
    [
        "schema_version",
        "model_version",
        "file",
        "labels",
        "reading",
        "parameters",
        "training",
        "versions",
        "metrics",
    ],
)
def test_every_part_of_a_finders_metadata_is_needed(key: str):
    document = json.loads((ARTIFACTS / "numbers.json").read_text("utf-8"))
    del document[key]
    with pytest.raises(ValueError, match=f"'{key}' is missing"):
        parse_number_metadata(json.dumps(document).encode())


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"\xff\xfe\x00", b"[" * 100_000])
def test_a_finders_metadata_that_are_no_json_object_are_refused(finder: Path, content: bytes):
    finder.with_suffix(".json").write_bytes(content)
    with pytest.raises(ModelError, match=r"numbers\.json cannot be used"):
        DigitRecognizer(finder=finder).read_numbers(DRAWING.render())


FOR_DIGITS = {"accepted_probability": 0.4, "digit_weight": 0.3}
READING: dict[str, Any] = {
    "photographs": FOR_DIGITS,
    "drawings": FOR_DIGITS,
    "separator_probability": 0.6,
    "sure_confidence": 0.9,
    "confidence_weights": dict.fromkeys(("bias", *FEATURES), 1.0),
}


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"schema_version": 2}, "schema_version is 2, and this package reads 1"),
        ({"labels": list("0123456789")}, "labels are"),
        ({"parameters": 1.5}, "'parameters' is 1.5, expected a whole number"),
        ({"reading": []}, "'reading' is not a JSON object"),
        *(
            ({"reading": {key: value for key, value in READING.items() if key != missing}}, missing)
            for missing in READING
        ),
        (
            {"reading": {**READING, "drawings": {**FOR_DIGITS, "digit_weight": "0.3"}}},
            "'digit_weight' is '0.3', expected a num",
        ),
        (
            {"reading": {**READING, "confidence_weights": 1}},
            "'confidence_weights' is not a JSON obj",
        ),
        (
            {
                "reading": {
                    **READING,
                    "confidence_weights": {**READING["confidence_weights"], "bias": None},
                }
            },
            "'bias' is None, expected a",
        ),
        (
            {"reading": {**READING, "confidence_weights": {"bias": 1.0}}},
            r"confidence_weights are \['bias'\], expected \['bias', 'finders'",
        ),
        *(
            ({"reading": {**READING, key: value}}, f"{key} is {value}, expected 0…1")
            for key in ("separator_probability", "sure_confidence")
            for value in (-0.1, 1.1)
        ),
        *(
            (
                {"reading": {**READING, kind: {**FOR_DIGITS, key: value}}},
                f"{key} is {value}, expected 0…1",
            )
            for kind in ("photographs", "drawings")
            for key in FOR_DIGITS
            for value in (-0.1, 1.1)
        ),
        *(
            ({"reading": {**READING, kind: {}}}, "'accepted_probability' is missing")
            for kind in ("photographs", "drawings")
        ),
        *(
            (
                {"reading": {**READING, "sure_confidence": value}},
                f"'sure_confidence' is {value}, expected a f",
            )
            for value in (float("nan"), float("inf"), 10**400)
        ),
    ],
)
def test_a_finders_metadata_that_make_no_sense_are_refused(changes: dict[str, Any], complaint: str):
    document = json.loads((ARTIFACTS / "numbers.json").read_text("utf-8"))
    with pytest.raises(ValueError, match=complaint):
        parse_number_metadata(json.dumps(document | changes).encode())


def test_whole_numbers_are_numbers_too():
    document = json.loads((ARTIFACTS / "numbers.json").read_text("utf-8"))
    document["reading"]["sure_confidence"] = 0
    assert parse_number_metadata(json.dumps(document).encode()).reading.sure_confidence == 0.0


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The settings of each session that was opened."""
    every: list[dict[str, Any]] = []
    create = onnxruntime.InferenceSession

    def slowly(content: bytes, **settings: Any) -> Any:
        every.append(settings)
        time.sleep(0.05)  # so that others come meanwhile
        return create(content, **settings)

    monkeypatch.setattr(onnxruntime, "InferenceSession", slowly)
    return every


def test_the_finder_is_opened_when_it_is_needed_and_only_once(opened: list[dict[str, Any]]):
    recognizer = DigitRecognizer()
    recognizer.predict(DRAWING.render())
    assert len(opened) == 1
    start = threading.Barrier(8)

    def read(_: int) -> str:
        start.wait()
        return recognizer.read_number(DRAWING.render()).text

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(read, range(8))) == {str(DRAWING.label)}
    assert len(opened) == 2


def test_the_finder_runs_on_one_cpu_thread_or_as_the_caller_wants(opened: list[dict[str, Any]]):
    options = onnxruntime.SessionOptions()
    for own in (None, options):
        DigitRecognizer(session_options=own).read_numbers(DRAWING.render())
    _, by_default, _, asked = (settings["sess_options"] for settings in opened)
    assert by_default.intra_op_num_threads == by_default.inter_op_num_threads == 1
    assert by_default.execution_mode == onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    assert asked is options


def test_a_pickled_recognizer_finds_its_finder_from_another_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    write_finder(tmp_path, row("4711"))
    monkeypatch.chdir(tmp_path)
    pickled = pickle.dumps(DigitRecognizer(finder="finder.onnx"))
    monkeypatch.chdir(ARTIFACTS)
    assert pickle.loads(pickled).read_number(DRAWING.render()).text == "4711"  # noqa: S301
