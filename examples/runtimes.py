"""Tries `artifacts/digits.onnx` in every runtime that is installed, and says how far it got.

python -m examples.runtimes

Each runtime gets the same ink: digits of several sizes, alone and in batches. What it computes is
compared with onnxruntime in Python.
"""

import json
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from importlib import import_module, metadata
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

Ink = NDArray[np.uint8]
Run = Callable[[Ink], NDArray[np.float32]]

ROOT = Path(__file__).parent.parent
MODEL = ROOT / "artifacts" / "digits.onnx"
TOLERANCE = 1e-4  # float32, summed in another order


def onnxruntime_python() -> tuple[str, Run]:
    session = import_module("onnxruntime").InferenceSession(MODEL)
    version = metadata.version("onnxruntime")
    return version, lambda ink: session.run(["probabilities"], {"ink": ink})[0]


def opencv_dnn() -> tuple[str, Run]:
    cv2 = import_module("cv2")
    network = cv2.dnn.readNetFromONNX(str(MODEL))

    def run(ink: Ink) -> NDArray[np.float32]:
        network.setInput(ink, "ink")
        return network.forward("probabilities")

    return cv2.__version__, run


def openvino() -> tuple[str, Run]:
    module = import_module("openvino")
    model = module.Core().compile_model(MODEL, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return metadata.version("openvino"), lambda ink: model({"ink": ink})["probabilities"]


def onnx_reference() -> tuple[str, Run]:
    evaluator = import_module("onnx.reference").ReferenceEvaluator(str(MODEL))
    return metadata.version("onnx"), lambda ink: evaluator.run(["probabilities"], {"ink": ink})[0]


def tract() -> tuple[str, Run]:
    module = import_module("tract")
    model = module.onnx().load(str(MODEL)).into_model().into_runnable()
    return metadata.version("tract"), lambda ink: model.run([ink])[0].to_numpy()


def node() -> tuple[str, Run]:
    package = ROOT / "examples" / "node_modules" / "onnxruntime-node" / "package.json"
    command = shutil.which("node")
    if command is None or not package.is_file():
        raise ModuleNotFoundError("onnxruntime-node")
    return json.loads(package.read_text("utf-8"))["version"], lambda ink: np.concatenate(
        [_in_node(command, image) for image in ink]
    )


def _in_node(command: str, ink: Ink) -> NDArray[np.float32]:
    """One image, (H, W) → (1, 10)."""
    with tempfile.TemporaryDirectory() as folder:
        image = Path(folder, "digit.pgm")
        Image.fromarray(ink).save(image)
        script = ROOT / "examples" / "node.mjs"
        answer = subprocess.run([command, script, image], capture_output=True, check=True)  # noqa: S603
    return np.array([json.loads(answer.stdout)["probabilities"]], np.float32)


RUNTIMES: dict[str, Callable[[], tuple[str, Run]]] = {
    "onnxruntime (Python)": onnxruntime_python,
    "onnxruntime-node": node,
    "OpenVINO": openvino,
    "OpenCV's DNN": opencv_dnn,
    "tract": tract,
    "ONNX's reference evaluator": onnx_reference,
}


def drawings() -> Iterator[Ink]:
    """Batches of ink, (batch, H, W): a seven on canvases of several sizes, and a blank one."""
    shapes = ((1, 28, 28), (1, 280, 280), (3, 280, 280), (2, 200, 64), (1, 1, 1))
    for count, height, width in shapes:
        image = Image.new("L", (width, height))
        x, y = width / 10, height / 10
        seven = [(2 * x, 2 * y), (8 * x, 2 * y), (4 * x, 9 * y)]
        ImageDraw.Draw(image).line(seven, fill=255, width=max(1, round(x)))
        yield np.stack([np.asarray(image)] * count)


def main() -> None:
    """Prints a table."""
    reference = onnxruntime_python()[1]
    print("| runtime | version | result |\n|---|---|---|")
    for name, load in RUNTIMES.items():
        try:
            version, run = load()
        except ModuleNotFoundError as error:
            print(f"| {name} | – | not tried: {error.name or error} is not installed |")
        except Exception as error:
            print(f"| {name} | ? | fails to load: {_first_line(error)} |")
        else:
            print(f"| {name} | {version} | {_verdict(run, reference)} |")


def _verdict(run: Run, reference: Run) -> str:
    largest = 0.0
    for ink in drawings():
        try:
            probabilities = run(ink)
        except Exception as error:
            return f"fails on ink of shape {ink.shape}: {_first_line(error)}"
        difference = float(np.abs(probabilities - reference(ink)).max())
        if not difference <= TOLERANCE:
            return f"fails: differs by {difference:.2g} on ink of shape {ink.shape}"
        largest = max(largest, difference)
    return f"works, differs by {largest:.1g} at most"


def _first_line(error: Exception) -> str:
    return " ".join(str(error).split())[:120].replace("|", "/")


if __name__ == "__main__":
    main()
