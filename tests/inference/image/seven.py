"""A crossed seven, as a picture of any kind."""

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageDraw

from inference.image.ink import find_ink
from inference.image.picture import read_picture

SIZE = (96, 128)  # width, height: not square, so that a mixed-up axis shows


def draw_seven(mode: str = "L", ink: Any = 0, paper: Any = 255) -> Image.Image:
    """A crossed seven without symmetry, without antialiasing."""
    image = Image.new(mode, SIZE, paper)
    draw = ImageDraw.Draw(image)
    draw.line([(22, 24), (74, 28), (40, 106)], fill=ink, width=10, joint="curve")
    draw.line([(34, 66), (70, 62)], fill=ink, width=8)
    return image


SEVEN = draw_seven()
INK = 255 - np.asarray(SEVEN)
GRAY = np.asarray(SEVEN)

Levels = NDArray[np.uint8]


def ink_of(source: Any) -> Levels:
    return find_ink(read_picture(source))


def encode(image: Image.Image, file_format: str = "PNG", **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, file_format, **options)
    return file.getvalue()


# --- From any source ------------------------------------------------------------------------------


def with_levels(mode: str, dtype: str, white: int) -> Image.Image:
    levels = (GRAY // 255).astype(dtype) * np.array(white, dtype)
    return Image.frombytes(mode, SIZE, levels.tobytes())


MODES = {
    "1": SEVEN.convert("1"),
    "L": SEVEN,
    "LA": SEVEN.convert("LA"),
    "La": SEVEN.convert("LA").convert("La"),
    "P": SEVEN.convert("P"),
    "PA": SEVEN.convert("RGBA").convert("PA"),
    "RGB": SEVEN.convert("RGB"),
    "RGBA": SEVEN.convert("RGBA"),
    "RGBa": SEVEN.convert("RGBA").convert("RGBa"),
    "RGBX": SEVEN.convert("RGBX"),
    "CMYK": SEVEN.convert("RGB").convert("CMYK"),
    "YCbCr": SEVEN.convert("RGB").convert("YCbCr"),
    "LAB": SEVEN.convert("RGB").convert("LAB"),
    "HSV": SEVEN.convert("RGB").convert("HSV"),
    "I": with_levels("I", "=i4", 70_000),
    "F": with_levels("F", "=f4", 1),
    "I;16": with_levels("I;16", "<u2", 65_535),
    "I;16L": with_levels("I;16L", "<u2", 65_535),
    "I;16B": with_levels("I;16B", ">u2", 65_535),
    "I;16N": with_levels("I;16N", "=u2", 65_535),
}

TURNS = {  # EXIF orientation → how the stored pixels differ from the upright picture
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def photographed(orientation: int, file_format: str) -> bytes:
    turn = TURNS[orientation]
    stored = SEVEN if turn is None else SEVEN.transpose(turn)
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    return encode(stored, file_format, exif=exif)


# --- Transparency ---------------------------------------------------------------------------------


CLEAR = (0, 0, 0, 0)
