"""Finds characters on a picture: `numbers.onnx`, and what it says as plain objects."""

import os
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InferenceError
from ..image.slots import Slots
from ..model import Session
from .metadata import CHARACTERS, CONTRACT

OUTPUT_NAMES = tuple(spec.name for spec in CONTRACT.outputs)

# A run takes some 50 MB on a photograph; more at once than there are cores are no faster.
_runs = Slots(os.cpu_count() or 1)


@dataclass(frozen=True, slots=True, eq=False)
class Detection:
    """A character that was found; all lengths are in pixels of the picture.

    Attributes:
        left: Left edge of its box.
        top: Upper edge of its box.
        right: Right edge of its box.
        bottom: Lower edge of its box.
        probabilities: float32 (characters,), of each of `CHARACTERS`; they sum up to `probability`.
        probability: That there is a character at all, 0…1.
        character: The likeliest one.
        ink: uint8 (56, 56), the character cut out, 0 paper … 255 full ink.
    """

    left: float
    top: float
    right: float
    bottom: float
    probabilities: NDArray[np.float32]
    probability: float
    character: str
    ink: NDArray[np.uint8]

    @property
    def is_digit(self) -> bool:
        """Whether it is a digit and no separator."""
        return self.character.isdecimal()

    @property
    def width(self) -> float:
        """Width of its box in pixels."""
        return self.right - self.left

    @property
    def height(self) -> float:
        """Height of its box in pixels."""
        return self.bottom - self.top

    @property
    def x(self) -> float:
        """Middle of its box from left to right, in pixels."""
        return (self.left + self.right) / 2

    @property
    def y(self) -> float:
        """Middle of its box from top to bottom, in pixels."""
        return (self.top + self.bottom) / 2


def find_characters(session: Session, luminance: NDArray[np.uint8]) -> list[Detection]:
    """Runs the number finder.

    Args:
        session: Of `numbers.onnx`.
        luminance: uint8 (H, W), 0 black … 255 white.

    Returns:
        Everything that resembles a character at all, the likeliest first.

    Raises:
        InferenceError: onnxruntime cannot run the graph, for want of memory for instance.
    """
    try:
        with _runs.one():
            outputs: Any = session.run(OUTPUT_NAMES, {"luminance": luminance})
    except Exception as error:  # onnxruntime's own exceptions have no common base but this.
        raise InferenceError(
            f"onnxruntime cannot find numbers on a picture of shape {luminance.shape}: {error}; "
            "pass a smaller picture"
        ) from error
    boxes, probabilities, inks = outputs
    return [
        Detection(
            *box,
            probabilities=likely,
            probability=float(likely.sum()),
            character=CHARACTERS[int(likely.argmax())],
            ink=ink,
        )
        for box, likely, ink in zip(boxes.tolist(), probabilities, inks, strict=True)
    ]
