"""Opens HEIC pictures, as iPhones take them, by pi-heif where it is installed."""

import struct
from collections.abc import Iterator
from typing import IO, Any, cast

from PIL import ImageFile

from ..errors import InvalidImageError
from .avif import Fields, boxes, few, items_of

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
        import pi_heif  # pyright: ignore[reportMissingTypeStubs]
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


def pixels_of_all_items(file: IO[bytes]) -> int:
    """The pixels of all pictures in a file together, the tiles that others are made of among them.

    Each may have to be decoded, and libheif refuses to decode one that is larger than it claims.

    Args:
        file: A HEIC, open; it is read from its start.

    Raises:
        ValueError: The file says in an unusual way what it holds; a damaged one raises others.
    """
    file.seek(0)
    meta = _only(file.read(), b"meta")[4:]
    properties = _only(meta, b"iprp")
    areas = [_area(kind, data) for kind, data in boxes(_only(properties, b"ipco"))]
    sizes = list(_sizes(_only(properties, b"ipma"), [0, *areas]))
    if not items_of(b"hvc1", _only(meta, b"iinf")) <= {item for item, size in sizes if size}:
        raise ValueError("a picture has no size")
    return sum(size for _, size in sizes)


def _only(content: bytes, kind: bytes) -> bytes:
    """What the only box of a kind holds: decoders differ in which of several they take."""
    found = [data for each, data in boxes(content) if each == kind]
    if len(found) != 1:
        raise ValueError(f"it has {len(found)} boxes {kind.decode()}")
    return found[0]


def _area(kind: bytes, data: bytes) -> int:
    """Width × height if a property is a picture's size, else 0."""
    if kind != b"ispe":
        return 0
    width, height = struct.unpack_from(">II", data, 4)
    return width * height


def _sizes(associations: bytes, areas: list[int]) -> Iterator[tuple[int, int]]:
    """The number of each item, and the largest size that it is said to have."""
    fields = Fields(associations)
    version, _, index_is_long = fields.take(1), fields.take(2), fields.take(1) & 1
    for _ in range(few(fields.take(4))):
        item = fields.take(4 if version else 2)
        indices = [fields.take(1 + index_is_long) for _ in range(fields.take(1))]
        essential = 0x8000 if index_is_long else 0x80
        yield item, max((areas[index & (essential - 1)] for index in indices), default=0)
