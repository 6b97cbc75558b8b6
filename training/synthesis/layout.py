"""Where things stand on a sheet: numbers in lines and cells, words, dirt, rules and frames."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from random import Random

from training.synthesis.characters import LETTER, STROKE, CharacterStock
from training.synthesis.texts import CHARACTERS, DIGITS, write_text

_SEPARATOR_LENGTHS: dict[str, Callable[[Random], float]] = {
    ".": lambda random: random.uniform(0.1, 0.2),
    ",": lambda random: random.uniform(0.15, 0.6 if random.random() < 0.8 else 0.8),
    "-": lambda random: random.uniform(0.22, 0.6 if random.random() < 0.7 else 1.1),
    "/": lambda random: random.uniform(1.2, 1.8),  # shorter ones are leaning 1s
    ":": lambda random: random.uniform(0.3, 0.7),
    "=": lambda random: random.uniform(0.22, 0.7),
}
"""Longer sides of separators, as shares of the digits' height."""

_SEPARATOR_MIDDLES = {
    ".": (-0.04, 0.12),
    ",": (-0.2, 0.06),
    "-": (0.32, 0.62),
    "/": (0.42, 0.58),
    ":": (0.35, 0.6),
    "=": (0.32, 0.62),
}
"""How far above the line of writing their middles lie, likewise."""

_CONTACT_GAP = (-0.12, 0.12)
"""Paper between the ink of neighbours in contact, where they are nearest; below 0 they overlap."""

UNIT_SHARE = 0.07
"""Share of the numbers with letters or symbols close to them."""

LEANING_SHARE = 0.3
"""Share of the 1s that lean further than the digits beside them, unless these are in contact."""

BACKGROUND = -1
"""The target of a character that must not be found."""

IGNORED = -2
"""The target of a character of which it does not matter whether it is found."""

UPRIGHT = 1.5
"""A stroke that is that many times as high as wide may be a 1."""

SMALLEST_FOUND_PX, LARGEST_FOUND_PX = 12.0, 54.0
"""Heights of the digits that are to be found."""

SMALLEST_IGNORED_PX, LARGEST_IGNORED_PX = 9.0, 66.0
"""Digits beyond these heights must not be found, and those between these and the former may be."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A character on the sheet.

    Attributes:
        character: Its index in the stock.
        x: Its middle, in pixels.
        y: Likewise.
        width: Of its box before it is slanted, in pixels.
        height: Likewise.
        slant: Columns to the right for each row up.
        turn: Radians, clockwise.
        ink: How much of the paper it covers, 0 … 1.
        target: An index of `CHARACTERS`, `BACKGROUND` or `IGNORED`.
    """

    character: int
    x: float
    y: float
    width: float
    height: float
    slant: float
    turn: float
    ink: float
    target: int


@dataclass(frozen=True, slots=True)
class Rectangle:
    """A printed or ruled rectangle; a line is a thin one. In pixels, darkness 0 … 1."""

    left: float
    top: float
    right: float
    bottom: float
    darkness: float


@dataclass(slots=True)
class Layout:
    """What stands on a sheet.

    Attributes:
        characters: Of at most `LARGEST_IGNORED_PX`, and smaller ones.
        large: Characters that are larger than that; all of them are background.
        rectangles: Rules, cells, frames and bands.
    """

    characters: list[Placed] = field(default_factory=list[Placed])
    large: list[Placed] = field(default_factory=list[Placed])
    rectangles: list[Rectangle] = field(default_factory=list[Rectangle])


@dataclass(frozen=True, slots=True)
class _Hand:
    """How somebody writes a number. Lengths are shares of the digits' height.

    The last zeros of a number may be smaller, on the line of writing (0) or up to the others' tops
    (1): `zeros_rise`. So many of the digits stand so close to their left neighbours that the ink
    nearly or really touches: `contacts`.
    """

    height_px: float
    pen: float
    slant: float
    slope: float
    gap: float
    gap_spread: float
    contacts: float
    size_spread: float
    baseline_spread: float
    stretch: float
    ink: float
    small_zeros: float
    zeros_rise: float


def lay_out(
    stock: CharacterStock, height: int, width: int, random: Random, *, legible: bool = False
) -> Layout:
    """Makes up a sheet of height × width pixels.

    Args:
        stock: The characters.
        height: Of the sheet.
        width: Likewise.
        random: Source of all randomness.
        legible: Whether a person could read all of it: numbers on paper, without what only
            teaches to be silent.
    """
    layout = Layout()
    kind = random.random() * (0.88 if legible else 1.0)
    if kind < 0.48:
        _lines(layout, stock, height, width, random, 1)
    elif kind < 0.67:
        _lines(layout, stock, height, width, random, random.randint(2, 4))
    elif kind < 0.8:
        _cells(layout, stock, height, width, random)
    elif kind < 0.88:
        _single(layout, stock, height, width, random)
    if legible:
        if random.random() < 0.1:
            _rules(layout, height, width, random)
        if random.random() < 0.2:
            _frame(layout, height, width, random)
        return layout
    if random.random() < 0.17 or kind >= 0.96:
        _too_large(layout, stock, height, width, random)
    if random.random() < 0.08:
        _too_small(layout, stock, height, width, random)
    if random.random() < 0.05:
        _block(layout, stock, height, width, random)
    if random.random() < 0.18:
        _words(layout, stock, height, width, random)
    if random.random() < 0.2:
        _dirt(layout, stock, height, width, random)
    if random.random() < 0.25:
        _rules(layout, height, width, random)
    if random.random() < 0.22:
        _frame(layout, height, width, random)
    return layout


def _hand(random: Random, height_px: float) -> _Hand:
    spacing = random.random()
    if spacing < 0.68:
        gap = random.uniform(0.08, 0.35)
    elif spacing < 0.8:
        gap = random.uniform(-0.1, 0.08)  # neighbours touch and overlap
    else:
        gap = random.uniform(0.35, 1.3)
    return _Hand(
        height_px=height_px,
        pen=random.random(),
        slant=random.uniform(0.2, 0.65) if random.random() < 0.2 else random.gauss(0.1, 0.18),
        slope=random.gauss(0, 0.04),
        gap=gap,
        gap_spread=random.uniform(0, 0.1),
        contacts=random.random() if spacing < 0.22 else 0.0,
        size_spread=random.uniform(0.02, 0.18),
        baseline_spread=random.uniform(0, 0.1),
        stretch=math.exp(random.gauss(0, 0.15)),
        ink=random.uniform(0.55, 1.0),
        small_zeros=random.uniform(0.35, 0.75) if random.random() < 0.15 else 1.0,
        zeros_rise=random.choice((0.0, 0.0, 0.5, 1.0)),
    )


def _target(kind: int, height_px: float) -> int:
    """What is to be said of a character of a number whose digits are that high."""
    if SMALLEST_FOUND_PX <= height_px <= LARGEST_FOUND_PX:
        return kind
    if SMALLEST_IGNORED_PX < height_px < LARGEST_IGNORED_PX:
        return IGNORED
    return BACKGROUND


def _height_px(random: Random, least: float = 11.0, most: float = 60.0) -> float:
    if most <= least:
        return least
    return least * (most / least) ** random.random()


def _write(
    stock: CharacterStock, text: str, hand: _Hand, random: Random, pitch_px: float | None = None
) -> tuple[list[Placed], float]:
    """Writes a text from x = 0 with its baseline at y = 0.

    Args:
        stock: The characters.
        text: Of `CHARACTERS`.
        hand: How to write.
        random: Source of all randomness.
        pitch_px: Distance of neighbours' middles, for combs; else they stand as they come.

    Returns:
        The characters, and where the last one ends.
    """
    placed: list[Placed] = []
    h = hand.height_px
    right = 0.0
    former_room = None
    pen_px = 0.1 * h
    zeros_from = len(text.rstrip("0"))
    for index, character in enumerate(text):
        kind = CHARACTERS.index(character)
        gap = (hand.gap + random.gauss(0, hand.gap_spread)) * h
        own_slant = lean_px = 0.0
        if character in DIGITS:
            chosen = stock.pick(kind, hand.pen, random)
            if character == "1" and not hand.contacts and random.random() < LEANING_SHARE:
                own_slant = random.uniform(0.0, 0.4)
            height = h * math.exp(random.gauss(0, hand.size_spread))
            lean_px = own_slant * height / 2
            y = -height / 2
            if hand.small_zeros < 1 and index >= max(zeros_from, 1):
                height *= hand.small_zeros
                y = -height / 2 - (h - height) * hand.zeros_rise
            width = height * _aspect(stock, chosen) * hand.stretch
            pen_px = float(stock.pens[chosen]) * height
            room_left, room_right = stock.room[chosen] * width
            if former_room is not None and random.random() < hand.contacts:
                gap = random.uniform(*_CONTACT_GAP) * h - (former_room + room_left).min()
            former_room = room_right
        else:
            former_room = None
            # The pen is the digits' own, or thin strokes would vanish where they are drawn small.
            longer = h * _SEPARATOR_LENGTHS[character](random)
            chosen = stock.pick_by_pen(kind, max(pen_px, 1.2) / longer, random)
            aspect = _aspect(stock, chosen)
            width, height = longer * min(aspect, 1.0), longer / max(aspect, 1.0)
            y = -h * random.uniform(*_SEPARATOR_MIDDLES[character])
            if character == ".":
                height = width = max(1.6, pen_px * random.uniform(1.0, 1.9))
            elif character in "-=" and index == len(text) - 1:  # of an amount, at any height
                y = -h * random.uniform(0.05, 0.65)
            gap = max(gap, 0.06 * h)
        if index and text[index - 1] in ".,:":
            gap = max(gap, 0.04 * h)  # or digits would cover small separators
        x = right + (gap if placed else 0.0) + width / 2 + lean_px
        if pitch_px is not None:
            x = pitch_px * (index + 0.5 + random.gauss(0, 0.06))
        right = max(right, x + width / 2 + lean_px)
        placed.append(
            Placed(
                character=chosen,
                x=x + hand.slant * (-h / 2 - y),
                y=y + random.gauss(0, hand.baseline_spread) * h + hand.slope * x,
                width=width,
                height=height,
                slant=hand.slant + own_slant,
                turn=random.gauss(0, 0.05) if character in DIGITS else 0.0,
                ink=hand.ink,
                target=_target(kind, height if character in DIGITS else h),
            )
        )
    return placed, right


def _aspect(stock: CharacterStock, character: int) -> float:
    left, top, right, bottom = stock.boxes[character].tolist()
    return (right - left) / (bottom - top)


def _moved(placed: list[Placed], x: float, y: float) -> list[Placed]:
    return [
        Placed(p.character, p.x + x, p.y + y, p.width, p.height, p.slant, p.turn, p.ink, p.target)
        for p in placed
    ]


def _fitting_text(random: Random, hand: _Hand, width: float) -> str:
    """A text that mostly fits into a width, in pixels."""
    text = write_text(random)
    most = max(1, int(width * 1.05 / (hand.height_px * (0.62 + hand.gap))))
    if len(text) <= most:
        return text
    shorter = text[:most]
    return shorter if any(c in DIGITS for c in shorter) else random.choice(DIGITS)


def _lines(
    layout: Layout,
    stock: CharacterStock,
    height: int,
    width: int,
    random: Random,
    lines: int,
) -> None:
    pitch = height / lines
    digits_px = _height_px(random, 11.0, min(60.0, pitch * random.uniform(0.6, 1.0)))
    if lines == 1 and random.random() < 0.4:  # a number that fills the picture
        digits_px = random.uniform(0.4, 0.9) * min(height, 64)
    hand = _hand(random, digits_px)
    for line in range(lines):
        if lines > 1 and random.random() < 0.1:
            continue
        if lines == 1:
            spare = max(height - digits_px, 2.0)
            baseline = digits_px + random.uniform(0, spare)
        else:
            baseline = pitch * (line + 0.5) + digits_px * (0.5 + random.gauss(0, 0.1))
        x = random.uniform(0, 0.15) * width
        while x < width * 0.9:
            text = _fitting_text(random, hand, width - x)
            placed, length = _write(stock, text, hand, random)
            if lines == 1 and x < width * 0.3 and length < width - x:
                x = random.uniform(2.0, max(width - length, 2.0))
            layout.characters += _moved(placed, x, baseline)
            if random.random() < UNIT_SHARE:
                layout.characters += _unit(stock, x, x + length, baseline, hand, random)
            if random.random() < 0.08:
                _underline(layout, x, x + length, baseline, hand, random)
            x += length + digits_px * random.uniform(1.5, 4.0)
            if random.random() < (0.75 if lines == 1 else 0.4):
                break
        if random.random() < 0.3:
            hand = _hand(random, digits_px * random.uniform(0.8, 1.25))


def _unit(
    stock: CharacterStock, left: float, right: float, baseline: float, hand: _Hand, random: Random
) -> list[Placed]:
    """Letters or symbols close to a number: what is counted, a currency, a check's last stroke."""
    h = hand.height_px
    is_before = random.random() < 0.4
    x = left if is_before else right
    placed: list[Placed] = []
    for _ in range(random.randint(1, 3)):
        height = h * random.uniform(0.5, 1.2)
        width = height * random.uniform(0.5, 1.1)
        gap = h * random.uniform(0.1, 0.5)
        middle = x - gap - width / 2 if is_before else x + gap + width / 2
        chosen = stock.pick(LETTER, hand.pen, random)
        y = baseline - height / 2 + h * random.gauss(0, 0.08)
        placed.append(_background(chosen, middle, y, width, height, hand.slant, hand.ink))
        x = middle - width / 2 if is_before else middle + width / 2
    return placed


def _underline(
    layout: Layout, left: float, right: float, baseline: float, hand: _Hand, random: Random
) -> None:
    y = baseline + hand.height_px * random.uniform(0.0, 0.35)
    thickness = max(0.8, hand.height_px * random.uniform(0.02, 0.08))
    reach = hand.height_px * random.uniform(-0.2, 0.5)
    layout.rectangles.append(
        Rectangle(left - reach, y, right + reach, y + thickness, random.uniform(0.3, 1.0))
    )


def _cells(layout: Layout, stock: CharacterStock, height: int, width: int, random: Random) -> None:
    """A row of boxes with a digit in each, or a table whose cells hold numbers."""
    digits_px = _height_px(random, 12.0, min(50.0, height * 0.8))
    hand = _hand(random, digits_px)
    top = random.uniform(-0.1, max(height - 1.5 * digits_px, 1.0) / height) * height
    cell_height = digits_px * random.uniform(1.1, 2.0)
    darkness, thickness = random.uniform(0.15, 1.0), random.uniform(0.8, max(1.2, digits_px / 12))
    is_comb = random.random() < 0.5
    pitch = digits_px * (random.uniform(0.75, 1.5) if is_comb else random.uniform(1.5, 5.0))
    left = random.uniform(-0.3, 0.5) * pitch
    cells = max(1, int((width - left) / pitch) + 1)
    if is_comb:
        length = random.randint(1, min(cells, 9))
        text = "".join(random.choices(DIGITS, k=length))
        placed, _ = _write(stock, text, hand, random, pitch)
        baseline = top + (cell_height + digits_px) / 2 + random.gauss(0, 0.08) * digits_px
        layout.characters += _moved(placed, left, baseline)
        cells = length + random.randint(0, 2)
    rows = 1 if is_comb or random.random() < 0.5 else max(1, int((height - top) / cell_height))
    for row in range(rows):
        y = top + row * cell_height
        if not is_comb:
            for cell in range(cells):
                if random.random() < 0.7:
                    text = _fitting_text(random, hand, pitch)
                    placed, length = _write(stock, text, hand, random)
                    x = left + cell * pitch + max(pitch - length, 0) * random.uniform(0.1, 0.9)
                    baseline = y + (cell_height + digits_px) / 2 + random.gauss(0, 0.1) * digits_px
                    layout.characters += _moved(placed, x, baseline)
    right, bottom = left + cells * pitch, top + rows * cell_height
    is_closed, has_walls = random.random() < 0.8, random.random() < 0.9
    open_height = 0.0 if random.random() < 0.7 else random.uniform(0.3, 0.8)  # a comb's short teeth
    for row in range(rows + 1):
        y = top + row * cell_height
        if is_closed or row == rows:
            layout.rectangles.append(Rectangle(left, y, right, y + thickness, darkness))
    if has_walls:
        for cell in range(cells + 1):
            x = left + cell * pitch
            start = top + open_height * (bottom - top)
            layout.rectangles.append(Rectangle(x, start, x + thickness, bottom, darkness))


def _single(layout: Layout, stock: CharacterStock, height: int, width: int, random: Random) -> None:
    digits_px = _height_px(random, 14.0, min(60.0, height * 0.95))
    hand = _hand(random, digits_px)
    placed, length = _write(stock, random.choice(DIGITS), hand, random)
    x = random.uniform(0, max(width - length, 1.0))
    layout.characters += _moved(
        placed, x, digits_px + random.uniform(0, max(height - digits_px, 1.0))
    )


def _too_large(
    layout: Layout, stock: CharacterStock, height: int, width: int, random: Random
) -> None:
    """Digits of which the sheet may show a part only; it covers what else stands there."""
    keeps_others = random.random() < 0.15
    if not keeps_others:
        layout.characters.clear()
    digits_px = LARGEST_IGNORED_PX * (8.0 ** random.random())
    # All of them are too large.
    hand = replace(_hand(random, digits_px), size_spread=0.0, small_zeros=1.0)
    text = "".join(random.choices(DIGITS, k=random.randint(1, 4)))
    placed, length = _write(stock, text, hand, random)
    x = random.uniform(-0.7 * length, width - 0.3 * length)
    baseline = random.uniform(0.2 * digits_px, height + 0.8 * digits_px)
    layout.large += _moved(placed, x, baseline)


def _too_small(
    layout: Layout, stock: CharacterStock, height: int, width: int, random: Random
) -> None:
    for _ in range(random.randint(1, 4)):
        hand = _hand(random, random.uniform(3.0, SMALLEST_IGNORED_PX))
        text = "".join(random.choices(DIGITS, k=random.randint(3, 12)))
        placed, length = _write(stock, text, hand, random)
        x, y = random.uniform(-10, max(width - length / 2, 0)), random.uniform(5, height)
        layout.characters += _moved(placed, x, y)


def _block(layout: Layout, stock: CharacterStock, height: int, width: int, random: Random) -> None:
    """A few digits above each other, by themselves: far away, four of them resemble an 8."""
    layout.characters.clear()
    layout.large.clear()
    rows = random.randint(2, 3)
    hand = _hand(random, _height_px(random, 4.0, 0.9 * height / rows))
    pitch = hand.height_px * random.uniform(1.05, 1.8)
    x, y = random.uniform(0.0, 0.6) * width, random.uniform(0.0, max(height - rows * pitch, 1.0))
    for row in range(rows):
        text = "".join(random.choices(DIGITS, k=random.randint(1, 3)))
        placed, _ = _write(stock, text, hand, random)
        layout.characters += _moved(
            placed, x + random.gauss(0, 0.1) * pitch, y + row * pitch + hand.height_px
        )


def _background(
    character: int, x: float, y: float, width: float, height: float, slant: float, ink: float
) -> Placed:
    """Something upright that must not be found."""
    return Placed(character, x, y, width, height, slant, 0.0, ink, BACKGROUND)


def _words(layout: Layout, stock: CharacterStock, height: int, width: int, random: Random) -> None:
    size = _height_px(random, 8.0, 50.0)
    pen, slant = random.random(), random.gauss(0.1, 0.15)
    x, y = random.uniform(0, width * 0.8), random.uniform(0.3, 1.0) * height
    for _ in range(random.randint(1, 7)):
        chosen = stock.pick(LETTER, random.random() if pen < 0.3 else pen, random)
        height_px = size * random.uniform(0.7, 1.15)
        width_px = height_px * random.uniform(0.5, 1.1)
        ink = random.uniform(0.6, 1.0)
        layout.characters.append(
            _background(chosen, x, y - height_px / 2, width_px, height_px, slant, ink)
        )
        x += width_px * random.uniform(0.9, 1.5)


def _dirt(layout: Layout, stock: CharacterStock, height: int, width: int, random: Random) -> None:
    """Specks, slips of the pen, links between digits, and pieces of strokes at the edges."""
    for _ in range(random.randint(1, 6)):
        kind = random.random()
        x, y = random.uniform(0, width), random.uniform(0, height)
        if kind < 0.35:
            chosen = stock.pick(CHARACTERS.index("."), random.random(), random)
            size = random.uniform(1.0, 3.5)
            size_x = size * random.uniform(0.7, 1.5)
        else:
            chosen = stock.pick(STROKE, random.random(), random)
            size, size_x = random.uniform(4.0, 40.0), random.uniform(4.0, 40.0)
            if kind > 0.75:  # cut off at the edge
                x = random.choice((0.0, float(width))) + random.uniform(-6, 6)
            if kind > 0.9:
                x, y = random.uniform(0, width), random.choice((0.0, float(height)))
        ink = random.uniform(0.3, 1.0)
        speck = _background(chosen, x, y, size_x, size, 0.0, ink)
        # Nobody can tell an upright stroke from a 1, wherever it stands.
        is_like_a_one = size >= SMALLEST_FOUND_PX and size > UPRIGHT * size_x
        layout.characters.append(replace(speck, target=IGNORED) if is_like_a_one else speck)


def _rules(layout: Layout, height: int, width: int, random: Random) -> None:
    """Ruled or squared paper."""
    pitch = random.uniform(6.0, 70.0)
    thickness = random.uniform(0.5, 1.8)
    darkness = random.uniform(0.08, 0.8)
    y = random.uniform(0, pitch)
    while y < height:
        layout.rectangles.append(Rectangle(-9, y, width + 9, y + thickness, darkness))
        y += pitch
    if random.random() < 0.4:
        x = random.uniform(0, pitch)
        while x < width:
            layout.rectangles.append(Rectangle(x, -9, x + thickness, height + 9, darkness))
            x += pitch


def _frame(layout: Layout, height: int, width: int, random: Random) -> None:
    """Lines and dark bands along some of the sheet's edges: cells, tables, the end of the paper."""
    darkness = random.uniform(0.2, 1.0)
    is_band = random.random() < 0.35
    for side in range(4):
        if random.random() < 0.5:
            continue
        inset = random.uniform(-1.0, 7.0)
        thickness = random.uniform(3.0, 20.0) if is_band else random.uniform(0.8, 3.0)
        far = 400.0 if is_band else thickness
        box = (
            (inset - far, -9.0, inset, height + 9.0),
            (width - inset, -9.0, width - inset + far, height + 9.0),
            (-9.0, inset - far, width + 9.0, inset),
            (-9.0, height - inset, width + 9.0, height - inset + far),
        )[side]
        layout.rectangles.append(Rectangle(*box, darkness))
