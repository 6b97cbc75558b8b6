import shutil
from pathlib import Path

import pytest

from tests.inference.copies import ARTIFACTS


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A copy of the shipped model with its metadata, for a test to damage."""
    for name in ("digits.onnx", "digits.json"):
        shutil.copy(ARTIFACTS / name, tmp_path / name)
    return tmp_path / "digits.onnx"
