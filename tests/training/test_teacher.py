"""The larger network that the digit network learns from."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from tests.training.commands import BLANK, QUICK, saved_teacher
from training.data import load_mnist
from training.files import DamagedFileError
from training.learning import digit_targets, train
from training.model import DigitCNN, parameter_count
from training.synthesis.non_digits import NO_DIGIT
from training.teacher import TeacherCNN, load_or_train_teacher

CPU = torch.device("cpu")
TAUGHT = replace(QUICK, epochs=1, subset=512, teacher_share=1.0, teacher_epochs=1)


def test_a_teacher_is_larger_than_the_digit_network():
    assert parameter_count(TeacherCNN()) > 3 * parameter_count(DigitCNN())
    assert TeacherCNN()(torch.zeros(2, 28, 28)).shape == (2, 10)


def test_without_a_share_there_is_no_teacher(tmp_path: Path):
    file = tmp_path / "teacher.pt"
    assert load_or_train_teacher(file, replace(TAUGHT, teacher_share=0.0), BLANK, CPU) is None
    assert not file.exists()


@pytest.mark.slow
@pytest.mark.usefixtures("quick")
def test_a_teacher_is_trained_once_and_taught_by_the_labels_alone(tmp_path: Path, mnist_dir: Path):
    training_set = load_mnist(mnist_dir, train=True)
    file = tmp_path / "runs" / "teacher.pt"
    first = load_or_train_teacher(file, TAUGHT, training_set, CPU)
    assert first
    assert torch.load(file)["config"]["teacher_share"] == 0
    # There is nothing to train on: it comes from the file, whichever seed learns from it.
    again = load_or_train_teacher(file, replace(TAUGHT, seed=5), BLANK, CPU)
    assert again
    assert not again.training
    for name, weights in first.state_dict().items():
        assert torch.equal(weights, again.state_dict()[name]), name


def test_a_teacher_with_other_settings_is_refused(tmp_path: Path):
    file = tmp_path / "teacher.pt"
    saved_teacher(file, TAUGHT)
    assert load_or_train_teacher(file, TAUGHT, BLANK, CPU)
    with pytest.raises(ValueError, match="other settings; remove it or choose --teacher"):
        load_or_train_teacher(file, replace(TAUGHT, teacher_epochs=2), BLANK, CPU)


def test_a_damaged_teacher_is_named(tmp_path: Path):
    file = tmp_path / "teacher.pt"
    saved_teacher(file, TAUGHT)
    file.write_bytes(file.read_bytes()[:1000])
    with pytest.raises(DamagedFileError, match=r"teacher\.pt is damaged .*trained again"):
        load_or_train_teacher(file, TAUGHT, BLANK, CPU)


class _Always(torch.nn.Module):
    """Takes everything for a 3, or as surely for a 5."""

    def forward(self, normalized: Tensor) -> Tensor:
        logits = torch.full((len(normalized), 10), -100.0)
        logits[:, [3, 5]] = 7.0
        return logits


LABELS = torch.tensor([3, NO_DIGIT, 8])


def test_without_a_teacher_the_labels_are_the_targets():
    targets = digit_targets(None, torch.zeros(3, 28, 28), LABELS, TAUGHT)
    assert targets.tolist() == [3, 8]


@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_a_teacher_says_its_share_of_the_targets_and_nothing_of_what_is_no_digit(share: float):
    config = replace(TAUGHT, teacher_share=share)
    targets = digit_targets(_Always(), torch.zeros(3, 28, 28), LABELS, config)
    expected = torch.zeros(2, 10)
    expected[0, 3] = expected[1, 8] = 1 - share
    expected[:, [3, 5]] += share / 2
    torch.testing.assert_close(targets, expected)


@pytest.mark.slow
@pytest.mark.usefixtures("quick")
def test_the_network_learns_what_the_teacher_says_and_not_the_labels(mnist_dir: Path):
    training_set = load_mnist(mnist_dir, train=True)
    taught = train(replace(TAUGHT, epochs=3), training_set, CPU, teacher=_Always())
    with torch.no_grad():
        probabilities, *_ = taught.graph(training_set.ink[:100])
    assert set(probabilities.argmax(dim=1).tolist()) <= {3, 5}
