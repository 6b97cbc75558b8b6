"""Files that are small, and would take a decoder minutes or gigabytes."""

import gc
import io
import os
import struct
import subprocess
import sys
import threading
import time
import weakref
import zlib
from collections.abc import Callable

import pytest
from PIL import Image

from inference import MAX_PIXELS, InvalidImageError
from inference.image.decoding import MAX_SIDE_PX, decoded
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


def pixels_of(content: bytes, then: Callable[[], object] = lambda: None) -> int:
    """The pixels of a file that is opened, not decoded; something is done where it would be."""

    def decode(image: Image.Image) -> int:
        then()
        return image.width * image.height

    return decoded(io.BytesIO(content), "the file", MAX_PIXELS, decode)


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.01)


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
        lambda: avif_of(8_000, claimed_px=30),
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


# --- Limits, at each and beyond ------------------------------------------------------------------


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


LARGE = png_header(4_000, 4_000)


class Decoding:
    """Large pictures that are being decoded until `release` is set."""

    def __init__(self, count: int) -> None:
        self.release, self.threads = threading.Event(), set[threading.Thread]()
        self.begun = threading.Semaphore(0)
        self.callers = [threading.Thread(target=self._decode) for _ in range(count)]

    def _decode(self) -> None:
        pixels_of(LARGE, self._wait)

    def _wait(self) -> None:
        self.threads.add(threading.current_thread())
        self.begun.release()
        assert self.release.wait(10)

    def __enter__(self) -> "Decoding":
        for caller in self.callers:
            caller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.release.set()
        for caller in self.callers:
            caller.join(10)


def test_two_large_pictures_are_decoded_at_a_time_and_a_small_one_does_not_wait():
    with Decoding(3) as decoding:
        assert decoding.begun.acquire(timeout=10)
        assert decoding.begun.acquire(timeout=10)
        assert pixels_of(encoded(DRAWING, "PNG")) == 1_200
        assert not decoding.begun.acquire(timeout=0.2)
        decoding.release.set()
        assert decoding.begun.acquire(timeout=10)


def test_large_pictures_of_many_threads_are_decoded_in_the_same_two():
    """What a thread has freed is kept for it: each of many would keep a large picture's memory."""
    with Decoding(20) as decoding:
        decoding.release.set()
    assert not decoding.threads & set(decoding.callers)
    assert len(decoding.threads) <= 2


def test_what_is_wrong_with_a_large_picture_is_told_to_its_caller():
    with pytest.raises(InvalidImageError, match="cannot be read"):
        read_picture(LARGE)


def test_a_large_picture_that_cannot_be_read_is_not_held_in_memory():
    images: list[weakref.ref[Image.Image]] = []

    def fail(image: Image.Image) -> None:
        images.append(weakref.ref(image))
        raise InvalidImageError("it is torn")

    gc.disable()
    try:
        with pytest.raises(InvalidImageError, match="it is torn"):
            decoded(io.BytesIO(LARGE), "the file", MAX_PIXELS, fail)
        wait_until(lambda: images[0]() is None)
    finally:
        gc.enable()


def test_a_thread_may_read_a_large_picture_after_the_main_one_has_ended():
    program = """
import io, threading
from PIL import Image
from inference import visible_image

file = io.BytesIO()
Image.new("L", (4_200, 4_000)).save(file, "PNG")

def read():
    threading.main_thread().join()
    print(visible_image(file).size)

threading.Thread(target=read).start()
"""
    ended = subprocess.run(  # noqa: S603 — the program is right here
        [sys.executable, "-c", program], capture_output=True, text=True
    )
    assert ended.stdout == "(840, 800)\n", ended.stderr


@pytest.mark.parametrize(("side_px", "is_large"), [(1_788, False), (1_789, True)])
def test_what_takes_16_megabytes_is_large(side_px: int, is_large: bool):
    file = io.BytesIO(png_header(side_px, side_px))
    thread = decoded(file, "it", MAX_PIXELS, lambda _: threading.current_thread())
    assert (thread != threading.current_thread()) == is_large


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_process_does_not_wait_for_what_its_parent_decodes():
    with Decoding(2) as decoding:
        assert decoding.begun.acquire(timeout=10)
        assert decoding.begun.acquire(timeout=10)
        child = os.fork()
        if not child:
            os._exit(7 if pixels_of(LARGE) == 16_000_000 else 1)
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


# --- Pillow's own limit ---------------------------------------------------------------------------


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
