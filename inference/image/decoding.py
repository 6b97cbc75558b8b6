"""Opens image files within bounds: no file, however it was made, may occupy the process.

What a header promises is checked before anything is decoded. Any file of up to 20 MB takes at most
about 3 seconds of one core and 400 MB.
"""

import io
import re
import struct
from collections.abc import Callable
from contextvars import ContextVar
from typing import IO, Any, TypeVar, cast

from PIL import Image, ImageFile

from ..errors import InvalidImageError
from .avif import stream_size
from .foreign import START_BYTES, SUFFIXES, decode_only_page, foreign_format
from .slots import Workers

MAX_PIXELS = 50_000_000
"""Largest accepted height × width; known from a file's header before anything is decoded."""

SHARED_MAX_PIXELS = 25_000_000
"""The same where many share one server."""

MAX_SIDE_PX = 30_000
"""Longest side of a picture in a file: decoders keep something for each row."""

# Pillow can read far more, but some of those formats start other programs (EPS), some take
# gigabytes for a few bytes (JPEG 2000), and no camera, scanner or drawing program of today writes
# them.
FILE_FORMATS = ("PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF", "PPM", "AVIF")

_MEMORY_BYTES = 300_000_000  # for one picture while it is decoded

# Beside the picture itself, in bytes for each pixel.
_DECODERS_BYTES = {"WEBP": 12, "AVIF": 10}
_AVIF_STREAM_BYTES = 6  # of a decoded stream, for each pixel: three colours of up to 16 bits
_COEFFICIENT_BYTES = 2  # of a JPEG that comes in several scans, for each pixel and colour

# A usual progressive JPEG has ten scans, and each of them goes over all of its pixels. An AVIF may
# have frames that nobody sees.
_MAX_SCANNED_PIXELS = 10 * MAX_PIXELS
_START_OF_SCAN = b"\xff\xda"
_JPEG_IN_TIFF = ("jpeg", "tiff_jpeg")

# Some decoders are written in Python: for run lengths in BMP, for levels other than 255 in PPM.
_MAX_PIXELS_IN_PYTHON = 1_000_000

_PPM_HEADER_BYTES = 1_024
_PPM_HEADER = re.compile(rb"P[456](?:\s|#[^\r\n]*[\r\n])+\d+(?:\s|#[^\r\n]*[\r\n])+\d+\s")

TIFF_BYTE_ORDERS = {b"II*\0": "<", b"MM\0*": ">"}
"""How `struct` names the byte order, by the first bytes of a file."""

# Of a TIFF, Pillow makes an object of each piece, of each tag, and of each value of a tag. A camera
# writes some fifty tags.
_MAX_TIFF_VALUES = 65_536
MAX_TAGS = 1_000
_TIFF_OFFSETS = (273, 324)  # of strips and of tiles
_TIFF_BYTES = (1, 2, 7)  # types whose values are kept as bytes
_TILE_WIDTH, _TILE_LENGTH, _ROWS_PER_STRIP = 322, 323, 278

# Chunks, extensions and strips are gone through in Python, which holds up the process's other
# threads. A large PNG takes 10,000 reads.
_MAX_READS = 100_000

_LARGE_BYTES = 16_000_000
_large = Workers(2)

T = TypeVar("T")


def decoded(
    file: IO[bytes], name: str, max_pixels: int, decode: Callable[[ImageFile.ImageFile], T]
) -> T:
    """Opens an image file and has it decoded, unless that would take too much.

    Of large ones, two at a time are decoded, however many threads want to. `Image.open` would not
    do: it tries every format there is, and judges the size by a limit that belongs to the whole
    process.

    Args:
        file: Open, at its start.
        name: For messages.
        max_pixels: Largest height × width.
        decode: Takes the image, which is not decoded yet; may be called in another thread.

    Returns:
        What `decode` does.

    Raises:
        InvalidImageError: It is no image of an accepted format, is damaged, or too large.
    """
    image, held_bytes = _by_own_limit(max_pixels, lambda: _checked(file, name, max_pixels))

    def work() -> T:
        return _by_own_limit(max_pixels, lambda: decode(image))

    return _large.run(work) if held_bytes > _LARGE_BYTES else work()


def _checked(file: IO[bytes], name: str, max_pixels: int) -> tuple[ImageFile.ImageFile, int]:
    """The image, not decoded yet, and the bytes that decoding takes at most."""
    file_format = foreign_format(file.read(START_BYTES))
    file.seek(0)
    if file_format:
        file = io.BytesIO(decode_only_page(file_format, file.read(), name))
    image = _identify(cast("IO[bytes]", _CountedReads(file, name)), name)
    check_size(image.width, image.height, max_pixels)
    if max(image.size) > MAX_SIDE_PX:
        raise InvalidImageError(
            f"{name} is too long: {image.width} × {image.height}, and a side may have "
            f"{MAX_SIDE_PX:,} pixels; cut it"
        )
    held_bytes = _held_bytes(image, file, name)
    if held_bytes > _MEMORY_BYTES:
        raise _too_costly(f"{name} would take {held_bytes // 1_000_000:,} MB of memory")
    return image, held_bytes


class _CountedReads:
    """A file that refuses to be read in ever more small pieces."""

    def __init__(self, file: IO[bytes], name: str) -> None:
        self._file = file
        self._name = name
        self._left = _MAX_READS
        self.seek, self.tell = file.seek, file.tell  # `__getattr__` takes longer.

    def read(self, *size: int) -> bytes:
        """Reads as a file does."""
        self._left -= 1
        if self._left < 0:
            raise _too_costly(f"{self._name} comes in more than {_MAX_READS:,} pieces")
        return self._file.read(*size)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


_max_pixels: ContextVar[int | None] = ContextVar("max_pixels", default=None)


def _by_own_limit(max_pixels: int, work: Callable[[], T]) -> T:
    """Does work in which Pillow judges sizes by that limit."""
    token = _max_pixels.set(max_pixels)
    try:
        return work()
    finally:
        _max_pixels.reset(token)


def _check_by_own_limit(size: tuple[int, int], **options: bool) -> None:
    max_pixels = _max_pixels.get()
    if max_pixels is not None:
        check_size(max(1, size[0]), max(1, size[1]), max_pixels)
    elif _pillows_check:
        _pillows_check(size, **options)


# Some of Pillow's decoders check sizes, too, and by `Image.MAX_IMAGE_PIXELS`, which belongs to the
# whole process. Others may need it: it is neither changed nor heeded here. The name is private; in
# a Pillow without it, that limit decides again.
_pillow: Any = Image
_pillows_check: Callable[..., None] | None = getattr(Image, "_decompression_bomb_check", None)
if _pillows_check:
    _pillow._decompression_bomb_check = _check_by_own_limit


def check_size(width: int, height: int, max_pixels: int) -> None:
    """Refuses what is empty or too large.

    Raises:
        InvalidImageError: It is.
    """
    if width * height == 0:
        raise InvalidImageError(f"the image is empty: {width} × {height} pixels")
    if width * height > max_pixels:
        raise InvalidImageError(
            f"the image is too large: {width} × {height} is more than {max_pixels:,} pixels; "
            "make it smaller, 1,000 pixels a side are plenty for a digit"
        )


def _identify(file: IO[bytes], name: str) -> ImageFile.ImageFile:
    start = file.read(_PPM_HEADER_BYTES)
    if not start:
        raise InvalidImageError(f"{name} is empty (0 bytes)")
    # Pillow's common formats first: to register all the others takes longer than to read a digit.
    for register in (Image.preinit, Image.init):
        register()
        for file_format in FILE_FORMATS:
            factory, accepts = Image.OPEN.get(file_format, (None, None))
            if factory is None or accepts is None:
                continue  # This build of Pillow lacks the format.
            accepted = accepts(start[:16])
            if not accepted or isinstance(accepted, str):
                continue  # A string says why this build cannot read the file.
            if file_format == "PPM" and not _PPM_HEADER.match(start):
                continue
            if file_format == "TIFF":
                _check_tiff(file, start, name)
            file.seek(0)
            try:
                return factory(file, "")
            except (SyntaxError, IndexError, TypeError, struct.error) as error:
                raise InvalidImageError(
                    f"{name} starts like a {file_format} file but is damaged ({error})"
                ) from error
    formats = ", ".join(dict.fromkeys((*FILE_FORMATS, *SUFFIXES.values())))
    raise InvalidImageError(
        f"{name} is not an image file; the formats that can be read are {formats}"
    )


def _held_bytes(image: ImageFile.ImageFile, file: IO[bytes], name: str) -> int:
    """The most memory that decoding takes; raises for what would take too long."""
    pixels = image.width * image.height
    if pixels > _MAX_PIXELS_IN_PYTHON and any(tile[0] in Image.DECODERS for tile in image.tile):
        raise _too_costly(f"{name} is stored in a way that is slow to decode")
    is_jpeg = image.format in ("JPEG", "MPO")
    is_scanned = is_jpeg or image.info.get("compression") in _JPEG_IN_TIFF
    scans = _scans(image, file) if is_scanned else 0
    if pixels * scans > _MAX_SCANNED_PIXELS:
        raise _too_costly(f"{name} comes in {scans:,} scans")
    if is_jpeg:
        # It is decoded at a fraction of its size, but several scans meet in its coefficients.
        return pixels * len(image.getbands()) * _COEFFICIENT_BYTES * (scans > 1)
    more_bytes = 0
    if image.format == "TIFF":
        more_bytes = _piece_bytes(image)
    if image.format == "AVIF":
        more_bytes = _avif_stream_bytes(file, name)
    return pixels * _bytes_per_pixel(image) + more_bytes


def _too_costly(reason: str) -> InvalidImageError:
    return InvalidImageError(f"{reason}; save it as a PNG or a plain JPEG, or make it smaller")


def _bytes_per_pixel(image: Image.Image) -> int:
    """What a picture takes while it is decoded, converted and shrunk."""
    opaque_bytes = 5 + _DECODERS_BYTES.get(image.format or "", 0)
    if image.mode == "CMYK":  # It becomes RGB on its way to luminance.
        opaque_bytes += 4
    # Shrinking weights the colours by the opacity, in a copy.
    return opaque_bytes + 4 if image.has_transparency_data else opaque_bytes


def _scans(image: Image.Image, file: IO[bytes]) -> int:
    """How many scans a JPEG has, or a few more: pictures embedded in it have scans, too."""
    position, colours = file.tell(), len(image.getbands())
    # Pillow stops behind the header of the first scan. If all colours are in it, it is the only
    # one, unless the file is progressive.
    header_bytes = 6 + 2 * colours
    file.seek(max(0, position - header_bytes - len(_START_OF_SCAN)))
    only_scan = _START_OF_SCAN + struct.pack(">HB", header_bytes, colours)
    if not image.info.get("progressive") and file.read(len(only_scan)) == only_scan:
        count = 1
    else:
        file.seek(0)
        count = file.read().count(_START_OF_SCAN)
    file.seek(position)
    return count


def _check_tiff(file: IO[bytes], start: bytes, name: str) -> None:
    """Refuses a TIFF with so many pieces or values that reading its header would take minutes."""
    order = TIFF_BYTE_ORDERS.get(start[:4])
    if order is None:  # BigTIFF is for files of more than 4 GB.
        raise InvalidImageError(f"{name} is no usual TIFF, but a BigTIFF, say; save it as a PNG")
    try:
        count = tag_count(file, start)
        if count > MAX_TAGS:
            raise _too_costly(f"{name} has {count:,} tags")
        tags = struct.iter_unpack(f"{order}HHI4x", file.read(12 * count))
        for tag, kind, values in tags:
            is_long = values > _MAX_TIFF_VALUES
            if is_long and (tag in _TIFF_OFFSETS or kind not in _TIFF_BYTES):
                raise _too_costly(f"{name} comes in {values:,} pieces")
    except struct.error as error:
        raise InvalidImageError(
            f"{name} starts like a TIFF file but is damaged ({error})"
        ) from error


def tag_count(file: IO[bytes], start: bytes) -> int:
    """How many tags the first directory of a TIFF has; leaves the file where they begin.

    Args:
        file: A TIFF, or EXIF data, which are one.
        start: Its first 8 bytes, or more.

    Raises:
        KeyError: It does not start like a TIFF.
        struct.error: It is too short.
    """
    order = TIFF_BYTE_ORDERS[start[:4]]
    (offset,) = struct.unpack(f"{order}I", start[4:8])
    file.seek(offset)
    (count,) = struct.unpack(f"{order}H", file.read(2))
    return count


def _avif_stream_bytes(file: IO[bytes], name: str) -> int:
    """What the pictures in an AVIF take, whatever its header says; raises for too many frames."""
    try:
        pixels, decoded_pixels = stream_size(file)
    except ValueError as error:
        raise InvalidImageError(f"{name} is no usual AVIF: {error}; save it as a PNG") from error
    if decoded_pixels > _MAX_SCANNED_PIXELS:
        raise _too_costly(f"{name} comes in too many frames")
    return pixels * _AVIF_STREAM_BYTES


def _piece_bytes(image: ImageFile.ImageFile) -> int:
    """What a strip or tile of a TIFF takes, which is decoded as a whole."""
    tags: Any = getattr(image, "tag_v2")  # noqa: B009 — pyright does not know it
    if _TILE_WIDTH in tags:
        pixels = int(tags[_TILE_WIDTH]) * int(tags[_TILE_LENGTH])
    else:
        pixels = image.width * min(int(tags.get(_ROWS_PER_STRIP, image.height)), image.height)
    return pixels * (1 if image.mode in ("1", "L", "P") else 8)  # at most 16 bits, four colours
