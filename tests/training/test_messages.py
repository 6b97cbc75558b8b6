"""What the commands of the training tell: messages, the model card, the report."""

import dataclasses
from pathlib import Path
from urllib.error import URLError

import pytest

from tests.training.commands import copy_of_the_model, run
from training import average_numbers, evaluate, export, report, sweep, train, train_numbers
from training.checkpoint import Checkpoint
from training.config import ARTIFACTS, TrainingConfig
from training.export import read_description
from training.synthesis import sheet


@pytest.mark.parametrize(
    ("module", "arguments"),
    [
        (train, []),
        (sweep, []),
        (evaluate, []),
        (train_numbers, []),
        (average_numbers, [ARTIFACTS / "numbers.pt"]),
        (sheet, ["composed.png"]),
    ],
)
def test_without_mnist_and_network_a_command_names_data_dir(
    module,
    arguments: list[object],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    def no_network(*_: object, **__: object) -> None:
        raise URLError("no network")

    monkeypatch.setattr("urllib.request.urlopen", no_network)
    if module not in (evaluate, sheet):
        arguments = [*arguments, "--output", str(tmp_path / "new")]
    with pytest.raises(SystemExit) as ended:
        run(monkeypatch, module, *arguments, "--data-dir", tmp_path)
    assert ended.value.code == 2
    message = capsys.readouterr().err
    assert f"MNIST is not in {tmp_path}" in message
    assert "--data-dir" in message.splitlines()[-1]


@pytest.mark.slow
def test_a_trial_says_in_its_card_that_it_is_one_and_what_it_learned_from(trained: Path):
    description = read_description(trained)
    card = (trained / "MODEL_CARD.md").read_text("utf-8")
    assert description["model_version"].endswith("+trial")
    assert "not the shipped model, but trial" in card
    assert "`subset` 2048 in place of 0" in card
    assert "the first 2,048 images of the MNIST training set" in card


def test_a_fine_tuned_model_says_how_many_drawings_it_learned_from():
    shipped = Checkpoint.load(ARTIFACTS)
    assert "drawings" not in export.data_in_words(shipped)
    tuned = dataclasses.replace(shipped, extra_images=32)
    assert "fine-tuned with 32 drawings" in export.data_in_words(tuned)


def test_the_shipped_recipe_is_no_trial_whatever_its_seed():
    assert not export.is_trial(TrainingConfig(seed=3))
    assert export.is_trial(TrainingConfig(epochs=2))


def test_a_command_ends_by_saying_what_it_wrote_and_what_comes_next(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    copy_of_the_model(tmp_path)
    monkeypatch.setattr(export, "export", lambda _, folder: folder / "digits.onnx")
    run(monkeypatch, export, "--output", tmp_path)
    last = capsys.readouterr().err.splitlines()[-1]
    assert f"python -m training.evaluate --output {tmp_path}" in last


@pytest.mark.parametrize("epochs", [1, 3, 40])
def test_the_axes_of_the_training_curves_have_plain_ticks(epochs: int):
    history = [
        {
            "epoch": epoch,
            "loss": 0.9 / epoch,
            "validation_accuracy": 1 - 0.011 / epoch,
            "augmented_validation_accuracy": 1 - 0.018 / epoch,
        }
        for epoch in range(1, epochs + 1)
    ]
    figure = report.training_figure(history)
    figure.canvas.draw()
    for axes in figure.axes:
        low, high = sorted(axes.get_ylim())
        errors = [label.get_text() for label in axes.get_yticklabels()]
        seen = [float(text) for text in errors if low <= float(text) <= high]
        assert len(seen) >= 1
        low, high = sorted(axes.get_xlim())
        assert all(tick == round(tick) for tick in axes.get_xticks() if low <= tick <= high)
