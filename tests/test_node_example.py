"""examples/node.mjs: the graph in Node gives what it gives in Python."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

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


def run_node(node: str, image: Path) -> dict[str, Any]:
    result = subprocess.run(  # noqa: S603
        [node, EXAMPLES / "node.mjs", image], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


@pytest.mark.parametrize("drawing", load_drawings()[::8], ids=str)
def test_node_answers_as_python_does(
    drawing: Drawing, node: str, tmp_path: Path, recognizer: DigitRecognizer
):
    image = ImageOps.invert(drawing.render())
    image.save(tmp_path / "digit.pgm")
    answer = run_node(node, tmp_path / "digit.pgm")
    assert answer["digit"] == drawing.label
    # Both compute in float32, perhaps by different versions of the same kernels.
    expected = recognizer.predict(image).probabilities
    np.testing.assert_allclose(answer["probabilities"], expected, atol=1e-4)


def test_a_comment_in_the_image_is_skipped(node: str, tmp_path: Path):
    drawing = load_drawings()[0]
    ImageOps.invert(drawing.render()).save(tmp_path / "digit.pgm")
    plain = (tmp_path / "digit.pgm").read_bytes()
    (tmp_path / "commented.pgm").write_bytes(
        plain.replace(b"P5\n", b"P5\n# drawn by hand\n# 7 7\n")
    )
    assert run_node(node, tmp_path / "commented.pgm") == run_node(node, tmp_path / "digit.pgm")
