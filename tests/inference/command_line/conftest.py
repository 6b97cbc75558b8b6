import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from inference import DigitRecognizer, Number
from tests.inference.command_line.images import COMMAND, DRAWINGS, Shows, run_in


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, with digits in `drawn/` and below it, and things that are no image."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "drawn" / "more").mkdir(parents=True)
    for drawing, path in zip(DRAWINGS, ("a.png", "b.JPG", "more/c.gif"), strict=True):
        drawing.render().save(tmp_path / "drawn" / path)
    (tmp_path / "drawn" / "notes.txt").write_text("no image")
    (tmp_path / "empty").mkdir()
    return tmp_path


@pytest.fixture
def run(folder: Path) -> Any:
    """Runs the command in a process of its own, in the folder."""

    def run(*arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        return run_in(folder, [*COMMAND, *arguments], stdin)

    return run


@pytest.fixture
def noise(folder: Path) -> Path:
    """An image that the model is not sure of."""
    levels = np.random.default_rng(0).integers(0, 256, (12, 12), np.uint8)
    Image.fromarray(levels).save(folder / "noise.png")
    return folder / "noise.png"


@pytest.fixture
def shows(monkeypatch: pytest.MonkeyPatch) -> Shows:
    """Lets every image show these numbers."""

    def shows(*numbers: Number) -> None:
        monkeypatch.setattr(DigitRecognizer, "read_numbers", lambda *_: list(numbers))

    return shows
