"""Composed pictures: what they say is on them is there, and where they say it is."""

import math
from collections.abc import Sequence
from dataclasses import replace
from random import Random

import pytest
import torch

from tests.training.synthesis.composed import (
    EIGHT,
    HEIGHT,
    SIZE,
    WIDTH,
    box_of,
    compose_only,
    ink_of,
)
from training.synthesis import camera, composer
from training.synthesis.characters import (
    INKED,
    CharacterStock,
)
from training.synthesis.composer import SIZES, Composer, Pictures
from training.synthesis.layout import (
    BACKGROUND,
    IGNORED,
    Layout,
    Placed,
    Rectangle,
    lay_out,
)
from training.synthesis.texts import CHARACTERS


def an_eight(stock: CharacterStock, x: float, y: float, height: float = 30.0) -> Placed:
    """An 8 with its middle there, drawn with a pen of middling width, to be found."""
    index = (stock.starts[EIGHT] + stock.starts[EIGHT + 1]) // 2
    return Placed(index, x, y, 0.6 * height, height, slant=0.0, turn=0.0, ink=1.0, target=EIGHT)


def same(pictures: Pictures, others: Pictures) -> bool:
    names = ("luminance", "picture", "boxes", "kinds")
    return all(torch.equal(getattr(pictures, name), getattr(others, name)) for name in names)


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
    pictures = Composer(stock, 0).compose(72, (128, WIDTH))
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


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_how_many_pictures_a_drawing_program_made_can_be_said(
    share: float, stock: CharacterStock, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(camera, "INVERTED_SHARE", 0.0)
    pictures = Composer(stock, 0, legible=True, clean_share=share).compose(100, SIZE).luminance
    white = (pictures == 255).float().mean(dim=(1, 2)) > 0.5
    assert abs(float(white.float().mean()) - share) <= 0.15
