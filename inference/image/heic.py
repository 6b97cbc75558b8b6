"""Opens HEIC pictures, as iPhones take them, by pi-heif where it is installed."""

from typing import IO, Any, cast

from PIL import ImageFile

from ..errors import InvalidImageError

_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"}


def is_heic(start: bytes) -> bool:
    """Whether a file that starts so says that its pictures are of HEVC, not of AV1 like AVIF's."""
    end = min(int.from_bytes(start[:4], "big"), len(start))
    brands = {start[8:12], *(start[at : at + 4] for at in range(16, end, 4))}
    return start[4:8] == b"ftyp" and not brands.isdisjoint(_BRANDS)


def open_heic(file: IO[bytes], name: str) -> ImageFile.ImageFile:
    """The main picture of a file, not decoded yet; Pillow is not told of the format.

    Raises:
        InvalidImageError: pi-heif is not installed, or the file is damaged.
    """
    try:
        import pi_heif
    except ImportError as error:
        raise InvalidImageError(
            f"{name} is a HEIC picture; to read it, install pi-heif "
            "(pip install 'digit-recognizer[files]'), or save it as JPEG"
        ) from error
    try:
        return cast("Any", pi_heif).HeifImageFile(file, "")
    except SyntaxError as error:
        raise InvalidImageError(
            f"{name} starts like a HEIC file but is damaged ({error})"
        ) from error
