"""A picture and what was read on it, or why nothing was."""

import hashlib
import itertools
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st
from PIL import Image

from inference import (
    DigitRecognizer,
    ImageSource,
    InferenceError,
    InvalidImageError,
    Located,
    Number,
    pages,
    visible_image,
)
from inference.image.slots import Workers

if TYPE_CHECKING:
    from streamlit.runtime.uploaded_file_manager import UploadedFile

MAX_FILES = 50
MAX_PIXELS = 25_000_000  # of an upload: many visitors share one server

_UPLOADS = Workers(max(1, (os.cpu_count() or 1) - 1), niceness=10)
"""Read uploads, and leave a core to the visitors who draw."""

NOTHING_FOUND = "shows no number. Write it larger or darker."


@dataclass(frozen=True)
class Reading:
    """A picture and the numbers that were read on it.

    Attributes:
        name: The file's name, or what stands for it.
        picture: What was read, upright, in RGB.
        numbers: What was read, in reading order.
    """

    name: str
    picture: Image.Image
    numbers: list[Number]

    @property
    def marks(self) -> list[Located]:
        """All that was found, read as a digit or not, each number's from left to right."""
        return [
            mark
            for number in self.numbers
            for mark in sorted((*number.digits, *number.left_out), key=lambda mark: mark.box.left)
        ]

    @property
    def left_out(self) -> list[Located]:
        """What was read as no digit."""
        return [mark for number in self.numbers for mark in number.left_out]


@dataclass(frozen=True)
class Failure:
    """A picture that could not be read, and why, in a visitor's words."""

    name: str
    reason: str


def read(recognizer: DigitRecognizer, name: str, file: ImageSource, max_pixels: int) -> Reading:
    """Read the numbers on a picture, and keep what was read; raises `InferenceError`."""
    picture = visible_image(file, max_pixels)
    return Reading(name, picture, recognizer.read_numbers(picture))


def read_file(recognizer: DigitRecognizer, file: "UploadedFile") -> list[Reading | Failure]:
    """Read each page of a file, or say what is wrong with it."""
    try:
        readings = read_good_file(recognizer, file.file_id, file)
    except InferenceError as error:
        return [Failure(file.name, explain_error(error))]
    return [each if each.numbers else Failure(each.name, NOTHING_FOUND) for each in readings]


@st.cache_resource(scope="session", show_spinner=False, max_entries=MAX_FILES)
def read_good_file(
    _recognizer: DigitRecognizer,
    file_id: str,  # noqa: ARG001 — it is what the cache goes by
    _file: "UploadedFile",
) -> list[Reading]:
    """Read each page of a file; only once, however often the page is drawn."""

    def read_pages() -> list[Reading]:
        first_pages = itertools.islice(pages(_file, _file.name), MAX_FILES)
        return [read(_recognizer, name, page, MAX_PIXELS) for name, page in first_pages]

    return _UPLOADS.run(read_pages)


def explain_error(error: InferenceError) -> str:
    """Say what is wrong with a picture and what would be right, in a visitor's words."""
    if isinstance(error, InvalidImageError):
        return (
            "cannot be read as a picture. A complete PNG, JPEG, WebP, GIF, BMP, TIFF, HEIC or PDF"
            f" file of up to {MAX_PIXELS // 1_000_000} megapixels would be right."
        )
    return "could not be processed. A smaller picture may work."


def fingerprint(reading: Reading) -> str:
    """Tell drawings apart, so that each starts with its own choices."""
    return hashlib.sha256(reading.picture.tobytes()).hexdigest()[:16]
