"""Exports the trained graph to ONNX, checks it against PyTorch and describes it.

    python -m training.export

writes `digits.onnx` and `digits.json` from the saved weights. The description of a fresh export
holds no metrics: `python -m training.evaluate` measures the file and adds them.
"""

import dataclasses
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch
from numpy.typing import NDArray

from inference.metadata import INPUTS, LABELS, OUTPUT_NAMES, SCHEMA_VERSION
from training.checkpoint import Checkpoint, library_versions
from training.config import TrainingConfig, add_folder_flag, command_line_parser, refusing, say
from training.files import draft_of
from training.model import DigitGraph, parameter_count

MODEL_VERSION = "1.3.0"
OPSET = 20
MODEL_NAME = "digits.onnx"
DESCRIPTION_NAME = "digits.json"

PARITY_TOLERANCE = 1e-4
"""Largest difference allowed between ONNX and PyTorch in any output.

Both compute in float32 and sum in different orders. Sums over the ink of a large picture lose about
1e-6 of their value, which moves the normalized image by as much, and the layers behind it, whose
logits reach about 20, add a few units of the last place each: 1e-5 is usual, 1e-4 is never reached.
"""


def export(checkpoint: Checkpoint, folder: Path) -> Path:
    """Writes `digits.onnx` and `digits.json`, and checks the file against the network.

    Args:
        checkpoint: The trained network.
        folder: Where both files go.

    Returns:
        The path of the ONNX file.

    Raises:
        RuntimeError: ONNX and PyTorch disagree.
    """
    path = folder / MODEL_NAME
    with draft_of(path) as draft:
        write_onnx(checkpoint.graph, draft, properties=_properties(checkpoint))
        check_parity(checkpoint.graph, draft)
    write_description(
        folder,
        {
            "schema_version": SCHEMA_VERSION,
            "model_version": _model_version(checkpoint),
            "file": identity_of(path),
            "labels": LABELS,
            "thresholds": {"reject_confidence": checkpoint.reject_confidence},
            "parameters": parameter_count(checkpoint.graph),
            "calibration": {"temperature": checkpoint.graph.temperature.item()},
            "training": {
                **checkpoint.config.to_dict(),
                "data": data_in_words(checkpoint),
                "extra_images": checkpoint.extra_images,
                "seconds": round(sum(row["seconds"] for row in checkpoint.history)),
                "validation_accuracy": checkpoint.validation_accuracy,
                "augmented_validation_accuracy": checkpoint.augmented_validation_accuracy,
            },
            "versions": {
                "training": checkpoint.versions,
                "export": library_versions("torch", "onnx", "onnxscript", "onnxruntime"),
            },
            "metrics": {},
        },
    )
    return path


def write_onnx(graph: DigitGraph, path: Path, *, properties: dict[str, str]) -> None:
    """Exports a graph to one self-contained file.

    Args:
        graph: The network, whose batch norms are folded into its convolutions.
        path: The file to write.
        properties: Goes into the file's `metadata_props`.
    """
    batch, height, width = (torch.export.Dim(name) for name in ("batch", "height", "width"))
    program = torch.onnx.export(
        graph.eval().cpu(),
        (torch.zeros(2, 28, 30, dtype=torch.uint8),),
        input_names=[spec.name for spec in INPUTS],
        output_names=list(OUTPUT_NAMES),
        dynamic_shapes=({0: batch, 1: height, 2: width},),
        opset_version=OPSET,
        dynamo=True,
        verbose=False,
    )
    assert program is not None  # noqa: S101 - true of the dynamo exporter, whose type says less
    model = program.model_proto
    strip_build_traces(model)
    onnx.helper.set_model_props(model, properties)
    onnx.checker.check_model(model, full_check=True)
    onnx.save_model(model, path)


def strip_build_traces(model: onnx.ModelProto) -> None:
    """Removes what the exporter notes about its own machine: stack traces with local paths."""
    graph = model.graph
    for part in [*graph.node, *graph.input, *graph.output, *graph.value_info, *graph.initializer]:
        del part.metadata_props[:]
        part.doc_string = ""
    del graph.metadata_props[:]
    del graph.value_info[:]


def is_trial(config: TrainingConfig) -> bool:
    """Whether a run had other settings than the recipe that is shipped, its seed apart."""
    return dataclasses.replace(config, seed=0) != TrainingConfig()


def _model_version(checkpoint: Checkpoint) -> str:
    if checkpoint.extra_images:
        return f"{MODEL_VERSION}+fine-tuned"
    return f"{MODEL_VERSION}+trial" if is_trial(checkpoint.config) else MODEL_VERSION


def data_in_words(checkpoint: Checkpoint) -> str:
    """What the weights were fitted on, in words."""
    data = "MNIST training set less 5,000 validation images"
    if subset := checkpoint.config.subset:
        data = f"the first {subset:,} images of the {data}"
    if drawings := checkpoint.extra_images:
        data += f", then fine-tuned with {drawings:,} drawings of one's own among them"
    return data


def _properties(checkpoint: Checkpoint) -> dict[str, str]:
    """What a program in another language, which may not read `digits.json`, needs to know."""
    return {
        "model_version": _model_version(checkpoint),
        "labels": json.dumps(LABELS),
        "input": INPUTS[0].meaning,
        "reject_confidence": repr(checkpoint.reject_confidence),
    }


def identity_of(path: Path) -> dict[str, str | int]:
    """A file's name, hash and size, by which its description knows it."""
    content = path.read_bytes()
    return {
        "name": path.name,
        "sha256": hashlib.sha256(content).hexdigest(),
        "size_bytes": len(content),
    }


def write_description(
    folder: Path, description: dict[str, Any], name: str = DESCRIPTION_NAME
) -> None:
    """Writes `digits.json`, or what describes another graph."""
    text = json.dumps(description, indent=2, ensure_ascii=False)
    (folder / name).write_text(text + "\n", encoding="utf-8")


def read_description(folder: Path, name: str = DESCRIPTION_NAME) -> dict[str, Any]:
    """Reads `digits.json`, or what describes another graph."""
    return json.loads((folder / name).read_text(encoding="utf-8"))


def open_session(path: Path) -> onnxruntime.InferenceSession:
    """Opens a graph on one CPU thread."""
    return session_of(path.read_bytes())


def session_of(model: bytes) -> Any:
    """The same of a serialized graph."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def probe_inks() -> Iterator[NDArray[np.uint8]]:
    """Yields inks on which both runtimes must agree: sizes, batches, blank, full, noise, stroke."""
    random = np.random.default_rng(0)
    for batch in (1, 2, 7):
        for height, width in ((1, 1), (1, 50), (28, 28), (31, 17), (280, 280), (1000, 700)):
            shape = (batch, height, width)
            yield np.zeros(shape, np.uint8)
            yield np.full(shape, 255, np.uint8)
            yield random.integers(0, 256, shape, np.uint8)
            stroke = np.zeros(shape, np.uint8)
            stroke[:, height // 4 : height // 2 + 1, width // 3 : width // 2 + 1] = 255
            yield stroke


def largest_differences(
    graph: DigitGraph, session: onnxruntime.InferenceSession, ink: NDArray[np.uint8]
) -> dict[str, float]:
    """Compares both runtimes on one batch.

    Args:
        graph: The network in PyTorch.
        session: The exported graph.
        ink: uint8 [batch, height, width].

    Returns:
        The largest absolute difference of each output, by its name.
    """
    with torch.no_grad():
        expected = graph.eval()(torch.from_numpy(ink))
    actual = session.run(OUTPUT_NAMES, {INPUTS[0].name: ink})
    return {
        name: float(np.abs(got - want.numpy()).max())
        for name, got, want in zip(OUTPUT_NAMES, actual, expected, strict=True)
    }


def check_parity(graph: DigitGraph, path: Path) -> float:
    """Compares the exported file with the network on every probe.

    Returns:
        The largest difference found.

    Raises:
        RuntimeError: An output differs by more than `PARITY_TOLERANCE`.
    """
    session = open_session(path)
    worst = 0.0
    for ink in probe_inks():
        for name, difference in largest_differences(graph, session, ink).items():
            if not difference <= PARITY_TOLERANCE:
                raise RuntimeError(
                    f"{path.name}: output {name!r} differs from PyTorch by {difference:.1e} on ink "
                    f"of shape {ink.shape}, more than {PARITY_TOLERANCE:.0e}"
                )
            worst = max(worst, difference)
    return worst


def main() -> None:
    """Runs the command line."""
    parser = command_line_parser(__doc__)
    add_folder_flag(parser)
    folder = parser.parse_args().output
    with refusing(parser):
        checkpoint = Checkpoint.load(folder)
    path = export(checkpoint, folder)
    print(f"wrote {path} ({path.stat().st_size / 1e6:.2f} MB), equal to PyTorch's outputs")  # noqa: T201
    say(f"measure it next: python -m training.evaluate --output {folder}")


if __name__ == "__main__":
    main()
