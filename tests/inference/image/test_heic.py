"""HEIC, as iPhones write it, is read like other pictures."""

import struct
import sys
from pathlib import Path

import pytest

from inference import DigitRecognizer, InvalidImageError, visible_image

# The drawing "7 crossed" of strokes.json, 140 pixels a side with a pen of 9, encoded by pillow-heif
# 1.8.1 at quality 60: pi-heif only decodes.
HEIC = Path(__file__).with_name("seven.heic").read_bytes()


@pytest.fixture(scope="module")
def recognizer() -> DigitRecognizer:
    return DigitRecognizer()


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


@pytest.mark.parametrize("content", [HEIC[:40], HEIC[:-300]])
def test_a_damaged_heic_is_refused(content: bytes):
    with pytest.raises(InvalidImageError, match="starts like a HEIC file but cannot be decoded"):
        visible_image(content)


def test_a_heic_that_crashes_its_decoder_is_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "executable", "false")  # It ends at once and says nothing.
    with pytest.raises(InvalidImageError, match=r"^the content is damaged, or takes too much time"):
        visible_image(HEIC)
