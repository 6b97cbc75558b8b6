"""Whatever is passed as an image, ink is found or a clear error is raised."""

import warnings
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from numpy.typing import NDArray
from PIL import Image

from inference import InvalidImageError
from inference.image.decoding import FILE_FORMATS
from tests.inference.image.seven import (
    CLEAR,
    MODES,
    SEVEN,
    Levels,
    draw_seven,
    encode,
    ink_of,
    photographed,
)

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
