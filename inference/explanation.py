"""Why a digit was read: which parts of it the answer rests on, and what would have changed it."""

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from .image.ink import INKED_SHARE, bounding_box
from .prediction import Prediction
from .recognizer import DigitRecognizer

ERASER_SIDE_PX = 5
"""Side in pixels of the patch of paper: wider than a stroke, smaller than a loop."""

PEN_SIDE_PX = 3
"""Side in pixels of the patch of ink: about as wide as a stroke."""

_FRAME_SHARE = 0.125  # of full ink: above the graph's noise floor, too faint to change the answer

_NEW_INK_SHARE = 0.5  # of the patch must lie on paper, or it only makes a stroke thicker


@dataclass(frozen=True, slots=True)
class Change:
    """A square patch that would be drawn otherwise.

    Attributes:
        adds_ink: Whether the patch becomes ink; else it becomes paper.
        top: Its first row, in pixels of `Prediction.normalized`.
        left: Its first column.
        side: Its rows and columns.
        digit: What would be read then, 0…9.
        probability: How likely the second choice would be then, 0…1, calibrated.
    """

    adds_ink: bool
    top: int
    left: int
    side: int
    digit: int
    probability: float


@dataclass(frozen=True, slots=True, eq=False)
class Explanation:
    """What an answer rests on.

    Both maps are over `Prediction.normalized`, float32 (28, 28), in natural logarithms of odds: at
    1, the odds would be 2.7 times lower without what is drawn around this pixel. They are 0 where
    nothing is drawn.

    Attributes:
        digit: The digit that was read, 0…9.
        second: The one that it is compared with, 0…9.
        for_digit: How strongly each part speaks for the digit, against all others; negative:
            against it.
        for_second: How strongly each part speaks for the second choice rather than for the digit;
            negative: for the digit.
        needed: Of all changes of a single patch, the one that brings the second choice furthest;
            None if nothing is drawn.
    """

    digit: int
    second: int
    for_digit: NDArray[np.float32]
    for_second: NDArray[np.float32]
    needed: Change | None


def explain(
    recognizer: DigitRecognizer, prediction: Prediction, second: int | None = None
) -> Explanation:
    """Finds out what an answer rests on: draws parts of it otherwise and reads it again.

    This is occlusion (Zeiler & Fergus 2014, "Visualizing and Understanding Convolutional Networks",
    https://arxiv.org/abs/1311.2901, section 4.2): a 5×5 patch of paper slides over the 28×28 pixels
    that the network saw. The fall of the log-odds tells how much the covered ink counts; a pixel
    gets the mean over the patches that cover it. Log-odds are compared because a probability near 1
    hardly changes. To find what the second choice lacks, a 3×3 patch of ink slides over the empty
    places between the strokes, too.

    The graph is given the changed 28×28 images as ink, and normalizes them again. Two faint pixels
    in the corners keep the digit's bounding box, so that the digit is never enlarged when a part is
    missing. Its centre of mass moves with the ink. The unchanged image is normalized again as well,
    so that only the patch makes a difference. Parts smaller than a patch are not told apart.

    Args:
        recognizer: The recognizer that made the prediction. It is asked once, for a batch of
            several hundred images of 28×28.
        prediction: What is to be explained.
        second: The digit to compare with, 0…9, other than the one that was read; None is the second
            likeliest.

    Returns:
        The explanation.

    Raises:
        ValueError: `second` is no other digit.
        InferenceError: onnxruntime cannot run the graph.
    """
    digit = prediction.digit
    second = prediction.top(2)[1][0] if second is None else second
    if second == digit or not 0 <= second < len(prediction.probabilities):
        raise ValueError(f"second is {second}; it must be a digit from 0 to 9 other than {digit}")
    seen = prediction.normalized
    fullest = float(seen.max())
    if fullest <= 0:
        return Explanation(digit, second, np.zeros_like(seen), np.zeros_like(seen), None)
    seen = seen / fullest
    is_inked = seen > INKED_SHARE
    erased = _patches(is_inked, ERASER_SIDE_PX, share=0)
    added = _patches(_around(is_inked) & ~is_inked, PEN_SIDE_PX, share=_NEW_INK_SHARE)

    images = np.concatenate([[seen], np.where(erased, 0, seen), np.where(added, 1, seen)])
    images = np.maximum(images, _frame(is_inked))
    output = recognizer.run(np.rint(images * 255).astype(np.uint8))

    log_odds = _log_odds(output.logits, digit)
    lead = output.logits[:, second] - output.logits[:, digit]
    patches = slice(1, 1 + len(erased))
    furthest = int(np.argmax(output.probabilities[1:, second]))
    return Explanation(
        digit=digit,
        second=second,
        for_digit=_map(log_odds[0] - log_odds[patches], erased) * is_inked,
        for_second=_map(lead[0] - lead[patches], erased) * is_inked,
        needed=_change(
            patch=np.concatenate([erased, added])[furthest],
            adds_ink=furthest >= len(erased),
            probabilities=output.probabilities[1 + furthest],
            second=second,
        ),
    )


def _patches(mask: NDArray[np.bool_], side: int, share: float) -> NDArray[np.bool_]:
    """All squares of that side of which the mask (28, 28) covers more than the share.

    Returns:
        (patches, 28, 28), True in the square.
    """
    covered = sliding_window_view(mask, (side, side)).mean(axis=(2, 3))
    top, left = np.nonzero(covered > share)
    position = np.arange(len(mask))
    in_rows = (position >= top[:, np.newaxis]) & (position < top[:, np.newaxis] + side)
    in_columns = (position >= left[:, np.newaxis]) & (position < left[:, np.newaxis] + side)
    return in_rows[:, :, np.newaxis] & in_columns[:, np.newaxis, :]


def _around(is_inked: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The square around the ink (28, 28): ink that is added there makes no digit smaller."""
    top, left, bottom, right = bounding_box(is_inked)
    margin = (bottom - top) - (right - left)
    rows, columns = max(0, -margin), max(0, margin)  # to be added, half on each side
    square = np.zeros_like(is_inked)
    square[
        max(0, top - rows // 2) : bottom + 1 + (rows + 1) // 2,
        max(0, left - columns // 2) : right + 1 + (columns + 1) // 2,
    ] = True
    return square


def _frame(is_inked: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Faint ink (28, 28) in two corners of the bounding box, 0 elsewhere."""
    top, left, bottom, right = bounding_box(is_inked)
    frame = np.zeros(is_inked.shape, np.float32)
    frame[[top, bottom], [left, right]] = _FRAME_SHARE
    return frame


def _log_odds(logits: NDArray[np.float32], digit: int) -> NDArray[np.float32]:
    """Logits (batch, 10) → log-odds of the digit against all others, (batch,)."""
    others = np.delete(logits, digit, axis=1)
    return logits[:, digit] - np.logaddexp.reduce(others, axis=1)


def _map(falls: NDArray[np.float32], patches: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Means over the patches that cover each pixel: (patches,), (patches, 28, 28) → (28, 28)."""
    totals = np.tensordot(falls, patches.astype(np.float32), axes=1)
    return totals / np.maximum(patches.sum(axis=0), 1).astype(np.float32)


def _change(
    patch: NDArray[np.bool_], *, adds_ink: bool, probabilities: NDArray[np.float32], second: int
) -> Change:
    """Describes one patch (28, 28) and the probabilities (10,) that it led to."""
    top, left, bottom, _ = bounding_box(patch)
    return Change(
        adds_ink=adds_ink,
        top=top,
        left=left,
        side=bottom - top + 1,
        digit=int(probabilities.argmax()),
        probability=float(probabilities[second]),
    )
