"""The front: the tabs, the line about the model, and a model that cannot be opened."""

import json
import shutil
from pathlib import Path

import pytest

from tests.page.conftest import ARTIFACTS
from tests.page.opened import open_page


@pytest.mark.parametrize("name", ["digits.onnx", "numbers.onnx"])
def test_a_missing_model_is_a_message_on_the_page(name: str, model: Path) -> None:
    model.with_name(name).unlink()

    page = open_page()

    assert page.error[0].value.startswith("No digit can be recognized for now: the model")
    assert "/" not in page.error[0].value  # Where it lies is nobody's business.
    assert not page.tabs


def test_a_corrupt_model_is_a_message_on_the_page(model: Path) -> None:
    model.write_bytes(model.read_bytes()[:-1])

    page = open_page()

    assert page.error[0].value.startswith("No digit can be recognized for now: the model")
    assert not page.tabs


@pytest.mark.parametrize("name", ["digits.onnx", "numbers.onnx"])
def test_a_restored_model_is_loaded_at_the_next_visit(name: str, model: Path) -> None:
    model = model.with_name(name)
    content = model.read_bytes()
    model.unlink()
    page = open_page()

    model.write_bytes(content)
    page.run()

    assert not page.error
    assert page.tabs


def test_the_model_line_tells_how_good_the_model_is_and_its_help_what_it_consists_of(
    model: Path,
) -> None:
    metadata_file = model.with_suffix(".json")
    metadata = json.loads(metadata_file.read_text("utf-8"))
    metadata["parameters"] = 174_058
    metadata["model_version"] = "9.9.9"
    metadata["metrics"] = {
        "mnist_test": {"data": "MNIST", "images": 10_000, "accuracy": 0.9968},
        "drawings": {"data": "pen drawings: by some", "images": 8_252, "accuracy": 0.9712},
    }
    metadata_file.write_text(json.dumps(metadata), "utf-8")
    finder_file = model.with_name("numbers.json")
    finder = json.loads(finder_file.read_text("utf-8"))
    finder_file.write_text(json.dumps(finder | {"parameters": 1_234_567}), "utf-8")

    line = open_page().caption[0]
    assert line.value == (
        "Right on 99.7% of 10,000 digits (MNIST) and 97.1% of 8,252 digits (pen drawings)."
        " Model 9\\.9\\.9."
    )
    assert line.proto.help == (
        "A convolutional network with 1,234,567 parameters finds the numbers,"
        " and one with 174,058 reads their digits."
    )


def test_the_model_line_of_an_unmeasured_model_tells_only_its_version(model: Path) -> None:
    metadata_file = model.with_suffix(".json")
    metadata = json.loads(metadata_file.read_text("utf-8"))
    unmeasured = {"model_version": "9.9.9", "metrics": {}}
    metadata_file.write_text(json.dumps(metadata | unmeasured), "utf-8")

    assert open_page().caption[0].value == "Model 9\\.9\\.9."


def test_the_page_runs_on_the_model_that_the_environment_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "my_hand"
    folder.mkdir()
    for name in ("digits.onnx", "digits.json"):
        shutil.copy(ARTIFACTS / name, folder)
    metadata = json.loads((folder / "digits.json").read_text("utf-8"))
    metadata["model_version"] = "9.9.9+fine-tuned"
    (folder / "digits.json").write_text(json.dumps(metadata), "utf-8")
    monkeypatch.setenv("DIGITS_MODEL", str(folder / "digits.onnx"))

    line = open_page().caption[0].value.replace("\\", "")

    assert line.endswith("Model “my_hand”, 9.9.9+fine-tuned.")
    assert str(tmp_path.name) not in line


def test_a_model_that_the_environment_names_in_vain_is_a_message_without_its_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIGITS_MODEL", str(tmp_path / "digits.onnx"))

    page = open_page()

    assert page.error[0].value.startswith("No digit can be recognized for now: the model")
    assert str(tmp_path) not in page.error[0].value


def test_the_camera_is_asked_for_only_in_its_tab() -> None:
    page = open_page()
    assert not page.get("camera_input")

    page.session_state["tab"] = "Camera"
    page.run()

    assert page.get("camera_input")
