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
from inference.image.decoding import MAX_SIDE_PX, opened_image
from inference.image.picture import read_picture

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
    width: int, height: int, tags: list[tuple[int, int, int, int]], tail: bytes = b""
) -> bytes:
    """A grey TIFF of 8 bits with more tags: number, type, count, value."""
    entries = [(256, 4, 1, width), (257, 4, 1, height), (258, 3, 1, 8), (262, 3, 1, 1), *tags]
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


def with_scans(count: int, side_px: int) -> bytes:
    """A progressive JPEG that claims to be that large, its last scan repeated."""
    content = bytearray(encoded(DRAWING, "JPEG", progressive=True))
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
