"""Has numbers read and keeps what was read, next to what is written."""

import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from PIL import Image, ImageOps
from tqdm import tqdm

from inference import (
    ImageSource,
    InferenceError,
    ModelError,
    Number,
    Prediction,
    SeveralNumbersError,
)
from inference.image.picture import read_picture

PICTURE_SIZE = (296, 100)
"""Most columns and rows of the picture that is kept of a wrong reading."""


class Recognizer(Protocol):
    """What is needed of a `DigitRecognizer`."""

    def predict(self, image: ImageSource, /) -> Prediction:
        """Reads a single digit."""
        ...

    def read_number(self, image: ImageSource, /) -> Number:
        """Reads the only number."""
        ...

    def read_numbers(self, image: ImageSource, /) -> Sequence[Number]:
        """Reads all numbers, in reading order."""
        ...


@dataclass(frozen=True, slots=True)
class Answer:
    """What the recognizer says of a picture.

    Attributes:
        text: What was read; several numbers are parted by a blank.
        confidence: Probability that all of it is right, 0…1.
        is_sure: Whether the recognizer calls all of it sure.
    """

    text: str
    confidence: float
    is_sure: bool


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """A picture to have read.

    Attributes:
        name: Tells it from the others of its condition.
        image: The picture.
        written: What it says; several numbers are parted by a blank.
        read: Reads it.
    """

    name: str
    image: ImageSource
    written: str
    read: Callable[[Recognizer, ImageSource], Answer]


@dataclass(frozen=True, slots=True, eq=False)
class Condition:
    """Pictures that are summarized in one row.

    Attributes:
        name: What they have in common.
        questions: The pictures; made one by one as they are needed.
        count: How many there are.
    """

    name: str
    questions: Iterable[Question]
    count: int


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """What is written on a picture, and what was read.

    Attributes:
        name: Tells the picture from the others of its condition.
        written: What it says.
        read: What was read; empty if nothing was.
        confidence: Probability that it is right, 0…1.
        is_sure: Whether the recognizer calls it sure.
        is_several: Whether one number was asked for and the recognizer found several.
        picture: A small copy. None if it was read rightly, for want of memory.
    """

    name: str
    written: str
    read: str
    confidence: float = 0.0
    is_sure: bool = False
    is_several: bool = False
    picture: Image.Image | None = None

    @property
    def is_right(self) -> bool:
        """Whether everything was read as it is written."""
        return self.read == self.written


def digits_of(text: str) -> str:
    """The digits of a text, without what stands between them."""
    return re.sub("[^0-9]", "", text)


def through_predict(recognizer: Recognizer, image: ImageSource) -> Answer:
    """Reads a single digit; sure means `is_digit`."""
    prediction = recognizer.predict(image)
    return Answer(str(prediction.digit), prediction.confidence, prediction.is_digit)


def through_read_number(recognizer: Recognizer, image: ImageSource) -> Answer:
    """Reads one number, separators included."""
    return _answer([recognizer.read_number(image)])


def through_read_number_digits(recognizer: Recognizer, image: ImageSource) -> Answer:
    """Reads one number and keeps its digits."""
    return _answer([recognizer.read_number(image)], digits_of)


def through_read_numbers(recognizer: Recognizer, image: ImageSource) -> Answer:
    """Reads several numbers, separators included."""
    return _answer(recognizer.read_numbers(image))


def through_read_numbers_digits(recognizer: Recognizer, image: ImageSource) -> Answer:
    """Reads several numbers and keeps their digits."""
    return _answer(recognizer.read_numbers(image), digits_of)


def _answer(numbers: Sequence[Number], keep: Callable[[str], str] = str) -> Answer:
    texts = [(keep(number.text), number) for number in numbers]
    read = [(text, number) for text, number in texts if text]
    return Answer(
        " ".join(text for text, _ in read),
        math.prod(number.confidence for _, number in read) if read else 0.0,
        bool(read) and all(number.is_sure for _, number in read),
    )


def read_condition(recognizer: Recognizer, condition: Condition) -> list[Reading]:
    """Has all pictures of a condition read, with a progress bar.

    Raises:
        ModelError: A model that is needed is missing or damaged.
    """
    return [
        _reading(recognizer, question)
        for question in tqdm(
            condition.questions, condition.name, total=condition.count, unit="picture"
        )
    ]


def _reading(recognizer: Recognizer, question: Question) -> Reading:
    answer, is_several = Answer("", 0.0, False), False
    try:
        answer = question.read(recognizer, question.image)
    except SeveralNumbersError:
        is_several = True
    except ModelError:
        raise  # Without its model the recognizer reads nothing at all.
    except InferenceError:
        pass
    return Reading(
        question.name,
        question.written,
        answer.text,
        answer.confidence,
        answer.is_sure,
        is_several,
        None if answer.text == question.written else _small_copy(question.image),
    )


def _small_copy(image: ImageSource) -> Image.Image | None:
    """The picture as the recognizer sees it; None if it cannot be read as one."""
    try:
        picture = read_picture(image)
    except InferenceError:
        return None
    levels = picture.luminance.astype(np.float32)
    if picture.opacity is not None:
        levels += (255 - levels) * (1 - picture.opacity / np.float32(255))
    return ImageOps.contain(Image.fromarray(levels.round().astype(np.uint8)), PICTURE_SIZE)


@dataclass(frozen=True, slots=True)
class NonDigits:
    """What was read on pictures without a number.

    Attributes:
        count: Pictures.
        read: Share on which anything is read, 0…1.
        sure: Share on which a number is read that the recognizer calls sure, 0…1.
    """

    count: int
    read: float
    sure: float


def read_non_digits(recognizer: Recognizer, paths: Sequence[Path]) -> NonDigits:
    """Has pictures without a number read.

    `read_number` reads them. Where it finds several numbers, `read_numbers` says which.

    Raises:
        ModelError: A model that is needed is missing or damaged.
    """
    found = [
        [number for number in _all_numbers(recognizer, path) if number.text]
        for path in tqdm(paths, "no digits", unit="picture")
    ]
    return NonDigits(
        len(paths),
        sum(bool(numbers) for numbers in found) / len(paths),
        sum(any(number.is_sure for number in numbers) for numbers in found) / len(paths),
    )


def _all_numbers(recognizer: Recognizer, image: ImageSource) -> Sequence[Number]:
    try:
        return [recognizer.read_number(image)]
    except SeveralNumbersError:
        return recognizer.read_numbers(image)
    except ModelError:
        raise
    except InferenceError:
        return []
