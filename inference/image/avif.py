"""How many pixels an AVIF has decoded: its header may say less than its pictures hold.

The file is a tree of boxes (ISO/IEC 14496-12), in which pictures are items (ISO/IEC 23008-12). The
data of a picture are units of an AV1 stream (AV1 Bitstream & Decoding Process Specification, 5.3 to
5.5), one of which says how large its frames are.
"""

import struct
from collections.abc import Iterator
from typing import IO

_SEQUENCE_HEADER = 1
_FRAMES = (3, 6)  # the header of a frame, alone or with what it holds

_MAX_PARTS = 10_000  # of any kind; a usual file has some twenty


def stream_size(file: IO[bytes]) -> tuple[int, int]:
    """Looks into the streams of all pictures in a file.

    Args:
        file: An AVIF, open; its position is kept.

    Returns:
        The pixels of all pictures together, and those of all their frames, some of which nobody may
        see.

    Raises:
        ValueError: The file is damaged, moves, or stores its pictures in an unusual way.
    """
    position = file.tell()
    file.seek(0)
    content = file.read()
    file.seek(position)
    try:
        return _stream_size(content)
    except (struct.error, IndexError, KeyError) as error:
        raise ValueError("a part of it is missing") from error


def _stream_size(content: bytes) -> tuple[int, int]:
    boxes = dict(_boxes(content))
    if b"moov" in boxes:
        raise ValueError("it is a film")
    meta = dict(_boxes(boxes[b"meta"][4:]))
    pictures = _pictures(meta[b"iinf"])
    all_pixels = decoded_pixels = 0
    for item, data in _items(meta, content):
        if item in pictures:
            units = list(_units(data))
            pixels = sum(_frame_pixels(unit) for kind, unit in units if kind == _SEQUENCE_HEADER)
            all_pixels += pixels
            decoded_pixels += pixels * sum(kind in _FRAMES for kind, _ in units)
    return all_pixels, decoded_pixels


def _boxes(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The boxes in a part of the file: their kinds and what they hold."""
    start = count = 0
    while start < len(content):
        count = _few(count + 1)
        length, kind = struct.unpack_from(">I4s", content, start)
        header = 8
        if length == 1:
            (length,) = struct.unpack_from(">Q", content, start + 8)
            header = 16
        end = start + length if length else len(content)
        if end < start + header:
            raise ValueError("a box is shorter than its header")
        yield kind, content[start + header : end]
        start = end


def _pictures(item_information: bytes) -> set[int]:
    """The numbers of the items that are AV1 pictures."""
    found: set[int] = set()
    for _, entry in _boxes(item_information[6 if item_information[0] == 0 else 8 :]):
        item, kind = struct.unpack_from(">H2x4s" if entry[0] == 2 else ">I2x4s", entry, 4)
        if kind == b"av01":
            found.add(item)
    return found


def _items(meta: dict[bytes, bytes], content: bytes) -> Iterator[tuple[int, bytes]]:
    """The number and the data of each item."""
    location = _Fields(meta[b"iloc"])
    version = location.take(1)
    location.take(3)
    sizes = location.take(1), location.take(1)
    offset_bytes, length_bytes = sizes[0] >> 4, sizes[0] & 15
    base_bytes, index_bytes = sizes[1] >> 4, sizes[1] & 15 if version else 0
    left_bytes = len(content)
    for _ in range(_few(location.take(4 if version == 2 else 2))):
        item = location.take(4 if version == 2 else 2)
        source = location.take(2) & 15 if version else 0
        if source > 1:
            raise ValueError("an item is made of others")
        place = meta[b"idat"] if source else content
        location.take(2)
        base = location.take(base_bytes)
        parts: list[bytes] = []
        for _ in range(_few(location.take(2))):
            location.take(index_bytes)
            start = base + location.take(offset_bytes)
            length = location.take(length_bytes)
            parts.append(place[start : start + length if length else None])
            left_bytes -= len(parts[-1])
            if left_bytes < 0:
                raise ValueError("its items are larger than the file")
        yield item, b"".join(parts)


def _units(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The units of a stream: their kinds and what they hold."""
    start = count = 0
    while start < len(data):
        count = _few(count + 1)
        header = data[start]
        start += 2 if header & 4 else 1
        length = len(data) - start
        if header & 2:
            length = 0
            for shift in range(0, 56, 7):
                byte = data[start]
                start += 1
                length |= (byte & 127) << shift
                if byte < 128:
                    break
        yield header >> 3 & 15, data[start : start + length]
        start += length


def _frame_pixels(header: bytes) -> int:
    """The most pixels that a frame may have, by the header of its sequence."""
    bits = _Fields(header, 1)
    bits.take(4)
    is_one_picture = bits.take(1)
    if is_one_picture:
        bits.take(5)
    else:
        if bits.take(1):
            raise ValueError("it is a film")
        has_delays = bits.take(1)
        for _ in range(bits.take(5) + 1):
            bits.take(12)
            if bits.take(5) > 7:
                bits.take(1)
            if has_delays and bits.take(1):
                bits.take(4)
    width_bits, height_bits = bits.take(4) + 1, bits.take(4) + 1
    if not is_one_picture:  # Each frame may have a size of its own.
        return 1 << width_bits + height_bits
    return (bits.take(width_bits) + 1) * (bits.take(height_bits) + 1)


def _few(count: int) -> int:
    if count > _MAX_PARTS:
        raise ValueError(f"it has more than {_MAX_PARTS:,} parts")
    return count


class _Fields:
    """Whole numbers one behind the other, each of so many units of `unit_bits`."""

    def __init__(self, content: bytes, unit_bits: int = 8) -> None:
        self._content = content
        self._unit_bits = unit_bits
        self._position = 0  # in bits

    def take(self, count: int) -> int:
        start, end = self._position, self._position + count * self._unit_bits
        self._position = end
        if end > 8 * len(self._content):
            raise IndexError(end)
        part = self._content[start // 8 : (end + 7) // 8]
        value = int.from_bytes(part, "big") >> -end % 8
        return value & ((1 << end - start) - 1)
