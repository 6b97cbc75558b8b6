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


def test_letters_are_never_to_be_found(stock: CharacterStock):
    random = seeded()
    placed = [p for _ in range(500) for p in lay_out(stock, HEIGHT, WIDTH, random).characters]
    letters = [p for p in placed if stock.starts[LETTER] <= p.character < stock.starts[STROKE]]
    assert len(letters) > 100
    assert {p.target for p in letters} == {BACKGROUND}


def test_loose_strokes_are_not_to_be_found_but_for_upright_ones_which_may_be_1s(
    stock: CharacterStock,
):
    random = seeded()
    placed = [p for _ in range(1_000) for p in lay_out(stock, HEIGHT, WIDTH, random).characters]
    strokes = [p for p in placed if p.character >= stock.starts[STROKE]]
    for stroke in strokes:
        is_like_a_one = stroke.height >= SMALLEST_FOUND_PX and stroke.height > 1.5 * stroke.width
        assert stroke.target == (IGNORED if is_like_a_one else BACKGROUND)
    assert {stroke.target for stroke in strokes} == {IGNORED, BACKGROUND}


def test_some_1s_lean_further_than_the_digits_beside_them_and_do_not_run_into_them(
    stock: CharacterStock,
):
    random = seeded()
    further: list[float] = []
    for _ in range(300):
        hand = replace(layout._hand(random, 40.0), gap=0.1, gap_spread=0.0, contacts=0.0)
        (seven, one, other), _ = layout._write(stock, "717", hand, random)
        further.append(one.slant - hand.slant)
        assert seven.slant == other.slant == hand.slant
        reach = (one.width + further[-1] * one.height) / 2
        assert one.x - reach >= seven.x + seven.width / 2 + 0.1 * 40 - 1e-6 - abs(hand.slant) * 40
    leaning = [lean for lean in further if lean > 0]
    assert 0.2 < len(leaning) / len(further) < 0.4
    assert 0.3 < max(leaning) <= 0.4


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
