"""Files at each limit, and beyond it."""

import io
import struct
import zlib
from collections.abc import Callable

import numpy as np
import pytest

from inference import MAX_PIXELS, InvalidImageError
from inference.image.decoding import decoded
from tests.inference.image.hostile import (
    DRAWING,
    chunk,
    encoded,
    png,
    png_header,
    tiff,
    webp_that_claims,
    with_scans,
)

ONE_COLOURS_SCAN = b"\xff\xda\0\x08\1\1\0\0\x3f\0"


def in_four_colours(side_px: int, first_scan: bytes = b"") -> bytes:
    """A JPEG that claims to be that large, with a scan before the one that holds all colours."""
    content = bytearray(encoded(DRAWING.convert("CMYK"), "JPEG"))
    struct.pack_into(">HH", content, content.index(b"\xff\xc0") + 5, side_px, side_px)
    scan = content.index(b"\xff\xda")
    return bytes(content[:scan] + first_scan + content[scan:])


def tile(width: int, length: int, bits: int = 8) -> bytes:
    sides = [(322, 4, 1, width), (323, 4, 1, length)]
    return tiff(40, 30, [*sides, (324, 4, 1, 8), (325, 4, 1, 4), (259, 3, 1, 8)], bits=bits)


def strip(width: int, height: int, rows: int, bits: int = 8) -> bytes:
    tags = [(259, 3, 1, 8), (273, 4, 1, 8), (278, 4, 1, rows), (279, 4, 1, 4)]
    return tiff(width, height, tags, bits=bits)


def many_tags(count: int) -> list[tuple[int, int, int, int]]:
    return [(1_000 + number, 3, 1, 0) for number in range(count)]


SCANS = with_scans(1, 5_000).count(b"\xff\xda")

# What is just accepted, and what is not any more.
LIMITS: dict[str, tuple[Callable[[], bytes], Callable[[], bytes], str]] = {
    "30,000 columns": (
        lambda: png_header(30_000, 1),
        lambda: png_header(30_001, 1),
        "a side may have 30,000 pixels",
    ),
    "30,000 rows": (lambda: png_header(1, 30_000), lambda: png_header(1, 30_001), "too long"),
    "50,000,000 pixels": (
        lambda: png_header(5_000, 10_000),
        lambda: png_header(5_000, 10_001),
        "more than 50,000,000 pixels",
    ),
    "a million pixels decoded in Python": (
        lambda: b"P5\n1000 1000\n100\n",
        lambda: b"P5\n1000 1001\n100\n",
        "slow to decode",
    ),
    "a kilobyte of a PGM's header": (
        lambda: b"P5\n" + b"#" * 1_009 + b"\n28 28 255\n",
        lambda: b"P5\n" + b"#" * 1_015 + b"\n28 28 255\n",
        "not an image file",
    ),
    "9 bytes for a pixel with transparency": (
        lambda: png_header(5_773, 5_773, 6),
        lambda: png_header(5_774, 5_774, 6),
        "would take 300 MB",
    ),
    "17 bytes for a pixel of a WebP": (
        lambda: webp_that_claims(4_200, 4_200),
        lambda: webp_that_claims(4_201, 4_201),
        "would take 300 MB",
    ),
    "ten scans of the largest picture": (
        lambda: with_scans(20 - SCANS + 1, 5_000),
        lambda: with_scans(21 - SCANS + 1, 5_000),
        "comes in 21 scans",
    ),
    "2 bytes for a coefficient of each ink": (
        lambda: in_four_colours(6_123, ONE_COLOURS_SCAN),
        lambda: in_four_colours(6_124, ONE_COLOURS_SCAN),
        "would take 300 MB",
    ),
    "a byte for a pixel of a grey tile": (
        lambda: tile(20_000, 14_999),
        lambda: tile(20_000, 15_000),
        "would take 300 MB",
    ),
    "8 bytes for a pixel of a tile of 16 bits": (
        lambda: tile(5_000, 7_499, 16),
        lambda: tile(5_000, 7_500, 16),
        "would take 300 MB",
    ),
    "13 bytes for a pixel of a strip": (
        lambda: strip(4_800, 4_807, 4_807, 16),
        lambda: strip(4_800, 4_808, 4_808, 16),
        "would take 300 MB",
    ),
    "1,000 tags": (
        lambda: tiff(40, 30, [(273, 4, 1, 8), *many_tags(995)]),
        lambda: tiff(40, 30, [(273, 4, 1, 8), *many_tags(996)]),
        "has 1,001 tags",
    ),
    "65,536 values of a tag": (
        lambda: tiff(40, 30, [(339, 3, 65_536, 300)]),
        lambda: tiff(40, 30, [(339, 3, 65_537, 300)]),
        "comes in 65,537 pieces",
    ),
    "65,536 strips": (
        lambda: tiff(40, 30, [(273, 1, 65_536, 300)]),
        lambda: tiff(40, 30, [(273, 1, 65_537, 300)]),
        "comes in 65,537 pieces",
    ),
}


def refusal(content: bytes) -> str:
    """Why a file is not opened; that of a file of a header alone is not decoded."""
    try:
        return decoded(io.BytesIO(content), "the file", MAX_PIXELS, lambda _: "")
    except InvalidImageError as error:
        return str(error)


@pytest.mark.filterwarnings("ignore:Tag data larger than file")
@pytest.mark.parametrize("name", LIMITS)
def test_a_file_at_a_limit_is_opened_and_one_beyond_it_is_not(name: str):
    accepted, refused, reason = LIMITS[name]
    assert reason not in refusal(accepted())
    assert reason in refusal(refused())


@pytest.mark.parametrize("name", [name for name in LIMITS if "65,536" not in name])
def test_a_file_at_a_limit_is_not_refused_for_anything_else(name: str):
    assert refusal(LIMITS[name][0]()) == ""


ROOMY: dict[str, Callable[[], bytes]] = {
    "a progressive JPEG of colours": lambda: with_scans(1, 7_000, "RGB"),
    "a JPEG of one scan": lambda: in_four_colours(7_000),
    "strips of a few rows": lambda: strip(7_000, 7_000, 100, 16),
    "a strip that claims more rows than there are": lambda: strip(40, 30, 4_000_000_000),
    "a profile of bytes": lambda: tiff(
        40, 30, [(273, 4, 1, 8), (34675, 7, 70_000, 8)], bytes(70_000)
    ),
}


@pytest.mark.parametrize("name", ROOMY)
def test_what_takes_little_memory_is_opened_however_large_it_seems(name: str):
    assert refusal(ROOMY[name]()) == ""


def in_chunks_of(size: int, content: bytes) -> bytes:
    return b"".join(
        chunk(b"IDAT", content[start : start + size]) for start in range(0, len(content), size)
    )


# Compressed to nothing smaller, so that it takes many chunks.
NOISE = np.random.default_rng(0).integers(0, 256, (2_000, 2_001), dtype=np.uint8)
NOISE[:, 0] = 0  # no filter
COMPRESSED = zlib.compress(NOISE.tobytes(), 1)
NOTES = chunk(b"tEXt", b"a\0") * 40_000
GIF_START = b"GIF89a" + struct.pack("<HHBBB", 28, 28, 0, 0, 0)

PIECEMEAL = {
    "a PNG with notes before the picture": png(2_000, 2_000, NOTES + chunk(b"IDAT", COMPRESSED)),
    "a PNG with notes behind the picture": png(2_000, 2_000, chunk(b"IDAT", COMPRESSED) + NOTES),
    "a PNG in chunks of thirty bytes": png(2_000, 2_000, in_chunks_of(30, COMPRESSED)),
    "a GIF with a comment, byte by byte": GIF_START + b"!\xfe" + b"\1a" * 60_000,
    "a GIF with empty extensions": GIF_START + b"!\xfe\0" * 60_000,
}


@pytest.mark.parametrize("name", PIECEMEAL)
def test_a_file_that_comes_in_ever_more_pieces_is_refused(name: str):
    with pytest.raises(InvalidImageError, match="comes in more than 100,000 pieces"):
        decoded(io.BytesIO(PIECEMEAL[name]), "the file", MAX_PIXELS, np.asarray)


def test_a_large_png_in_chunks_of_a_kilobyte_is_read():
    content = png(2_000, 2_000, in_chunks_of(1_024, COMPRESSED) + chunk(b"IEND", b""))
    picture = decoded(io.BytesIO(content), "the file", MAX_PIXELS, np.asarray)
    np.testing.assert_array_equal(picture, NOISE[:, 1:])
