"""Which files are opened as a model, and which are refused."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest

from inference import DigitRecognizer, ModelError
from tests.inference.copies import ARTIFACTS, edit_graph, edit_metadata, write_model

# --- A good model ---------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [str, Path])
def test_a_model_is_opened_by_its_path(model: Path, kind: type, recognizer: DigitRecognizer):
    image = np.eye(28)
    assert DigitRecognizer(kind(model)).predict(image) == recognizer.predict(image)


def test_a_model_may_have_another_name(model: Path):
    renamed = model.with_name("my.model.onnx")
    model.rename(renamed)
    model.with_suffix(".json").rename(renamed.with_name("my.model.json"))
    assert DigitRecognizer(renamed).metadata.labels == tuple("0123456789")


def test_the_metadata_are_those_of_the_file(recognizer: DigitRecognizer):
    document = json.loads((ARTIFACTS / "digits.json").read_text("utf-8"))
    metadata = recognizer.metadata
    assert metadata.model_version == document["model_version"]
    assert metadata.file.sha256 == document["file"]["sha256"]
    assert metadata.thresholds.reject_confidence == document["thresholds"]["reject_confidence"]
    assert metadata.parameters == document["parameters"]
    assert metadata.calibration.temperature == document["calibration"]["temperature"]
    assert metadata.metrics == document["metrics"]
    assert metadata.inputs[0].shape == ("batch", "height", "width")
    assert [output.name for output in metadata.outputs] == ["probabilities", "logits", "normalized"]


def test_keys_that_are_not_known_are_tolerated(model: Path):
    edit_metadata(model, lambda document: document.update(mascot="🐙", metrics={}))
    assert DigitRecognizer(model).metadata.metrics == {}


def test_the_repr_names_the_model(model: Path):
    assert repr(DigitRecognizer(model)).startswith(f"DigitRecognizer({str(model)!r}, version ")


def test_the_callers_session_options_are_used(tmp_path: Path):
    options = onnxruntime.SessionOptions()
    options.optimized_model_filepath = str(tmp_path / "optimized.onnx")
    DigitRecognizer(session_options=options)
    assert (tmp_path / "optimized.onnx").is_file()


def test_by_default_it_runs_on_one_cpu_thread(monkeypatch: pytest.MonkeyPatch):
    seen: dict[str, Any] = {}
    create = onnxruntime.InferenceSession

    def spy(content: bytes, **settings: Any) -> Any:
        seen.update(settings)
        return create(content, **settings)

    monkeypatch.setattr(onnxruntime, "InferenceSession", spy)
    DigitRecognizer()
    assert seen["providers"] == ["CPUExecutionProvider"]
    assert seen["sess_options"].intra_op_num_threads == 1
    assert seen["sess_options"].inter_op_num_threads == 1
    assert seen["sess_options"].execution_mode == onnxruntime.ExecutionMode.ORT_SEQUENTIAL


def test_unusable_session_options_are_reported_as_such():
    with pytest.raises(ModelError, match="valid session options"):
        DigitRecognizer(session_options={"threads": 4})


# --- A bad model file -----------------------------------------------------------------------------


def test_a_missing_model_is_named(tmp_path: Path):
    with pytest.raises(ModelError, match=r"the model is missing: .*nowhere\.onnx"):
        DigitRecognizer(tmp_path / "nowhere.onnx")


@pytest.mark.parametrize("path", ["", "/", "."])
def test_a_path_without_a_file_name_is_no_model(path: str):
    with pytest.raises(ModelError, match="cannot be read"):
        DigitRecognizer(path)


def test_an_impossible_path_is_no_model():
    with pytest.raises(ModelError, match="cannot be read"):
        DigitRecognizer("digits\0.onnx")


def test_a_truncated_model_is_refused(model: Path):
    model.write_bytes(model.read_bytes()[:-1])
    with pytest.raises(ModelError, match="not the one that its metadata describes"):
        DigitRecognizer(model)


def test_a_single_changed_bit_is_noticed(model: Path):
    content = bytearray(model.read_bytes())
    content[len(content) // 2] ^= 1
    model.write_bytes(content)
    with pytest.raises(ModelError, match=hashlib.sha256(content).hexdigest()):
        DigitRecognizer(model)


def test_a_swapped_model_is_refused(model: Path):
    model.write_bytes(onnx.ModelProto(ir_version=10).SerializeToString())
    with pytest.raises(ModelError, match="must come from the same export"):
        DigitRecognizer(model)


@pytest.mark.parametrize("content", [b"", b"not a model", b"\x08\x0a"])
def test_a_file_that_is_no_model_is_refused_even_if_its_hash_is_right(model: Path, content: bytes):
    write_model(model, content)
    with pytest.raises(ModelError, match="onnxruntime cannot open the model"):
        DigitRecognizer(model)


def rename_input(graph: onnx.GraphProto) -> None:
    for node in graph.node:
        node.input[:] = ["pixels" if name == "ink" else name for name in node.input]
    graph.input[0].name = "pixels"


def take_float_ink(graph: onnx.GraphProto) -> None:
    graph.input[0].type.tensor_type.elem_type = onnx.TensorProto.FLOAT
    graph.input[0].name = "float_ink"
    cast = onnx.helper.make_node("Cast", ["float_ink"], ["ink"], to=onnx.TensorProto.UINT8)
    graph.node.insert(0, cast)


def fix_the_size(graph: onnx.GraphProto) -> None:
    for axis in graph.input[0].type.tensor_type.shape.dim[1:]:
        axis.Clear()
        axis.dim_value = 28


@pytest.mark.parametrize("edit", [rename_input, take_float_ink, fix_the_size])
def test_a_model_with_other_inputs_is_refused(model: Path, edit: Callable[[onnx.GraphProto], None]):
    edit_graph(model, edit)
    with pytest.raises(ModelError, match=r"wrong inputs: .*; expected ink uint8 \[batch, height"):
        DigitRecognizer(model)


def test_a_model_with_other_outputs_is_refused(model: Path):
    edit_graph(model, lambda graph: graph.output.pop())
    with pytest.raises(ModelError, match="wrong outputs"):
        DigitRecognizer(model)


def test_a_model_with_weights_in_another_file_is_refused(
    model: Path, monkeypatch: pytest.MonkeyPatch
):
    """onnxruntime would take them from the current folder, and no hash vouches for them."""
    monkeypatch.chdir(model.parent)
    onnx.save_model(
        onnx.load(model), model, save_as_external_data=True, location="weights", size_threshold=0
    )
    write_model(model, model.read_bytes())
    with pytest.raises(ModelError, match=r"keeps weights in another file; .* external_data=False"):
        DigitRecognizer(model)
