"""Rectangles and grain of synthetic paper."""

import pytest
import torch

from tests.training.synthesis.composed import HEIGHT, SIZE, WIDTH, box_of, compose_only, ink_of
from training.synthesis import paper
from training.synthesis.characters import CharacterStock
from training.synthesis.layout import Rectangle


@pytest.mark.parametrize("is_wooden", [False, True])
def test_some_paper_has_streaks(is_wooden: bool, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(paper, "FIBRE_SHARE", float(is_wooden))
    texture = paper.grain(16, (64, 224), torch.Generator().manual_seed(0))
    # Along a streak neighbours are alike; across it they are not, nor anywhere on grain.
    rows = (texture[:, 1:] - texture[:, :-1]).std(dim=(1, 2))
    columns = (texture[:, :, 1:] - texture[:, :, :-1]).std(dim=(1, 2))
    uneven = torch.maximum(rows / columns, columns / rows)
    assert (uneven.max() > 1.6) == is_wooden


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
