import torch

from training.synthesis.digit_shapes import DIGIT_SHAPES
from training.synthesis.pen import HEIGHT_PX, PENS, THIN_PENS, draw_digits, draw_shape


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def test_every_digit_is_drawn_equally_often_in_all_of_its_shapes():
    drawn = draw_digits(1_000, generator())
    counts = torch.bincount(drawn.labels, minlength=10)
    # As many as wanted, and what is lacking for all shapes of a digit to have the same number.
    assert (counts >= 100).all()
    assert (counts < 100 + len(DIGIT_SHAPES) / 5).all()
    assert (drawn.ink.amax(dim=(1, 2)) > 0).all()


def test_no_two_drawings_of_a_shape_are_alike():
    drawn = draw_shape(DIGIT_SHAPES["2 looped"], 40, generator())
    assert len(torch.unique(drawn, dim=0)) == 40


def test_thin_pens_draw_lines_that_are_thinner_than_the_usual_ones():
    line = "0,.5>1,.5"
    usual, thin = (
        draw_shape(line, 200, generator(), pens=pens).sum(dim=1).amax(dim=1) / 255
        for pens in (PENS, THIN_PENS)
    )
    assert usual.min() >= PENS[0] * HEIGHT_PX
    assert thin.min() < 0.8 * PENS[0] * HEIGHT_PX
