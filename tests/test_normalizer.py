import pytest
import torch

from training.normalizer import DIGIT_SIZE, FULL_INK, NOISE_FLOOR, OUTPUT_SIZE, InkNormalizer

MIDDLE = (OUTPUT_SIZE - 1) / 2


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
    margin = (OUTPUT_SIZE - DIGIT_SIZE) // 2
    expected = torch.zeros(OUTPUT_SIZE, OUTPUT_SIZE)
    expected[margin:-margin, margin:-margin] = 1
    torch.testing.assert_close(normalize(rectangle(100, 100)), expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize(("height", "width"), [(100, 40), (40, 100)])
def test_the_longer_side_becomes_twenty_pixels_and_the_aspect_is_kept(height: int, width: int):
    image = normalize(rectangle(height, width))
    # Sums along a row or column are widths in pixels, fractions of a pixel included.
    sides = image.sum(0).max().item(), image.sum(1).max().item()
    assert sides == pytest.approx((height / 5, width / 5), abs=1e-4)


def test_the_centre_of_mass_comes_to_the_centre_of_the_image():
    # Area averaging spreads a source pixel over whole target pixels, which moves it by far less
    # than the fiftieth of a pixel that is allowed here.
    assert centre_of_mass(normalize(lopsided_digit())) == pytest.approx((MIDDLE, MIDDLE), abs=0.02)


def test_all_ink_stays_in_the_image_when_the_centre_of_mass_is_far_off():
    ink = torch.zeros(400, 400, dtype=torch.uint8)
    ink[0:100, 0:100] = 255
    ink[100:400, 0:4] = 255  # a long tail, which pulls the box but hardly the mass
    image = normalize(ink)
    expected_mass = (ink / FULL_INK).sum().item() / (400 / DIGIT_SIZE) ** 2
    assert image.sum().item() == pytest.approx(expected_mass, rel=1e-4)


@pytest.mark.parametrize("at", [(0, 0), (37, 5), (100, 100), (13, 99)])
def test_the_place_on_the_canvas_does_not_matter(at: tuple[int, int]):
    moved = torch.zeros(300, 300, dtype=torch.uint8)
    digit = lopsided_digit()
    moved[at[0] : at[0] + 120, at[1] : at[1] + 90] = digit
    torch.testing.assert_close(normalize(moved), normalize(digit), atol=1e-4, rtol=0)


@pytest.mark.parametrize("factor", [2, 3, 7])
def test_the_size_of_the_drawing_does_not_matter(factor: int):
    digit = lopsided_digit()
    larger = digit.repeat_interleave(factor, 0).repeat_interleave(factor, 1)
    torch.testing.assert_close(normalize(larger), normalize(digit), atol=1e-4, rtol=0)


def test_paper_noise_up_to_the_noise_floor_changes_nothing_but_the_ink_under_it():
    noise = torch.randint(0, int(NOISE_FLOOR) + 1, (120, 90), dtype=torch.uint8)
    digit = lopsided_digit()
    noisy = torch.where(digit > 0, digit, noise)
    torch.testing.assert_close(normalize(noisy), normalize(digit))


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (28, 28), (280, 280)])
def test_blank_ink_gives_an_empty_image(shape: tuple[int, int]):
    assert torch.equal(
        normalize(torch.zeros(shape, dtype=torch.uint8)), torch.zeros(OUTPUT_SIZE, OUTPUT_SIZE)
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
