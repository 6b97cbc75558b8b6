"""Which image files are opened, and which would take too much."""

import io
import struct
import threading
from collections.abc import Callable

import pytest
from PIL import Image

from inference import MAX_PIXELS, InvalidImageError
from inference.image.decoding import MAX_SIDE_PX, decoded
from inference.image.picture import read_picture
from tests.inference.image.hostile import (
    DRAWING,
    encoded,
    pixels_of,
    png_header,
    tiff,
    webp_that_claims,
    with_scans,
)


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


def avif_of(side_px: int, *, claimed_px: int) -> bytes:
    """An AVIF whose header says that its sides are shorter than they are."""
    content = bytearray(encoded(Image.new("L", (side_px, side_px)), "AVIF", speed=10))
    struct.pack_into(">II", content, content.index(b"ispe") + 8, claimed_px, claimed_px)
    return bytes(content)


def avif_of_frames(count: int) -> bytes:
    """An AVIF of 4 megapixels whose only frame comes many times."""
    content = encoded(Image.new("L", (2_000, 2_000)), "AVIF", speed=10)
    stream = content.index(b"\x12\x00\x0a")
    frame = content[stream + 4 + content[stream + 3] :]
    assert frame[0] == 0x32  # a frame that says how long it is
    longer = bytearray(content[: -len(frame)] + frame * count)
    # The length of the only item, and that of the box that holds it.
    length = longer.index(b"iloc") + 8 + 14
    (item_bytes,) = struct.unpack_from(">I", longer, length)
    struct.pack_into(">I", longer, length, item_bytes + (count - 1) * len(frame))
    struct.pack_into(">I", longer, stream - 8, len(longer) - stream + 8)
    return bytes(longer)


ORIENTATION = b"Exif\0\0II*\0" + struct.pack("<IHHHIII", 8, 1, 274, 3, 1, 6, 0)

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
    "an AVIF larger than its header says": (
        lambda: avif_of(7_100, claimed_px=30),
        "MB of memory",
    ),
    "hundreds of frames in an AVIF": (lambda: avif_of_frames(200), "too many frames"),
    "a film": (
        lambda: encoded(DRAWING, "AVIF", save_all=True, append_images=[Image.new("L", (40, 30))]),
        "no usual AVIF: it is a film",
    ),
    "an AVIF of countless boxes": (
        lambda: encoded(DRAWING, "AVIF") + struct.pack(">I4s", 8, b"free") * 20_000,
        "more than 10,000 parts",
    ),
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
    "AVIF of 12 megapixels": lambda: encoded(Image.new("L", (4_000, 3_000)), "AVIF", speed=10),
    "AVIF with transparency": lambda: encoded(DRAWING.convert("RGBA"), "AVIF"),
    "AVIF with a description": lambda: encoded(DRAWING, "AVIF", exif=ORIENTATION, xmp=b"<a/>"),
    "AVIF a little larger than its header says": lambda: avif_of(40, claimed_px=30),
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
    assert pixels_of(content) > 0
    read_picture(content)


class Read(io.BytesIO):
    """A file that counts the bytes that are read of it."""

    count = 0

    def read(self, size: int | None = -1, /) -> bytes:
        content = super().read(size)
        self.count += len(content)
        return content


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_only_the_header_of_an_ordinary_jpeg_is_read_before_it_is_decoded(mode: str):
    content = encoded(DRAWING.convert(mode), "JPEG")
    file = Read(content + bytes(1_000_000))
    decoded(file, "the file", MAX_PIXELS, lambda image: image.size)
    assert file.count < 10_000


def colour_by_colour(count: int) -> bytes:
    """A JPEG that is not progressive and has a scan for each colour, its last one repeated."""
    content = bytearray(encoded(DRAWING.convert("RGB"), "JPEG"))
    frame, scan = content.index(b"\xff\xc0"), content.index(b"\xff\xda")
    struct.pack_into(">HH", content, frame + 5, 7_000, 7_000)
    one = b"\xff\xda" + struct.pack(">HBBBBBB", 8, 1, 1, 0, 0, 63, 0) + content[scan + 14 : -2]
    return bytes(content[:scan] + one * count + b"\xff\xd9")


def test_scans_are_counted_in_a_jpeg_that_is_not_progressive_too():
    with pytest.raises(InvalidImageError, match="comes in 300 scans"):
        read_picture(colour_by_colour(300))


def test_the_largest_number_of_pixels_can_be_lowered():
    content = encoded(DRAWING, "PNG")
    assert read_picture(content, max_pixels=1_200).luminance.shape == (30, 40)
    with pytest.raises(InvalidImageError, match="more than 1,199 pixels"):
        read_picture(content, max_pixels=1_199)


def gif(frame: Image.Image, screen: tuple[int, int]) -> bytes:
    """A GIF that restores its ground after a frame that may be larger than its screen."""
    content = bytearray(encoded(frame.convert("P"), "GIF", disposal=2))
    struct.pack_into("<HH", content, 6, *screen)
    return bytes(content)


TILES = [(322, 4, 1, 48), (323, 4, 1, 32), (324, 4, 1, 500), (325, 4, 1, 1_536)]
CHECKED_BY_PILLOW: dict[str, Callable[[], bytes]] = {
    "a GIF's frame beyond its screen": lambda: gif(DRAWING, (10, 10)),
    "a GIF's frame that is taken away": lambda: gif(DRAWING, DRAWING.size),
    "WebP": lambda: encoded(DRAWING.convert("RGB"), "WEBP", lossless=True),
    "tiles": lambda: tiff(40, 30, TILES, bytes(range(256)) * 8),
    "PNG": lambda: encoded(DRAWING, "PNG"),
}


@pytest.mark.parametrize("limit", [1, 700, 10**12, None])
@pytest.mark.parametrize("name", CHECKED_BY_PILLOW)
@pytest.mark.filterwarnings("error")
def test_pillows_limit_for_the_whole_process_decides_nothing(
    name: str, limit: int | None, monkeypatch: pytest.MonkeyPatch
):
    content = CHECKED_BY_PILLOW[name]()
    expected = read_picture(content)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", limit)
    picture = read_picture(content)
    assert picture.source_size == DRAWING.size
    assert (picture.luminance == expected.luminance).all()
    assert limit == Image.MAX_IMAGE_PIXELS


@pytest.mark.parametrize("limit", [1, 10**12, None])
def test_our_own_limit_holds_for_a_frame_whatever_pillows_is(
    limit: int | None, monkeypatch: pytest.MonkeyPatch
):
    content = bytearray(gif(DRAWING, DRAWING.size))
    frame = content.index(b",\0\0\0\0")
    struct.pack_into("<HH", content, frame + 5, 65_535, 65_535)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", limit)
    with pytest.raises(InvalidImageError, match="65535 × 65535 is more than 50,000,000 pixels"):
        read_picture(bytes(content))


def test_pillows_limit_holds_for_the_caller(monkeypatch: pytest.MonkeyPatch):
    content = encoded(DRAWING, "PNG")
    read_picture(content)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 500)
    with pytest.raises(Image.DecompressionBombError):
        Image.open(io.BytesIO(content))
    # Within what is read here, too, in another thread.
    other = threading.Thread(target=Image.open, args=(io.BytesIO(content),))
    failures: list[object] = []
    monkeypatch.setattr(threading, "excepthook", lambda failure: failures.append(failure.exc_type))
    pixels_of(content, lambda: (other.start(), other.join()))
    assert failures == [Image.DecompressionBombError]
