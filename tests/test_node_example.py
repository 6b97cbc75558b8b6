"""examples/node.mjs: the graph in Node gives what it gives in Python."""

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import ImageOps

from inference import DigitRecognizer
from tests.drawings import Drawing, load_drawings
from tests.needs import skip_unless_ci

EXAMPLES = Path(__file__).parent.parent / "examples"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def node() -> str:
    command = shutil.which("node")
    if command is None:
        skip_unless_ci("node is not installed")
    if not (EXAMPLES / "node_modules" / "onnxruntime-node").is_dir():
        skip_unless_ci("onnxruntime-node is missing: npm ci --prefix examples --ignore-scripts")
    return command


@pytest.mark.parametrize("drawing", load_drawings()[::8], ids=str)
def test_node_answers_as_python_does(
    drawing: Drawing, node: str, tmp_path: Path, recognizer: DigitRecognizer
):
    image = ImageOps.invert(drawing.render())
    image.save(tmp_path / "digit.pgm")
    result = subprocess.run(  # noqa: S603
        [node, EXAMPLES / "node.mjs", tmp_path / "digit.pgm"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    answer = json.loads(result.stdout)
    assert answer["digit"] == drawing.label
    # Both compute in float32, perhaps by different versions of the same kernels.
    expected = recognizer.predict(image).probabilities
    np.testing.assert_allclose(answer["probabilities"], expected, atol=1e-4)
