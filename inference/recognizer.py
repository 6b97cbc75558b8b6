"""The recognizer: an image in, a prediction out."""

import contextlib
import itertools
import math
import os
import pickle
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock
from typing import Any, Literal, Self, cast, overload

import numpy as np
from numpy.typing import NDArray

from .errors import BlankImageError, InferenceError, InvalidImageError, SeveralNumbersError
from .image.batches import ink_batches
from .image.decoding import MAX_PIXELS
from .image.ink import find_ink, is_framed, is_photograph, visible_luminance
from .image.picture import ImageSource, Picture, read_picture
from .metadata import CONTRACT, OUTPUT_NAMES, ModelMetadata, parse_metadata
from .model import Session, SessionOptions, open_model
from .number import Box, DetectedDigit, Number
from .number.finder import Detection
from .number.metadata import CONTRACT as FINDER_CONTRACT
from .number.metadata import NumberMetadata, ReadingSettings, parse_number_metadata
from .number.reader import LineReading, read_likeliest, read_lines
from .prediction import Prediction
from .stream import check_that_they_are_several, map_in_order, parts

_PACKAGE = Path(__file__).parent
# The wheel has the artifacts inside the package, a checkout has them beside it.
_HOME = _PACKAGE if (_PACKAGE / "artifacts").is_dir() else _PACKAGE.parent
DEFAULT_MODEL = _HOME / "artifacts" / "digits.onnx"

DEFAULT_FINDER = DEFAULT_MODEL.with_name("numbers.onnx")

OWN_DIGIT_WEIGHT = 0.7
"""Weight on drawings of a digit network other than the one that the finder was calibrated with.

A user who has fine-tuned one on their own handwriting expects it to decide.
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


class _Finder:
    """The graph that finds numbers, opened once, when it is needed for the first time."""

    def __init__(self, path: Path, session_options: SessionOptions | None) -> None:
        self._path = path
        self._session_options = session_options
        self._lock = Lock()
        self._opened: tuple[Session, NumberMetadata] | None = None

    @property
    def opened(self) -> tuple[Session, NumberMetadata]:
        """Its session and metadata; raises `ModelError`."""
        with self._lock:
            if self._opened is None:
                self._opened = open_model(
                    self._path, FINDER_CONTRACT, parse_number_metadata, self._session_options
                )
            return self._opened


class DigitRecognizer:
    """Recognizes handwritten digits and numbers.

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
        finder: str | os.PathLike[str] | None = None,
        session_options: SessionOptions | None = None,
        max_pixels: int = MAX_PIXELS,
    ) -> None:
        """Opens a model and verifies that it is intact.

        Args:
            model: Path of an ONNX file with its metadata, the `.json` file of the same stem,
                beside it. None is the model that this package comes with. One of your own has the
                larger say in which digits a drawing shows.
            finder: Path of the graph that finds numbers, `numbers.onnx`, likewise. It is opened
                when it is needed for the first time: for a number, or for a photograph.
            session_options: How onnxruntime runs the models. By default on one CPU thread.
            max_pixels: Largest height × width of an image; a server that reads many at once may
                want less.

        Raises:
            ModelError: A file is missing, damaged, or not what this package expects.
        """
        # Absolute, so that a pickled recognizer finds it from another working directory.
        self._model = None if model is None else Path(model).absolute()
        self._session_options = session_options
        self._max_pixels = max_pixels
        self._session, self._metadata = open_model(
            self._model or DEFAULT_MODEL, CONTRACT, parse_metadata, session_options
        )
        self._finder_path = None if finder is None else Path(finder).absolute()
        self._finder = _Finder(self._finder_path or DEFAULT_FINDER, session_options)

    @property
    def metadata(self) -> ModelMetadata:
        """What is known about the model: version, thresholds, metrics, and more."""
        return self._metadata

    @property
    def finder_metadata(self) -> NumberMetadata:
        """What is known about the model that finds numbers, likewise.

        Raises:
            ModelError: A file of it is missing, damaged, or not what this package expects.
        """
        return self._finder.opened[1]

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
        ink = self._ink_or_prediction(image)
        return ink if isinstance(ink, Prediction) else self.predict_ink(ink[np.newaxis])[0]

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
                are needed, in the caller's thread, at most 2 × `threads` × `batch_size` ahead. What
                is taken is copied, so a camera may fill the same buffer with every frame.
            batch_size: How many images are read, then recognized together if their sizes agree.
            threads: How many batches are worked on at the same time, in one session.
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
        done = map_in_order(self._predict_part, parts(images, batch_size), threads)
        with contextlib.closing(done):
            for index, result in enumerate(itertools.chain.from_iterable(done)):
                if isinstance(result, InvalidImageError) and not return_errors:
                    raise type(result)(f"image {index}: {result}") from result
                yield result

    def _predict_part(self, images: list[ImageSource]) -> list[Prediction | InvalidImageError]:
        results: dict[int, Prediction | InvalidImageError] = {}
        for positions, ink in ink_batches(images, self._ink_or_prediction):
            if not isinstance(ink, np.ndarray):
                results[positions[0]] = ink
                continue
            results.update(zip(positions, self.predict_ink(ink), strict=True))
        return [results[position] for position in range(len(images))]

    def read_number(self, image: ImageSource) -> Number:
        """Reads a written number of any length, one digit included.

        Its digits may touch, differ in size, and go up or down the page; separators between them
        and a leading minus are a part of its text.

        Args:
            image: What `predict` takes, with one number on it.

        Returns:
            The number. Digits that the model is unsure of are a part of it, so that none is lost,
            and say so by their `is_digit`; what is hardly a digit is in `rejected`. Its text is
            empty if nothing on the image resembles a number.

        Raises:
            SeveralNumbersError: There are several numbers; `read_numbers` reads them all.
            BlankImageError: Nothing is drawn on the image.
            InvalidImageError: It cannot be read as an image.
        """
        picture = read_picture(image, self._max_pixels)
        readings = self._read_lines(picture)
        if not readings:
            find_ink(picture)  # raises for a blank picture
            whole = Box(0, 0, *picture.source_size)
            return Number("", 0.0, is_sure=False, box=whole, digits=(), rejected=())
        if len(readings) > 1:
            texts = ", ".join(reading.text for reading in readings)
            raise SeveralNumbersError(
                f"the image holds several numbers ({texts}); call read_numbers, which returns "
                "every number with its box, or cut the image"
            )
        return self._number(readings[0], picture)

    def read_numbers(self, image: ImageSource) -> list[Number]:
        """Reads every number on an image.

        Digits that stand in a line are one number unless some gaps clearly differ from the others.

        Args:
            image: What `predict` takes.

        Returns:
            The numbers in reading order, each with its box; none if there are none.

        Raises:
            InvalidImageError: It cannot be read as an image.
        """
        picture = read_picture(image, self._max_pixels)
        return [self._number(reading, picture) for reading in self._read_lines(picture)]

    def _read_lines(self, picture: Picture) -> list[LineReading]:
        luminance = visible_luminance(picture)
        return read_lines(
            self._finder.opened[0], luminance, self.predict_ink, self._reading_settings
        )

    @property
    def _reading_settings(self) -> ReadingSettings:
        finder = self._finder.opened[1]
        if self._metadata.file.sha256 == finder.digits_sha256:
            return finder.reading
        drawings = replace(finder.reading.drawings, digit_weight=OWN_DIGIT_WEIGHT)
        return replace(finder.reading, drawings=drawings)

    def _number(self, reading: LineReading, picture: Picture) -> Number:
        _, metadata = self._finder.opened
        return Number(
            text=reading.text,
            confidence=reading.confidence,
            is_sure=reading.confidence >= metadata.reading.sure_confidence,
            box=_box(reading.line.characters, picture),
            digits=_detected(reading.line.digits, reading.digits, picture),
            rejected=_detected(reading.rejected, reading.rejected_digits, picture),
        )

    def _ink_or_prediction(self, image: ImageSource) -> NDArray[np.uint8] | Prediction:
        """The ink of a drawing, uint8 (H, W), or what the digit on a photograph or in a box is.

        Raises:
            BlankImageError: Nothing is drawn on the image.
            InvalidImageError: It cannot be read as an image.
        """
        picture = read_picture(image, self._max_pixels)
        is_drawing = not is_photograph(picture)
        if is_drawing and not is_framed(picture):
            return find_ink(picture)
        prediction = self._found_digit(picture)
        if prediction is not None:
            return prediction
        if is_drawing:
            return find_ink(picture)
        raise BlankImageError(
            "nothing on the photograph resembles a digit; write it larger or darker"
        )

    def _found_digit(self, picture: Picture) -> Prediction | None:
        """What the finder's likeliest digit is; None if nothing resembles a digit."""
        session, _ = self._finder.opened
        read = read_likeliest(session, picture.luminance, self.predict_ink, self._reading_settings)
        if read is None:
            return None
        found, prediction = read
        # Bare paper has faint digits for the finder; both must be likely, the digit and which.
        is_digit = self._metadata.thresholds.accepts(prediction.confidence * found.probability)
        return replace(prediction, is_digit=is_digit)

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

    def predict_ink(self, ink: NDArray[np.uint8]) -> list[Prediction]:
        """Recognizes digits that are ink already, like `run`.

        Args:
            ink: uint8 (batch, H, W), 0 paper … 255 full ink, no axis of length 0.

        Returns:
            One prediction for each.

        Raises:
            InvalidImageError: `ink` is not such an array.
            InferenceError: onnxruntime cannot run the graph, for want of memory for instance.
        """
        return self._predictions(self.run(ink))

    def _predictions(self, output: ModelOutput) -> list[Prediction]:
        accepts = self._metadata.thresholds.accepts
        predictions: list[Prediction] = []
        for probabilities, normalized in zip(
            cast("list[list[float]]", output.probabilities.tolist()), output.normalized, strict=True
        ):
            confidence = max(probabilities)
            seen = normalized.copy()  # A view would keep the whole batch in memory.
            seen.setflags(write=False)
            predictions.append(
                Prediction(
                    digit=probabilities.index(confidence),
                    confidence=confidence,
                    probabilities=tuple(probabilities),
                    is_digit=accepts(confidence),
                    normalized=seen,
                )
            )
        return predictions

    def __repr__(self) -> str:
        """Names the model and its version."""
        path = self._model or DEFAULT_MODEL
        return f"DigitRecognizer({str(path)!r}, version {self._metadata.model_version})"

    @classmethod
    def _reopened(cls, model: Path | None, finder: Path | None, max_pixels: int) -> Self:
        """What a pickled recognizer becomes."""
        return cls(model, finder=finder, max_pixels=max_pixels)

    def __reduce__(self) -> tuple[Callable[..., Self], tuple[Path | None, Path | None, int]]:
        """Pickles the path only: the default model may lie elsewhere on another machine."""
        if self._session_options is not None:
            raise pickle.PicklingError(
                "a DigitRecognizer with session_options cannot be pickled, because onnxruntime's "
                "SessionOptions cannot; create it in each process instead"
            )
        return type(self)._reopened, (self._model, self._finder_path, self._max_pixels)


def _detected(
    found: Sequence[Detection], digits: Sequence[Prediction], picture: Picture
) -> tuple[DetectedDigit, ...]:
    pairs = sorted(zip(found, digits, strict=True), key=lambda pair: pair[0].x)
    return tuple(DetectedDigit(_box([detection], picture), digit) for detection, digit in pairs)


def _box(found: Sequence[Detection], picture: Picture) -> Box:
    """What holds all of some characters, in pixels of the source."""
    height, width = picture.luminance.shape
    source_width, source_height = picture.source_size
    left, right = _in_source(
        min(detection.left for detection in found),
        max(detection.right for detection in found),
        width,
        source_width,
    )
    top, bottom = _in_source(
        min(detection.top for detection in found),
        max(detection.bottom for detection in found),
        height,
        source_height,
    )
    return Box(left, top, right - left, bottom - top)


def _in_source(first: float, end: float, length: int, source_length: int) -> tuple[int, int]:
    """Where a stretch of a shrunken axis is in the source, widened to whole pixels of it."""
    scale = source_length / length
    start = min(math.floor(first * scale), source_length - 1)
    return start, max(start + 1, math.ceil(end * scale))


def _check_ink(ink: Any) -> None:
    expected = "ink must be a uint8 array of shape (batch, height, width)"
    if not isinstance(ink, np.ndarray):
        raise InvalidImageError(f"{expected}, not a {type(ink).__name__}")
    array = cast("NDArray[Any]", ink)
    if array.dtype != np.uint8 or array.ndim != 3 or array.size == 0:
        raise InvalidImageError(
            f"{expected}, no axis of length 0; got {array.dtype} of shape {array.shape}"
        )
