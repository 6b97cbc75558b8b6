"""Files that are small, and would take a decoder minutes or gigabytes."""

import io
import os
import struct
import threading
import zlib
from collections.abc import Callable
from contextlib import ExitStack

import pytest
from PIL import Image

from inference import MAX_PIXELS, InvalidImageError
from inference.decoding import MAX_SIDE_PX, opened_image
from inference.images import read_picture

DRAWING = Image.new("L", (40, 30), 255)
DRAWING.paste(0, (10, 5, 14, 25))


def encoded(image: Image.Image, file_format: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, file_format, **options)
    return file.getvalue()


def png_header(width: int, height: int, colour_type: int = 0) -> bytes:
    """A PNG that promises so much and holds nothing; colour types are those of the format."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, colour_type, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b""))


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


def run_lengths(width: int, height: int) -> bytes:
    """A BMP of 8 bits a pixel, stored as run lengths, one for each row."""
    content = (bytes([min(width, 255), 0]) + b"\0\0") * height + b"\0\1"
    start = 14 + 40 + 1024
    return (
        b"BM"
        + struct.pack("<IHHI", start + len(content), 0, 0, start)
        + struct.pack("<IiiHHIIiiII", 40, width, height, 1, 8, 1, len(content), 0, 0, 256, 0)
        + bytes(1024)
        + content
    )


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


BIG_TILE = [
    (322, 4, 1, 60_000),
    (323, 4, 1, 60_000),
    (324, 4, 1, 8),
    (325, 4, 1, 4),
    (259, 3, 1, 8),
]

HOSTILE: dict[str, tuple[Callable[[], bytes], str]] = {
    "plain PBM": (lambda: b"P1\n40 30\n" + b"#a\n1" * 1_200, "not an image file"),
    "plain PGM": (lambda: b"P2\n40 30\n255\n" + b"1 " * 1_200, "not an image file"),
    "plain PPM": (lambda: b"P3\n40 30\n255\n" + b"1 " * 3_600, "not an image file"),
    "PGM behind a megabyte of comments": (
        lambda: b"P5\n" + b"#a\n" * 330_000 + b"28 28\n255\n" + bytes(784),
        "not an image file",
    ),
    "PGM behind a megabyte of blanks": (
        lambda: b"P5\n" + b" " * 990_000 + b"28 28\n255\n" + bytes(784),
        "not an image file",
    ),
    "floats in a PPM": (lambda: b"Pf\n40 30\n1.0\n" + bytes(4_800), "not an image file"),
    "PGM whose white is 100": (
        lambda: b"P5\n2000 1000\n100\n" + bytes(2_000_000),
        "slow to decode",
    ),
    "run lengths": (lambda: run_lengths(2_000, 1_000), "slow to decode"),
    "JPEG 2000": (lambda: b"\x00\x00\x00\x0cjP  \x0d\x0a\x87\x0a", "not an image file"),
    "PostScript": (lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n", "not an image file"),
    "a column of pixels": (lambda: png_header(1, MAX_SIDE_PX + 1), "too long"),
    "a row of pixels": (lambda: png_header(MAX_SIDE_PX + 1, 1), "too long"),
    "colours with transparency": (lambda: png_header(7_000, 7_000, 6), "MB of memory"),
    "a white WebP": (lambda: webp_that_claims(7_000, 7_000), "MB of memory"),
    "hundreds of scans": (lambda: with_scans(300, 7_000), "scans"),
    "inks of a printer": (
        lambda: encoded(Image.new("CMYK", (6_000, 6_000)), "TIFF", compression="tiff_lzw"),
        "MB of memory",
    ),
    "one huge tile": (lambda: tiff(40, 30, BIG_TILE, bytes(100)), "MB of memory"),
    "one huge strip of colours": (
        lambda: encoded(Image.new("RGB", (5_000, 5_000)), "TIFF", tiffinfo={278: 5_000}),
        "MB of memory",
    ),
    "many strips": (
        lambda: tiff(40, 70_000, [(273, 4, 70_000, 300), (278, 4, 1, 1), (279, 4, 1, 40)]),
        "pieces",
    ),
    "many tiles": (lambda: tiff(40, 30, [(324, 1, 70_000, 300)]), "pieces"),
    "a tag of many values": (lambda: tiff(40, 30, [(339, 3, 70_000, 300)]), "pieces"),
    "BigTIFF": (lambda: b"II+\0\x08\0\0\0" + bytes(100), "BigTIFF"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_file_that_would_occupy_the_process_is_refused(name: str):
    make, reason = HOSTILE[name]
    with pytest.raises(InvalidImageError, match=reason):
        read_picture(make())


ORDINARY: dict[str, Callable[[], bytes]] = {
    "PGM with a comment": lambda: b"P5\n# by a scanner\n40 30 255\n" + DRAWING.tobytes(),
    "PBM of bits": lambda: encoded(DRAWING.convert("1"), "PPM"),
    "PGM of 12 bits": lambda: b"P5 40 30 4095\n" + bytes(2_400),
    "small BMP of run lengths": lambda: run_lengths(40, 30),
    "progressive JPEG of 25 megapixels": lambda: with_scans(1, 5_000),
    "strips": lambda: encoded(DRAWING, "TIFF"),
    "compressed strips": lambda: encoded(DRAWING, "TIFF", compression="tiff_lzw"),
    "JPEG in a TIFF": lambda: encoded(DRAWING, "TIFF", compression="jpeg"),
    "a long panorama": lambda: encoded(Image.new("L", (20_000, 30)), "PNG"),
    "a large scan in one strip": lambda: encoded(
        Image.new("1", (5_000, 7_000)), "TIFF", compression="group4", tiffinfo={278: 7_000}
    ),
    "a large scan": lambda: encoded(Image.new("1", (7_000, 7_000)), "TIFF", compression="group4"),
}


@pytest.mark.parametrize("name", ORDINARY)
def test_what_cameras_scanners_and_programs_write_is_read(name: str):
    content = ORDINARY[name]()
    with opened_image(io.BytesIO(content), "the file", MAX_PIXELS) as image:
        assert image.width * image.height > 0
    read_picture(content)


def test_the_largest_number_of_pixels_can_be_lowered():
    content = encoded(DRAWING, "PNG")
    assert read_picture(content, max_pixels=1_200).luminance.shape == (30, 40)
    with pytest.raises(InvalidImageError, match="more than 1,199 pixels"):
        read_picture(content, max_pixels=1_199)


# --- Limits, at each and beyond ------------------------------------------------------------------


def with_whole_scans(count: int, side_px: int, mode: str) -> bytes:
    """A JPEG that claims to be that large, its only scan repeated."""
    content = bytearray(encoded(DRAWING.convert(mode), "JPEG"))
    struct.pack_into(">HH", content, content.index(b"\xff\xc0") + 5, side_px, side_px)
    scan = content.index(b"\xff\xda")
    return bytes(content[:scan] + content[scan:-2] * count + b"\xff\xd9")


def tile(width: int, length: int, bits: int = 8) -> bytes:
    sides = [(322, 4, 1, width), (323, 4, 1, length)]
    return tiff(40, 30, [*sides, (324, 4, 1, 8), (325, 4, 1, 4), (259, 3, 1, 8)], bits=bits)


def strip(width: int, height: int, rows: int, bits: int = 8) -> bytes:
    tags = [(259, 3, 1, 8), (273, 4, 1, 8), (278, 4, 1, rows), (279, 4, 1, 4)]
    return tiff(width, height, tags, bits=bits)


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
        lambda: with_whole_scans(2, 6_123, "CMYK"),
        lambda: with_whole_scans(2, 6_124, "CMYK"),
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
        with opened_image(io.BytesIO(content), "the file", MAX_PIXELS):
            return ""
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
    "a JPEG of one scan": lambda: with_whole_scans(1, 7_000, "CMYK"),
    "strips of a few rows": lambda: strip(7_000, 7_000, 100, 16),
    "a strip that claims more rows than there are": lambda: strip(40, 30, 4_000_000_000),
    "a profile of bytes": lambda: tiff(
        40, 30, [(273, 4, 1, 8), (34675, 7, 70_000, 8)], bytes(70_000)
    ),
}


@pytest.mark.parametrize("name", ROOMY)
def test_what_takes_little_memory_is_opened_however_large_it_seems(name: str):
    assert refusal(ROOMY[name]()) == ""


LARGE = png_header(4_000, 4_000)


def test_two_large_pictures_are_decoded_at_a_time_and_a_small_one_does_not_wait():
    entered = threading.Event()

    def open_third() -> None:
        with opened_image(io.BytesIO(LARGE), "the third", MAX_PIXELS):
            entered.set()

    third = threading.Thread(target=open_third)
    with ExitStack() as stack:
        for name in ("the first", "the second"):
            stack.enter_context(opened_image(io.BytesIO(LARGE), name, MAX_PIXELS))
        third.start()
        with opened_image(io.BytesIO(encoded(DRAWING, "PNG")), "a small one", MAX_PIXELS):
            pass
        assert not entered.wait(0.2)
    assert entered.wait(10)
    third.join()


@pytest.mark.parametrize(("side_px", "waits"), [(1_788, False), (1_789, True)])
def test_what_takes_16_megabytes_is_large(side_px: int, waits: bool):
    entered = threading.Event()

    def open_another() -> None:
        with opened_image(io.BytesIO(png_header(side_px, side_px)), "another", MAX_PIXELS):
            entered.set()

    another = threading.Thread(target=open_another)
    with ExitStack() as stack:
        for name in ("the first", "the second"):
            stack.enter_context(opened_image(io.BytesIO(LARGE), name, MAX_PIXELS))
        another.start()
        assert entered.wait(0.2 if waits else 10) != waits
    another.join()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_process_does_not_wait_for_what_its_parent_decodes():
    with ExitStack() as stack:
        for name in ("the first", "the second"):
            stack.enter_context(opened_image(io.BytesIO(LARGE), name, MAX_PIXELS))
        child = os.fork()
        if not child:
            with opened_image(io.BytesIO(LARGE), "the child's", MAX_PIXELS):
                os._exit(7)
        # Without a slot of its own the child would wait forever.
        ended, status = 0, 0
        for _ in range(200):
            ended, status = os.waitpid(child, os.WNOHANG)
            if ended:
                break
            threading.Event().wait(0.05)
        else:
            os.kill(child, 9)
            os.waitpid(child, 0)
    assert ended
    assert os.waitstatus_to_exitcode(status) == 7
