import pytest

from tests.training.synthesis.composed import SIZE
from training.synthesis import camera, composer
from training.synthesis.characters import CharacterStock
from training.synthesis.composer import Composer, Pictures


@pytest.fixture(scope="package")
def pictures(stock: CharacterStock) -> Pictures:
    return Composer(stock, 0).compose(64, SIZE)


@pytest.fixture
def clean(monkeypatch: pytest.MonkeyPatch):
    """Every picture as a drawing program makes it: black on white, neither blurred nor noisy."""
    monkeypatch.setattr(composer, "CLEAN_SHARE", 1.0)
    for name in ("INVERTED_SHARE", "COMPRESSED_SHARE", "BLURRED_SHARE", "COARSE_SHARE"):
        monkeypatch.setattr(camera, name, 0.0)
