"""HEIC, as iPhones write it, is read like other pictures, and within bounds."""

import struct
from pathlib import Path

import pytest

from inference import DigitRecognizer, InvalidImageError, visible_image

# The drawing "7 crossed" of strokes.json, 140 pixels a side with a pen of 9, encoded by pillow-heif
# 1.8.1 at quality 60: pi-heif only decodes.
HEIC = Path(__file__).with_name("seven.heic").read_bytes()


@pytest.fixture(scope="module")
def recognizer() -> DigitRecognizer:
    return DigitRecognizer()


def boxes(content: bytes) -> dict[bytes, bytes]:
    """The boxes in a part of a file by their kinds."""
    found: dict[bytes, bytes] = {}
    while content:
        length, kind = struct.unpack_from(">I4s", content)
        found[kind] = content[8:length]
        content = content[length:]
    return found


def box(kind: bytes, *contents: bytes) -> bytes:
    content = b"".join(contents)
    return struct.pack(">I4s", 8 + len(content), kind) + content


def tiled(across: int, size_px: int, tile_px: int = 140, *, have_sizes: bool = True) -> bytes:
    """A picture that is made of `HEIC`, so many times in each row and column, as iPhones tile.

    Args:
        across: Tiles in a row.
        size_px: Side of the picture.
        tile_px: What a tile says that its side is.
        have_sizes: Whether the tiles say that.
    """
    file = boxes(HEIC)
    meta = boxes(file[b"meta"][4:])
    properties = boxes(boxes(meta[b"iprp"])[b"ipco"])
    properties[b"ispe"] = struct.pack(">III", 0, tile_px, tile_px)
    own = bytes(
        index
        for index, kind in enumerate(properties, 1)
        if kind in (b"hvcC", b"ispe")[: 1 + have_sizes]
    )
    tiles = range(1, across**2 + 1)
    whole = across**2 + 1

    def item(number: int, kind: bytes) -> bytes:
        return box(b"infe", struct.pack(">IHH4sx", 2 << 24, number, 0, kind))

    grid = struct.pack(">4BII", 0, 1, across - 1, across - 1, size_px, size_px)
    items = struct.pack(">IH", 0, whole) + b"".join(item(tile, b"hvc1") for tile in tiles)
    places = box(
        b"ipco",
        *(box(kind, content) for kind, content in properties.items()),
        box(b"ispe", struct.pack(">III", 0, size_px, size_px)),
    )
    owners = [struct.pack(">HB", tile, len(own)) + own for tile in tiles]
    owner = struct.pack(">HBB", whole, 1, len(properties) + 1)

    def header(offset: int) -> bytes:
        data = [struct.pack(">4H2I", tile, 0, 0, 1, offset, len(file[b"mdat"])) for tile in tiles]
        described = box(
            b"meta",
            bytes(4),
            box(b"hdlr", meta[b"hdlr"]),
            box(b"pitm", struct.pack(">IH", 0, whole)),
            box(b"iinf", items, item(whole, b"grid")),
            box(
                b"iref",
                bytes(4),
                box(b"dimg", struct.pack(f">HH{across**2}H", whole, across**2, *tiles)),
            ),
            box(b"iprp", places, box(b"ipma", struct.pack(">II", 0, whole), *owners, owner)),
            box(b"idat", grid),
            box(
                b"iloc",
                struct.pack(">IHH", 1 << 24, 0x4400, whole),
                *data,
                struct.pack(">4H2I", whole, 1, 0, 1, 0, len(grid)),
            ),
        )
        return box(b"ftyp", file[b"ftyp"]) + described

    return header(len(header(0)) + 8) + box(b"mdat", file[b"mdat"])


def test_a_heic_picture_is_read(recognizer: DigitRecognizer):
    assert recognizer.predict(HEIC).digit == 7


@pytest.mark.parametrize(
    "brands", [b"heicmif1miaf", b"mif1mif1heic", b"msf1hevcmif1", b"heixmif1heix"]
)
def test_a_heic_picture_is_known_by_any_of_its_brands(brands: bytes, recognizer: DigitRecognizer):
    length = int.from_bytes(HEIC[:4], "big")
    header = struct.pack(">I4s4sI", length, b"ftyp", brands[:4], 0) + brands[4:]
    assert recognizer.predict(header.ljust(length, b"\0") + HEIC[length:]).digit == 7


def test_a_heic_picture_is_measured_before_it_is_decoded():
    with pytest.raises(InvalidImageError, match="too large: 140 × 140"):
        visible_image(HEIC, max_pixels=10_000)


def with_size(side_px: int) -> bytes:
    content = bytearray(HEIC)
    struct.pack_into(">II", content, content.index(b"ispe") + 8, side_px, side_px)
    return bytes(content)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (HEIC[:40], "starts like a HEIC file but is damaged"),
        (HEIC[:-300], "cannot be read|damaged"),
        (with_size(6_545), "cannot be read"),
        (with_size(6_547), "would take 300 MB of memory"),
        (HEIC.replace(b"ispe", b"none"), "damaged"),
        (with_size(2), "cannot be read|damaged"),
    ],
    ids=["header", "cut off", "large", "too large", "no size", "larger than it says"],
)
def test_a_damaged_heic_is_refused(content: bytes, message: str):
    with pytest.raises(InvalidImageError, match=message):
        visible_image(content)


def test_a_picture_of_tiles_is_read():
    assert visible_image(tiled(4, 560)).size == (560, 560)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (tiled(3, 420, 3_000), "holds pictures of 81,176,400 pixels"),
        (tiled(3, 420, have_sizes=False), "no usual HEIC: a picture has no size"),
        (tiled(2, 280) + box(b"meta", bytes(4)), "no usual HEIC: it has 2 boxes"),
    ],
    ids=["large tiles", "tiles without a size", "two descriptions"],
)
def test_tiles_that_would_take_too_much_are_refused(content: bytes, message: str):
    with pytest.raises(InvalidImageError, match=message):
        visible_image(content)
