"""Shapes of digits and separators, for the pen."""

import pytest
import torch

from training.synthesis.digit_shapes import DIGIT_SHAPES, SEPARATOR_SHAPES
from training.synthesis.glyphs import curves_of
from training.synthesis.strokes import draw_curves
from training.synthesis.texts import DIGITS, SEPARATORS

SHAPES = {**DIGIT_SHAPES, **SEPARATOR_SHAPES}


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
