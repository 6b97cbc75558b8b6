"""Digits close to each other: neighbours that touch, and rows above each other."""

from dataclasses import replace
from typing import Any, cast

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import label

from tests.training.synthesis.composed import seeded
from training.synthesis import composer, layout
from training.synthesis.characters import INKED, CharacterStock
from training.synthesis.composer import Composer
from training.synthesis.layout import Layout
from training.synthesis.texts import DIGITS

SIZE = HEIGHT, WIDTH = 64, 112


def test_room_is_the_paper_beside_the_ink_of_each_eighth(stock: CharacterStock):
    for index in range(0, stock.starts[10], 97):
        left, top, right, bottom = stock.boxes[index].astype(int)
        inked = stock.ink[index].numpy()[top:bottom, left:right] >= round(INKED * 255)
        band = np.floor((np.arange(bottom - top)) / (bottom - top) * 8).astype(int)
        for eighth in range(8):
            columns = inked[band == eighth].any(axis=0)
            width = right - left
            at = np.flatnonzero(columns)
            beside = [at[0], width - 1 - at[-1]] if at.size else [width, width]
            np.testing.assert_allclose(stock.room[index, :, eighth] * width, beside, atol=1e-4)


def pieces(inked: NDArray[np.bool_]) -> int:
    """How many connected components there are."""
    _, count = cast("tuple[Any, int]", label(inked, np.ones((3, 3))))
    return count


@pytest.mark.usefixtures("clean")
@pytest.mark.parametrize(("gap", "touching"), [(-0.12, True), (0.12, False)])
def test_digits_in_contact_are_so_far_apart_as_their_ink_is(
    gap: float, touching: bool, stock: CharacterStock, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(layout, "_CONTACT_GAP", (gap, gap))

    def a_pair(*arguments: Any, **_: object) -> Layout:
        random = arguments[3]
        hand = replace(
            layout._hand(random, 40.0),
            slant=0.0,
            slope=0.0,
            size_spread=0.0,
            baseline_spread=0.0,
            gap_spread=0.0,
            contacts=1.0,
            small_zeros=1.0,
            ink=1.0,
        )
        text = "".join(random.choices("01236789", k=2))  # strokes of 4 and 5 may stand apart
        placed, _length = layout._write(stock, text, hand, random)
        return Layout([replace(one, x=one.x + 20, y=one.y + 52, turn=0.0) for one in placed])

    monkeypatch.setattr(composer, "lay_out", a_pair)
    pictures = Composer(stock, 0).compose(60, SIZE).luminance.numpy()

    is_one_piece = [pieces(one < 128) == 1 for one in pictures]
    # Not all: eighths of the height are coarse, and some hands break a digit in two.
    assert np.mean(np.array(is_one_piece) == touching) > 0.9


def test_only_some_numbers_have_digits_in_contact():
    random = seeded()
    contacts = np.array([layout._hand(random, 30.0).contacts for _ in range(1_000)])

    assert 0.15 < (contacts > 0).mean() < 0.3


def test_a_block_is_a_few_rows_of_digits_and_nothing_else(stock: CharacterStock):
    random = seeded()
    for _ in range(50):
        sheet = Layout()
        layout._words(sheet, stock, HEIGHT, WIDTH, random)
        layout._block(sheet, stock, HEIGHT, WIDTH, random)

        rows = np.array([one.y for one in sheet.characters])
        assert 2 <= len(rows) <= 9
        assert all(one.character < stock.starts[len(DIGITS)] for one in sheet.characters)
        assert np.ptp(rows) > 0.8 * np.median([one.height for one in sheet.characters])
        assert not sheet.large
