from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from tests.drawings import load_drawings
from tests.training.commands import QUICK_FLAGS, run
from tests.training.evaluation.scripted import labelled
from training import evaluate, learning, train
from training.data import LabelledInk, split_training_set
from training.evaluation import robustness
from training.synthesis.characters import CharacterStock, make_characters


@pytest.fixture(scope="package")
def quick() -> Iterator[pytest.MonkeyPatch]:
    """Little is validated and measured on, but some of every kind."""

    def split(training_set: LabelledInk) -> tuple[LabelledInk, LabelledInk]:
        digits, validation = split_training_set(training_set)
        return digits, validation.subset(torch.arange(500))

    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(learning, "split_training_set", split)
        monkeypatch.setattr(evaluate, "SCRAWL_COUNT", 4)
        monkeypatch.setattr(robustness, "IMAGE_COUNT", 20)
        yield monkeypatch


@pytest.fixture(scope="package")
def trained(
    tmp_path_factory: pytest.TempPathFactory, mnist_dir: Path, quick: pytest.MonkeyPatch
) -> Path:
    """The artifacts of one quick run of the training command."""
    folder = tmp_path_factory.mktemp("artifacts")
    arguments = (*QUICK_FLAGS, "--output", folder, "--data-dir", mnist_dir, "--device", "cpu")
    run(quick, train, *arguments)
    return folder


@pytest.fixture(scope="package")
def digits(mnist_test: LabelledInk) -> LabelledInk:
    return mnist_test.subset(torch.arange(300))


@pytest.fixture(scope="package")
def stock(digits: LabelledInk) -> CharacterStock:
    return make_characters(digits, seed=0, scale=0.005)


@pytest.fixture(scope="module")
def digits_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tests' own drawings of one stroke, by two writers: even and odd digits."""
    folder = tmp_path_factory.mktemp("parent") / "digits"
    for index, drawing in enumerate(load_drawings()):
        if len(drawing.strokes) == 1:
            path = folder / str(drawing.label)
            path.mkdir(parents=True, exist_ok=True)
            writer = "odd" if drawing.label % 2 else "even"
            drawing.render(140, 9).save(path / f"{writer}-{index}.png")
    return folder


@pytest.fixture
def mixed(tmp_path: Path) -> Path:
    rows = "path,label,kind\na.png,5,digit\nb.png,12,number\nc.png,34,number\nd.png,1/2,many\n"
    return labelled(tmp_path / "mixed", rows, ["a.png", "b.png", "c.png", "d.png"])
