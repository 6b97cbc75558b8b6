"""What is put on a sheet, and what of it is to be found."""

from dataclasses import replace

import numpy as np

from tests.training.synthesis.composed import HEIGHT, WIDTH, seeded
from training.synthesis import layout
from training.synthesis.characters import LETTER, STROKE, CharacterStock
from training.synthesis.layout import (
    BACKGROUND,
    IGNORED,
    LARGEST_FOUND_PX,
    LARGEST_IGNORED_PX,
    SMALLEST_FOUND_PX,
    SMALLEST_IGNORED_PX,
    lay_out,
)
from training.synthesis.texts import CHARACTERS, DIGITS


def test_how_high_a_digit_is_decides_whether_it_is_to_be_found(stock: CharacterStock):
    random = seeded()
    seen: set[tuple[bool, int]] = set()
    for _ in range(2_000):
        made = lay_out(stock, HEIGHT, WIDTH, random)
        for placed in made.characters + made.large:
            kind = int(np.searchsorted(stock.starts, placed.character, side="right")) - 1
            if kind >= len(DIGITS):
                continue
            if SMALLEST_FOUND_PX <= placed.height <= LARGEST_FOUND_PX:
                expected = kind
            elif SMALLEST_IGNORED_PX < placed.height < LARGEST_IGNORED_PX:
                expected = IGNORED
            else:
                expected = BACKGROUND
            assert placed.target == expected, placed
            seen.add((placed.height > SMALLEST_FOUND_PX, min(expected, 0)))
    assert seen == {
        (True, 0),
        *((is_high, target) for is_high in (True, False) for target in (IGNORED, BACKGROUND)),
    }


def test_the_last_zeros_of_some_numbers_are_smaller(stock: CharacterStock):
    random = seeded()
    shares: list[float] = []
    rises: set[bool] = set()
    for _ in range(300):
        hand = replace(layout._hand(random, 40.0), size_spread=0.0, baseline_spread=0.0, slope=0.0)
        (five, *zeros), _ = layout._write(stock, "5000", hand, random)
        shares.append(zeros[0].height / five.height)
        if shares[-1] < 0.9:
            assert {zero.height for zero in zeros} == {zeros[0].height}
            rises.add(zeros[0].y - zeros[0].height / 2 < five.y)
    small = [share for share in shares if share < 0.9]
    assert 20 <= len(small) <= 80
    assert 0.3 < min(small) < 0.45
    assert rises == {True, False}


def test_what_is_larger_than_the_largest_is_never_to_be_found(stock: CharacterStock):
    random = seeded()
    large = [p for _ in range(500) for p in lay_out(stock, HEIGHT, WIDTH, random).large]
    assert len(large) > 50
    assert {placed.target for placed in large} == {BACKGROUND}


def test_letters_and_strokes_are_never_to_be_found(stock: CharacterStock):
    random = seeded()
    placed = [p for _ in range(500) for p in lay_out(stock, HEIGHT, WIDTH, random).characters]
    others = [p for p in placed if p.character >= stock.starts[LETTER]]
    assert len(others) > 100
    assert {p.target for p in others} == {BACKGROUND}


def test_a_separator_is_a_target_of_its_own_kind(stock: CharacterStock):
    random = seeded()
    placed = [p for _ in range(2_000) for p in lay_out(stock, HEIGHT, WIDTH, random).characters]
    for kind in range(len(DIGITS), len(CHARACTERS)):
        start, stop = stock.starts[kind], stock.starts[kind + 1]
        targets = {p.target for p in placed if start <= p.character < stop}
        assert kind in targets
        assert targets <= {kind, IGNORED, BACKGROUND}


def test_what_is_legible_has_nothing_on_it_that_only_teaches_to_be_silent(stock: CharacterStock):
    random = seeded()
    sheets = [lay_out(stock, HEIGHT, WIDTH, random, legible=True) for _ in range(500)]
    written = [placed.character for sheet in sheets for placed in sheet.characters]
    assert len(written) > 1_000
    assert max(written) < stock.starts[STROKE]
    assert not any(sheet.large for sheet in sheets)


def test_some_numbers_have_letters_close_to_them(stock: CharacterStock):
    random = seeded()
    sheets = [lay_out(stock, HEIGHT, WIDTH, random, legible=True) for _ in range(500)]
    with_letters = 0
    for sheet in sheets:
        letters = [one for one in sheet.characters if one.character >= stock.starts[LETTER]]
        digits = [one for one in sheet.characters if one not in letters]
        with_letters += bool(letters)
        for letter in letters:
            assert letter.target == BACKGROUND
            assert min(abs(letter.x - one.x) for one in digits) < 6 * letter.height
    assert 10 <= with_letters <= 100
