"""What is shipped: two small self-contained graphs, described truthfully, as good as they say."""

import hashlib
import json
import re
from pathlib import Path

import numpy as np
import onnx
import pytest

from inference import DigitRecognizer
from inference.metadata import INPUTS
from inference.number.metadata import CHARACTERS
from inference.number.metadata import CONTRACT as FINDER_CONTRACT
from training.checkpoint import Checkpoint
from training.config import ARTIFACTS
from training.data import LabelledInk
from training.evaluate import predict_ink
from training.evaluation.metrics import summarize
from training.export import DESCRIPTION_NAME, MODEL_NAME, read_description
from training.model import parameter_count
from training.normalizer import FULL_INK_LEVEL, NOISE_FLOOR_LEVEL
from training.number_checkpoint import NumberCheckpoint
from training.number_export import NUMBER_DESCRIPTION, NUMBER_MODEL

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
    traces = rb"site-packages|Traceback|File \"|/home/|/root/|/Users/|/tmp/|\w\w\w\.py\b"
    content = path.read_bytes()
    if path.suffix == ".md":  # the report names its commands and its templates
        content = re.sub(rb"`training/[^`]+`", b"", content)
    assert re.findall(traces, content) == []
    assert str(ROOT).encode() not in content


@pytest.mark.parametrize(
    ("name", "description"), [(MODEL_NAME, DESCRIPTION_NAME), (NUMBER_MODEL, NUMBER_DESCRIPTION)]
)
def test_a_description_is_that_of_its_file(name: str, description: str):
    content = (ARTIFACTS / name).read_bytes()
    assert read_description(ARTIFACTS, description)["file"] == {
        "name": name,
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
    assert properties["input"] == INPUTS[0].meaning


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


def test_the_shipped_model_reads_at_least_9950_of_mnists_test_digits(
    mnist_test: LabelledInk,
):
    assert predict_ink(DigitRecognizer(), mnist_test).correct.sum() >= 9_950


@pytest.mark.parametrize("name", ["README.md", "artifacts/MODEL_CARD.md", "artifacts/REPORT.md"])
def test_the_documents_state_the_accuracies_of_the_description(name: str, description: dict):
    text = (ROOT / name).read_text(encoding="utf-8")
    accuracies = [row["accuracy"] for row in description["metrics"].values() if "accuracy" in row]
    assert accuracies
    for accuracy in accuracies:
        assert f"{accuracy:.2%}" in text.replace(" %", "%")


def test_nearly_all_mnist_digits_are_seen_as_mnist_has_them(mnist_test: LabelledInk):
    ink = mnist_test.ink[:1_000].numpy()
    seen = DigitRecognizer().run(ink).normalized
    expected = (np.maximum(ink, NOISE_FLOOR_LEVEL) - NOISE_FLOOR_LEVEL) / (
        FULL_INK_LEVEL - NOISE_FLOOR_LEVEL
    )
    unchanged = np.isclose(seen, expected, atol=1e-5).all(axis=(1, 2))
    # The noise floor moves the centre of mass of the others over a rounding edge.
    assert unchanged.mean() > 0.9


# --- The graph that finds numbers ----------------------------------------------------------------


@pytest.fixture(scope="module")
def finder() -> onnx.ModelProto:
    return onnx.load(ARTIFACTS / NUMBER_MODEL)


@pytest.fixture(scope="module")
def finder_description() -> dict:
    return read_description(ARTIFACTS, NUMBER_DESCRIPTION)


def test_the_finder_takes_a_picture_of_any_size_and_gives_any_number_of_characters(
    finder: onnx.ModelProto,
):
    (luminance,) = finder.graph.input
    assert luminance.name == "luminance"
    assert luminance.type.tensor_type.elem_type == onnx.TensorProto.UINT8
    assert axes_of(luminance) == ["height", "width"]
    outputs = {
        value.name: (value.type.tensor_type.elem_type, axes_of(value))
        for value in finder.graph.output
    }
    assert outputs == {
        "boxes": (onnx.TensorProto.FLOAT, ["found", 4]),
        "probabilities": (onnx.TensorProto.FLOAT, ["found", len(CHARACTERS)]),
        "ink": (onnx.TensorProto.UINT8, ["found", 56, 56]),
    }


def test_the_finder_is_plain_onnx_in_one_file_below_three_megabytes(finder: onnx.ModelProto):
    onnx.checker.check_model(finder, full_check=True)
    assert [(opset.domain, opset.version) for opset in finder.opset_import] == [("", 20)]
    assert not finder.functions
    assert (ARTIFACTS / NUMBER_MODEL).stat().st_size < 3_000_000
    assert not any(tensor.external_data for tensor in finder.graph.initializer)


def test_the_finder_itself_carries_the_facts_that_other_languages_need(
    finder: onnx.ModelProto, finder_description: dict
):
    properties = {entry.key: entry.value for entry in finder.metadata_props}
    assert properties["model_version"] == finder_description["model_version"]
    assert json.loads(properties["labels"]) == finder_description["labels"] == list(CHARACTERS)
    assert json.loads(properties["reading"]) == finder_description["reading"]
    assert properties["input"] == FINDER_CONTRACT.inputs[0].meaning


def test_the_weights_of_the_finder_are_those_of_the_described_run(finder_description: dict):
    checkpoint = NumberCheckpoint.load(ARTIFACTS)
    training = finder_description["training"]
    assert checkpoint.config.items() <= training.items()
    assert checkpoint.earlier_pictures == training["earlier_pictures"]
    assert checkpoint.averaged_runs == training["averaged_runs"]
    assert checkpoint.history[-1] == training["validation"]
    assert parameter_count(checkpoint.network) == finder_description["parameters"]


def test_the_model_card_of_the_finder_states_the_figures_of_its_description(
    finder_description: dict,
):
    card = (ARTIFACTS / "NUMBERS.md").read_text("utf-8")
    measured = finder_description["metrics"]["composed"]
    assert f"On {measured['numbers']:,} numbers" in card
    for name in ("exact_match", "sure", "exact_match_of_sure"):
        assert f"| {measured[name]:.1%} |" in card
    assert f"{finder_description['reading']['sure_confidence']:.3f}" in card
    assert f"{finder_description['parameters']:,} parameters" in card
