"""From anything that a caller may pass as an image to an upright 8-bit picture.

This module answers "what does the image look like?" and leaves "what of it is ink?" to `ink`.
"""

import contextlib
import io
import math
import os
from collections.abc import Generator
from dataclasses import dataclass
from typing import IO, Any, TypeAlias, TypeGuard, cast

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image

from ..errors import InvalidImageError
from .decoding import MAX_PIXELS, MAX_TAGS, check_size, decoded, tag_count

ImageSource: TypeAlias = (
    str | os.PathLike[str] | bytes | bytearray | memoryview | IO[bytes] | Image.Image | NDArray[Any]
)
"""An image file's path, its content, an open binary file, a Pillow image, or a NumPy array."""

WORKING_SIDE_PX = 1024  # beyond this, detail is lost on a digit of 28 × 28 anyway

# Floats may be outside 0…1 by this much, a quarter of a level: resampling rounds.
_ROUNDING_TOLERANCE = 1e-3

SMALL_IMAGE_PIXELS = 128 * 128  # up to this size, images are read faster together than one by one

_ACCEPTED = (
    "pass a path, the bytes of an image file, an open binary file, a Pillow image, or a NumPy array"
)

_EXIF_START = b"Exif\0\0"

_UPRIGHT = {  # EXIF orientation → what undoes it
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_SIDEWAYS = (5, 6, 7, 8)


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """An image as an eye sees it, upright, its longer side at most `WORKING_SIDE_PX`.

    Attributes:
        luminance: uint8 (H, W), 0 black … 255 white.
        opacity: uint8 (H, W), 0 transparent … 255 opaque; None if the image has no transparency.
        source_size: Width and height of the source in pixels, upright, before it was shrunk.
    """

    luminance: NDArray[np.uint8]
    opacity: NDArray[np.uint8] | None
    source_size: tuple[int, int]


def read_picture(source: ImageSource, max_pixels: int = MAX_PIXELS) -> Picture:
    """Reads an image of any supported kind.

    Args:
        source: See `ImageSource`. Arrays are (H, W), (H, W, 1), (H, W, 3) RGB or (H, W, 4) RGBA,
            of dtype uint8, bool, uint16 (the largest value present is white), or float in 0…1.
            A file object is read from its start and stays open.
        max_pixels: Largest accepted height × width.

    Returns:
        The picture; of an animation, the first frame.

    Raises:
        InvalidImageError: It is not an image, is damaged, empty, or too large.
    """
    with foreign_errors_explained(source):
        if isinstance(source, np.ndarray):
            return _picture_of_array(_checked_levels(source, max_pixels), source)
        return _picture(*_read(source, "L", max_pixels))


def read_upright(source: ImageSource, max_pixels: int = MAX_PIXELS) -> Image.Image:
    """Reads an image in its colours, likewise: upright, "RGB", or "RGBA" with transparency."""
    with foreign_errors_explained(source):
        if isinstance(source, np.ndarray):
            source = Image.fromarray(_checked_levels(source, max_pixels))
        upright, _ = _read(source, "RGB", max_pixels)
        return upright if _is_transparent(upright) else upright.convert("RGB")


@contextlib.contextmanager
def foreign_errors_explained(source: Any) -> Generator[None, None, None]:
    """Whatever is raised by reading a source becomes an `InvalidImageError`."""
    try:
        yield
    except InvalidImageError:
        raise
    except Exception as error:
        # Damaged files make decoders raise nearly every exception there is.
        raise InvalidImageError(
            f"{_described(source)} cannot be read ({type(error).__name__}: {error}); "
            "pass a complete, undamaged image"
        ) from error


def _read(source: Any, mode: str, max_pixels: int) -> tuple[Image.Image, tuple[int, int]]:
    """An upright image, in that mode if it is opaque, and its size before it was shrunk."""
    if isinstance(source, Image.Image):
        check_size(source.width, source.height, max_pixels)
        return _upright(source, mode, source.size)
    with opened(source) as file:
        return _decode(file, _described(source), mode, max_pixels)


# --- Files ---------------------------------------------------------------------------------------


def opened(source: Any) -> IO[bytes]:
    """The content of what is no image in memory, to be closed; raises `InvalidImageError`."""
    name = _described(source)
    if isinstance(source, (str, os.PathLike)):
        return _open_file(cast("str | os.PathLike[str]", source), name)
    if isinstance(source, (bytes, bytearray, memoryview)):
        return io.BytesIO(cast("bytes", source))
    if callable(getattr(source, "read", None)):
        return io.BytesIO(_content(source, name))
    raise InvalidImageError(f"{name} is not an image; {_ACCEPTED}")


def _open_file(path: str | os.PathLike[str], name: str) -> IO[bytes]:
    try:
        return open(path, "rb")  # noqa: PTH123 — a PathLike need not be a Path
    except FileNotFoundError as error:
        raise InvalidImageError(f"{name} does not exist; check the path") from error
    except (OSError, ValueError) as error:
        raise InvalidImageError(f"{name} cannot be opened ({error}); check the path") from error


def _content(file: Any, name: str) -> bytes:
    """The whole content of an open file, wherever an earlier reader has left its position."""
    with contextlib.suppress(AttributeError, OSError):  # A pipe cannot go back.
        file.seek(0)
    # Reading an image as text fails at its first byte that is none, with an error of its own.
    content: Any = "" if isinstance(file, io.TextIOBase) else file.read()
    if not isinstance(content, (bytes, bytearray, memoryview)):
        raise InvalidImageError(
            f"reading {name} gives {type(content).__name__} instead of bytes; "
            "open image files in binary mode, open(path, 'rb')"
        )
    return bytes(cast("bytes", content))


def _decode(
    file: IO[bytes], name: str, mode: str, max_pixels: int
) -> tuple[Image.Image, tuple[int, int]]:
    def decode(image: Image.Image) -> tuple[Image.Image, tuple[int, int]]:
        source_size = image.size
        # A JPEG can be decoded at a fraction of its size, in a fraction of the time.
        image.draft(mode, (WORKING_SIDE_PX, WORKING_SIDE_PX))
        return _upright(image, mode, source_size)

    return decoded(file, name, max_pixels, decode)


def _described(source: Any) -> str:
    if isinstance(source, (str, os.PathLike)):
        return f"the file {str(cast('object', source))!r}"
    if isinstance(source, np.ndarray):
        array = cast("NDArray[Any]", source)
        return f"the array of shape {array.shape} and dtype {array.dtype}"
    name: Any = getattr(source, "name", None)  # of an open file; a number if it has no path
    if isinstance(name, str):
        return f"the file {name!r}"
    if isinstance(source, (bytes, bytearray, memoryview)):
        return "the content"
    return f"the {type(source).__name__}"


# --- Pillow images -------------------------------------------------------------------------------


def _upright(
    image: Image.Image, mode: str, source_size: tuple[int, int]
) -> tuple[Image.Image, tuple[int, int]]:
    width, height = source_size
    image.load()
    plain = _converted_and_shrunk(image, mode)
    orientation = _orientation(image)
    if orientation in _UPRIGHT:
        plain = plain.transpose(_UPRIGHT[orientation])
    return plain, (height, width) if orientation in _SIDEWAYS else (width, height)


def _orientation(image: Image.Image) -> int:
    try:
        exif = image.info.get("exif", b"").removeprefix(_EXIF_START)
        if exif and tag_count(io.BytesIO(exif), exif) > MAX_TAGS:
            return 1  # Pillow would read all of them.
        return int(image.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:
        return 1  # Damaged EXIF data does not make the picture unreadable.


def _converted_and_shrunk(image: Image.Image, mode: str) -> Image.Image:
    """Any mode → "RGBA" if the image has transparency, else that one or "L"; shrunk."""
    if image.mode.startswith("I;16"):
        image = image.convert("I")
    if image.mode in ("I", "F"):
        return Image.fromarray(_lightest_as_white(np.asarray(_shrunk(image))))
    if image.mode == "LAB":
        return _shrunk(image.getchannel(0))
    if image.mode == "La":
        image = image.convert("LA")
    # Shrinking comes last: averages of palette indices or of bits mean nothing.
    return _shrunk(_converted(image, "RGBA" if image.has_transparency_data else mode))


def _is_transparent(plain: Image.Image) -> bool:
    return plain.mode == "RGBA" and plain.getchannel("A").getextrema() != (255, 255)


def _converted(image: Image.Image, mode: str) -> Image.Image:
    return image if image.mode == mode else image.convert(mode)


def _shrunk(image: Image.Image) -> Image.Image:
    factor = math.ceil(max(image.size) / WORKING_SIDE_PX)
    return image if factor == 1 else image.reduce(factor)


def _picture(plain: Image.Image, source_size: tuple[int, int]) -> Picture:
    """Mode "L" or "RGBA" → arrays."""
    opacity = np.asarray(plain.getchannel("A")) if _is_transparent(plain) else None
    return Picture(np.asarray(_converted(plain, "L")), opacity, source_size)


# --- Arrays --------------------------------------------------------------------------------------


def is_small_luminance(source: ImageSource) -> TypeGuard[NDArray[np.uint8]]:
    """Whether a source is a small array that already is what its picture's luminance will be."""
    return (
        type(source) is np.ndarray  # What its subclasses mean may be lost in a stack.
        and source.dtype == np.uint8
        and source.ndim == 2
        and 0 < source.size <= SMALL_IMAGE_PIXELS
        and source.shape[0] <= WORKING_SIDE_PX
        and source.shape[1] <= WORKING_SIDE_PX
    )


def _checked_levels(source: NDArray[Any], max_pixels: int) -> NDArray[np.uint8]:
    """An array as a caller passes it → uint8 (H, W), (H, W, 3) or (H, W, 4)."""
    array = np.asarray(source)
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]
    if array.ndim != 2 and not (array.ndim == 3 and array.shape[2] in (3, 4)):
        raise InvalidImageError(
            f"an array of shape {array.shape} is not an image; pass (height, width), "
            "(height, width, 1), (height, width, 3) or (height, width, 4), one image at a time"
        )
    check_size(array.shape[1], array.shape[0], max_pixels)
    return np.ascontiguousarray(_eight_bits(array))


def _picture_of_array(levels: NDArray[np.uint8], source: NDArray[Any]) -> Picture:
    """Levels (H, W), (H, W, 3) or (H, W, 4) → picture; never a view of the source."""
    size = (levels.shape[1], levels.shape[0])
    is_opaque = False
    if levels.ndim == 3 and levels.shape[2] == 4:
        # A pixel as one number, red in its lowest byte and alpha in its highest. This is several
        # times faster than a look at every fourth byte, or than Pillow's conversion.
        pixels = levels.view("<u4")[:, :, 0]
        is_opaque = int(np.bitwise_and.reduce(pixels, axis=None)) >> 24 == 255
        if is_opaque and _is_grey(levels):
            levels = pixels.astype(np.uint8)
    if levels.ndim == 2 and max(size) <= WORKING_SIDE_PX:
        is_callers = np.may_share_memory(levels, source)
        return Picture(levels.copy() if is_callers else levels, None, size)
    if is_opaque and levels.ndim == 3:
        image = Image.frombuffer("RGBX", size, levels, "raw", "RGBX", 0, 1)
    else:
        image = Image.fromarray(levels)
    return _picture(_converted_and_shrunk(image, "L"), size)


def _is_grey(levels: NDArray[np.uint8]) -> bool:
    """Whether red, green and blue are equal in each pixel of an RGBA image; (H, W, 4)."""
    # Each byte against the next. The lower two of a pixel's four compare its colours; the last one
    # of all, which has no next, is not among them.
    values = levels.reshape(-1)
    differences = np.empty_like(values)
    np.bitwise_xor(values[:-1], values[1:], out=differences[:-1])
    return not int(np.bitwise_or.reduce(differences.view("<u4"), axis=None)) & 0xFFFF


def _eight_bits(array: NDArray[Any]) -> NDArray[np.uint8]:
    """Any accepted dtype → uint8, 0…255, of the same shape."""
    if array.dtype == np.uint8:
        return array
    if array.dtype == np.bool_:
        return array.astype(np.uint8) * np.uint8(255)
    if array.dtype.kind == "u" and array.dtype.itemsize == 2:
        return _lightest_as_white(array)
    if array.dtype.kind == "f" and array.dtype.itemsize <= 8:
        return _unit_as_levels(array)
    raise InvalidImageError(
        f"an array of dtype {array.dtype} is not an image; pass uint8 (0…255), uint16, bool, "
        "or float (0…1), for instance array.astype(np.uint8) if its values are 0…255"
    )


def _unit_as_levels(array: NDArray[Any]) -> NDArray[np.uint8]:
    """Float, 0…1 → uint8, 0…255."""
    lowest, highest = float(array.min()), float(array.max())
    _check_finite(lowest, highest)
    if lowest < -_ROUNDING_TOLERANCE or highest > 1 + _ROUNDING_TOLERANCE:
        raise InvalidImageError(
            f"the float array holds values from {lowest:g} to {highest:g}; floats must be in 0…1, "
            "so scale them, or pass 0…255 as uint8"
        )
    return np.rint(np.multiply(array, 255, dtype=np.float32)).astype(np.uint8)


def _lightest_as_white(levels: NDArray[Any]) -> NDArray[np.uint8]:
    """Levels of more than 8 bits → uint8; the lightest becomes 255, and zero stays 0.

    Such formats do not say where white is: 10, 12, and 14 bits are common in 16.
    """
    black, white = min(0.0, float(levels.min())), float(levels.max())
    _check_finite(black, white)
    if white <= black:
        return np.zeros(levels.shape, np.uint8)
    exact = np.float32 if levels.dtype.itemsize == 2 else np.float64
    return np.rint((levels.astype(exact) - black) * (255 / (white - black))).astype(np.uint8)


def _check_finite(lowest: float, highest: float) -> None:
    if not (math.isfinite(lowest) and math.isfinite(highest)):
        raise InvalidImageError("the image holds NaN or infinite values; replace them, e.g. by 0")
