"""Tries the two graphs of `artifacts/` in every runtime that is installed, and says how far it got.

python -m examples.runtimes

Each runtime gets the same pictures: for `digits.onnx` the ink of digits of several sizes, alone and
in batches; for `numbers.onnx` small pages. What it computes is compared with onnxruntime in Python.
"""

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from importlib import import_module, metadata
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageOps

Levels = NDArray[np.uint8]
Outputs = list[NDArray[np.float32]]
Run = Callable[[Levels], Outputs]

ROOT = Path(__file__).parent.parent

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # onnxruntime is imported without the module


@dataclass(frozen=True)
class Graph:
    """A graph, what to try it with, and how much its outputs may differ.

    Attributes:
        path: Where it is.
        input: The name of its input.
        inputs: What it is tried with.
        tolerances: The largest differences allowed, by the names of its outputs. Sums of float32
            differ with their order, and sizes of boxes multiply that.
    """

    path: Path
    input: str
    inputs: Callable[[], Iterator[Levels]]
    tolerances: Mapping[str, float]


def onnxruntime_python(graph: Graph) -> tuple[str, Run]:
    session = import_module("onnxruntime").InferenceSession(graph.path)
    version = metadata.version("onnxruntime")
    return version, lambda levels: session.run([*graph.tolerances], {graph.input: levels})


def opencv_dnn(graph: Graph) -> tuple[str, Run]:
    cv2 = import_module("cv2")
    network = cv2.dnn.readNetFromONNX(str(graph.path))

    def run(levels: Levels) -> Outputs:
        network.setInput(levels, graph.input)
        return [network.forward(name) for name in graph.tolerances]

    return cv2.__version__, run


def openvino(graph: Graph) -> tuple[str, Run]:
    module = import_module("openvino")
    model = module.Core().compile_model(graph.path, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})

    def run(levels: Levels) -> Outputs:
        outputs = model({graph.input: levels})
        return [outputs[name] for name in graph.tolerances]

    return metadata.version("openvino"), run


def onnx_reference(graph: Graph) -> tuple[str, Run]:
    evaluator = import_module("onnx.reference").ReferenceEvaluator(str(graph.path))
    version = metadata.version("onnx")
    return version, lambda levels: evaluator.run([*graph.tolerances], {graph.input: levels})


def tract(graph: Graph) -> tuple[str, Run]:
    module = import_module("tract")
    model = module.onnx().load(str(graph.path)).into_model().into_runnable()
    count = len(graph.tolerances)  # They are the first ones.
    return metadata.version("tract"), lambda levels: [
        output.to_numpy() for output in model.run([levels])[:count]
    ]


_IN_NODE = """
import { readFile } from "node:fs/promises";
import * as ort from "onnxruntime-node";

const [path, input, file, ...shape] = process.argv.slice(1);
const session = await ort.InferenceSession.create(path);
const levels = new ort.Tensor("uint8", new Uint8Array(await readFile(file)), shape.map(Number));
const outputs = Object.entries(await session.run({ [input]: levels }));
const plain = outputs.map(([name, { dims, data }]) => [name, { dims, data: [...data] }]);
console.log(JSON.stringify(Object.fromEntries(plain)));
"""


def node(graph: Graph) -> tuple[str, Run]:
    package = ROOT / "examples" / "node_modules" / "onnxruntime-node" / "package.json"
    command = shutil.which("node")
    if command is None or not package.is_file():
        raise ModuleNotFoundError("onnxruntime-node")
    script = [command, "--input-type=module", "--eval", _IN_NODE, graph.path, graph.input]

    def run(levels: Levels) -> Outputs:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "levels")
            file.write_bytes(levels.tobytes())
            answer = subprocess.run(  # noqa: S603
                [*script, file, *map(str, levels.shape)],
                cwd=ROOT / "examples",  # where the package is
                capture_output=True,
                check=False,
            )
        if answer.returncode:
            raise RuntimeError(answer.stderr.decode() or f"Node ends with {answer.returncode}")
        outputs = json.loads(answer.stdout)
        return [
            np.array(outputs[name]["data"], np.float32).reshape(outputs[name]["dims"])
            for name in graph.tolerances
        ]

    return json.loads(package.read_text("utf-8"))["version"], run


RUNTIMES: dict[str, Callable[[Graph], tuple[str, Run]]] = {
    "onnxruntime (Python)": onnxruntime_python,
    "onnxruntime-node": node,
    "OpenVINO": openvino,
    "OpenCV's DNN": opencv_dnn,
    "tract": tract,
    "ONNX's reference evaluator": onnx_reference,
}


def _seven(width: int, height: int) -> Image.Image:
    image = Image.new("L", (width, height))
    x, y = width / 10, height / 10
    seven = [(2 * x, 2 * y), (8 * x, 2 * y), (4 * x, 9 * y)]
    ImageDraw.Draw(image).line(seven, fill=255, width=max(1, round(x)))
    return image


def drawings() -> Iterator[Levels]:
    """Batches of ink, (batch, H, W): a seven on canvases of several sizes, and a blank one."""
    shapes = ((1, 28, 28), (1, 280, 280), (3, 280, 280), (2, 200, 64), (1, 1, 1))
    for count, height, width in shapes:
        yield np.stack([np.asarray(_seven(width, height))] * count)


def pages() -> Iterator[Levels]:
    """Pictures, (H, W): sevens in a row, dark on light and light on dark, and blank ones."""
    row = Image.new("L", (140, 60))
    for left in (10, 50, 90):
        row.paste(_seven(36, 48), (left, 6))
    yield np.asarray(ImageOps.invert(row))
    yield np.asarray(row)
    yield np.full((60, 90), 255, np.uint8)
    yield np.zeros((1, 1), np.uint8)


GRAPHS = (
    Graph(ROOT / "artifacts" / "digits.onnx", "ink", drawings, {"probabilities": 1e-4}),
    Graph(
        ROOT / "artifacts" / "numbers.onnx",
        "luminance",
        pages,
        {"boxes": 0.05, "probabilities": 1e-3, "ink": 2.0},
    ),
)


def main() -> None:
    """Prints a table."""
    print("| runtime | version | graph | result |\n|---|---|---|---|")
    for graph in GRAPHS:
        for name, load in RUNTIMES.items():
            version, result = _tried_apart(load, graph)
            print(f"| {name} | {version} | {graph.path.name} | {result} |", flush=True)


def _tried_apart(load: Callable[[Graph], tuple[str, Run]], graph: Graph) -> tuple[str, str]:
    """Tries a runtime in a process of its own, which it may take down."""
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        try:
            return pool.submit(_tried, load, graph).result()
        except BrokenProcessPool:
            return "?", "crashes"


def _tried(load: Callable[[Graph], tuple[str, Run]], graph: Graph) -> tuple[str, str]:
    """The runtime's version and what became of it."""
    try:
        version, run = load(graph)
    except ModuleNotFoundError as error:
        return "–", f"not tried: {error.name or error} is not installed"
    except Exception as error:
        return "?", f"fails to load: {_first_line(error)}"
    _, reference = onnxruntime_python(graph)
    return version, _verdict(run, reference, graph)


def _verdict(run: Run, reference: Run, graph: Graph) -> str:
    largest = dict.fromkeys(graph.tolerances, 0.0)
    for levels in graph.inputs():
        where = f"on {graph.input} of shape {levels.shape}"
        try:
            outputs = run(levels)
        except Exception as error:
            return f"fails {where}: {_first_line(error)}"
        for (name, tolerance), output, expected in zip(
            graph.tolerances.items(), outputs, reference(levels), strict=True
        ):
            if output.shape != expected.shape:
                return f"fails: {name} of shape {output.shape}, not {expected.shape}, {where}"
            difference = _difference(output, expected)
            if not difference <= tolerance:
                return f"fails: {name} differs by {difference:.2g} {where}"
            largest[name] = max(largest[name], difference)
    differences = ", ".join(f"{name} by {difference:.1g}" for name, difference in largest.items())
    return f"works; differs at most in {differences}"


def _difference(output: NDArray[np.float32], expected: NDArray[np.float32]) -> float:
    """The largest difference; of pictures, on average over each, as edges may be in or out."""
    differences = np.abs(output.astype(np.float32) - expected)
    if differences.ndim == 3:
        differences = differences.mean(axis=(1, 2))
    return float(differences.max(initial=0))


def _first_line(error: Exception) -> str:
    return " ".join(str(error).split())[:120].replace("|", "/")


if __name__ == "__main__":
    main()
