"""Drawings that are no digits, so that the network learns to be unsure of them.

Outlier exposure: Hendrycks, Mazeika and Dietterich, 2019, "Deep Anomaly Detection with Outlier
Exposure". All of them are synthetic: glyphs drawn from strokes, scribbles, blots, specks, and MNIST
digits that were overlaid, paired, turned or mirrored into something that is no digit.
"""

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from training.data import LabelledInk
from training.synthesis.augmentation import CHARACTER_SIDE_PX, enlarge
from training.synthesis.glyphs import GLYPHS, curves_of
from training.synthesis.paper import uniform
from training.synthesis.pen import bent, draw_all

NO_DIGIT = -1
"""The label of a drawing that is no digit."""

_TURNED_INTO_NO_DIGIT = (2, 3, 4, 5)
_MIRRORED_INTO_NO_DIGIT = (3, 4, 6, 9)
_MARGIN_PX = 10.0  # of paper around a drawing, room for the augmentation
_BEND = 0.08  # deviation of a glyph's points, as a share of its box
_CHUNK = 256  # drawings made at a time, which bounds the memory


def make_non_digits(digits: LabelledInk, count: int, generator: Generator) -> Tensor:
    """Draws non-digits of every kind, in random order.

    Args:
        digits: MNIST images to distort.
        count: How many to draw.
        generator: Source of all randomness.

    Returns:
        uint8 [count, 56, 56], 0 (paper) … 255 (full ink), to be augmented like digits by `augment`.
    """
    shares = (
        (_glyphs, 0.44),
        (_scribbles, 0.1),
        (_hatchings, 0.03),
        (_noise, 0.05),
        (_overlaid, 0.08),
        (_side_by_side, 0.1),
        (_turned, 0.08),
        (_blots, 0.07),
        (_specks, 0.05),
    )
    drawn = [
        make(digits, min(_CHUNK, whole - start), generator)
        for make, share in shares
        for whole in [round(count * share) + 1]
        for start in range(0, whole, _CHUNK)
    ]
    images = (torch.cat(drawn) * 255).byte()
    return images[torch.randperm(len(images), generator=generator)[:count]]


def _pen_width(count: int, generator: Generator) -> Tensor:
    return uniform((count,), 2.0, 8.0, generator)


def _glyphs(digits: LabelledInk, count: int, generator: Generator) -> Tensor:
    del digits
    tables = [curves_of(glyph) for glyph in GLYPHS.values()]
    most = max(len(table) for table in tables)
    padded = torch.tensor([(table + [table[-1]] * most)[:most] for table in tables])
    points = padded[torch.randint(len(tables), (count,), generator=generator)]
    return draw_all(
        _placed(bent(points, _BEND, generator), generator), _pen_width(count, generator)
    )


def _placed(points: Tensor, generator: Generator) -> Tensor:
    """Scales unit squares to random boxes in the middle of the image; [count, curves, 3, 2]."""
    side = CHARACTER_SIDE_PX - 2 * _MARGIN_PX
    stretch = uniform((len(points), 1, 1, 2), 0.6, 1.0, generator) * side
    return (points - 0.5) * stretch + CHARACTER_SIDE_PX / 2


def _scribbles(digits: LabelledInk, count: int, generator: Generator) -> Tensor:
    """A pen that wanders: curves that go on where the last one ended."""
    del digits
    curves = 7
    points = torch.rand((count, 2 * curves + 1, 2), generator=generator)
    chain = torch.stack([points[:, 0:-2:2], points[:, 1:-1:2], points[:, 2::2]], dim=2)
    used = torch.randint(3, curves + 1, (count, 1), generator=generator)
    last = torch.minimum(torch.arange(curves).unsqueeze(0), used - 1)
    chain = chain.gather(1, last.view(count, curves, 1, 1).expand(-1, -1, 3, 2))
    return draw_all(_placed(chain, generator), _pen_width(count, generator))


def _hatchings(digits: LabelledInk, count: int, generator: Generator) -> Tensor:
    """A pen that goes to and fro, as to blacken something."""
    del digits
    lines = 9
    across = uniform((count, 1), 0.15, 0.6, generator)
    along = torch.linspace(-0.5, 0.5, lines + 1) * uniform((count, 1), 0.3, 0.9, generator)
    side = torch.tensor([1.0, -1.0]).repeat(lines)[: lines + 1]
    ends = torch.stack([along, across * side], dim=2)
    ends += torch.randn(ends.shape, generator=generator) * 0.04
    angle = uniform((count,), 0, torch.pi, generator)
    turn = torch.stack([angle.cos(), -angle.sin(), angle.sin(), angle.cos()], 1).view(-1, 2, 2)
    ends = 0.5 + ends @ turn
    lines_ends = torch.stack([ends[:, :-1], (ends[:, :-1] + ends[:, 1:]) / 2, ends[:, 1:]], dim=2)
    return draw_all(_placed(lines_ends, generator), _pen_width(count, generator))


def _noise(digits: LabelledInk, count: int, generator: Generator) -> Tensor:
    """Paper that is all grain, of any coarseness and darkness."""
    del digits
    cells = int(torch.randint(5, CHARACTER_SIDE_PX + 1, (), generator=generator))
    grain = torch.randn((count, 1, cells, cells), generator=generator)
    size = (CHARACTER_SIDE_PX, CHARACTER_SIDE_PX)
    field = F.interpolate(grain, size=size, mode="bicubic").squeeze(1)
    darkness = uniform((count, 1, 1), -0.6, 0.6, generator)
    contrast = uniform((count, 1, 1), 0.1, 1.0, generator)
    return (0.5 + darkness + contrast * field).clamp(0, 1)


def _some(digits: LabelledInk, count: int, generator: Generator) -> Tensor:
    """Random digits, enlarged; float32 [count, 56, 56], 0 … 1."""
    chosen = torch.randint(len(digits), (count,), generator=generator)
    return enlarge(digits.ink[chosen]).float() / 255


def _overlaid(digits: LabelledInk, count: int, generator: Generator) -> Tensor:
    shift = torch.randint(4, 13, (2,), generator=generator).tolist()
    other = _some(digits, count, generator).roll(shift, dims=(1, 2))
    return torch.maximum(_some(digits, count, generator), other)


def _side_by_side(digits: LabelledInk, count: int, generator: Generator) -> Tensor:
    pair = [_some(digits, count, generator).unsqueeze(1) for _ in range(2)]
    size = (CHARACTER_SIDE_PX * 2 // 3, CHARACTER_SIDE_PX // 2)
    halves = [F.interpolate(digit, size=size, mode="area").squeeze(1) for digit in pair]
    space = (CHARACTER_SIDE_PX - size[0]) // 2
    return F.pad(torch.cat(halves, dim=2), (0, 0, space, CHARACTER_SIDE_PX - size[0] - space))


def _turned(digits: LabelledInk, count: int, generator: Generator) -> Tensor:
    """A quarter turn, or a mirror image, of digits that it makes into no digit.

    Where there are none of these, others are overlaid.
    """

    def only(kinds: tuple[int, ...]) -> LabelledInk:
        return digits.subset(torch.isin(digits.labels, torch.tensor(kinds)).nonzero().flatten())

    to_turn, to_mirror = only(_TURNED_INTO_NO_DIGIT), only(_MIRRORED_INTO_NO_DIGIT)
    if not (len(to_turn) and len(to_mirror)):  # A small set may lack them.
        return _overlaid(digits, count, generator)
    half = count // 2
    turned = _some(to_turn, half, generator).rot90(1, (1, 2))
    mirrored = _some(to_mirror, count - half, generator).flip(2)
    return torch.cat([turned, mirrored])


def _blots(digits: LabelledInk, count: int, generator: Generator) -> Tensor:
    del digits
    points = 0.5 + (torch.rand((count, 2, 3, 2), generator=generator) - 0.5) * 0.7
    return draw_all(_placed(points, generator), uniform((count,), 12.0, 26.0, generator))


def _specks(digits: LabelledInk, count: int, generator: Generator) -> Tensor:
    """A few dots, each a curve without length."""
    del digits
    dots = torch.rand((count, 6, 1, 2), generator=generator).expand(-1, -1, 3, -1)
    return draw_all(_placed(dots, generator), uniform((count,), 2.0, 7.0, generator))
