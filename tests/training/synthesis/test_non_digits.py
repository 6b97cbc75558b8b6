import pytest
import torch

from training.config import TrainingConfig
from training.data import LabelledInk
from training.learning import non_digit_loss
from training.synthesis.augmentation import CHARACTER_SIDE_PX, augment
from training.synthesis.glyphs import GLYPHS, curves_of
from training.synthesis.non_digits import NO_DIGIT, make_non_digits


@pytest.fixture(scope="module")
def digits() -> LabelledInk:
    ink = torch.zeros(40, 28, 28, dtype=torch.uint8)
    ink[:, 6:22, 12:16] = 255
    return LabelledInk(ink, torch.arange(40) % 10)


def draw(digits: LabelledInk, count: int, seed: int = 0) -> torch.Tensor:
    return make_non_digits(digits, count, torch.Generator().manual_seed(seed))


def test_as_many_are_drawn_as_are_asked_for(digits: LabelledInk):
    drawn = draw(digits, 300)
    assert drawn.shape == (300, CHARACTER_SIDE_PX, CHARACTER_SIDE_PX)
    assert drawn.dtype == torch.uint8


def test_every_one_has_ink_and_all_but_the_noise_have_paper(digits: LabelledInk):
    drawn = draw(digits, 300)
    assert (drawn.amax(dim=(1, 2)) > 128).all()
    has_paper = (drawn < 20).float().mean(dim=(1, 2)) > 0.1
    assert has_paper.float().mean() >= 0.95  # a twentieth is noise


@pytest.mark.parametrize("labels", [[0], [2], [3], [6], [0, 1, 7, 8], [5] * 30, [9] * 30])
@pytest.mark.parametrize("count", [1, 2, 30])
def test_a_small_set_of_digits_may_lack_any(digits: LabelledInk, labels: list[int], count: int):
    few = LabelledInk(digits.ink[: len(labels)], torch.tensor(labels))
    assert len(draw(few, count)) == count


def test_the_same_seed_draws_the_same(digits: LabelledInk):
    assert torch.equal(draw(digits, 100, seed=1), draw(digits, 100, seed=1))
    assert not torch.equal(draw(digits, 100, seed=1), draw(digits, 100, seed=2))


def test_no_writing_style_of_a_digit_is_drawn_onto_them(digits: LabelledInk):
    drawn = draw(digits, 64)
    labels = torch.full((64,), NO_DIGIT)
    redrawn = augment(drawn, labels, torch.Generator().manual_seed(0))
    assert redrawn.isfinite().all()


@pytest.mark.parametrize("name", GLYPHS)
def test_a_glyph_stays_near_its_unit_square(name: str):
    curves = torch.tensor(curves_of(GLYPHS[name]))
    ends = curves[:, [0, 2]]
    assert ends.min() >= -0.1
    assert ends.max() <= 1.1
    size = ends.amax(dim=(0, 1)) - ends.amin(dim=(0, 1))
    assert size.max() >= 0.79


def test_straight_strokes_are_curves_with_their_control_point_in_the_middle():
    assert curves_of("0,0>1,0>1,1") == [
        ((0, 0), (0.5, 0), (1, 0)),
        ((1, 0), (1, 0.5), (1, 1)),
    ]


def test_a_chain_of_curves_shares_its_joints():
    assert curves_of("0,0~1,0~1,1~0,1~0,0") == [
        ((0, 0), (1, 0), (1, 1)),
        ((1, 1), (0, 1), (0, 0)),
    ]


def test_being_unsure_of_a_non_digit_costs_least():
    unsure, sure = torch.zeros(1, 10), torch.zeros(1, 10)
    sure[0, 3] = 5
    assert non_digit_loss(unsure) < non_digit_loss(sure)


def test_a_run_without_non_digits_can_be_configured():
    assert TrainingConfig(non_digit_share=0).non_digit_share == 0
