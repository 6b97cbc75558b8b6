"""What counts as an image, and what cannot be read."""

import io
import struct
import warnings
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import ExifTags, Image, features

from inference import MAX_PIXELS, InvalidImageError
from inference.image.decoding import FILE_FORMATS
from inference.image.picture import WORKING_SIDE_PX, read_picture
from tests.inference.image.seven import (
    INK,
    MODES,
    SEVEN,
    SIZE,
    TURNS,
    Levels,
    draw_seven,
    encode,
    ink_of,
    photographed,
)


def mean_difference(first: Levels, second: Levels) -> float:
    return float(np.abs(first.astype(float) - second).mean())


# --- From any source ------------------------------------------------------------------------------


def test_a_path_may_be_a_string_or_path_like(tmp_path: Path):
    path = tmp_path / "sieben 7é.png"
    SEVEN.save(path)
    np.testing.assert_array_equal(ink_of(path), INK)
    np.testing.assert_array_equal(ink_of(str(path)), INK)


@pytest.mark.parametrize("buffer", [bytes, bytearray, memoryview])
def test_file_content_may_be_any_bytes_like_object(buffer: type):
    np.testing.assert_array_equal(ink_of(buffer(encode(SEVEN))), INK)


def test_a_file_object_that_cannot_be_read_is_called_by_its_name(tmp_path: Path):
    path = tmp_path / "notes.txt"
    path.write_text("seven")

    with path.open("rb") as file, pytest.raises(InvalidImageError) as refused:
        read_picture(file)

    assert str(refused.value).startswith(f"the file {str(path)!r} is not an image file")


def test_a_file_object_is_read_from_its_start_and_left_open():
    file = io.BytesIO(encode(SEVEN))
    file.read()
    np.testing.assert_array_equal(ink_of(file), INK)
    assert not file.closed


@pytest.mark.parametrize("buffer", [bytearray, memoryview])
def test_a_file_object_may_give_any_bytes_like_object(buffer: type):
    class Reader:
        def read(self) -> Any:
            return buffer(encode(SEVEN))

    np.testing.assert_array_equal(ink_of(Reader()), INK)


def test_a_stream_that_cannot_seek_is_read():
    class Pipe(io.RawIOBase):
        def read(self, _size: int = -1, /) -> bytes:
            return encode(SEVEN)

    np.testing.assert_array_equal(ink_of(Pipe()), INK)


def test_a_pillow_image_is_not_changed():
    image = draw_seven("RGBA", (0, 0, 0, 255), (0, 0, 0, 0))
    before = image.copy()
    ink_of(image)
    assert image == before


@pytest.mark.parametrize("file_format", FILE_FORMATS)
def test_every_file_format_is_read(file_format: str):
    if file_format in ("WEBP", "AVIF"):
        assert features.check(file_format.lower())
    ink = ink_of(encode(SEVEN.convert("RGB"), file_format))
    assert ink.shape == INK.shape
    assert mean_difference(ink, INK) < 4  # lossy formats blur the edge


def test_of_an_animation_the_first_frame_counts():
    other = Image.new("L", SIZE, 255)
    animation = encode(SEVEN, "GIF", save_all=True, append_images=[other])
    np.testing.assert_array_equal(ink_of(animation), INK)


def test_the_table_of_modes_has_every_mode_that_pillow_knows():
    assert set(MODES) == set(Image.MODES)


@pytest.mark.parametrize("mode", MODES)
def test_every_pillow_mode_gives_the_same_ink(mode: str):
    assert MODES[mode].mode == mode
    np.testing.assert_allclose(ink_of(MODES[mode]), INK, atol=2)


@pytest.mark.parametrize("mode", MODES)
def test_every_pillow_mode_can_be_large(mode: str):
    image = MODES[mode].resize((12 * SIZE[0], 12 * SIZE[1]), Image.Resampling.NEAREST)
    ink = ink_of(image)
    assert max(ink.shape) <= WORKING_SIDE_PX
    expected = np.asarray(Image.fromarray(INK).resize(ink.shape[::-1], Image.Resampling.BOX))
    assert mean_difference(ink, expected) < 1


def test_colours_count_by_their_luminance():
    yellow_on_blue = draw_seven("RGB", (255, 255, 0), (0, 0, 128))
    np.testing.assert_array_equal(ink_of(yellow_on_blue), INK)
    np.testing.assert_array_equal(ink_of(yellow_on_blue.convert("HSV")), INK)


@pytest.mark.parametrize("file_format", ["PNG", "JPEG", "TIFF", "WEBP"])
@pytest.mark.parametrize("orientation", TURNS)
def test_exif_orientation_is_honoured_in_files(orientation: int, file_format: str):
    ink = ink_of(photographed(orientation, file_format))
    assert ink.shape == INK.shape
    assert mean_difference(ink, INK) < 4


@pytest.mark.parametrize("orientation", TURNS)
def test_exif_orientation_is_honoured_in_pillow_images(orientation: int):
    with Image.open(io.BytesIO(photographed(orientation, "PNG"))) as image:
        np.testing.assert_array_equal(ink_of(image), INK)


@pytest.mark.parametrize(("tags", "orientation"), [(1_000, 6), (1_001, 1)])
def test_exif_data_of_more_than_a_thousand_tags_are_not_read(tags: int, orientation: int):
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    exif.update({50_000 + number: 0 for number in range(tags - 1)})
    stored = SEVEN.transpose(TURNS[orientation]) if orientation > 1 else SEVEN
    np.testing.assert_array_equal(ink_of(encode(stored, "PNG", exif=exif)), INK)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
def test_damaged_exif_data_does_not_matter():
    photo = encode(SEVEN, "PNG", exif=b"Exif\0\0MM\0*\xff\xff\xff\xff")
    np.testing.assert_array_equal(ink_of(photo), INK)


# --- What cannot be read --------------------------------------------------------------------------


@pytest.mark.parametrize("thing", [None, 7, 7.0, [[0, 255]], (28, 28), {"image": 1}, object()])
def test_a_thing_that_is_no_image_is_refused_by_its_type(thing: Any):
    with pytest.raises(InvalidImageError, match=f"{type(thing).__name__} is not an image; pass"):
        ink_of(thing)


def test_a_missing_file_is_named(tmp_path: Path):
    with pytest.raises(InvalidImageError, match=r"nowhere\.png' does not exist"):
        ink_of(tmp_path / "nowhere.png")


def test_a_folder_is_no_image(tmp_path: Path):
    with pytest.raises(InvalidImageError, match="cannot be opened"):
        ink_of(tmp_path)


def test_an_impossible_path_is_no_image():
    with pytest.raises(InvalidImageError, match="cannot be opened"):
        ink_of("a\0b.png")


@pytest.mark.parametrize("content", [b"seven", encode(SEVEN)])
def test_a_file_in_text_mode_is_refused_with_the_remedy(content: bytes, tmp_path: Path):
    path = tmp_path / "seven"
    path.write_bytes(content)
    with path.open(encoding="utf-8") as file, pytest.raises(InvalidImageError, match="'rb'"):
        ink_of(file)


def test_a_closed_file_is_refused():
    file = io.BytesIO(encode(SEVEN))
    file.close()
    with pytest.raises(InvalidImageError, match="closed file"):
        ink_of(file)


def test_an_empty_file_is_called_empty():
    with pytest.raises(InvalidImageError, match="0 bytes"):
        ink_of(b"")


def test_a_text_is_not_an_image_file():
    with pytest.raises(InvalidImageError, match=r"not an image file; the formats .* are PNG, JPEG"):
        ink_of(b"seven, as I live and breathe")


def test_a_format_that_runs_other_programs_is_not_opened():
    with pytest.raises(InvalidImageError, match="not an image file"):
        ink_of(encode(SEVEN, "EPS"))


@pytest.mark.parametrize("file_format", ["PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP"])
@pytest.mark.parametrize("kept", [0.1, 0.5, 0.9])
def test_a_truncated_file_is_refused(file_format: str, kept: float):
    content = encode(draw_seven("RGB", (0, 0, 0), (255, 255, 255)), file_format)
    with pytest.raises(InvalidImageError):
        ink_of(content[: int(kept * len(content))])


def test_a_closed_pillow_image_is_refused():
    with Image.open(io.BytesIO(encode(SEVEN))) as image:
        pass
    with pytest.raises(InvalidImageError, match="PngImageFile cannot be read"):
        ink_of(image)


def test_an_empty_pillow_image_is_refused():
    with pytest.raises(InvalidImageError, match="empty: 0 × 7"):
        ink_of(Image.new("L", (0, 7)))


def png_that_claims(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        checksum = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + checksum

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


@pytest.mark.parametrize("side", [8_000, 10_000, 100_000])  # below, within, beyond Pillow's limits
def test_a_decompression_bomb_is_refused_by_its_header(side: int):
    limit = Image.MAX_IMAGE_PIXELS
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        with pytest.raises(InvalidImageError, match="too large"):
            ink_of(png_that_claims(side, side))
    assert not warned
    assert limit == Image.MAX_IMAGE_PIXELS


@pytest.mark.parametrize("shape", [(MAX_PIXELS + 1, 1), (5_001, 10_000, 3)])
def test_an_array_beyond_the_limit_is_refused(shape: tuple[int, ...]):
    with pytest.raises(InvalidImageError, match="50,000,000 pixels"):
        ink_of(np.broadcast_to(np.float64(0), shape))


@pytest.mark.parametrize(("width", "height"), [(4_000, 3_000), (30_000, 3), (1, 60_000)])
def test_a_large_image_is_worked_on_at_a_bounded_size(width: int, height: int):
    image = Image.new("L", (width, height), 255)
    image.paste(0, (0, 0, (width + 2) // 3, (height + 2) // 3))
    ink = ink_of(image)
    assert max(ink.shape) <= WORKING_SIDE_PX
    assert set(np.unique(ink)) >= {0, 255}


def test_a_large_jpeg_keeps_its_drawing():
    photo = SEVEN.resize((3_072, 4_096), Image.Resampling.NEAREST).convert("RGB")
    ink = ink_of(encode(photo, "JPEG"))
    assert max(ink.shape) <= WORKING_SIDE_PX
    expected = np.asarray(Image.fromarray(INK).resize(ink.shape[::-1], Image.Resampling.NEAREST))
    assert mean_difference(ink, expected) < 2
