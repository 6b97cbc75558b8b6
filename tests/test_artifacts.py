"""What is shipped: one small self-contained graph, described truthfully, as good as it says."""

import hashlib
import json
import re
from pathlib import Path

import numpy as np
import onnx
import pytest

from inference import DigitRecognizer
from training.checkpoint import Checkpoint
from training.config import ARTIFACTS
from training.data import LabelledInk
from training.evaluate import predict_ink
from training.export import MODEL_NAME, read_description
from training.metrics import summarize

MODEL = ARTIFACTS / MODEL_NAME
ROOT = ARTIFACTS.parent


@pytest.fixture(scope="module")
def model() -> onnx.ModelProto:
    return onnx.load(MODEL)


@pytest.fixture(scope="module")
def description() -> dict:
    return read_description(ARTIFACTS)


def axes_of(value: onnx.ValueInfoProto) -> list[str | int]:
    return [axis.dim_param or axis.dim_value for axis in value.type.tensor_type.shape.dim]


def test_the_graph_takes_ink_of_any_size(model: onnx.ModelProto):
    (ink,) = model.graph.input
    assert ink.name == "ink"
    assert ink.type.tensor_type.elem_type == onnx.TensorProto.UINT8
    assert axes_of(ink) == ["batch", "height", "width"]


def test_the_graph_gives_probabilities_logits_and_what_the_network_saw(model: onnx.ModelProto):
    outputs = {value.name: axes_of(value) for value in model.graph.output}
    assert outputs == {
        "probabilities": ["batch", 10],
        "logits": ["batch", 10],
        "normalized": ["batch", 28, 28],
    }
    types = {value.type.tensor_type.elem_type for value in model.graph.output}
    assert types == {onnx.TensorProto.FLOAT}


def test_the_graph_is_plain_onnx(model: onnx.ModelProto):
    onnx.checker.check_model(model, full_check=True)
    assert [(opset.domain, opset.version) for opset in model.opset_import] == [("", 20)]
    assert not model.functions


def test_the_graph_is_one_file_below_a_megabyte(model: onnx.ModelProto):
    assert MODEL.stat().st_size < 1_000_000
    assert not any(tensor.external_data for tensor in model.graph.initializer)


@pytest.mark.parametrize("path", sorted(ARTIFACTS.iterdir()), ids=lambda path: path.name)
def test_no_artifact_holds_a_local_path_or_a_stack_trace(path: Path):
    traces = rb"site-packages|Traceback|File \"|/home/|/root/|/Users/|/tmp/|\.py\b"
    content = path.read_bytes()
    if path.suffix == ".md":  # the report names its commands and its templates
        content = re.sub(rb"`training/[^`]+`", b"", content)
    assert re.findall(traces, content) == []
    assert str(ROOT).encode() not in content


def test_the_description_is_that_of_the_file(description: dict):
    content = MODEL.read_bytes()
    assert description["file"] == {
        "name": MODEL_NAME,
        "sha256": hashlib.sha256(content).hexdigest(),
        "size_bytes": len(content),
    }


def test_the_file_itself_carries_the_facts_that_other_languages_need(
    model: onnx.ModelProto, description: dict
):
    properties = {entry.key: entry.value for entry in model.metadata_props}
    assert properties["model_version"] == description["model_version"]
    assert json.loads(properties["labels"]) == description["labels"] == list("0123456789")
    threshold = description["thresholds"]["reject_confidence"]
    assert float(properties["reject_confidence"]) == threshold
    assert properties["input"] == description["inputs"][0]["meaning"]


def test_the_weights_are_those_of_the_described_run(description: dict):
    checkpoint = Checkpoint.load(ARTIFACTS)
    assert checkpoint.config.to_dict().items() <= description["training"].items()
    assert checkpoint.reject_confidence == description["thresholds"]["reject_confidence"]


def test_the_stated_figures_on_mnists_test_set_are_true(description: dict, mnist_test: LabelledInk):
    threshold = description["thresholds"]["reject_confidence"]
    measured = summarize(predict_ink(DigitRecognizer(), mnist_test), threshold)
    stated = description["metrics"]["mnist_test"]
    assert measured["errors"] == stated["errors"]
    # Another processor rounds differently, which moves means over 10,000 images by less than this.
    for name, value in measured.items():
        assert value == pytest.approx(stated[name], abs=2e-4), name


def test_the_shipped_model_reads_at_least_9960_of_mnists_test_digits(
    mnist_test: LabelledInk,
):
    assert predict_ink(DigitRecognizer(), mnist_test).correct.sum() >= 9_960


@pytest.mark.parametrize("name", ["README.md", "artifacts/MODEL_CARD.md", "artifacts/REPORT.md"])
def test_the_documents_state_the_accuracies_of_the_description(name: str, description: dict):
    text = (ROOT / name).read_text(encoding="utf-8")
    accuracies = [row["accuracy"] for row in description["metrics"].values() if "accuracy" in row]
    assert accuracies
    for accuracy in accuracies:
        assert f"{accuracy:.2%}" in text.replace(" %", "%")


def test_mnist_digits_are_normalized_to_where_and_how_large_mnist_has_them(
    mnist_test: LabelledInk,
):
    normalized = DigitRecognizer().run(mnist_test.ink[:200].numpy()).normalized
    original = mnist_test.ink[:200].numpy() / 255
    # MNIST rounds its shifts to whole pixels, and its centre lies half a pixel farther right and
    # down; apart from that and from the softening by a shift of less than a pixel, nothing changes.
    # The noise floor takes up to a tenth of the ink of soft strokes.
    np.testing.assert_allclose(normalized.sum((1, 2)), original.sum((1, 2)), rtol=0.12)
    shift = centres(original) - centres(normalized)
    assert np.abs(shift).max() < 1.05
    np.testing.assert_allclose(shift.mean(axis=0), 0.5, atol=0.1)


def centres(images: np.ndarray) -> np.ndarray:
    """Centres of mass, row and column, [count, 2], in pixels."""
    position = np.arange(images.shape[1])
    mass = images.sum((1, 2))
    return np.stack([images.sum(2) @ position, images.sum(1) @ position], axis=1) / mass[:, None]
