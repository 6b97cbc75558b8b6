from pathlib import Path

import pytest
import torch

from tests.training.synthesis.composed import SIZE
from training.data import LabelledInk, load_mnist
from training.synthesis import camera, composer
from training.synthesis.characters import CharacterStock, make_characters
from training.synthesis.composer import Composer, Pictures


@pytest.fixture(scope="package")
def digits(mnist_dir: Path) -> LabelledInk:
    return load_mnist(mnist_dir, train=False).subset(torch.arange(300))


@pytest.fixture(scope="package")
def stock(digits: LabelledInk) -> CharacterStock:
    return make_characters(digits, seed=0, scale=0.005)


@pytest.fixture(scope="package")
def pictures(stock: CharacterStock) -> Pictures:
    return Composer(stock, 0).compose(64, SIZE)


@pytest.fixture
def clean(monkeypatch: pytest.MonkeyPatch):
    """Every picture as a drawing program makes it: black on white, neither blurred nor noisy."""
    monkeypatch.setattr(composer, "CLEAN_SHARE", 1.0)
    for name in ("INVERTED_SHARE", "COMPRESSED_SHARE", "BLURRED_SHARE", "COARSE_SHARE"):
        monkeypatch.setattr(camera, name, 0.0)
