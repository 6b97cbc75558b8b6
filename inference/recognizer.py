"""The recognizer: an image in, a prediction out."""

import contextlib
import functools
import itertools
import math
import os
import pickle
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any, Literal, Self, cast, overload

import numpy as np
from numpy.typing import NDArray

from .batches import ink_batches
from .errors import BlankImageError, InferenceError, InvalidImageError
from .images import ImageSource, Picture, read_picture
from .ink import find_ink
from .marks import Mark, drawn
from .metadata import OUTPUT_NAMES, ModelMetadata
from .model import SessionOptions, open_model
from .number import Box, Located, Number
from .prediction import Prediction
from .reading import cheapest_path, doubtful_marks
from .segmentation import Segmentation, find_line, segment
from .stream import check_that_they_are_several, map_in_order, parts

_PACKAGE = Path(__file__).parent
# The wheel has the artifacts inside the package, a checkout has them beside it.
_HOME = _PACKAGE if (_PACKAGE / "artifacts").is_dir() else _PACKAGE.parent
DEFAULT_MODEL = _HOME / "artifacts" / "digits.onnx"

CANDIDATE_SIDE = 64
"""Pixels a side that a possible digit of a number is drawn on, at most."""

LEAST_CONFIDENCE = 0.15
"""What is read with less is left out of a number.

Hardly a digit, and most of what is none: `training.evaluate_numbers --non-digits` measures both. A
mark less than half as high as the highest is also left out where a digit would merely be unsure.
"""


@dataclass(frozen=True, slots=True, eq=False)
class ModelOutput:
    """What the graph computes for a batch.

    Attributes:
        probabilities: float32 (batch, 10), calibrated, each row sums to 1.
        logits: float32 (batch, 10), not calibrated.
        normalized: float32 (batch, 28, 28), what the network saw, 0 paper … 1 ink.
    """

    probabilities: NDArray[np.float32]
    logits: NDArray[np.float32]
    normalized: NDArray[np.float32]


class DigitRecognizer:
    """Recognizes handwritten digits.

    One recognizer may be used from many threads at once. It can be pickled, and opens its model
    anew where it is unpickled, so it can be sent to other processes and machines; one that was
    given `session_options` cannot, as onnxruntime does not let them be pickled.

    Attributes:
        metadata: What is known about the model: version, thresholds, metrics, and more.
    """

    def __init__(
        self,
        model: str | os.PathLike[str] | None = None,
        *,
        session_options: SessionOptions | None = None,
    ) -> None:
        """Opens a model and verifies that it is intact.

        Args:
            model: Path of an ONNX file with its metadata, the `.json` file of the same stem,
                beside it. None is the model that this package comes with.
            session_options: How onnxruntime runs the model. By default on one CPU thread.

        Raises:
            ModelError: A file is missing, damaged, or not what this package expects.
        """
        # Absolute, so that a pickled recognizer finds it from another working directory.
        self._model = None if model is None else Path(model).absolute()
        self._session_options = session_options
        self._session, self._metadata = open_model(self._model or DEFAULT_MODEL, session_options)

    @property
    def metadata(self) -> ModelMetadata:
        """What is known about the model: version, thresholds, metrics, and more."""
        return self._metadata

    def predict(self, image: ImageSource) -> Prediction:
        """Recognizes the digit on one image.

        Args:
            image: A path, the bytes of an image file, an open binary file, a Pillow image, or an
                array: (H, W), (H, W, 1), (H, W, 3) RGB or (H, W, 4) RGBA; uint8 in 0…255, bool,
                uint16, or float in 0…1. Dark ink on light paper or light on dark, any size, the
                digit anywhere on it.

        Returns:
            The prediction.

        Raises:
            BlankImageError: Nothing is drawn on the image.
            InvalidImageError: It cannot be read as an image.
        """
        return self._predictions(self.run(find_ink(read_picture(image))[np.newaxis]))[0]

    def predict_batch(self, images: Iterable[ImageSource]) -> list[Prediction]:
        """Recognizes the digits on several images, faster than one by one if their sizes agree.

        Args:
            images: Any number of what `predict` takes, or an array whose first axis counts them.
                They are read as they are needed, so a generator may produce more than fit into
                memory.

        Returns:
            One prediction for each image, in the order of the images.

        Raises:
            BlankImageError: Nothing is drawn on one of the images; the message says on which.
            InvalidImageError: One of them cannot be read as an image, likewise.
        """
        return list(self.predict_stream(images))

    @overload
    def predict_stream(
        self,
        images: Iterable[ImageSource],
        *,
        batch_size: int = 64,
        threads: int = 1,
        return_errors: Literal[False] = False,
    ) -> Iterator[Prediction]: ...

    @overload
    def predict_stream(
        self,
        images: Iterable[ImageSource],
        *,
        batch_size: int = 64,
        threads: int = 1,
        return_errors: Literal[True],
    ) -> Iterator[Prediction | InvalidImageError]: ...

    def predict_stream(
        self,
        images: Iterable[ImageSource],
        *,
        batch_size: int = 64,
        threads: int = 1,
        return_errors: bool = False,
    ) -> Iterator[Prediction | InvalidImageError]:
        """Recognizes the digits on any number of images in bounded memory, in their order.

        Args:
            images: What `predict_batch` takes, without an end if need be. They are taken as they
                are needed, in the caller's thread, at most 2 × `threads` × `batch_size` ahead.
            batch_size: So many images are read, then recognized together if their sizes agree.
            threads: So many batches are worked on at the same time, in one session.
            return_errors: Whether an image that cannot be recognized gives its error in place of a
                prediction, and the rest goes on.

        Returns:
            An iterator with one prediction for each image.

        Raises:
            BlankImageError: Nothing is drawn on one of the images; the message says on which. The
                predictions before it have been given.
            InvalidImageError: One of them cannot be read as an image, likewise; or `images` is a
                single image.
            ValueError: `batch_size` or `threads` is below 1.
        """
        check_that_they_are_several(images)
        if batch_size < 1 or threads < 1:
            raise ValueError(
                f"batch_size is {batch_size} and threads is {threads}; both must be at least 1"
            )
        return self._stream(images, batch_size, threads, return_errors)

    def _stream(
        self, images: Iterable[ImageSource], batch_size: int, threads: int, return_errors: bool
    ) -> Iterator[Prediction | InvalidImageError]:
        predict_part = functools.partial(self._predict_part, Lock())
        done = map_in_order(predict_part, parts(images, batch_size), threads)
        with contextlib.closing(done):
            for index, result in enumerate(itertools.chain.from_iterable(done)):
                if isinstance(result, InvalidImageError) and not return_errors:
                    raise type(result)(f"image {index}: {result}") from result
                yield result

    def _predict_part(
        self, looking: Lock, images: list[ImageSource]
    ) -> list[Prediction | InvalidImageError]:
        results: dict[int, Prediction | InvalidImageError] = {}
        for positions, ink in ink_batches(images, looking):
            if isinstance(ink, InvalidImageError):
                results[positions[0]] = ink
                continue
            output = self.run(ink)
            # Looking at arrays, NumPy hands the interpreter's lock over for moments. A thread that
            # took it then, for all that is left to do here, would be in step with the other one,
            # and both would wait for each other after this batch and every other.
            with looking:
                pass
            results.update(zip(positions, self._predictions(output), strict=True))
        return [results[position] for position in range(len(images))]

    def read_number(self, image: ImageSource) -> Number:
        """Reads a written number of any length, one digit included.

        Its digits may touch, differ in size, consist of several strokes, and go up or down the
        page. Ruled lines and boxes around it are taken for paper, and so are specks that are much
        smaller than its digits. Of more than `marks.MAX_MARKS` marks the largest are looked at.

        Args:
            image: What `predict` takes, with one line of writing on it.

        Returns:
            The number. Digits that the model is unsure of are a part of it, so that none is lost,
            and say so by their `is_digit`; what is hardly a digit is in `left_out`.

        Raises:
            BlankImageError: Nothing is drawn on the image.
            InvalidImageError: It cannot be read as an image.
        """
        picture = read_picture(image)
        line = find_line(find_ink(picture))
        if not line.marks:
            raise BlankImageError("the image holds no mark; write a number on it")
        found, known = segment(line), dict[bytes, Prediction]()
        predictions = self._read(found, known)
        cut_marks = doubtful_marks(line, found, predictions)
        if cut_marks:  # Cutting takes longer than reading, and most digits stand apart.
            found = segment(line, cut_marks)
            predictions = self._read(found, known)
        path = cheapest_path(found, predictions)
        highest = max(found.candidates[index].mark.height for index in path)
        digits: list[Located] = []
        left_out: list[Located] = []
        for index in path:
            mark, prediction = found.candidates[index].mark, predictions[index]
            is_small = mark.height < highest / 2
            is_left_out = prediction.confidence < LEAST_CONFIDENCE or (
                is_small and not prediction.is_digit
            )
            chosen = left_out if is_left_out else digits
            chosen.append(Located(_box(mark, line.scale, picture), prediction))
        return Number(
            text="".join(str(digit.prediction.digit) for digit in digits),
            confidence=math.prod(d.prediction.confidence for d in digits) if digits else 0.0,
            digits=tuple(digits),
            left_out=tuple(left_out),
        )

    def _read(self, found: Segmentation, known: dict[bytes, Prediction]) -> list[Prediction]:
        """Reads all candidates at once, except those that look like one that is known."""
        drawings = drawn([candidate.mark for candidate in found.candidates], CANDIDATE_SIDE)
        looks = [drawing.tobytes() for drawing in drawings]
        new = {look: index for index, look in enumerate(looks) if look not in known}
        if new:
            output = self.run(drawings[list(new.values())])
            known.update(zip(new, self._predictions(output), strict=True))
        return [known[look] for look in looks]

    def run(self, ink: NDArray[np.uint8]) -> ModelOutput:
        """Runs the graph on ink as it is, for those who hold ink already.

        Args:
            ink: uint8 (batch, H, W), 0 paper … 255 full ink, no axis of length 0. The whole batch
                is computed at once.

        Returns:
            The graph's outputs. Blank ink gives finite values without a meaning.

        Raises:
            InvalidImageError: `ink` is not such an array.
            InferenceError: onnxruntime cannot run the graph, for want of memory for instance.
        """
        _check_ink(ink)
        try:
            outputs = self._session.run(OUTPUT_NAMES, {"ink": ink})
        except Exception as error:  # onnxruntime's own exceptions have no common base but this.
            raise InferenceError(
                f"onnxruntime cannot run the model on ink of shape {ink.shape}: {error}; "
                "pass fewer or smaller images at once"
            ) from error
        return ModelOutput(*outputs)

    def _predictions(self, output: ModelOutput) -> list[Prediction]:
        accepts = self._metadata.thresholds.accepts
        shape, dtype = output.normalized.shape[1:], output.normalized.dtype
        predictions: list[Prediction] = []
        for probabilities, normalized in zip(
            cast("list[list[float]]", output.probabilities.tolist()), output.normalized, strict=True
        ):
            confidence = max(probabilities)
            # A view would keep the whole batch in memory, and an array's own copy hands the
            # interpreter's lock over, which costs more than it takes.
            seen = np.ndarray(shape, dtype, normalized.tobytes())
            # By position: names take a third longer.
            predictions.append(
                Prediction(
                    probabilities.index(confidence),
                    confidence,
                    tuple(probabilities),
                    accepts(confidence),
                    seen,
                )
            )
        return predictions

    def __repr__(self) -> str:
        """Names the model and its version."""
        path = self._model or DEFAULT_MODEL
        return f"DigitRecognizer({str(path)!r}, version {self._metadata.model_version})"

    def __reduce__(self) -> tuple[type[Self], tuple[Path | None]]:
        """Pickles the path only: the default model may lie elsewhere on another machine."""
        if self._session_options is not None:
            raise pickle.PicklingError(
                "a DigitRecognizer with session_options cannot be pickled, because onnxruntime's "
                "SessionOptions cannot; create it in each process instead"
            )
        return type(self), (self._model,)


def _box(mark: Mark, scale: int, picture: Picture) -> Box:
    """A mark's bounding box, in pixels of the source."""
    height, width = picture.luminance.shape
    source_width, source_height = picture.source_size
    left, right = _in_source(mark.left, mark.right, scale, width, source_width)
    top, bottom = _in_source(mark.top, mark.bottom, scale, height, source_height)
    return Box(left, top, right - left, bottom - top)


def _in_source(
    first: int, end: int, scale: int, length: int, source_length: int
) -> tuple[int, int]:
    """Where a stretch of a shrunken axis is in the source, widened to whole pixels."""
    end = min(end * scale, length)
    return first * scale * source_length // length, -(-end * source_length // length)


def _check_ink(ink: Any) -> None:
    expected = "ink must be a uint8 array of shape (batch, height, width)"
    if not isinstance(ink, np.ndarray):
        raise InvalidImageError(f"{expected}, not a {type(ink).__name__}")
    array = cast("NDArray[Any]", ink)
    if array.dtype != np.uint8 or array.ndim != 3 or array.size == 0:
        raise InvalidImageError(
            f"{expected}, no axis of length 0; got {array.dtype} of shape {array.shape}"
        )
