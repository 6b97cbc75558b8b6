"""What counts as an image, and what on it counts as ink."""

import io
import struct
import warnings
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageDraw, features

from inference import MAX_PIXELS, BlankImageError, InvalidImageError
from inference.image import ink as ink_module
from inference.image.decoding import FILE_FORMATS
from inference.image.ink import find_ink
from inference.image.picture import WORKING_SIDE, is_small_luminance, read_picture

SIZE = (96, 128)  # width, height: not square, so that a mixed-up axis shows


def draw_seven(mode: str = "L", ink: Any = 0, paper: Any = 255) -> Image.Image:
    """A crossed seven without symmetry, without antialiasing."""
    image = Image.new(mode, SIZE, paper)
    draw = ImageDraw.Draw(image)
    draw.line([(22, 24), (74, 28), (40, 106)], fill=ink, width=10, joint="curve")
    draw.line([(34, 66), (70, 62)], fill=ink, width=8)
    return image


SEVEN = draw_seven()
INK = 255 - np.asarray(SEVEN)
GRAY = np.asarray(SEVEN)

Levels = NDArray[np.uint8]


def ink_of(source: Any) -> Levels:
    return find_ink(read_picture(source))


def encode(image: Image.Image, file_format: str = "PNG", **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, file_format, **options)
    return file.getvalue()


def mean_difference(first: Levels, second: Levels) -> float:
    return float(np.abs(first.astype(float) - second).mean())


# --- From any source -----------------------------------------------------------------------------


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


def with_levels(mode: str, dtype: str, white: int) -> Image.Image:
    levels = (GRAY // 255).astype(dtype) * np.array(white, dtype)
    return Image.frombytes(mode, SIZE, levels.tobytes())


MODES = {
    "1": SEVEN.convert("1"),
    "L": SEVEN,
    "LA": SEVEN.convert("LA"),
    "La": SEVEN.convert("LA").convert("La"),
    "P": SEVEN.convert("P"),
    "PA": SEVEN.convert("RGBA").convert("PA"),
    "RGB": SEVEN.convert("RGB"),
    "RGBA": SEVEN.convert("RGBA"),
    "RGBa": SEVEN.convert("RGBA").convert("RGBa"),
    "RGBX": SEVEN.convert("RGBX"),
    "CMYK": SEVEN.convert("RGB").convert("CMYK"),
    "YCbCr": SEVEN.convert("RGB").convert("YCbCr"),
    "LAB": SEVEN.convert("RGB").convert("LAB"),
    "HSV": SEVEN.convert("RGB").convert("HSV"),
    "I": with_levels("I", "=i4", 70_000),
    "F": with_levels("F", "=f4", 1),
    "I;16": with_levels("I;16", "<u2", 65_535),
    "I;16L": with_levels("I;16L", "<u2", 65_535),
    "I;16B": with_levels("I;16B", ">u2", 65_535),
    "I;16N": with_levels("I;16N", "=u2", 65_535),
}


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
    assert max(ink.shape) <= WORKING_SIDE
    expected = np.asarray(Image.fromarray(INK).resize(ink.shape[::-1], Image.Resampling.BOX))
    assert mean_difference(ink, expected) < 1


def test_colours_count_by_their_luminance():
    yellow_on_blue = draw_seven("RGB", (255, 255, 0), (0, 0, 128))
    np.testing.assert_array_equal(ink_of(yellow_on_blue), INK)
    np.testing.assert_array_equal(ink_of(yellow_on_blue.convert("HSV")), INK)


TURNS = {  # EXIF orientation → how the stored pixels differ from the upright picture
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def photographed(orientation: int, file_format: str) -> bytes:
    turn = TURNS[orientation]
    stored = SEVEN if turn is None else SEVEN.transpose(turn)
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    return encode(stored, file_format, exif=exif)


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


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
def test_damaged_exif_data_does_not_matter():
    photo = encode(SEVEN, "PNG", exif=b"Exif\0\0MM\0*\xff\xff\xff\xff")
    np.testing.assert_array_equal(ink_of(photo), INK)


# --- Arrays --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dtype", "white"),
    [
        ("u1", 255),
        ("?", True),
        ("<u2", 65_535),
        (">u2", 65_535),
        ("u2", 4_095),  # 12 bits
        ("f2", 1),
        ("<f4", 1),
        (">f4", 1),
        ("f8", 1),
    ],
)
@pytest.mark.parametrize("channels", [None, 1, 3, 4])
def test_arrays_of_every_accepted_dtype_and_shape(dtype: str, white: int, channels: int | None):
    array = (GRAY // 255).astype(dtype) * np.array(white, dtype)
    if channels is not None:
        array = np.repeat(array[..., np.newaxis], channels, axis=2)
    if channels == 4:
        array[..., 3] = white
    np.testing.assert_array_equal(ink_of(array), INK)


@pytest.mark.parametrize(
    "view",
    [
        np.asfortranarray(GRAY),
        GRAY[::-1, ::-1].copy()[::-1, ::-1],
        np.repeat(GRAY, 2, axis=1)[:, ::2],
        np.repeat(GRAY[..., np.newaxis], 6, axis=2)[..., ::2],
        np.moveaxis(np.stack([GRAY, GRAY, GRAY, np.full_like(GRAY, 255)]), 0, 2),
    ],
)
def test_arrays_of_any_memory_layout(view: Levels):
    np.testing.assert_array_equal(ink_of(view), INK)


def test_an_array_is_neither_changed_nor_shared():
    array = INK.copy()
    array.setflags(write=False)
    ink = ink_of(array)
    np.testing.assert_array_equal(array, INK)
    assert not np.shares_memory(ink, array)


def test_float_levels_are_rounded_to_the_nearest():
    picture = read_picture(np.array([[0, 1], [0.001, 0.5], [0.003, 0.999]]))
    np.testing.assert_array_equal(picture.luminance, [[0, 255], [0, 128], [1, 255]])


def test_true_is_white():
    picture = read_picture(np.array([[False, True]]))
    np.testing.assert_array_equal(picture.luminance, [[0, 255]])


def test_zero_stays_black_where_levels_have_more_than_8_bits():
    picture = read_picture(np.array([[1_000, 2_000], [1_500, 4_000]], np.uint16))
    np.testing.assert_array_equal(picture.luminance, [[64, 128], [96, 255]])


def test_below_zero_is_blacker_than_zero():
    picture = read_picture(Image.fromarray(np.array([[-1, 0], [1, 3]], np.float32)))
    np.testing.assert_array_equal(picture.luminance, [[0, 64], [128, 255]])


@pytest.mark.parametrize(
    ("shape", "is_small"),
    [
        ((128, 128), True),
        ((16, 1_024), True),
        ((1_024, 16), True),
        ((1, 1), True),
        ((129, 128), False),
        ((1_025, 1), False),
        ((1, 1_025), False),
        ((0, 5), False),
        ((4, 4, 1), False),
    ],
)
def test_a_small_array_of_bytes_is_its_own_luminance(shape: tuple[int, ...], is_small: bool):
    array = np.zeros(shape, np.uint8)
    assert is_small_luminance(array) == is_small
    assert not is_small_luminance(array.astype(np.uint16))
    assert not is_small_luminance(array.view(np.recarray))


@pytest.mark.parametrize(
    ("side", "worked_on"), [(1_024, 1_024), (1_025, 513), (2_048, 1_024), (2_049, 683)]
)
@pytest.mark.parametrize("make", [np.asarray, lambda image: image, lambda image: encode(image)])
def test_beyond_1024_pixels_a_side_is_divided_by_a_whole_number(
    side: int, worked_on: int, make: Any
):
    picture = read_picture(make(Image.new("L", (side, 3))))
    assert picture.luminance.shape[1] == worked_on
    assert picture.source_size == (side, 3)


@pytest.mark.parametrize("level", [-0.001, 1.001])
def test_floats_may_be_off_by_a_thousandth(level: float):
    assert read_picture(np.array([[0.5, level]])).luminance[0, 1] == (255 if level > 1 else 0)
    with pytest.raises(InvalidImageError, match="0…1"):
        read_picture(np.array([[0.5, 0.5 + (level - 0.5) * 1.0003]]))


def test_floats_that_resampling_rounded_beyond_their_range_are_accepted():
    picture = read_picture(np.array([[-2e-7, 1 + 2e-7]], np.float32))
    np.testing.assert_array_equal(picture.luminance, [[0, 255]])


@pytest.mark.parametrize(
    ("array", "complaint"),
    [
        (np.zeros((28, 28), np.int64), "int64"),
        (np.zeros((28, 28), np.int8), "int8"),
        (np.zeros((28, 28), np.int16), "int16"),
        (np.zeros((28, 28), np.uint32), "uint32"),
        (np.zeros((28, 28), np.uint64), "uint64"),
        (np.zeros((28, 28), np.complex64), "complex64"),
        (np.zeros((28, 28), object), "object"),
        (np.full((28, 28), "ink"), "<U3"),
        (np.zeros((28, 28), [("ink", "u1")]), "'ink'"),
        (np.zeros((28, 28), "M8[s]"), "datetime64"),
        (np.full((28, 28), np.nan), "NaN"),
        (np.full((28, 28), np.inf), "infinite"),
        (np.eye(28) * -0.5, "0…1"),
        (np.eye(28) * 255, "from 0 to 255"),
        (np.eye(28) * 1.002, "from 0 to 1.002"),
        (np.array(7, np.uint8), r"\(\)"),
        (np.zeros(784, np.uint8), r"\(784,\)"),
        (np.zeros((28, 28, 2), np.uint8), r"\(28, 28, 2\)"),
        (np.zeros((3, 28, 28), np.uint8), r"\(3, 28, 28\)"),
        (np.zeros((1, 28, 28, 1), np.uint8), "one image at a time"),
        (np.zeros((0, 28), np.uint8), "empty: 28 × 0"),
        (np.zeros((28, 0, 3)), "empty: 0 × 28"),
    ],
)
def test_other_arrays_are_refused_and_the_error_says_why(array: Any, complaint: str):
    with pytest.raises(InvalidImageError, match=complaint):
        ink_of(array)


# --- What cannot be read -------------------------------------------------------------------------


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
    assert max(ink.shape) <= WORKING_SIDE
    assert set(np.unique(ink)) >= {0, 255}


def test_a_large_jpeg_keeps_its_drawing():
    photo = SEVEN.resize((3_072, 4_096), Image.Resampling.NEAREST).convert("RGB")
    ink = ink_of(encode(photo, "JPEG"))
    assert max(ink.shape) <= WORKING_SIDE
    expected = np.asarray(Image.fromarray(INK).resize(ink.shape[::-1], Image.Resampling.NEAREST))
    assert mean_difference(ink, expected) < 2


# --- Ink and paper -------------------------------------------------------------------------------


def test_black_on_white_is_only_inverted():
    shaded = np.arange(256, dtype=np.uint8).reshape(16, 16)
    canvas = np.pad(shaded, 8, constant_values=255)
    np.testing.assert_array_equal(ink_of(canvas), 255 - canvas)


def test_white_on_black_is_unchanged():
    shaded = np.arange(256, dtype=np.uint8).reshape(16, 16)
    mnist_like = np.pad(shaded, 6)
    np.testing.assert_array_equal(ink_of(mnist_like), mnist_like)


def test_an_image_that_nearly_reaches_full_ink_is_unchanged():
    mnist_like = np.zeros((28, 28), np.uint8)
    mnist_like[8:20, 12:15] = 254
    np.testing.assert_array_equal(ink_of(mnist_like), mnist_like)
    np.testing.assert_array_equal(ink_of(255 - mnist_like), mnist_like)


@given(
    levels=npst.arrays(
        np.uint8,
        npst.array_shapes(min_dims=2, max_dims=2, min_side=3, max_side=80),
        elements=st.sampled_from([0, 1, 5, 6, 100, 249, 250, 255]),
    ),
    paper=st.sampled_from([0, 255]),
)
def test_pure_paper_is_a_shortcut_that_changes_nothing(levels: Levels, paper: int):
    levels[0] = levels[-1] = levels[:, 0] = levels[:, -1] = paper
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(ink_module, "ready_ink", lambda levels: (levels, [False]))
        try:
            the_long_way = find_ink(read_picture(levels))
        except BlankImageError:
            the_long_way = None
    if the_long_way is None:
        with pytest.raises(BlankImageError):
            find_ink(read_picture(levels))
    else:
        np.testing.assert_array_equal(find_ink(read_picture(levels)), the_long_way)


def test_a_single_full_pixel_keeps_the_scale_of_a_small_image():
    mnist_like = np.zeros((28, 28), np.uint8)
    mnist_like[8:20, 12:15] = 200
    mnist_like[10, 13] = 255
    np.testing.assert_array_equal(ink_of(mnist_like), mnist_like)


@pytest.mark.parametrize(("ink", "paper"), [(0, 255), (255, 0), (90, 160), (160, 90), (235, 255)])
def test_either_polarity_and_any_contrast_give_the_same_ink(ink: int, paper: int):
    np.testing.assert_array_equal(ink_of(draw_seven("L", ink, paper)), INK)


@given(ink=st.integers(0, 255), paper=st.integers(0, 255))
def test_ink_depends_on_the_contrast_only(ink: int, paper: int):
    image = draw_seven("L", ink, paper)
    if abs(ink - paper) < 12:
        with pytest.raises(BlankImageError):
            ink_of(image)
    else:
        np.testing.assert_allclose(ink_of(image), INK, atol=5)


def test_shades_are_stretched_linearly():
    shades = np.linspace(60, 180, 400).astype(np.uint8).reshape(20, 20)
    pencil = np.pad(shades, 10, constant_values=180)
    expected = (180 - pencil.astype(float)) * 255 / 120
    np.testing.assert_allclose(ink_of(pencil), expected, atol=0.5)


def test_ink_may_touch_the_border():
    edge = np.full((40, 40), 255, np.uint8)
    edge[0:40, 15:25] = 0
    np.testing.assert_array_equal(ink_of(edge), 255 - edge)


def noisy(image: Image.Image, spread: float) -> Levels:
    noise = np.random.default_rng(7).normal(0, spread, image.size[::-1])
    return np.clip(np.rint(np.asarray(image) + noise), 0, 255).astype(np.uint8)


def test_noise_of_the_paper_is_not_ink():
    ink = ink_of(noisy(draw_seven("L", 110, 200), spread=4))
    assert not ink[INK == 0].any()
    assert ink[INK == 255].min() > 180


def test_the_noise_of_light_ink_on_dark_is_not_ink_either():
    ink = ink_of(noisy(draw_seven("L", 200, 110), spread=4))
    assert not ink[INK == 0].any()


@pytest.mark.parametrize(("ink", "paper"), [(0, 255), (255, 0)])
def test_noise_of_pure_white_or_black_paper_is_not_ink(ink: int, paper: int):
    found = ink_of(noisy(draw_seven("L", ink, paper), spread=8))
    assert not found[INK == 0].any()
    assert found[INK == 255].min() > 200


@pytest.mark.parametrize("level", [1, 20, 40])
def test_faint_ink_at_the_border_is_not_noise(level: int):
    mnist_like = np.zeros((28, 28), np.uint8)
    mnist_like[10:20, 10:] = 255
    mnist_like[9:21, 27] = level
    np.testing.assert_array_equal(ink_of(mnist_like), mnist_like)


def test_compression_leaves_pencil_legible():
    pencil = draw_seven("L", 190, 235)
    ink = ink_of(encode(pencil, "JPEG", quality=60))
    assert np.median(ink[INK == 255]) > 180
    assert (ink[INK == 0] > 25).mean() < 0.05  # the graph's own noise floor


def test_a_speck_of_dust_does_not_set_the_scale():
    pencil = np.kron(np.asarray(draw_seven("L", 200, 240)), np.ones((6, 6), np.uint8))
    pencil[5:7, 5:7] = 0
    ink = ink_of(pencil)
    assert (ink[np.kron(INK, np.ones((6, 6))) == 255] == 255).all()


def test_a_small_drawing_on_a_large_sheet_is_not_dust():
    sheet = np.full((1_000, 1_000), 255, np.uint8)
    sheet[500:512, 500:502] = 0
    np.testing.assert_array_equal(ink_of(sheet), 255 - sheet)


def test_an_object_lighter_than_the_paper_is_not_noise():
    desk = np.full((100, 100), 170, np.uint8)
    desk[35:65, 35:65] = 235  # a sheet
    desk[40:60, 45:55] = 20  # a stroke on it
    ink = ink_of(desk)
    assert (ink[40:60, 45:55] == 255).all()
    assert np.count_nonzero(ink) == 200


@pytest.mark.parametrize(
    "blank",
    [
        np.full((280, 280), 255, np.uint8),
        np.zeros((28, 28), np.uint8),
        np.full((28, 28), 255, np.uint8),  # all ink
        np.full((28, 28), 130, np.uint8),
        np.zeros((1, 1), np.uint8),
        np.ones((28, 28)),
        np.zeros((28, 28), bool),
        np.zeros((28, 28), np.uint16),
        np.full((28, 28), 60_000, np.uint16),
        np.zeros((28, 28, 4), np.uint8),
        Image.new("F", (28, 28), -3),
        Image.new("I", (28, 28), 0),
        Image.new("RGBA", (28, 28), (255, 0, 0, 0)),
    ],
)
def test_an_image_without_contrast_is_blank(blank: Any):
    with pytest.raises(BlankImageError, match="draw"):
        ink_of(blank)


@pytest.mark.parametrize("spread", [2, 8])
@pytest.mark.parametrize("paper", [0, 128, 220, 255])
@pytest.mark.parametrize("size", [(48, 48), (280, 280), (1_000, 800)])
def test_blank_paper_with_noise_is_blank(paper: int, size: tuple[int, int], spread: float):
    with pytest.raises(BlankImageError):
        ink_of(noisy(Image.new("L", size, paper), spread))


# --- Transparency --------------------------------------------------------------------------------

CLEAR = (0, 0, 0, 0)


@pytest.mark.parametrize("clear", [CLEAR, (255, 255, 255, 0), (255, 0, 0, 0)])
@pytest.mark.parametrize("pen", [(0, 0, 0), (255, 255, 255), (30, 90, 200), (255, 235, 59)])
def test_strokes_on_nothing_are_ink_whatever_their_colour(
    pen: tuple[int, int, int], clear: tuple[int, int, int, int]
):
    image = draw_seven("RGBA", (*pen, 255), clear)
    np.testing.assert_array_equal(ink_of(image), INK)
    np.testing.assert_array_equal(ink_of(np.asarray(image)), INK)


def test_a_half_transparent_pen_draws_full_ink():
    np.testing.assert_array_equal(ink_of(draw_seven("RGBA", (0, 0, 0, 100), CLEAR)), INK)


def test_the_soft_edge_of_a_stroke_is_faint_ink():
    image = draw_seven("RGBA", (255, 255, 255, 255), CLEAR)
    image.putpixel((5, 5), (255, 255, 255, 128))
    assert ink_of(image)[5, 5] == 128


def test_strokes_of_many_colours_on_nothing_are_ink():
    rainbow = np.asarray(draw_seven("RGBA", (0, 0, 0, 255), CLEAR)).copy()
    rainbow[..., 0] = np.linspace(0, 255, SIZE[0])
    rainbow[..., 1] = np.linspace(255, 0, SIZE[0])
    np.testing.assert_array_equal(ink_of(rainbow), INK)


@pytest.mark.parametrize(
    ("ink", "paper"), [((0, 0, 0), (255, 255, 255)), ((255, 255, 255), (0, 0, 0))]
)
def test_a_sheet_with_transparent_corners_is_paper(
    ink: tuple[int, int, int], paper: tuple[int, int, int]
):
    sheet = np.asarray(draw_seven("RGBA", (*ink, 255), (*paper, 255))).copy()
    mask = Image.new("L", SIZE, 0)
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, SIZE[0] - 1, SIZE[1] - 1), 24, fill=255)
    sheet[..., 3] = np.asarray(mask)
    np.testing.assert_array_equal(ink_of(sheet), INK)


def test_a_sheet_turned_on_a_transparent_ground_is_paper():
    turned = draw_seven("RGBA", (0, 0, 0, 255), (255, 255, 255, 255)).rotate(30, expand=True)
    upright = draw_seven().rotate(30, expand=True, fillcolor=255)
    np.testing.assert_array_equal(ink_of(turned), 255 - np.asarray(upright))


def test_evenly_transparent_pictures_count_as_opaque():
    faded = SEVEN.convert("RGBA")
    faded.putalpha(120)
    np.testing.assert_array_equal(ink_of(faded), INK)


def test_transparency_of_palettes_and_of_single_colours_counts():
    palette = SEVEN.convert("RGB").quantize(2)
    palette.info["transparency"] = palette.getpixel((0, 0))
    np.testing.assert_array_equal(ink_of(encode(palette)), INK)
    np.testing.assert_array_equal(ink_of(encode(SEVEN, transparency=255)), INK)
    np.testing.assert_array_equal(
        ink_of(encode(SEVEN.convert("RGB"), transparency=(255, 255, 255))), INK
    )


@pytest.mark.parametrize("mode", ["LA", "La", "PA", "RGBa"])
def test_every_mode_with_transparency_shows_white_strokes_on_nothing(mode: str):
    image = draw_seven("RGBA", (255, 255, 255, 255), CLEAR)
    image = image.convert("LA").convert(mode) if mode in ("LA", "La") else image.convert(mode)
    np.testing.assert_array_equal(ink_of(image), INK)


@given(
    grey=npst.arrays(np.uint8, npst.array_shapes(min_dims=2, max_dims=2, max_side=6)),
    channel=st.integers(0, 3),
    level=st.integers(0, 255),
)
def test_an_array_of_grey_pixels_but_one_is_read_as_pillow_reads_it(
    grey: Levels, channel: int, level: int
):
    pixels = np.dstack([grey, grey, grey, np.full_like(grey, 255)])
    for _ in ("without colour", "with one pixel of any colour, or transparent"):
        expected = read_picture(Image.fromarray(pixels)).luminance
        np.testing.assert_array_equal(read_picture(pixels).luminance, expected)
        pixels[-1, -1, channel] = level


# --- Whatever comes ------------------------------------------------------------------------------

DTYPES = st.one_of(
    npst.boolean_dtypes(),
    npst.integer_dtypes(endianness="?"),
    npst.unsigned_integer_dtypes(endianness="?"),
    npst.floating_dtypes(endianness="?"),
    st.just(np.dtype(np.longdouble)),
    npst.complex_number_dtypes(),
    npst.unicode_string_dtypes(),
    npst.byte_string_dtypes(),
    npst.datetime64_dtypes(),
    npst.timedelta64_dtypes(),
    npst.array_dtypes(npst.unsigned_integer_dtypes()),  # structured
)
SHAPES = npst.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=9)


def check_that_it_is_ink_or_refused(source: Any) -> None:
    try:
        ink = ink_of(source)
    except InvalidImageError:
        return
    assert ink.dtype == np.uint8
    assert ink.ndim == 2
    assert ink.min() == 0
    assert ink.max() >= 250


@given(npst.arrays(DTYPES, SHAPES), st.data())
def test_any_array_gives_ink_or_is_refused(array: NDArray[Any], data: st.DataObject):
    axes = data.draw(st.permutations(range(array.ndim)))
    steps = data.draw(st.tuples(*[st.sampled_from([1, -1, 2])] * array.ndim))
    view = array.transpose(axes)[tuple(slice(None, None, step) for step in steps)]
    check_that_it_is_ink_or_refused(view)
    check_that_it_is_ink_or_refused(np.broadcast_to(view, (*[3] * (2 - view.ndim), *view.shape)))


@given(npst.arrays(np.uint8, npst.array_shapes(min_dims=2, max_dims=2, max_side=40)))
def test_any_8_bit_picture_gives_ink_or_is_blank(array: Levels):
    check_that_it_is_ink_or_refused(array)


@given(npst.arrays(np.uint8, st.tuples(st.integers(1, 12), st.integers(1, 12), st.just(4))))
def test_any_transparent_picture_gives_ink_or_is_blank(array: Levels):
    check_that_it_is_ink_or_refused(array)


@given(
    mode=st.sampled_from(sorted(MODES)),
    size=st.tuples(st.integers(0, 9), st.integers(0, 9)),
    content=st.binary(min_size=9 * 9 * 4, max_size=9 * 9 * 4),
    transparency=st.none() | st.integers(-1, 300) | st.binary(max_size=300),
    palette=st.binary(max_size=768),
)
def test_any_pillow_image_gives_ink_or_is_refused(
    mode: str,
    size: tuple[int, int],
    content: bytes,
    transparency: int | bytes | None,
    palette: bytes,
):
    needed = len(Image.new(mode, size).tobytes())
    image = Image.frombytes(mode, size, content[:needed]) if needed else Image.new(mode, size)
    if mode in ("P", "PA"):
        image.putpalette(palette[: len(palette) // 3 * 3])
    if transparency is not None:
        image.info["transparency"] = transparency
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow warns of some transparencies.
        check_that_it_is_ink_or_refused(image)


SMALL = (24, 32)
FILES = [
    *(encode(SEVEN.resize(SMALL).convert("RGB"), file_format) for file_format in FILE_FORMATS),
    encode(MODES["P"].resize(SMALL), "GIF"),
    encode(draw_seven("RGBA", (0, 0, 0, 255), CLEAR).resize(SMALL), "PNG"),
    encode(MODES["CMYK"].resize(SMALL), "JPEG"),
    encode(MODES["F"].resize(SMALL), "TIFF"),
    photographed(6, "JPEG"),
]


@given(
    content=st.sampled_from(FILES),
    changes=st.lists(st.tuples(st.integers(0, 2_000), st.integers(0, 255)), max_size=8),
    kept=st.floats(0.2, 1),
)
def test_any_damage_to_a_file_gives_ink_or_is_refused(
    content: bytes, changes: list[tuple[int, int]], kept: float
):
    damaged = bytearray(content)
    for position, value in changes:
        damaged[position % len(damaged)] = value
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow warns of some of the damage.
        check_that_it_is_ink_or_refused(bytes(damaged[: int(kept * len(damaged))]))


@given(st.binary(max_size=200), st.sampled_from(FILES))
def test_any_bytes_behind_a_signature_give_ink_or_are_refused(content: bytes, file: bytes):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        check_that_it_is_ink_or_refused(file[:12] + content)
