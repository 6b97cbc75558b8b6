"""The whole road on a small subset: train, export, evaluate, report."""

import dataclasses
import shutil
import sys
from pathlib import Path
from typing import Any
from urllib.error import URLError

import pytest
import torch
from PIL import Image

from inference import DigitRecognizer
from tests.drawings import load_drawings
from training import evaluate, export, learning, report, sweep, train, train_numbers
from training.checkpoint import Checkpoint
from training.config import ARTIFACTS, TrainingConfig
from training.data import VALIDATION_COUNT, LabelledInk, load_mnist, split_training_set
from training.export import read_description
from training.fine_tuning import load_extra
from training.model import DigitCNN, parameter_count
from training.synthesis import sheet

QUICK = TrainingConfig(epochs=3, subset=2048, batch_size=64, average_decay=0.9)
QUICK_FLAGS = [f"--{name.replace('_', '-')}={value}" for name, value in QUICK.to_dict().items()]


BLANK = LabelledInk(torch.zeros(2, 28, 28).byte(), torch.tensor([3, 7]))


def run(monkeypatch: pytest.MonkeyPatch, module, *arguments: object) -> None:
    monkeypatch.setattr(sys, "argv", ["command", *map(str, arguments)])
    module.main()


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, mnist_dir: Path) -> Path:
    """The artifacts of one quick run of the training command."""
    folder = tmp_path_factory.mktemp("artifacts")
    with pytest.MonkeyPatch.context() as monkeypatch:
        arguments = (*QUICK_FLAGS, "--output", folder, "--data-dir", mnist_dir, "--device", "cpu")
        run(monkeypatch, train, *arguments)
    return folder


def test_training_writes_every_artifact(trained: Path):
    assert {path.name for path in trained.iterdir()} == {
        "digits.onnx",
        "digits.json",
        "digits.pt",
        "REPORT.md",
        "MODEL_CARD.md",
        "confusion_matrix.png",
        "training_curves.png",
        "mistakes.png",
        "risk_coverage.png",
        "robustness.png",
        "styles.png",
        "shapes.png",
    }


def test_even_a_quick_run_learns(trained: Path):
    # A few passes over 2,048 images read far more than the 10 % of guessing.
    assert DigitRecognizer(trained / "digits.onnx").metadata.metrics["mnist_test"]["accuracy"] > 0.5


def test_the_settings_of_the_run_are_kept(trained: Path):
    checkpoint = Checkpoint.load(trained)
    assert checkpoint.config == QUICK
    assert set(checkpoint.versions) == {"python", "torch", "torchvision"}


def test_the_same_seed_gives_the_same_weights(trained: Path, mnist_dir: Path):
    first = Checkpoint.load(trained)
    training_set = load_mnist(mnist_dir, train=True)
    again = learning.train(first.config, training_set, torch.device("cpu"))
    for name, weights in first.graph.state_dict().items():
        assert torch.equal(weights, again.graph.state_dict()[name]), name


def test_exporting_again_gives_the_same_file(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "digits.pt").write_bytes((trained / "digits.pt").read_bytes())
    run(monkeypatch, export, "--output", tmp_path)
    assert (tmp_path / "digits.onnx").read_bytes() == (trained / "digits.onnx").read_bytes()


def test_a_fresh_export_claims_no_figures(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "digits.pt").write_bytes((trained / "digits.pt").read_bytes())
    run(monkeypatch, export, "--output", tmp_path)
    assert DigitRecognizer(tmp_path / "digits.onnx").metadata.metrics == {}


def test_evaluation_measures_a_folder_of_drawings(
    trained: Path, tmp_path: Path, mnist_dir: Path, monkeypatch: pytest.MonkeyPatch
):
    save_drawings(load_mnist(mnist_dir, train=False).subset(torch.arange(20)), tmp_path)
    run(
        monkeypatch,
        evaluate,
        *("--output", trained, "--data-dir", mnist_dir),
        *("--drawings", tmp_path, "--source", "twenty test digits"),
    )
    metrics = DigitRecognizer(trained / "digits.onnx").metadata.metrics
    assert metrics["drawings"]["data"] == "pen drawings: twenty test digits"
    assert metrics["drawings"]["images"] == 20
    assert "twenty test digits" in (trained / "REPORT.md").read_text(encoding="utf-8")


def test_evaluation_names_a_drawing_that_cannot_be_read(
    trained: Path,
    tmp_path: Path,
    mnist_dir: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    (tmp_path / "7").mkdir()
    Image.new("L", (28, 28), 255).save(tmp_path / "7" / "blank.png")
    flags = ("--output", trained, "--data-dir", mnist_dir, "--drawings", tmp_path)
    with pytest.raises(SystemExit):
        run(monkeypatch, evaluate, *flags)
    assert f"{tmp_path / '7' / 'blank.png'}: the image is blank" in capsys.readouterr().err


@pytest.mark.parametrize("command", [evaluate, export])
def test_a_folder_without_a_model_is_named(
    command: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    with pytest.raises(SystemExit):
        run(monkeypatch, command, "--output", tmp_path / "nowhere")
    assert "nowhere" in capsys.readouterr().err


def test_a_sweep_reports_every_seed_and_ships_the_best_on_validation(
    trained: Path, tmp_path: Path, mnist_dir: Path, monkeypatch: pytest.MonkeyPatch
):
    first = tmp_path / "runs" / "seed-0"
    first.mkdir(parents=True)
    (first / "digits.pt").write_bytes((trained / "digits.pt").read_bytes())
    run(
        monkeypatch,
        sweep,
        *("--seeds", 2, "--runs", tmp_path / "runs", "--output", tmp_path / "artifacts"),
        *(*QUICK_FLAGS, "--data-dir", mnist_dir, "--device", "cpu"),
    )
    rows = read_description(tmp_path / "artifacts")["metrics"]["seeds"]["runs"]
    assert [row["seed"] for row in rows] == [0, 1]
    best = sweep.best_on_validation(rows)
    assert Checkpoint.load(tmp_path / "artifacts").config.seed == best
    assert "2 seeds: mean" in (tmp_path / "artifacts" / "MODEL_CARD.md").read_text("utf-8")


def test_a_sweep_refuses_a_run_with_other_settings(trained: Path, mnist_dir: Path):
    other = TrainingConfig(epochs=1)
    training_set = load_mnist(mnist_dir, train=True)
    with pytest.raises(ValueError, match="other settings"):
        sweep.trained_run(other, trained, training_set, torch.device("cpu"))


def save_drawings(digits: LabelledInk, folder: Path) -> None:
    for index in range(len(digits)):
        place = folder / str(digits.labels[index].item())
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(255 - digits.ink[index].numpy()).save(place / f"{index}.png")


def test_fine_tuning_learns_a_hand_of_ones_own_and_says_so(
    trained: Path,
    tmp_path: Path,
    mnist_dir: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    # A writer who lays every digit on its side, which no augmentation does.
    digits = load_mnist(mnist_dir, train=False).subset(torch.arange(40))
    save_drawings(LabelledInk(digits.ink.rot90(1, (1, 2)), digits.labels), tmp_path / "extra")
    run(
        monkeypatch,
        train,
        *("--extra", tmp_path / "extra", "--weights", trained, "--output", tmp_path / "mine"),
        *(*QUICK_FLAGS, "--data-dir", mnist_dir, "--device", "cpu"),
    )
    table = capsys.readouterr().out.splitlines()[-4:]
    assert [line.split()[0] for line in table] == ["images", "drawings", "drawings", "MNIST's"]
    images, before, after = table[1].split()[-3:]
    assert int(images) == 32  # a fifth of the 40 is held out
    assert float(after.rstrip("%")) > float(before.rstrip("%")) + 10
    tuned = DigitRecognizer(tmp_path / "mine" / "digits.onnx").metadata
    assert tuned.model_version.endswith("+fine-tuned")
    assert Checkpoint.load(tmp_path / "mine").extra_images == 32


def test_a_bad_drawing_to_fine_tune_on_is_named_and_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    ink = torch.zeros(2, 28, 28).byte()
    ink[1, 4:24, 12:15] = 255
    save_drawings(LabelledInk(ink, torch.tensor([3, 1])), tmp_path)
    (tmp_path / "3" / "text.png").write_text("no picture")

    extra = load_extra(tmp_path, Checkpoint.load(ARTIFACTS))

    assert extra.labels.tolist() == [1]
    message = capsys.readouterr().err
    assert "0.png: the image is blank" in message
    assert "text.png: the file" in message


def test_only_bad_drawings_to_fine_tune_on_are_refused(tmp_path: Path):
    save_drawings(LabelledInk(torch.zeros(1, 28, 28).byte(), torch.tensor([3])), tmp_path)
    with pytest.raises(ValueError, match="none of the drawings"):
        load_extra(tmp_path, Checkpoint.load(ARTIFACTS))


def test_a_picture_in_the_wrong_folder_is_named_and_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    drawings = {str(drawing): drawing for drawing in load_drawings()}
    for folder in ("1", "7"):
        (tmp_path / folder).mkdir()
        drawings["7 crossed"].render().save(tmp_path / folder / "drawn.png")

    extra = load_extra(tmp_path, Checkpoint.load(ARTIFACTS))

    assert extra.labels.tolist() == [1, 7]
    looked_at = [line for line in capsys.readouterr().err.splitlines() if "look again" in line]
    assert len(looked_at) == 1
    assert str(tmp_path / "1" / "drawn.png") in looked_at[0]
    assert f"sure of a 7; if it is one, move the file to {tmp_path / '7'}" in looked_at[0]


def test_a_picture_in_a_folder_of_no_digit_is_named_and_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    for folder in ("7", "seven"):
        (tmp_path / folder).mkdir()
        load_drawings()[0].render().save(tmp_path / folder / "drawn.png")
    assert len(load_extra(tmp_path, Checkpoint.load(ARTIFACTS))) == 1
    assert f"left out: {tmp_path / 'seven' / 'drawn.png'}" in capsys.readouterr().err


@pytest.mark.parametrize(("count", "is_said"), [(19, True), (20, False)])
def test_too_few_drawings_are_said_to_be(
    count: int, is_said: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    (tmp_path / "7").mkdir()
    for index in range(count):
        load_drawings()[0].render(56, 4).save(tmp_path / "7" / f"{index}.png")
    load_extra(tmp_path, Checkpoint.load(ARTIFACTS))
    assert (f"{count} drawings are too few" in capsys.readouterr().err) == is_said


def test_a_folder_without_drawings_is_refused_before_any_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    (tmp_path / "digit.png").touch()
    with pytest.raises(SystemExit):
        run(monkeypatch, train, "--drawings", tmp_path)
    assert "expected pictures at <label 0-9>/<image>" in capsys.readouterr().err


def refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], module, *flags: object
) -> str:
    """What a command says about flags that it refuses before any work."""

    def too_late(*_: object) -> None:
        raise AssertionError("the work was begun")

    monkeypatch.setattr(module, "load_mnist", too_late)
    with pytest.raises(SystemExit) as ended:
        run(monkeypatch, module, *flags)
    assert ended.value.code == 2
    return capsys.readouterr().err


@pytest.mark.parametrize("module", [train, sweep])
def test_an_output_that_cannot_be_written_is_refused(
    module,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    (tmp_path / "file").touch()
    assert "file" in refused(monkeypatch, capsys, module, "--output", tmp_path / "file")


@pytest.mark.parametrize(
    ("module", "flag", "complaint"),
    [
        (train, "--weights=mine", "without --extra it does nothing"),
        (train, "--device=nonsense", "nonsense cannot be used here"),
        (train, "--learning-rate=nan", "learning_rate must be above 0"),
        (sweep, "--seeds=0", "--seeds must be at least 1"),
    ],
)
def test_flags_that_cannot_work_are_refused(
    module,
    flag: str,
    complaint: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    assert complaint in refused(monkeypatch, capsys, module, flag)


def test_an_export_that_fails_leaves_the_model_as_it_was(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def disagree(*_: object) -> None:
        raise RuntimeError("PyTorch and ONNX disagree")

    folder = tmp_path / "model"
    shutil.copytree(trained, folder)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    monkeypatch.setattr(export, "check_parity", disagree)
    with pytest.raises(RuntimeError, match="disagree"):
        run(monkeypatch, export, "--output", folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_a_picture_that_cannot_be_measured_after_training_says_how_to_go_on(
    trained: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    (tmp_path / "7").mkdir()
    (tmp_path / "7" / "broken.png").write_bytes(b"\x89PNG")
    checkpoint = Checkpoint.load(trained)
    monkeypatch.setattr(train, "train", lambda *_: checkpoint)
    monkeypatch.setattr(train, "load_mnist", lambda *_, **__: None)
    monkeypatch.setattr(evaluate, "load_mnist", lambda *_, **__: BLANK)
    with pytest.raises(SystemExit):
        run(monkeypatch, train, "--output", tmp_path / "new", "--drawings", tmp_path)
    message = capsys.readouterr().err
    assert "broken.png" in message
    assert f"python -m training.evaluate --output {tmp_path / 'new'}" in message
    assert DigitRecognizer(tmp_path / "new" / "digits.onnx").metadata.metrics == {}


@pytest.mark.parametrize("steps", range(1, 12))
def test_the_learning_rate_ends_near_nothing_after_any_number_of_steps(steps: int):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)])
    schedule = learning.one_cycle(optimizer, 1.0, steps)
    rates = [schedule.get_last_lr()[0]]
    for _ in range(steps - 1):
        optimizer.step()
        schedule.step()
        rates.append(schedule.get_last_lr()[0])
    assert max(rates) <= 1
    assert rates[-1] < 1e-3


@pytest.mark.parametrize("flag", ["--epochs=0", "--dropout=1", "--learning-rate=-1", "--seed=-1"])
def test_a_setting_out_of_range_is_refused(
    flag: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    with pytest.raises(SystemExit):
        run(monkeypatch, train, flag)
    assert "must" in capsys.readouterr().err


@pytest.mark.parametrize("module", [train, export, evaluate, sweep])
def test_every_flag_has_help(
    module, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    with pytest.raises(SystemExit):
        run(monkeypatch, module, "--help")
    assert "--output FOLDER" in capsys.readouterr().out


def test_the_network_is_the_fixed_architecture():
    layers = [
        (type(layer).__name__, tuple(layer.weight.shape))
        for layer in DigitCNN().modules()
        if isinstance(layer, torch.nn.Conv2d | torch.nn.Linear)
    ]
    assert layers == [
        ("Conv2d", (16, 1, 3, 3)),
        ("Conv2d", (32, 16, 3, 3)),
        ("Conv2d", (64, 32, 3, 3)),
        ("Linear", (256, 576)),
        ("Linear", (10, 256)),
    ]
    assert [layer.p for layer in DigitCNN().modules() if isinstance(layer, torch.nn.Dropout)] == [
        0.5
    ]
    assert parameter_count(DigitCNN()) == 173_802


def test_validation_images_are_always_the_same_and_never_learned(mnist_dir: Path):
    training_set = load_mnist(mnist_dir, train=True)
    learning, validation = split_training_set(training_set)
    again = split_training_set(training_set)[1]
    assert len(validation) == VALIDATION_COUNT
    assert len(learning) + len(validation) == len(training_set)
    assert torch.equal(validation.ink, again.ink)
    learned = {image.numpy().tobytes() for image in learning.ink}
    assert not any(image.numpy().tobytes() in learned for image in validation.ink)


@pytest.mark.parametrize(
    ("module", "arguments"),
    [
        (train, []),
        (sweep, []),
        (evaluate, []),
        (train_numbers, []),
        (sheet, ["composed.png"]),
    ],
)
def test_without_mnist_and_network_a_command_names_data_dir(
    module,
    arguments: list[str],
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
    trained: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    shutil.copy(trained / "digits.pt", tmp_path)
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
            "redrawn_validation_accuracy": 1 - 0.018 / epoch,
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
