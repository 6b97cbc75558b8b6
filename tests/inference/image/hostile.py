"""Files that would occupy the process, or come close to it."""

import io
import struct
import zlib
from collections.abc import Callable

from PIL import Image

from inference import MAX_PIXELS
from inference.image.decoding import decoded

DRAWING = Image.new("L", (40, 30), 255)
DRAWING.paste(0, (10, 5, 14, 25))


def encoded(image: Image.Image, file_format: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, file_format, **options)
    return file.getvalue()


def chunk(kind: bytes, body: bytes) -> bytes:
    """A piece of a PNG."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png_header(width: int, height: int, colour_type: int = 0) -> bytes:
    """A PNG that promises so much and holds nothing; colour types are those of the format."""
    return png(width, height, chunk(b"IDAT", zlib.compress(b"")), colour_type)


def png(width: int, height: int, chunks: bytes, colour_type: int = 0) -> bytes:
    """A PNG of these chunks behind its header."""
    header = struct.pack(">IIBBBBB", width, height, 8, colour_type, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunks


def tiff(
    width: int,
    height: int,
    tags: list[tuple[int, int, int, int]],
    tail: bytes = b"",
    *,
    bits: int = 8,
) -> bytes:
    """A grey TIFF with more tags: number, type, count, value."""
    entries = [(256, 4, 1, width), (257, 4, 1, height), (258, 3, 1, bits), (262, 3, 1, 1), *tags]
    body = b"".join(struct.pack("<HHII", *entry) for entry in sorted(entries))
    return b"II*\0" + struct.pack("<IH", 8, len(entries)) + body + bytes(4) + tail


def with_scans(count: int, side_px: int, mode: str = "L") -> bytes:
    """A progressive JPEG that claims to be that large, its last scan repeated."""
    content = bytearray(encoded(DRAWING.convert(mode), "JPEG", progressive=True))
    frame = content.index(b"\xff\xc2")
    struct.pack_into(">HH", content, frame + 5, side_px, side_px)
    last = content.rindex(b"\xff\xda")
    return bytes(content[:last] + content[last:-2] * count + b"\xff\xd9")


def webp_that_claims(width: int, height: int) -> bytes:
    content = bytearray(encoded(DRAWING.convert("RGB"), "WEBP", lossless=True))
    sides = struct.unpack_from("<I", content, 21)[0] & ~((1 << 28) - 1)
    struct.pack_into("<I", content, 21, sides | (width - 1) | (height - 1) << 14)
    return bytes(content)


def pixels_of(content: bytes, then: Callable[[], object] = lambda: None) -> int:
    """The pixels of a file that is opened, not decoded; something is done where it would be."""

    def decode(image: Image.Image) -> int:
        then()
        return image.width * image.height

    return decoded(io.BytesIO(content), "the file", MAX_PIXELS, decode)


def with_damaged_tags(count: int) -> bytes:
    """A JPEG with so many EXIF tags that claim more than the file holds."""
    tags = [(1_000 + number, 7, 700_000, 8) for number in range(count)]
    return encoded(DRAWING, "JPEG", exif=b"Exif\0\0" + tiff(40, 30, tags))
