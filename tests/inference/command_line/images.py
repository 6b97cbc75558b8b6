"""A folder of images, and the command line run on it."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from inference import Box, Located, Number, Prediction
from tests.drawings import load_drawings

ROOT = Path(__file__).parents[3]
DRAWINGS = load_drawings()[:3]
COMMAND = [sys.executable, "-m", "inference"]
WAIT_S = 60  # far more than anything here takes, so that a hang ends

posix_only = pytest.mark.skipif(os.name != "posix", reason="Windows has no such signals or pipes")


def names(output: str) -> list[str]:
    return [Path(json.loads(line)["image"]).as_posix() for line in output.splitlines()]


def digits(output: str) -> list[int]:
    return [json.loads(line)["digit"] for line in output.splitlines()]


def run_in(
    folder: Path, command: list[str], stdin: bytes = b""
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(  # noqa: S603
        command,
        input=stdin,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=False,
        timeout=WAIT_S,
    )


def a_number(text: str, box: Box, *, is_sure: bool = True) -> Number:
    """A number with one digit for each of the text's."""
    digits = tuple(
        Located(box, Prediction(int(digit), 0.9, (0.1,) * 10, True, np.zeros((28, 28), np.float32)))
        for digit in text
        if digit.isdecimal()
    )
    return Number(text, 0.875, is_sure, box, digits, ())


PRICE = a_number("12.50", Box(3, 20, 130, 40))

Shows = Callable[..., None]
