"""A picture and what was read on it, or why nothing was."""

import hashlib
import logging
import os
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st
from PIL import Image
from streamlit.runtime.uploaded_file_manager import UploadedFile

from inference import (
    DetectedDigit,
    DigitRecognizer,
    ImageSource,
    InferenceError,
    InvalidImageError,
    Number,
    pages,
    visible_image,
)
from inference.image.decoding import SHARED_MAX_PIXELS
from inference.image.slots import Workers

LOG = logging.getLogger(__name__)

# Pillow's about a visitor's file, thousands for some: the log is for what its reader can change.
warnings.filterwarnings("ignore", module=r"PIL\.")

MAX_FILES = 50

_UPLOADS = Workers(max(1, (os.cpu_count() or 1) - 1), niceness=10)
"""Read uploads, and leave a core to the visitors who draw."""

NOTHING_FOUND = "no number is found on it; write larger or darker"


@dataclass(frozen=True)
class Reading:
    """A picture and the numbers that were read on it.

    Attributes:
        name: The file's name, or what stands for it.
        picture: What was read, upright, in RGB.
        numbers: What was read, in reading order.
        corrected: Which of the numbers, and of their marks, a visitor has corrected.
    """

    name: str
    picture: Image.Image
    numbers: list[Number]
    corrected: Sequence[DetectedDigit | Number] = ()

    @property
    def marks(self) -> list[DetectedDigit]:
        """All that was found, read as a digit or not, each number's from left to right."""
        return [
            mark
            for number in self.numbers
            for mark in sorted((*number.digits, *number.rejected), key=lambda mark: mark.box.left)
        ]

    @property
    def rejected(self) -> list[DetectedDigit]:
        """What was read as no digit."""
        return [mark for number in self.numbers for mark in number.rejected]


@dataclass(frozen=True)
class Failure:
    """A picture that could not be read, and why, in a visitor's words."""

    name: str
    reason: str


def read(recognizer: DigitRecognizer, name: str, file: ImageSource, max_pixels: int) -> Reading:
    """Read the numbers on a picture, and keep what was read; raises `InferenceError`."""
    picture = visible_image(file, max_pixels)
    return Reading(name, picture, recognizer.read_numbers(picture))


def read_file(recognizer: DigitRecognizer, file: UploadedFile) -> list[Reading | Failure]:
    """Read each page of a file, or say what is wrong with it."""
    return read_pages(recognizer, file.file_id, file)


@st.cache_resource(scope="session", show_spinner=False, max_entries=MAX_FILES)
def read_pages(
    _recognizer: DigitRecognizer,
    file_id: str,  # noqa: ARG001 — it is what the cache goes by
    _file: UploadedFile,
) -> list[Reading | Failure]:
    """Read each page of a file; only once, however often the page is drawn."""
    documents = pages(_file, _file.name)

    def read_next() -> Reading | Failure | None:
        page = next(documents, None)
        if page is None:
            return None
        reading = read(_recognizer, *page, SHARED_MAX_PIXELS)
        return reading if reading.numbers else Failure(reading.name, NOTHING_FOUND)

    results: list[Reading | Failure] = []
    try:
        # One by one: others need not wait for the last page of a book.
        while len(results) <= MAX_FILES and (result := _UPLOADS.run(read_next)):
            results.append(result)
    except InferenceError as error:
        results.append(Failure(_file.name, explain_error(error)))
    return results


def explain_error(error: InferenceError) -> str:
    """Say what is wrong with a picture and what would be right.

    What the module says about a picture is about this one. What the runtime says is for the log.
    """
    if isinstance(error, InvalidImageError):
        return str(error)
    LOG.error("A picture cannot be processed.", exc_info=error)
    return "it could not be processed; a smaller picture may work"


def fingerprint(reading: Reading) -> str:
    """Tell drawings apart, so that each starts with its own choices."""
    return hashlib.sha256(reading.picture.tobytes()).hexdigest()[:16]
