"""Characters as if a number finder had found them, and a finder that always finds the same."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from inference.number.finder import Detection
from inference.number.metadata import CHARACTERS
from inference.recognizer import DEFAULT_FINDER

HEIGHT = 100.0
"""Of digits, unless a test says otherwise; a gap of 30 pixels is one of 0.3 heights then."""

INK_SIDE = 56


def character(
    name: str,
    left: float,
    y: float = 0.0,
    *,
    width: float = 60.0,
    height: float = HEIGHT,
    probability: float = 0.95,
    probabilities: Mapping[str, float] | None = None,
    ink: NDArray[np.uint8] | None = None,
) -> Detection:
    """A character that was found.

    Args:
        name: What it is likeliest.
        left: Of its box.
        y: Of its middle.
        width: Of its box.
        height: Likewise.
        probability: That it is this character.
        probabilities: Of all characters that it may be; by default it is this one or none.
        ink: What was cut out; by default something that tells whose it is, and like no digit.
    """
    likely = np.zeros(len(CHARACTERS), np.float32)
    for one, value in (probabilities or {name: probability}).items():
        likely[CHARACTERS.index(one)] = value
    assert CHARACTERS[int(likely.argmax())] == name
    return Detection(
        left,
        y - height / 2,
        left + width,
        y + height / 2,
        probabilities=likely,
        probability=float(likely.sum()),
        character=name,
        ink=np.full((INK_SIDE, INK_SIDE), CHARACTERS.index(name), np.uint8) if ink is None else ink,
    )


def row(
    digits: str,
    left: float = 0.0,
    y: float = 0.0,
    *,
    gaps: float | Sequence[float] = 30.0,
    slope: float = 0.0,
    probability: float = 0.95,
) -> list[Detection]:
    """Digits beside each other.

    Args:
        digits: What they are.
        left: Of the first.
        y: Of the first one's middle.
        gaps: Pixels between all neighbours, or between each pair.
        slope: Pixels down for each to the right.
        probability: Of each.
    """
    each = [gaps] * (len(digits) - 1) if isinstance(gaps, int | float) else gaps
    found: list[Detection] = []
    x = left
    for digit, gap in zip(digits, [*each, 0], strict=True):
        found.append(character(digit, x, y + slope * (x - left), probability=probability))
        x = found[-1].right + gap
    return found


def write_finder(
    folder: Path,
    found: Sequence[Detection],
    *,
    digit_weight: float = 0.0,
    accepted_probability: float = 0.4,
    **reading: object,
) -> Path:
    """Writes a number finder that finds the same on every picture.

    Args:
        folder: Where to.
        found: What it finds.
        digit_weight: Of the digit graph, which would see no digits here.
        accepted_probability: From it on, a digit is accepted.
        reading: How else its metadata say that numbers are read. By default a separator is
            accepted from 0.6 on; the rest is as the shipped finder has it.

    Returns:
        The path of the graph.
    """
    likeliest_first = sorted(found, key=lambda one: -one.probability)
    outputs = {
        "boxes": np.array(
            [[one.left, one.top, one.right, one.bottom] for one in likeliest_first], np.float32
        ).reshape(-1, 4),
        "probabilities": np.array(
            [one.probabilities for one in likeliest_first], np.float32
        ).reshape(-1, len(CHARACTERS)),
        "ink": np.array([one.ink for one in likeliest_first], np.uint8).reshape(
            -1, INK_SIDE, INK_SIDE
        ),
    }
    constants = {
        "nothing": np.zeros(1, np.int64),
        "count": np.array([len(found)]),
        **{f"all {name}": array for name, array in outputs.items()},
    }
    graph = helper.make_graph(
        [
            # True so many times, which the runtime only knows once it has a picture: by its type,
            # the graph may find any number, as the contract wants it.
            helper.make_node("Shape", ["luminance"], ["height"], end=1),
            helper.make_node("Greater", ["height", "nothing"], ["is high"]),
            helper.make_node("Expand", ["is high", "count"], ["everything"]),
            *(
                helper.make_node("Compress", [f"all {o}", "everything"], [o], axis=0)
                for o in outputs
            ),
        ],
        "always the same",
        [helper.make_tensor_value_info("luminance", TensorProto.UINT8, ["height", "width"])],
        [
            helper.make_tensor_value_info(
                name, helper.np_dtype_to_tensor_dtype(array.dtype), ["found", *array.shape[1:]]
            )
            for name, array in outputs.items()
        ],
        [numpy_helper.from_array(array, name) for name, array in constants.items()],
    )
    opsets = [helper.make_opsetid("", 20)]
    content = helper.make_model(graph, opset_imports=opsets, ir_version=10).SerializeToString()
    path = folder / "finder.onnx"
    path.write_bytes(content)
    document = json.loads(DEFAULT_FINDER.with_suffix(".json").read_text("utf-8"))
    document["file"]["sha256"] = hashlib.sha256(content).hexdigest()
    for_digits = {"accepted_probability": accepted_probability, "digit_weight": digit_weight}
    document["reading"] |= {
        "photographs": for_digits,
        "drawings": for_digits,
        "separator_probability": 0.6,
        **reading,
    }
    path.with_suffix(".json").write_text(json.dumps(document), "utf-8")
    return path
