"""Measures how fast the exported model and the inference module are, and how much they need.

    python -m training.benchmark

writes `BENCHMARK.md`, `benchmark.json` and `benchmark.png`. Machines differ and are noisy, so the
ratios count. Both sides of a comparison are timed in turns: a machine that is slow for a while is
slow for both. A ratio is the median over the turns. The floor is the CNN alone, without the
normalizer, in onnxruntime.
"""

import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import torch
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from tqdm import tqdm

from inference import DigitRecognizer, ImageSource, InferenceError, ModelOutput
from inference.stream import map_in_order
from training.checkpoint import Checkpoint, library_versions
from training.config import add_folder_flag, command_line_parser, say
from training.export import MODEL_NAME, open_session
from training.files import DamagedFileError
from training.report import DOTS_PER_INCH, markdown_table

ROUNDS = 25
"""Turns that each side of a comparison gets."""

TURN_SECONDS = 0.02
STREAM_IMAGES = 4_096
"""Two and four cores get equal shares of them, even in the largest batches."""

STREAM_FILES = 512

Work = Callable[[], object]

_COLD_ONNXRUNTIME = """
from inference import DigitRecognizer
import numpy as np
DigitRecognizer({model!r}).predict(np.eye(28, dtype=np.uint8) * 255)
"""

_COLD_PYTORCH = """
import torch
from pathlib import Path
from training.checkpoint import Checkpoint
with torch.no_grad():
    Checkpoint.load(Path({folder!r})).graph(torch.eye(28).mul(255).byte().unsqueeze(0))
"""

_MEMORY = (
    _COLD_ONNXRUNTIME
    + """
status = open("/proc/self/status").read()
print(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS")))
"""
)


def in_turns(*sides: Work) -> list[list[float]]:
    """Times several sides of a comparison in turns; the seconds of one call of each, by turn."""
    calls = [_calls_a_turn(side) for side in sides]
    seconds: list[list[float]] = [[] for _ in sides]
    for _ in range(ROUNDS):
        for side, count, measured in zip(sides, calls, seconds, strict=True):
            measured.append(_seconds(side, count) / count)
    return seconds


class _TimedRecognizer(DigitRecognizer):
    """Adds up the seconds that the graph takes."""

    run_seconds = 0.0

    def run(self, ink: NDArray[np.uint8]) -> ModelOutput:
        start = time.perf_counter()
        output = super().run(ink)
        self.run_seconds += time.perf_counter() - start
        return output


def whole_and_run(recognizer: _TimedRecognizer, image: ImageSource) -> list[list[float]]:
    """Seconds of a prediction, by turn, and of the run of the graph within it.

    Run by itself, over and over, the graph is faster: it has the processor's caches to itself.
    """

    def predict() -> object:
        return recognizer.predict(image)

    count = _calls_a_turn(predict)
    whole: list[float] = []
    run: list[float] = []
    for _ in range(ROUNDS):
        recognizer.run_seconds = 0.0
        whole.append(_seconds(predict, count) / count)
        run.append(recognizer.run_seconds / count)
    return [whole, run]


def _seconds(work: Work, count: int) -> float:
    start = time.perf_counter()
    for _ in range(count):
        work()
    return time.perf_counter() - start


def _calls_a_turn(work: Work) -> int:
    work()  # The first call prepares what all others reuse.
    return max(1, round(TURN_SECONDS / max(_seconds(work, 1), 1e-9)))


def export_cnn(checkpoint: Checkpoint, path: Path) -> onnxruntime.InferenceSession:
    """Exports the CNN alone, the floor: normalized images in, logits out."""
    program = torch.onnx.export(
        checkpoint.graph.cnn.eval(),
        (torch.zeros(2, 28, 28),),
        input_names=["normalized"],
        output_names=["logits"],
        dynamic_shapes=({0: torch.export.Dim("batch")},),
        dynamo=True,
        verbose=False,
    )
    assert program is not None  # noqa: S101 - true of the dynamo exporter, whose type says less
    program.save(path)
    return open_session(path)


def measure(folder: Path) -> dict[str, Any]:
    """Measures the model in a folder; seconds, ratios, images a second and bytes by name."""
    model = folder / MODEL_NAME
    checkpoint = Checkpoint.load(folder)
    recognizer, graph = DigitRecognizer(model), open_session(model)
    canvas = _canvas(280)
    small = np.asarray(canvas.resize((28, 28)).convert("L"))
    rgba, five = np.asarray(canvas), _five(canvas)
    photograph = _file(canvas.convert("RGB").resize((4000, 3000)), "JPEG")
    with tempfile.TemporaryDirectory() as scratch:
        cnn = export_cnn(checkpoint, Path(scratch, "cnn.onnx"))

    def whole(ink: np.ndarray) -> Work:
        return lambda: graph.run(["probabilities"], {"ink": ink})

    def floor(count: int) -> Work:
        image = np.zeros((count, 28, 28), np.float32)
        return lambda: cnn.run(["logits"], {"normalized": image})

    def eager(ink: np.ndarray) -> Work:
        tensor = torch.from_numpy(ink)
        return lambda: checkpoint.graph(tensor)

    ink_280 = np.ascontiguousarray(255 - np.asarray(canvas.convert("L")))[np.newaxis]
    ink_28 = np.ascontiguousarray(255 - small)[np.newaxis]
    comparisons: dict[str, tuple[Work, Work]] = {
        "graph, 28×28, to the CNN alone": (whole(ink_28), floor(1)),
        "graph, 280×280, to the CNN alone": (whole(ink_280), floor(1)),
        "graph, 256 of 28×28, to the CNN alone": (whole(ink_28.repeat(256, 0)), floor(256)),
        "read_number, 600×200 of five digits, to predict": (
            lambda: recognizer.read_number(five),
            lambda: recognizer.predict(rgba),
        ),
        "predict, 12-megapixel JPEG, to predict of 280×280": (
            lambda: recognizer.predict(photograph),
            lambda: recognizer.predict(rgba),
        ),
        "PyTorch eager, 28×28, to the graph": (eager(ink_28), whole(ink_28)),
        "PyTorch eager, 280×280, to the graph": (eager(ink_280), whole(ink_280)),
        "fresh process to its first prediction, PyTorch to the module": (
            lambda: _python(_COLD_PYTORCH.format(folder=str(folder))),
            lambda: _python(_COLD_ONNXRUNTIME.format(model=str(model))),
        ),
    }
    with torch.no_grad():
        timed = {name: in_turns(*sides) for name, sides in tqdm(comparisons.items(), "comparisons")}
    timed_recognizer = _TimedRecognizer(model)
    for name, image in (("28×28 array", small), ("280×280 RGBA", rgba)):
        timed[f"predict, {name}, to the graph within it"] = whole_and_run(timed_recognizer, image)
    return {
        "comparisons": {
            name: {
                "seconds": statistics.median(first),
                "to_seconds": statistics.median(second),
                "ratio": _median_ratio(first, second),
            }
            for name, (first, second) in timed.items()
        },
        "streams": _streams(recognizer, small, _file(canvas, "PNG")),
        "resident_megabytes": int(_python(_MEMORY.format(model=str(model)))) / 1e3,
        "machine": {"cores": os.cpu_count(), "processor": platform.machine()},
        "versions": library_versions("onnxruntime", "numpy", "pillow", "torch"),
    }


def _median_ratio(first: Sequence[float], second: Sequence[float]) -> float:
    return statistics.median(a / b for a, b in zip(first, second, strict=True))


def _streams(
    recognizer: DigitRecognizer, array: np.ndarray, file: bytes
) -> dict[str, dict[str, float]]:
    arrays, files = [array] * STREAM_IMAGES, [file] * STREAM_FILES
    ink = np.repeat(255 - array[np.newaxis], 64, axis=0)
    batches = [ink] * (len(arrays) // len(ink))

    def runs(threads: int) -> Work:
        return lambda: list(map_in_order(recognizer.run, batches, threads))

    def stream(images: Sequence[ImageSource], batch_size: int) -> Callable[[int], Work]:
        return lambda threads: (
            lambda: list(recognizer.predict_stream(images, batch_size=batch_size, threads=threads))
        )

    # The graph alone tells what more cores bring on this machine: no stream gains more.
    kinds: dict[str, tuple[int, Callable[[int], Work]]] = {
        "the graph alone, 28×28, batch 64": (len(batches) * len(ink), runs),
        "28×28 arrays, batch 1": (len(arrays), stream(arrays, 1)),
        "28×28 arrays, batch 64": (len(arrays), stream(arrays, 64)),
        "28×28 arrays, batch 1024": (len(arrays), stream(arrays, 1024)),
        "280×280 PNG files, batch 64": (len(files), stream(files, 64)),
    }
    results: dict[str, dict[str, float]] = {}
    for name, (count, work) in tqdm(kinds.items(), "streams"):
        one, all_cores = in_turns(work(1), work(os.cpu_count() or 1))
        results[name] = {
            "images_a_second": count / statistics.median(one),
            "images_a_second_on_all_cores": count / statistics.median(all_cores),
            "ratio": _median_ratio(one, all_cores),
        }
    return results


def _python(code: str) -> str:
    """What a fresh interpreter prints."""
    done = subprocess.run(  # noqa: S603 - its own interpreter, its own code
        [sys.executable, "-c", code], capture_output=True, check=True, text=True
    )
    return done.stdout


def _canvas(side: int) -> Image.Image:
    """A seven, black on white, as the app's canvas gives it: RGBA."""
    canvas = Image.new("RGBA", (side, side), "white")
    points = [(0.25 * side, 0.2 * side), (0.75 * side, 0.2 * side), (0.4 * side, 0.85 * side)]
    ImageDraw.Draw(canvas).line(points, fill="black", width=round(0.07 * side), joint="curve")
    return canvas


def _five(canvas: Image.Image) -> Image.Image:
    page = Image.new("RGB", (600, 200), "white")
    for index in range(5):
        page.paste(canvas.resize((120, 120)).convert("RGB"), (120 * index, 40))
    return page


def _file(image: Image.Image, file_format: str) -> bytes:
    file = BytesIO()
    image.save(file, file_format, quality=90)
    return file.getvalue()


def write(folder: Path, results: dict[str, Any]) -> None:
    """Writes `BENCHMARK.md`, `benchmark.json` and `benchmark.png`."""
    text = json.dumps(results, indent=2, ensure_ascii=False) + "\n"
    (folder / "benchmark.json").write_text(text, encoding="utf-8")
    comparisons = results["comparisons"]
    cores = results["machine"]["cores"]
    lines = [
        "# Benchmark",
        "",
        f"Written by `python -m training.benchmark` on {cores} cores; medians of {ROUNDS} turns.",
        "",
        markdown_table(
            ("comparison", "milliseconds", "to milliseconds", "ratio"),
            [
                (
                    name,
                    f"{1e3 * row['seconds']:.3f}",
                    f"{1e3 * row['to_seconds']:.3f}",
                    f"{row['ratio']:.2f}",
                )
                for name, row in comparisons.items()
            ],
        ),
        "",
        markdown_table(
            ("`predict_stream`", "images a second", f"on {cores} cores", "ratio"),
            [
                (
                    name,
                    f"{row['images_a_second']:,.0f}",
                    f"{row['images_a_second_on_all_cores']:,.0f}",
                    f"{row['ratio']:.2f}",
                )
                for name, row in results["streams"].items()
            ],
        ),
        "",
        f"A process holds {results['resident_megabytes']:.0f} MB after its first prediction.",
        "",
        "![Ratios of the comparisons](benchmark.png)",
    ]
    (folder / "BENCHMARK.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    figure = Figure(figsize=(8, 3.6), layout="constrained")
    axes = figure.subplots()
    ratios = {name: row["ratio"] for name, row in reversed(comparisons.items())}
    bars = axes.barh(list(ratios), [ratio - 1 for ratio in ratios.values()], left=1)
    axes.bar_label(bars, [f"{ratio:.2f}" for ratio in ratios.values()], padding=3)
    ticks = (1, 2, 5, 10, 20)
    axes.set(xlabel="times as long", xscale="log", xlim=(0.95, 1.6 * max(ratios.values())))
    axes.set_xticks(ticks, map(str, ticks))
    axes.minorticks_off()
    figure.savefig(folder / "benchmark.png", dpi=DOTS_PER_INCH, metadata={"Software": None})


def main() -> None:
    """Runs the command line."""
    parser = command_line_parser(__doc__)
    add_folder_flag(parser)
    folder: Path = parser.parse_args().output.resolve()
    torch.set_num_threads(1)  # as many as the sessions that it is compared with
    try:
        write(folder, measure(folder))
    except (InferenceError, OSError, DamagedFileError) as error:
        parser.error(str(error))
    print((folder / "BENCHMARK.md").read_text(encoding="utf-8"))  # noqa: T201
    say(f"wrote BENCHMARK.md, benchmark.json and benchmark.png to {folder}; compare the ratios")


if __name__ == "__main__":
    main()
