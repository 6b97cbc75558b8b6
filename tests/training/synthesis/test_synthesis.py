"""Composed pictures: what they say is on them is there, and where they say it is."""

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from random import Random

import numpy as np
import pytest
import torch

from training.data import LabelledInk, load_mnist
from training.synthesis import camera, characters, composer, layout, paper
from training.synthesis.characters import (
    INKED,
    LETTER,
    STROKE,
    CharacterStock,
    load_or_make_characters,
    make_characters,
)
from training.synthesis.composer import SIZES, Composer, Pictures
from training.synthesis.digit_shapes import DIGIT_SHAPES, SEPARATOR_SHAPES
from training.synthesis.glyphs import curves_of
from training.synthesis.layout import (
    BACKGROUND,
    IGNORED,
    LARGEST_FOUND_PX,
    LARGEST_IGNORED_PX,
    SMALLEST_FOUND_PX,
    SMALLEST_IGNORED_PX,
    Layout,
    Placed,
    Rectangle,
    lay_out,
)
from training.synthesis.strokes import draw_curves
from training.synthesis.texts import CHARACTERS, DIGITS, SEPARATORS, write_text

SIZE = HEIGHT, WIDTH = 64, 224
EIGHT = CHARACTERS.index("8")
SHAPES = {**DIGIT_SHAPES, **SEPARATOR_SHAPES}


@pytest.fixture(scope="module")
def digits(mnist_dir: Path) -> LabelledInk:
    return load_mnist(mnist_dir, train=False).subset(torch.arange(300))


@pytest.fixture(scope="module")
def stock(digits: LabelledInk) -> CharacterStock:
    return make_characters(digits, seed=0, scale=0.005)


@pytest.fixture(scope="module")
def pictures(stock: CharacterStock) -> Pictures:
    return Composer(stock, 0).compose(64, SIZE)


@pytest.fixture
def clean(monkeypatch: pytest.MonkeyPatch):
    """Every picture as a drawing program makes it: black on white, neither blurred nor noisy."""
    monkeypatch.setattr(composer, "CLEAN_SHARE", 1.0)
    for name in ("INVERTED_SHARE", "COMPRESSED_SHARE", "BLURRED_SHARE", "COARSE_SHARE"):
        monkeypatch.setattr(camera, name, 0.0)


def seeded() -> Random:
    return Random(0)  # noqa: S311 - no secret depends on it


def an_eight(stock: CharacterStock, x: float, y: float, height: float = 30.0) -> Placed:
    """An 8 with its middle there, drawn with a pen of middling width, to be found."""
    index = (stock.starts[EIGHT] + stock.starts[EIGHT + 1]) // 2
    return Placed(index, x, y, 0.6 * height, height, slant=0.0, turn=0.0, ink=1.0, target=EIGHT)


def compose_only(
    monkeypatch: pytest.MonkeyPatch,
    stock: CharacterStock,
    *placed: Placed,
    rectangles: Sequence[Rectangle] = (),
) -> Pictures:
    """Composes one picture with nothing else on it."""
    made = Layout(characters=list(placed), rectangles=list(rectangles))
    monkeypatch.setattr(composer, "lay_out", lambda *_, **__: made)
    return Composer(stock, 0).compose(1, SIZE)


def ink_of(pictures: Pictures) -> torch.Tensor:
    """How dark clean pictures are, 0 … 1."""
    return 1 - pictures.luminance.float() / 255


def box_of(ink: torch.Tensor) -> list[float]:
    """Left, top, right and bottom of the pixels that are dark enough to be a part of it."""
    rows, columns = (ink >= INKED * ink.max()).nonzero(as_tuple=True)
    edges = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
    return [float(edge) for edge in edges]


def same(pictures: Pictures, others: Pictures) -> bool:
    names = ("luminance", "picture", "boxes", "kinds")
    return all(torch.equal(getattr(pictures, name), getattr(others, name)) for name in names)


# --- Texts ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def texts() -> list[str]:
    random = seeded()
    return [write_text(random) for _ in range(5_000)]


def test_texts_hold_known_characters_only_and_at_least_one_digit(texts: list[str]):
    assert set("".join(texts)) <= set(CHARACTERS)
    assert all(any(character in DIGITS for character in text) for text in texts)


@pytest.mark.parametrize("character", CHARACTERS)
def test_every_character_occurs_in_texts(character: str, texts: list[str]):
    assert sum(character in text for text in texts) >= 25


# --- Shapes ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SHAPES)
def test_a_shape_is_named_after_its_character_and_draws_ink(name: str):
    assert name[0] in (DIGITS if name in DIGIT_SHAPES else SEPARATORS)
    assert name[1] == " "
    image = torch.zeros(1, 56, 56)
    for curve in torch.tensor(curves_of(SHAPES[name])):
        image = draw_curves(image, (curve * 30 + 13).unsqueeze(0), torch.tensor([3.0]))
    assert image.max() == 1
    assert torch.cat([image[0, [0, -1]], image[0, :, [0, -1]].T]).max() == 0, "off the square"


def test_every_character_has_a_shape_and_no_shape_is_there_twice():
    assert {name[0] for name in DIGIT_SHAPES} == set(DIGITS)
    assert {name[0] for name in SEPARATOR_SHAPES} == set(SEPARATORS)
    assert len(set(SHAPES.values())) == len(DIGIT_SHAPES) + len(SEPARATOR_SHAPES)


# --- The stock ------------------------------------------------------------------------------------


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


# --- Layout ---------------------------------------------------------------------------------------


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


# --- Pictures -------------------------------------------------------------------------------------


def test_the_same_seed_composes_the_same_pictures_and_another_seed_others(
    stock: CharacterStock, pictures: Pictures
):
    assert same(pictures, Composer(stock, 0).compose(64, SIZE))
    other = Composer(stock, 1).compose(64, SIZE)
    assert not torch.equal(other.luminance, pictures.luminance)
    assert other.kinds.tolist() != pictures.kinds.tolist()


def test_a_composer_goes_on_with_other_pictures(stock: CharacterStock, pictures: Pictures):
    composing = Composer(stock, 0)
    composing.compose(64, SIZE)
    assert not torch.equal(composing.compose(64, SIZE).luminance, pictures.luminance)


def test_batches_are_of_the_sizes_that_are_learned_from(stock: CharacterStock):
    batches = Composer(stock, 0).batches(2)
    made = [next(batches) for _ in range(16)]
    assert {tuple(pictures.luminance.shape[1:]) for pictures in made} == set(SIZES)
    assert {len(pictures.luminance) for pictures in made} == {2}


def test_pictures_are_of_bytes_from_nearly_black_to_nearly_white(pictures: Pictures):
    assert pictures.luminance.shape == (64, *SIZE)
    assert pictures.luminance.dtype == torch.uint8
    assert pictures.luminance.min() < 30
    assert pictures.luminance.max() > 225


def test_every_box_lies_in_its_picture(pictures: Pictures):
    left, top, right, bottom = pictures.boxes.unbind(dim=1)
    assert len(pictures.boxes) > 100
    assert (left >= 0).all()
    assert (top >= 0).all()
    assert (right > left).all()
    assert (bottom > top).all()
    assert right.max() <= WIDTH
    assert bottom.max() <= HEIGHT
    assert set(pictures.picture.tolist()) <= set(range(64))


def test_what_is_on_a_picture_is_a_character_or_ignored(pictures: Pictures):
    kinds = set(pictures.kinds.tolist())
    assert IGNORED in kinds
    assert set(range(10)) <= kinds <= {IGNORED, *range(len(CHARACTERS))}


def _overlap(box: Sequence[float], other: Sequence[float]) -> bool:
    """Whether two different boxes share a pixel."""
    is_same = all(abs(a - b) < 1 for a, b in zip(box, other, strict=True))
    in_columns = min(box[2], other[2]) > max(box[0], other[0])
    return not is_same and in_columns and min(box[3], other[3]) > max(box[1], other[1])


@pytest.mark.usefixtures("clean")
def test_boxes_hold_all_the_ink_and_reach_no_farther(
    stock: CharacterStock, monkeypatch: pytest.MonkeyPatch
):
    def only_what_is_wholly_on_it(
        stock: CharacterStock, height: int, width: int, random: Random, *, legible: bool
    ) -> Layout:
        made = lay_out(stock, height, width, random, legible=legible)
        return Layout(
            characters=[
                p
                for p in made.characters
                if p.target != BACKGROUND
                and p.height < p.y < height - p.height
                and p.height + p.width < p.x < width - p.height - p.width
            ]
        )

    monkeypatch.setattr(composer, "lay_out", only_what_is_wholly_on_it)
    pictures = Composer(stock, 0).compose(48, (128, WIDTH))
    assert len(pictures.boxes) > 100
    ink = ink_of(pictures)
    outside = torch.ones_like(ink, dtype=torch.bool)
    for index, box in zip(pictures.picture.tolist(), pictures.boxes.int().tolist(), strict=True):
        left, top, right, bottom = box
        outside[index, top:bottom, left:right] = False
        if any(
            _overlap(box, other) for other in pictures.boxes[pictures.picture == index].tolist()
        ):
            continue  # what is darkest in it may be the other's
        own = ink[index, top:bottom, left:right]
        for edge in (own[0], own[-1], own[:, 0], own[:, -1]):
            assert edge.max() >= 0.9 * INKED * own.max(), box  # levels are whole numbers
    assert ink[outside].max() < INKED + 0.01


@pytest.mark.usefixtures("clean")
@pytest.mark.parametrize(
    ("ink", "legible", "kind"),
    [(0.05, False, EIGHT), (0.05, True, IGNORED), (0.15, True, EIGHT)],
)
def test_what_hardly_stands_out_is_ignored_where_all_is_legible(
    ink: float, legible: bool, kind: int, stock: CharacterStock, monkeypatch: pytest.MonkeyPatch
):
    made = Layout(characters=[replace(an_eight(stock, 60, 32), ink=ink)])
    monkeypatch.setattr(composer, "lay_out", lambda *_, **__: made)
    pictures = Composer(stock, 0, legible=legible).compose(1, SIZE)
    assert pictures.kinds.tolist() == [kind]


@pytest.mark.parametrize("legible", [False, True])
@pytest.mark.parametrize(
    ("x", "height", "target"),
    [(WIDTH + 3, 30.0, EIGHT), (60, 60.0, BACKGROUND)],
    ids=["cut", "large"],
)
def test_what_a_person_sees_is_not_silently_left_out_where_all_is_legible(
    x: float,
    height: float,
    target: int,
    legible: bool,
    stock: CharacterStock,
    monkeypatch: pytest.MonkeyPatch,
):
    made = Layout(characters=[replace(an_eight(stock, x, 32, height), target=target)])
    monkeypatch.setattr(composer, "lay_out", lambda *_, **__: made)
    pictures = Composer(stock, 0, legible=legible).compose(1, SIZE)
    assert pictures.kinds.tolist() == ([IGNORED] if legible else [])


@pytest.mark.usefixtures("clean")
@pytest.mark.parametrize(
    ("name", "needed", "ruled_and_not"),
    [
        ("LEAST_SEEN_LEVELS", 256.0, [IGNORED, IGNORED]),
        ("LEAST_SEEN_DEVIATIONS", 12.0, [IGNORED, EIGHT]),
    ],
)
def test_what_stands_out_too_little_is_ignored(
    name: str,
    needed: float,
    ruled_and_not: list[int],
    stock: CharacterStock,
    monkeypatch: pytest.MonkeyPatch,
):
    other = an_eight(stock, 150, 32)
    assert compose_only(monkeypatch, stock, an_eight(stock, 60, 32), other).kinds.tolist() == [8, 8]
    monkeypatch.setattr(composer, name, needed)
    rules = [Rectangle(0, 20, 100, 22, 1.0)]
    kinds = compose_only(
        monkeypatch, stock, an_eight(stock, 60, 32), other, rectangles=rules
    ).kinds.tolist()
    assert kinds == ruled_and_not


@pytest.mark.parametrize("is_wooden", [False, True])
def test_some_paper_has_streaks(is_wooden: bool, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(paper, "FIBRE_SHARE", float(is_wooden))
    texture = paper.grain(16, (64, 224), torch.Generator().manual_seed(0))
    # Along a streak neighbours are alike; across it they are not, nor anywhere on grain.
    rows = (texture[:, 1:] - texture[:, :-1]).std(dim=(1, 2))
    columns = (texture[:, :, 1:] - texture[:, :, :-1]).std(dim=(1, 2))
    uneven = torch.maximum(rows / columns, columns / rows)
    assert (uneven.max() > 1.6) == is_wooden


@pytest.mark.usefixtures("clean")
@pytest.mark.parametrize("height", [13.0, 22.0, 23.0, 45.0, 60.0])
def test_a_character_stands_where_it_was_placed(
    height: float, stock: CharacterStock, monkeypatch: pytest.MonkeyPatch
):
    pictures = compose_only(monkeypatch, stock, an_eight(stock, 70.3, 31.6, height))
    (box,) = pictures.boxes.tolist()
    placed = [70.3 - 0.3 * height, 31.6 - height / 2, 70.3 + 0.3 * height, 31.6 + height / 2]
    assert box == pytest.approx(placed, abs=1.01)
    assert box == pytest.approx(box_of(ink_of(pictures)[0]), abs=1.01)
    assert pictures.kinds.tolist() == [EIGHT]
    assert pictures.picture.tolist() == [0]


def lean(ink: torch.Tensor) -> float:
    """How far the upper half of a character stands to the right of the lower one, in pixels."""
    left, top, right, bottom = (int(edge) for edge in box_of(ink))
    middle = (top + bottom) // 2
    columns = torch.arange(left, right).float()
    upper, lower = (
        (part.sum(dim=0) * columns).sum() / part.sum()
        for part in (ink[top:middle, left:right], ink[middle:bottom, left:right])
    )
    return float(upper - lower)


@pytest.mark.usefixtures("clean")
@pytest.mark.parametrize(("slant", "turn"), [(0.5, 0.0), (0.0, 0.4), (-0.5, 0.0), (0.0, -0.4)])
def test_a_slant_and_a_turn_move_the_head_to_the_same_side(
    slant: float, turn: float, stock: CharacterStock, monkeypatch: pytest.MonkeyPatch
):
    upright = an_eight(stock, 110, 32)
    before = compose_only(monkeypatch, stock, upright)
    pictures = compose_only(monkeypatch, stock, replace(upright, slant=slant, turn=turn))
    moved = lean(ink_of(pictures)[0]) - lean(ink_of(before)[0])
    assert moved * math.copysign(1, slant + turn) > 3
    assert pictures.boxes[0].tolist() == pytest.approx(box_of(ink_of(pictures)[0]), abs=1.01)


@pytest.mark.usefixtures("clean")
def test_a_quarter_turn_swaps_width_and_height(
    stock: CharacterStock, monkeypatch: pytest.MonkeyPatch
):
    placed = replace(an_eight(stock, 110, 32), turn=math.pi / 2)
    left, top, right, bottom = compose_only(monkeypatch, stock, placed).boxes[0].tolist()
    assert right - left == pytest.approx(30, abs=1.01)
    assert bottom - top == pytest.approx(18, abs=1.01)


@pytest.mark.usefixtures("clean")
def test_faint_ink_is_faint_and_has_the_same_box(
    stock: CharacterStock, monkeypatch: pytest.MonkeyPatch
):
    dark = compose_only(monkeypatch, stock, an_eight(stock, 110, 32))
    faint = compose_only(monkeypatch, stock, replace(an_eight(stock, 110, 32), ink=0.5))
    assert float(ink_of(dark).max()) == pytest.approx(1, abs=0.02)
    assert float(ink_of(faint).max()) == pytest.approx(0.5, abs=0.02)
    assert torch.equal(faint.boxes, dark.boxes)


EDGES = {"left": (-1, 0), "right": (1, 0), "top": (0, -1), "bottom": (0, 1)}


@pytest.mark.parametrize("edge", EDGES)
@pytest.mark.parametrize(("seen", "kinds"), [(0.9, [EIGHT]), (0.65, [IGNORED]), (0.3, [])])
def test_what_the_edge_cuts_off_is_ignored_or_not_to_be_found(
    edge: str,
    seen: float,
    kinds: list[int],
    stock: CharacterStock,
    monkeypatch: pytest.MonkeyPatch,
):
    across, down = EDGES[edge]
    # As far beyond the edge as makes that share of its box seen.
    x = WIDTH / 2 + across * (WIDTH / 2 + 18 * (0.5 - seen))
    y = HEIGHT / 2 + down * (HEIGHT / 2 + 30 * (0.5 - seen))
    pictures = compose_only(monkeypatch, stock, an_eight(stock, x, y))
    assert pictures.kinds.tolist() == kinds


def test_what_was_ignored_is_not_to_be_found_when_it_is_cut_off(
    stock: CharacterStock, monkeypatch: pytest.MonkeyPatch
):
    placed = [replace(an_eight(stock, x, 32), target=IGNORED) for x in (100.0, -4.0)]
    assert compose_only(monkeypatch, stock, *placed).kinds.tolist() == [IGNORED]


def test_background_has_no_box(stock: CharacterStock, monkeypatch: pytest.MonkeyPatch):
    background = replace(an_eight(stock, 50, 32), target=BACKGROUND)
    pictures = compose_only(monkeypatch, stock, background, an_eight(stock, 150, 32))
    assert pictures.kinds.tolist() == [EIGHT]
    assert pictures.boxes[0, 0] > 100


@pytest.mark.usefixtures("clean")
def test_a_sheet_may_be_empty(stock: CharacterStock, monkeypatch: pytest.MonkeyPatch):
    pictures = compose_only(monkeypatch, stock)
    assert pictures.boxes.shape == (0, 4)
    assert pictures.picture.shape == pictures.kinds.shape == (0,)
    assert (pictures.luminance == 255).all()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")
def test_the_same_characters_are_composed_on_another_device(
    stock: CharacterStock, pictures: Pictures
):
    elsewhere = Composer(stock, 0, torch.device("cuda")).compose(64, SIZE)
    assert elsewhere.luminance.device.type == "cuda"
    assert elsewhere.luminance.shape == pictures.luminance.shape
    assert torch.equal(elsewhere.picture.cpu(), pictures.picture)
    assert torch.equal(elsewhere.kinds.cpu(), pictures.kinds)
    assert (elsewhere.boxes.cpu() - pictures.boxes).abs().max() <= 1


# --- Paper ----------------------------------------------------------------------------------------


def drawn_rectangles(*rectangles: Rectangle) -> torch.Tensor:
    table = [[(r.left, r.top, r.right, r.bottom, r.darkness) for r in rectangles]]
    generator = torch.Generator().manual_seed(0)
    return paper.draw_rectangles(torch.tensor(table), SIZE, generator)[0]


@pytest.fixture
def straight(monkeypatch: pytest.MonkeyPatch):
    """Nothing is tilted."""
    monkeypatch.setattr(paper, "_TILT", 0.0)


@pytest.mark.usefixtures("straight")
def test_rectangles_are_drawn_where_they_are():
    cover = drawn_rectangles(Rectangle(10, 5, 30, 9, 0.5), Rectangle(-9, 40, WIDTH + 9, 41, 1.0))
    expected = torch.zeros(SIZE)
    expected[5:9, 10:30] = 0.5
    expected[40] = 1.0
    torch.testing.assert_close(cover, expected, atol=1e-4, rtol=0)


@pytest.mark.usefixtures("straight")
def test_pixels_that_a_rectangle_covers_in_part_are_the_lighter():
    cover = drawn_rectangles(Rectangle(10.25, 5, 30, 5.5, 1.0))
    assert float(cover[5, 20]) == pytest.approx(0.5, abs=1e-4)
    assert float(cover[5, 10]) == pytest.approx(0.75 * 0.5, abs=1e-4)


@pytest.mark.usefixtures("straight")
def test_where_rectangles_cross_it_is_at_most_black():
    cover = drawn_rectangles(Rectangle(0, 20, 200, 24, 0.8), Rectangle(50, 0, 54, 60, 0.8))
    assert float(cover[22, 52]) == pytest.approx(1, abs=1e-4)


def test_rules_are_tilted_about_the_middle_of_the_sheet():
    rule = Rectangle(-9, HEIGHT / 2 - 1, WIDTH + 9, HEIGHT / 2 + 1, 1.0)
    cover = drawn_rectangles(rule)
    rows = torch.arange(HEIGHT).float().view(-1, 1) + 0.5
    heights = (cover * rows).sum(dim=0) / cover.sum(dim=0)
    assert float(heights[WIDTH // 2]) == pytest.approx(HEIGHT / 2, abs=0.5)
    assert abs(float(heights[-20] - heights[20])) > 0.5


@pytest.mark.usefixtures("clean", "straight")
def test_rectangles_are_on_the_picture_and_are_no_characters(
    stock: CharacterStock, monkeypatch: pytest.MonkeyPatch
):
    frame = Rectangle(100, 10, 120, 50, 1.0)
    pictures = compose_only(monkeypatch, stock, rectangles=[frame])
    assert box_of(ink_of(pictures)[0]) == [100, 10, 120, 50]
    assert len(pictures.kinds) == 0


# --- Camera ---------------------------------------------------------------------------------------


def photographs(sheets: torch.Tensor, seed: int = 0, *, is_clean: bool = True) -> torch.Tensor:
    clean = torch.full((len(sheets), 1, 1), is_clean)
    return camera.photograph(sheets, clean, torch.Generator().manual_seed(seed))


def flat_sheets(count: int, level: float = 0.9) -> torch.Tensor:
    return torch.full((count, 64, 96), level)


def test_photographs_are_bytes_of_the_same_size():
    seen = photographs(flat_sheets(9), is_clean=False)
    assert seen.dtype == torch.uint8
    assert seen.shape == (9, 64, 96)


@pytest.mark.parametrize("level", [0.0, 0.2, 0.5, 0.77, 1.0])
def test_a_flat_sheet_stays_flat(level: float, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(camera, "COMPRESSED_SHARE", 1.0)
    monkeypatch.setattr(camera, "COARSE_SHARE", 1.0)
    monkeypatch.setattr(camera, "INVERTED_SHARE", 0.0)
    seen = photographs(flat_sheets(24, level)).flatten(1).int()
    assert (seen.amax(dim=1) == seen.amin(dim=1)).all()
    assert (seen - 255 * level).abs().max() <= 2  # JPEG rounds a block's mean, too


def test_only_what_is_not_clean_is_noisy():
    is_flat = photographs(flat_sheets(64), is_clean=False).flatten(1).float().std(dim=1) == 0
    assert 0.1 < is_flat.float().mean() < 0.6


@pytest.mark.usefixtures("clean")
def test_jpeg_changes_edges_a_little(monkeypatch: pytest.MonkeyPatch):
    sheets = flat_sheets(16)
    sheets[:, :, 20:23] = 0.1
    before = photographs(sheets).int()
    monkeypatch.setattr(camera, "COMPRESSED_SHARE", 1.0)
    change = (photographs(sheets).int() - before).abs().float()
    assert change.amax() > 5
    assert change.mean() < 3
    assert change[:, :, 24:].max() <= 2  # blocks without an edge


@pytest.mark.usefixtures("clean")
def test_blur_makes_a_thin_line_wider_and_fainter(monkeypatch: pytest.MonkeyPatch):
    sheets = flat_sheets(16, 1.0)
    sheets[:, :, 50] = 0.0
    before = 255 - photographs(sheets).float()
    monkeypatch.setattr(camera, "BLURRED_SHARE", 1.0)
    blurred = 255 - photographs(sheets).float()
    assert (blurred[:, 30, 50] < before[:, 30, 50]).all()
    assert blurred[:, 30, 50].mean() < 0.8 * before[:, 30, 50].mean()
    assert (blurred[:, 30, 49] >= before[:, 30, 49]).all()
    torch.testing.assert_close(blurred.sum(dim=2), before.sum(dim=2), atol=0, rtol=0.03)


def test_about_the_said_share_is_light_on_dark():
    seen = photographs(torch.full((4_000, 8, 8), 0.9)).float().mean(dim=(1, 2))
    assert (seen < 128).float().mean() == pytest.approx(camera.INVERTED_SHARE, abs=0.02)


def test_the_same_seed_photographs_alike_and_another_seed_does_not():
    sheets = flat_sheets(8)
    first, again, other = (photographs(sheets, seed, is_clean=False) for seed in (0, 0, 1))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
