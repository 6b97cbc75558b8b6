"""The stock of characters from which pictures are composed."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.training.synthesis.composed import EIGHT, seeded
from training.data import LabelledInk
from training.synthesis import characters
from training.synthesis.characters import (
    INKED,
    STROKE,
    CharacterStock,
    load_or_make_characters,
    make_characters,
)
from training.synthesis.digit_shapes import DIGIT_SHAPES


def test_the_stock_holds_every_kind(stock: CharacterStock):
    assert len(stock.starts) == STROKE + 2
    assert stock.starts[0] == 0
    assert stock.starts[-1] == len(stock.ink) == len(stock.boxes) == len(stock.pens)
    assert np.diff(stock.starts).min() > 0


def test_digits_are_filed_under_their_labels(stock: CharacterStock, digits: LabelledInk):
    # Each is redrawn three times, and each shape is drawn six times.
    for digit in range(10):
        shapes = sum(name.startswith(str(digit)) for name in DIGIT_SHAPES)
        expected = 3 * int((digits.labels == digit).sum()) + 6 * shapes
        assert stock.starts[digit + 1] - stock.starts[digit] == expected


def test_the_stock_is_sorted_by_pen_within_a_kind(stock: CharacterStock):
    for kind in range(STROKE + 1):
        pens = stock.pens[stock.starts[kind] : stock.starts[kind + 1]]
        assert (np.diff(pens) >= 0).all(), kind
        assert pens[0] < pens[-1], kind


def test_boxes_of_the_stock_are_those_of_its_ink(stock: CharacterStock):
    for ink, box in zip(stock.ink, stock.boxes.tolist(), strict=True):
        rows, columns = (ink >= round(INKED * 255)).nonzero(as_tuple=True)
        assert box == [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]


@pytest.mark.parametrize("kind", range(STROKE + 1))
def test_what_is_picked_is_of_its_kind(kind: int, stock: CharacterStock):
    random = seeded()
    for pen in np.linspace(0, 1, 200):
        assert stock.starts[kind] <= stock.pick(kind, pen, random) < stock.starts[kind + 1]


def test_a_wide_pen_picks_wide_strokes(stock: CharacterStock):
    random = seeded()
    thin, wide = (
        np.mean([stock.pens[stock.pick(EIGHT, pen, random)] for _ in range(100)])
        for pen in (0.2, 0.8)
    )
    assert wide > 1.3 * thin


@pytest.mark.parametrize("kind", range(STROKE + 1))
def test_a_character_of_a_pen_is_of_its_kind_and_of_about_that_pen(
    kind: int, stock: CharacterStock
):
    start, stop = stock.starts[kind], stock.starts[kind + 1]
    random = seeded()
    for pen in (0.0, 0.1, 1.0, 9.0):
        picked = [stock.pick_by_pen(kind, pen, random) for _ in range(50)]
        assert min(picked) >= start
        assert max(picked) < stop
        # Half of them are within about a twentieth of all pens from it, on either side.
        thinner = int(np.searchsorted(stock.pens[start:stop], pen))
        assert np.median(picked) - start == pytest.approx(thinner, abs=0.05 * (stop - start) + 1)


@pytest.fixture
def few_shapes(monkeypatch: pytest.MonkeyPatch):
    """A stock of these is made in no time."""
    monkeypatch.setattr(characters, "DIGIT_SHAPES", {"1 straight": DIGIT_SHAPES["1 straight"]})
    monkeypatch.setattr(characters, "SEPARATOR_SHAPES", {})
    monkeypatch.setattr(characters, "GLYPHS", {})


def test_a_stock_may_be_without_the_shapes_that_were_learned_from(digits: LabelledInk):
    few = digits.subset(torch.arange(30))
    stock = make_characters(few, 0, scale=0.005, draws_digits=False)
    counts = [stop - start for start, stop in pairwise(stock.starts)]
    assert counts[:10] == [3 * int((few.labels == digit).sum()) for digit in range(10)]
    assert all(count > 0 for count in counts[10:])


@pytest.mark.usefixtures("few_shapes")
def test_the_same_seed_makes_the_same_stock_and_another_seed_another(digits: LabelledInk):
    few = digits.subset(torch.arange(20))
    first, again, other = (make_characters(few, seed, scale=0.005) for seed in (1, 1, 2))
    assert torch.equal(first.ink, again.ink)
    assert first.ink.shape != other.ink.shape or not torch.equal(first.ink, other.ink)


@pytest.mark.usefixtures("few_shapes")
def test_a_stock_is_made_once_and_then_read(
    digits: LabelledInk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    path = tmp_path / "folder" / "characters.pt"
    tiny = make_characters(digits.subset(torch.arange(20)), 0, scale=0.005)
    monkeypatch.setattr(characters, "make_characters", lambda *_: tiny)
    assert load_or_make_characters(path, digits, 0) is tiny
    read = load_or_make_characters(path, None, 0)
    assert torch.equal(read.ink, tiny.ink)
    np.testing.assert_array_equal(read.boxes, tiny.boxes)
    np.testing.assert_array_equal(read.pens, tiny.pens)
    assert read.starts == tiny.starts


def test_a_stock_that_is_missing_is_named(tmp_path: Path):
    with pytest.raises(FileNotFoundError, match=r"nowhere\.pt"):
        load_or_make_characters(tmp_path / "nowhere.pt", None, 0)
