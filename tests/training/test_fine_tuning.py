"""Drawings of one's own, learned from."""

from pathlib import Path

import pytest
import torch

from inference import DigitRecognizer
from tests.drawings import load_drawings
from tests.training.commands import QUICK_FLAGS, run, save_drawings
from training import train
from training.checkpoint import Checkpoint
from training.config import ARTIFACTS
from training.data import LabelledInk
from training.fine_tuning import load_extra


@pytest.mark.slow
def test_fine_tuning_learns_a_hand_of_ones_own_and_says_so(
    trained: Path,
    tmp_path: Path,
    mnist_dir: Path,
    mnist_test: LabelledInk,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    # A writer who lays every digit on its side, which no augmentation does.
    digits = mnist_test.subset(torch.arange(40))
    save_drawings(LabelledInk(digits.ink.rot90(1, (1, 2)), digits.labels), tmp_path / "extra")
    monkeypatch.setattr(train, "evaluate_trained", lambda *_: None)  # as after every training
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
