import pytest
import torch

from training.synthesis.augmentation import (
    CHARACTER_SIDE_PX,
    FEWEST_PIXELS,
    MAX_IMAGE_STEEPNESS,
    MOST_PIXELS,
    SPECK_SHARE,
    add_specks,
    augment,
    bend,
    coarsen,
    enlarge,
    sharpen,
)
from training.synthesis.strokes import draw_curves, stroke_width
from training.synthesis.styles import STYLES, Style, add_style, contact_sheet, draw_styles


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def bar(thickness: int, count: int = 1) -> torch.Tensor:
    """Upright bars, the plainest 1: float32 [count, 56, 56]."""
    image = torch.zeros(count, CHARACTER_SIDE_PX, CHARACTER_SIDE_PX)
    middle = CHARACTER_SIDE_PX // 2
    image[:, 8:48, middle - thickness // 2 : middle + thickness - thickness // 2] = 1
    return image


def labels_of(digit: int, count: int) -> torch.Tensor:
    return torch.full((count,), digit)


def test_enlarging_keeps_the_ink_where_it_was():
    ink = torch.zeros(3, 28, 28, dtype=torch.uint8)
    ink[:, 10:18, 4:24] = 200
    large = enlarge(ink)
    assert large.shape == (3, CHARACTER_SIDE_PX, CHARACTER_SIDE_PX)
    assert (large[:, 24:32, 12:44] > 190).all()
    assert (large[:, :16] == 0).all()


def test_sharpening_takes_grey_levels_away_from_the_middle_one():
    image = torch.full((200, 28, 28), 0.4)
    image[:, :14] = 0.7
    sharpened = sharpen(image, generator())
    assert (sharpened[:, :14] >= 0.7 - 1e-6).all()
    assert (sharpened[:, 14:] <= 0.4 + 1e-6).all()
    assert sharpened.amax() == pytest.approx(0.5 + 0.2 * MAX_IMAGE_STEEPNESS, abs=0.01)


def test_sharpening_leaves_paper_and_full_ink():
    image = torch.zeros(50, 28, 28)
    image[:, 10:20] = 1
    assert torch.equal(sharpen(image, generator()), image)


def test_the_same_seed_gives_the_same_drawings():
    digits = (bar(5, 16) * 255).byte()
    labels = torch.arange(16) % 10
    assert torch.equal(augment(digits, labels, generator(1)), augment(digits, labels, generator(1)))


def test_another_seed_gives_other_drawings():
    digits = (bar(5, 16) * 255).byte()
    labels = torch.arange(16) % 10
    assert not torch.equal(
        augment(digits, labels, generator(1)), augment(digits, labels, generator(2))
    )


def test_augmented_ink_has_white_paper_and_dark_strokes():
    ink = augment((bar(5, 64) * 255).byte(), labels_of(8, 64), generator())
    assert ink.amin() >= 0
    assert ink.amax() <= 255
    # A pen may be soft, but the corner is paper and the stroke is no shadow.
    assert (ink[:, 0, 0] == 0).all()
    assert (ink.amax(dim=(1, 2)) > 100).all()


def test_pens_vary_from_thin_to_thick():
    ink = augment((bar(6, 256) * 255).byte(), labels_of(8, 256), generator()) / 255
    width = stroke_width(ink)
    assert width.min() < 0.7 * width.median()
    assert width.max() > 1.4 * width.median()


@pytest.mark.parametrize("thickness", [3, 5, 9])
def test_the_width_of_a_stroke_is_measured(thickness: int):
    # The ends of the bar belong to its outline, too, hence a little less than its thickness.
    assert stroke_width(bar(thickness)).item() == pytest.approx(thickness, rel=0.25)


def test_a_drawn_curve_has_the_width_of_the_pen_and_ends_where_it_should():
    blank = torch.zeros(1, CHARACTER_SIDE_PX, CHARACTER_SIDE_PX)
    control_points = torch.tensor([[[10.0, 28.0], [28.0, 28.0], [46.0, 28.0]]])
    drawn = draw_curves(blank, control_points, torch.tensor([6.0]))[0]
    assert drawn[:, 28].sum().item() == pytest.approx(6, abs=1)
    inked_columns = (drawn[28] > 0.5).nonzero().flatten()
    assert inked_columns.min().item() == pytest.approx(10 - 3, abs=1)
    assert inked_columns.max().item() == pytest.approx(46 + 3, abs=1)


@pytest.mark.parametrize("width_px", [0.25, 0.5, 1.0])
def test_a_line_thinner_than_a_pixel_leaves_as_much_ink_as_it_is_wide(width_px: float):
    blank = torch.zeros(1, CHARACTER_SIDE_PX, CHARACTER_SIDE_PX)
    control_points = torch.tensor([[[10.0, 28.3], [28.0, 28.3], [46.0, 28.3]]])
    drawn = draw_curves(blank, control_points, torch.tensor([width_px]))[0]
    assert drawn[:, 28].sum().item() == pytest.approx(width_px, abs=1e-3)


def test_bending_leaves_thin_lines_thin_and_thick_ones_thick():
    thin, thick = ((bar(width, 100) * 255).byte() for width in (2, 9))
    widths = [stroke_width(bend(drawings, generator()) / 255) for drawings in (thin, thick)]
    # Stretching, slanting and making room change them, but no thin pen becomes a thick one.
    assert widths[0].max() < widths[1].min()


def test_the_strongest_slant_to_the_right_keeps_the_digit_on_the_picture():
    leaning = torch.zeros(400, CHARACTER_SIDE_PX, CHARACTER_SIDE_PX, dtype=torch.uint8)
    leaning[:, 8:48, 14:42] = 255
    drawn = bend(leaning, generator())
    border = torch.cat([drawn[:, 0], drawn[:, -1], drawn[:, :, 0], drawn[:, :, -1]], dim=1)
    # The most unlucky of turns and bends may still push a corner over the edge.
    assert (border.amax(dim=1) > 128).double().mean() < 0.02


def test_coarse_pictures_have_the_same_ink_on_fewer_pixels():
    ink = bar(8, 4) * 255
    sizes: set[tuple[int, int]] = set()
    for seed in range(50):
        coarse = coarsen(ink, generator(seed))
        height, width = coarse.shape[1:]
        assert min(height, width) >= FEWEST_PIXELS
        assert max(height, width) <= MOST_PIXELS
        assert coarse.mean().item() == pytest.approx(ink.mean().item(), rel=0.03)
        sizes.add((height, width))
    assert len(sizes) > 20


def test_specks_lie_on_their_share_of_the_drawings_and_erase_nothing():
    before = bar(6, 2_000) * 255
    after = add_specks(before, generator())
    assert (after >= before).all()
    assert after.amax() == 255
    changed = (after != before).any(dim=(1, 2)).double().mean().item()
    assert changed == pytest.approx(SPECK_SHARE, abs=0.02)  # three standard deviations


@pytest.mark.parametrize("style", STYLES, ids=lambda style: style.name)
def test_a_style_adds_ink_and_erases_none(style: Style):
    before = bar(4, 32)
    after = add_style(before, style, generator())
    assert (after >= before).all()
    assert (after.sum(dim=(1, 2)) > before.sum(dim=(1, 2)) + 1).all()


def test_only_digits_that_have_a_style_are_drawn_on():
    styled = {style.digit for style in STYLES}
    labels = torch.arange(10).repeat(40)
    changed = (draw_styles(bar(4, 400), labels, generator()) != bar(4, 400)).any(dim=(1, 2))
    assert set(labels[changed].tolist()) == styled
    assert not changed.all()


def test_blank_images_survive_every_style():
    blank = torch.zeros(2, CHARACTER_SIDE_PX, CHARACTER_SIDE_PX)
    for style in STYLES:
        assert add_style(blank, style, generator()).isfinite().all()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_redraws_digits_as_the_cpu_does():
    digits, labels = (bar(5, 100) * 255).byte(), torch.arange(100) % 10
    on_cpu = augment(digits, labels, generator())
    on_gpu = augment(digits.cuda(), labels, generator()).cpu()
    # Rounding alone may differ, which moves a pixel's level far only where its stroke is steepest.
    assert (on_cpu - on_gpu).abs().mean() < 0.5


def test_the_contact_sheet_shows_every_style():
    digits = (bar(5, 30) * 255).byte()
    sheet = contact_sheet(digits, torch.arange(30) % 10, columns=3)
    assert list(sheet) == [style.name for style in STYLES]
    assert all(
        images.shape == (3, CHARACTER_SIDE_PX, CHARACTER_SIDE_PX) for images in sheet.values()
    )
