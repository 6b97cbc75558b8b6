import pytest
import torch

from inference.metadata import NORMALIZED_SIDE_PX
from training.normalizer import (
    CENTRE_PX,
    DIGIT_SIDE_PX,
    FULL_INK_LEVEL,
    NOISE_FLOOR_LEVEL,
    SNAP_PX,
    USUAL_DARKNESS,
    InkNormalizer,
)

# The centre of mass is rounded to a source pixel: by up to half of one, and a little more since the
# half itself is rounded down.
MOST_ROUNDING = 1 - SNAP_PX  # source pixels


def normalize(ink: torch.Tensor) -> torch.Tensor:
    return InkNormalizer()(ink.unsqueeze(0))[0]


def rectangle(height: int, width: int, *, canvas: int = 200, at: tuple[int, int] = (0, 0)):
    ink = torch.zeros(canvas, canvas, dtype=torch.uint8)
    ink[at[0] : at[0] + height, at[1] : at[1] + width] = 255
    return ink


def lopsided_digit() -> torch.Tensor:
    """A 7: its centre of mass is not the centre of its bounding box."""
    ink = torch.zeros(120, 90, dtype=torch.uint8)
    ink[10:20, 10:70] = 255
    ink[20:100, 58:70] = 255
    return ink


def centre_of_mass(image: torch.Tensor) -> tuple[float, float]:
    position = torch.arange(len(image), dtype=torch.float32)
    mass = image.sum()
    return (image.sum(1) @ position / mass).item(), (image.sum(0) @ position / mass).item()


def test_ink_that_fills_a_square_becomes_twenty_by_twenty_pixels_of_full_ink():
    # An odd side, so that the centre of mass is a pixel's centre and is not rounded: the square
    # reaches 10 target pixels to each side of the middle of pixel 14.
    image = normalize(rectangle(101, 101))
    first, last = CENTRE_PX - DIGIT_SIDE_PX // 2, CENTRE_PX + DIGIT_SIDE_PX // 2
    expected = torch.zeros(NORMALIZED_SIDE_PX, NORMALIZED_SIDE_PX)
    expected[first : last + 1, first : last + 1] = 1
    expected[[first, last]] /= 2
    expected[:, [first, last]] /= 2
    # Pixels at the edge are averaged over source pixels that straddle it.
    torch.testing.assert_close(image, expected, atol=0.02, rtol=0)


@pytest.mark.parametrize(("height", "width"), [(100, 40), (40, 100)])
def test_the_longer_side_becomes_twenty_pixels_and_the_aspect_is_kept(height: int, width: int):
    image = normalize(rectangle(height, width))
    # Sums along a row or column are widths in pixels, fractions of a pixel included.
    sides = image.sum(0).max().item(), image.sum(1).max().item()
    assert sides == pytest.approx((height / 5, width / 5), abs=1e-4)


def test_the_centre_of_mass_comes_to_the_centre_of_the_image():
    digit = lopsided_digit()
    scale = 90 / DIGIT_SIDE_PX  # source pixels per target pixel
    allowed = MOST_ROUNDING / scale + 0.02  # area averaging moves it by far less than the 0.02
    assert centre_of_mass(normalize(digit)) == pytest.approx((CENTRE_PX, CENTRE_PX), abs=allowed)


def test_an_image_of_twenty_pixels_is_moved_by_whole_pixels_and_not_resampled():
    torch.manual_seed(0)
    digit = torch.randint(100, 256, (20, 14), dtype=torch.uint8)
    page = torch.zeros(60, 50, dtype=torch.uint8)
    page[31:51, 7:21] = digit
    image = normalize(page)
    rows, columns = image.sum(1).nonzero().flatten(), image.sum(0).nonzero().flatten()
    cut = image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    expected = (digit.float() - NOISE_FLOOR_LEVEL) / (FULL_INK_LEVEL - NOISE_FLOOR_LEVEL)
    # Both are a product of float32 numbers with weights 0 and 1.
    torch.testing.assert_close(cut, expected, atol=1e-6, rtol=0)


def test_all_ink_stays_in_the_image_when_the_centre_of_mass_is_far_off():
    ink = torch.zeros(400, 400, dtype=torch.uint8)
    ink[0:100, 0:100] = 255
    ink[100:400, 0:4] = 255  # a long tail, which pulls the box but hardly the mass
    image = normalize(ink)
    expected_mass = (ink / FULL_INK_LEVEL).sum().item() / (400 / DIGIT_SIDE_PX) ** 2
    assert image.sum().item() == pytest.approx(expected_mass, rel=1e-4)


@pytest.mark.parametrize("at", [(0, 0), (37, 5), (100, 100), (13, 99)])
def test_the_place_on_the_canvas_does_not_matter(at: tuple[int, int]):
    moved = torch.zeros(300, 300, dtype=torch.uint8)
    digit = lopsided_digit()
    moved[at[0] : at[0] + 120, at[1] : at[1] + 90] = digit
    torch.testing.assert_close(normalize(moved), normalize(digit), atol=1e-4, rtol=0)


def test_a_tiny_digit_far_from_the_edge_is_placed_as_exactly_as_one_at_the_edge():
    digit = lopsided_digit()[::10, ::10]
    page = torch.zeros(3000, 2000, dtype=torch.uint8)
    page[2900 : 2900 + len(digit), 1900 : 1900 + digit.shape[1]] = digit
    # Weights that are found from where it lies on the page, to 1e-4 of a pixel there, miss this.
    torch.testing.assert_close(normalize(page), normalize(digit), atol=1e-5, rtol=0)


@pytest.mark.parametrize("shape", [(1, 9), (7, 5), (28, 28), (40, 300), (171, 31)])
def test_rows_and_columns_are_treated_alike(shape: tuple[int, int]):
    torch.manual_seed(0)
    ink = torch.randint(0, 256, shape, dtype=torch.uint8)
    torch.testing.assert_close(normalize(ink.T), normalize(ink).T, atol=1e-5, rtol=0)


@pytest.mark.parametrize("factor", [2, 3, 7])
def test_the_size_of_the_drawing_does_not_matter(factor: int):
    digit = lopsided_digit()
    larger = digit.repeat_interleave(factor, 0).repeat_interleave(factor, 1)
    difference = (normalize(larger) - normalize(digit)).abs()
    # Both roundings together move an outline by at most this share of a target pixel, and its ink
    # level by as much along each axis.
    assert difference.max() <= 2 * MOST_ROUNDING / (90 / DIGIT_SIDE_PX)
    assert difference.mean() <= 0.01


def test_paper_noise_up_to_the_noise_floor_changes_nothing_but_the_ink_under_it():
    noise = torch.randint(0, NOISE_FLOOR_LEVEL + 1, (120, 90), dtype=torch.uint8)
    digit = lopsided_digit()
    noisy = torch.where(digit > 0, digit, noise)
    torch.testing.assert_close(normalize(noisy), normalize(digit))


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (28, 28), (280, 280)])
def test_blank_ink_gives_an_empty_image(shape: tuple[int, int]):
    assert torch.equal(
        normalize(torch.zeros(shape, dtype=torch.uint8)),
        torch.zeros(NORMALIZED_SIDE_PX, NORMALIZED_SIDE_PX),
    )


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (300, 1), (5, 7), (28, 28), (500, 300)])
def test_any_ink_gives_values_from_paper_to_full_ink(shape: tuple[int, int]):
    torch.manual_seed(0)
    for ink in (torch.randint(0, 256, shape), torch.full(shape, 255)):
        image = normalize(ink.to(torch.uint8))
        # Rounding may lift a weighted mean of full ink above 1 by a few units of the last place.
        assert image.min() >= 0
        assert image.max() <= 1 + 1e-5


def test_one_drawing_is_not_changed_by_the_others_in_its_batch():
    digit = lopsided_digit()
    batch = torch.stack([digit, torch.zeros_like(digit), digit.flip(0)])
    torch.testing.assert_close(InkNormalizer()(batch)[0], normalize(digit))


def test_the_image_is_differentiable_in_the_ink():
    ink = lopsided_digit().float().requires_grad_()
    normalize(ink).square().sum().backward()
    assert ink.grad is not None
    assert ink.grad.abs().max() > 0
    assert ink.grad.isfinite().all()


def test_nothing_is_computed_in_float64_which_apples_gpus_lack():
    program = torch.export.export(InkNormalizer(), (torch.zeros(2, 28, 30, dtype=torch.uint8),))
    values = [node.meta.get("val") for node in program.graph.nodes]
    dtypes = {value.dtype for value in values if isinstance(value, torch.Tensor)}
    assert dtypes <= {torch.float32, torch.int64, torch.uint8, torch.bool}
    assert torch.float32 in dtypes


def darkness(image: torch.Tensor) -> float:
    """How dark the ink is, on average over the ink."""
    return (image.square().sum() / image.sum()).item()


@pytest.mark.parametrize("width", [1, 2, 4])
def test_a_line_thinner_than_a_pixel_of_the_image_comes_out_dark(width: int):
    image = normalize(rectangle(200, width, at=(0, 98)))
    assert darkness(image) == pytest.approx(USUAL_DARKNESS, abs=0.1)


def test_faint_ink_comes_out_as_dark_as_usual():
    faint = (rectangle(101, 101) * 0.3).byte()
    assert darkness(normalize(faint)) == pytest.approx(USUAL_DARKNESS, abs=0.01)


def test_dark_ink_stays_as_it_is():
    # Half of it is full ink and half of it pale, which is dark enough on the whole.
    ink = rectangle(101, 101)
    ink[:, 50:101] = 180
    image = normalize(ink)
    pale = (180 - NOISE_FLOOR_LEVEL) / (FULL_INK_LEVEL - NOISE_FLOOR_LEVEL)
    levels = image[CENTRE_PX][image[CENTRE_PX] > 0]
    # The edges between are mixed of both.
    assert levels.amax() == 1
    assert levels.quantile(0.25).item() == pytest.approx(pale, abs=1e-3)
